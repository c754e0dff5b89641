"""The Sudoku family: one object per side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puzzles.errors import PuzzleError
from puzzles.family import Grids, PuzzleFamily, Puzzles
from puzzles.notation import Notation, check_zero
from puzzles.sudoku import canonical, generator, near, rules, solver, symmetry
from puzzles.sudoku.geometry import BOX_SHAPES, box_index

FROM_ZERO = "0123456789ABCDEF"
LETTERS = "ABCDEFGHIJKLMNOP"


class Sudoku(PuzzleFamily):
    """Fill every row, column and box with the digits 1 to side, each once; a puzzle has exactly one solution.

    Boxes are 2x2 at side 4, 2x3 at 6, 2x4 at 8, 3x3 at 9, 2x5 at 10, 3x4 at 12, 3x5 at 15 and 4x4 at 16.
    """

    kind = "sudoku"
    cells = ".123456789ABCDEFG"
    rating_unit = "guesses"
    rating_conventions = ("guesses-to-solution", "guesses-to-proof")
    Options = generator.SudokuOptions

    def __init__(self, rows: int, columns: int):
        if rows != columns or rows not in BOX_SHAPES:
            raise PuzzleError(f"no Sudoku of {rows}x{columns}, expected a square of side {sorted(BOX_SHAPES)}")
        super().__init__(rows, columns)
        self.side = rows
        self.box_rows, self.box_columns = BOX_SHAPES[rows]

    @property
    def cell_values(self) -> int:
        """Blank and the digits: side + 1."""
        return self.side + 1

    @property
    def split_rule(self) -> str:
        """``"exact"`` at side 4, which has too few puzzles up to symmetry; ``"canonical"`` above."""
        return "exact" if self.side == 4 else "canonical"

    @property
    def coordinates(self) -> NDArray[np.int64]:
        """(side * side, 3) int64: row, column, box."""
        row, column = np.divmod(np.arange(self.side * self.side), self.side)
        return np.stack([row, column, box_index(self.side, self.box_rows)], axis=1)

    @property
    def symbols(self) -> int:
        """The digits."""
        return self.side

    @property
    def regions(self) -> tuple[tuple[int, int], ...]:
        """Row, column, box."""
        return (1, self.side), (self.side, 1), (self.box_rows, self.box_columns)

    # -- rules ------------------------------------------------------------------------------------------------------

    def used_options(self, options: Any) -> tuple[str, ...]:
        """Return the level alone where one is asked for, as it decides the clues; no level but at side 9."""
        if self.side != 9:
            return "clues", "clues_max"
        return ("level", "clues", "clues_max") if options.level is None else ("level",)

    def generation_time(self, options: Any) -> float:
        """Return the seconds of one core that a puzzle takes, measured in round numbers; see ``PuzzleFamily``."""
        return generator.seconds(self.side, options)

    def check_options(self, options: Any) -> None:
        """Raise ``PuzzleError`` for options that no puzzle of this side has; see ``SudokuOptions``."""
        super().check_options(options)
        generator.ranges(self.side, options)

    def generate(self, seeds: NDArray[np.uint64], options: Any = None) -> Puzzles:
        """Generate puzzles with exactly one solution; see ``PuzzleFamily.generate`` and ``SudokuOptions``."""
        seeds = np.require(seeds, np.uint64, ["C", "W"])
        options = self.Options() if options is None else options
        return Puzzles(*generator.generate(seeds, self.side, self.box_rows, options))

    def check(self, puzzle: Grids) -> None:
        """Raise ``PuzzleError`` for a wrong shape or type, a value above side, or two equal givens in a unit."""
        puzzle = self.checked(puzzle)
        wrong = np.argwhere(rules.conflicts(puzzle, self.box_rows))
        if len(wrong):
            index, row, column = wrong[0]
            digit = puzzle[index, row, column]
            same = np.argwhere(puzzle[index] == digit)
            if (same[:, 0] == row).sum() > 1:
                unit = "row"
            elif (same[:, 1] == column).sum() > 1:
                unit = "column"
            else:
                unit = "box"
            digit_text = self.cells[digit]
            raise PuzzleError(
                f"puzzle {index}: row {row + 1}, column {column + 1}: {digit_text} stands twice in its {unit}"
            )

    def solve(self, puzzle: Grids) -> Grids:
        """Solve each puzzle: (N, side, side) uint8 to the same.

        Raises:
            PuzzleError: naming the first puzzle that has no solution or several.
        """
        result = solver.search(self.checked(puzzle), self.box_rows, limit=2)
        wrong = np.flatnonzero(result.found != 1)
        if len(wrong):
            found = "no solution" if result.found[wrong[0]] == 0 else "several solutions"
            raise PuzzleError(f"puzzle {wrong[0]}: {found}")
        return result.solution

    def count_solutions(self, puzzle: Grids, limit: int = 2) -> NDArray[np.int32]:
        """(N,) int32: how many solutions each puzzle has, counted up to ``limit``."""
        if limit < 1:
            raise PuzzleError(f"limit {limit}, expected 1 or more")
        return solver.search(self.checked(puzzle), self.box_rows, limit).found

    def count_answers(self, puzzle: Grids, limit: int = 2) -> NDArray[np.int64]:
        """(N,) int64: ``count_solutions``."""
        return self.count_solutions(puzzle, limit).astype(np.int64)

    def is_solved(self, puzzle: Grids, grid: Grids) -> NDArray[np.bool_]:
        """(N,) bool: the grid keeps the givens, and every row, column and box holds every digit."""
        return rules.is_solved(*self.checked_answers(puzzle, grid), self.box_rows)

    def rate(self, puzzle: Grids, convention: str | None = None) -> NDArray[np.int32]:
        """(N,) int32: guesses until the solution is found, or until it is proved to be the only one.

        0 where propagation is enough; see ``puzzles.sudoku.solver.search``. At side 9 the guesses are those of the
        solver tdoku, as in the data set Sudoku-Extreme.
        """
        if self.rating_convention(convention) == "guesses-to-solution":
            return solver.search(self.checked(puzzle), self.box_rows, limit=1).guesses
        return solver.search(self.checked(puzzle), self.box_rows, limit=2).guesses_in_all

    def mean_rating(
        self, puzzle: Grids, orders: int = 16, seed: int = 0, convention: str | None = None
    ) -> NDArray[np.float64]:
        """(N,) float64: the mean rating of ``orders`` random symmetric copies of each puzzle.

        One copy can be lucky in the order of its guesses; the mean is close to the same for all copies of a puzzle.
        The copies follow from ``seed`` alone, so a puzzle's mean does not depend on its batch.

        Raises:
            PuzzleError: no such convention, or less than 1 order.
        """
        if orders < 1:
            raise PuzzleError(f"orders {orders}, expected 1 or more")
        uniform = np.random.default_rng(seed).random((orders, 1, self.symmetry_dim))
        total = np.zeros(len(puzzle))
        for numbers in uniform:
            order, relabel = self.symmetries(np.repeat(numbers, len(puzzle), axis=0))
            total += self.rate(self.transform(puzzle, order, relabel), convention)
        return total / orders

    def measures(self, puzzle: Grids, solution: Grids) -> dict[str, NDArray[np.int64]]:
        """Return the number of clues, (N,) int64."""
        return {"clues": np.count_nonzero(puzzle, axis=(1, 2))}

    # -- symmetry ---------------------------------------------------------------------------------------------------

    @property
    def symmetry_dim(self) -> int:
        """How many uniform numbers pick one element of the group in ``puzzles.sudoku.symmetry``."""
        return symmetry.symmetry_dim(self.side, self.box_rows)

    def symmetries(self, uniform: Any) -> tuple[Any, Any]:
        """Turn uniform numbers into elements of the symmetry group; see ``PuzzleFamily.symmetries``."""
        return symmetry.symmetries(uniform, self.side, self.box_rows)

    def random_copies(self, data: Puzzles, keys: NDArray[np.uint64]) -> Puzzles:
        """Return random symmetric copies, each element as likely as any other; see ``PuzzleFamily.random_copies``.

        The ratings stay those of the puzzles: a solver's luck differs from copy to copy, see ``mean_rating``.
        """
        puzzle, solution = symmetry.random_copies(data.puzzle, data.solution, keys, self.box_rows)
        return Puzzles(puzzle, solution, data.rating)

    def canonical(self, puzzle: Grids, solution: Grids) -> Grids:
        """(N, side, side) uint8: the puzzle carried to the smallest solution grid; see ``puzzles.sudoku.canonical``.

        Raises:
            PuzzleError: naming the first solution that is none.
        """
        puzzle, solution = self.checked_answers(puzzle, solution)
        wrong = np.flatnonzero(~rules.is_solved(puzzle, solution, self.box_rows))
        if len(wrong):
            raise PuzzleError(f"puzzle {wrong[0]}: the solution given with it does not solve it")
        return canonical.canonical(puzzle, solution, self.box_rows)

    def near(
        self, first: Grids, second: Grids, progress: Callable[[int], object] = lambda _: None
    ) -> NDArray[np.bool_]:
        """(M,) bool: see ``PuzzleFamily.near`` and ``puzzles.sudoku.near``; solutions play no part."""
        return near.near(self.checked(first), self.checked(second), self.box_rows, progress)

    # -- text -------------------------------------------------------------------------------------------------------

    def notation(self, texts: Iterable[str] = (), zero: str | None = None) -> Notation:
        """Return how the digits are written: 1 to 9 and A to G, or A to P alone; or 0 to 9 and A to F for zero digits.

        Any one other character of a grid is its blank; see ``PuzzleFamily.notation``.
        """
        check_zero(zero)
        if zero == "digit":
            return Notation("." + FROM_ZERO[: self.side], any_blank=True)
        own, letters = self.cells[: self.cell_values], LETTERS[: self.side]
        beyond = set(letters) - set(own)
        found = [set(text.upper()) for text in texts]
        in_letters = sum(bool(cells & beyond) and cells.isdisjoint(own[1:10]) for cells in found)
        in_digits = sum(not cells.isdisjoint(own[1:10]) for cells in found)
        return Notation("." + letters if in_letters > in_digits else own, True, zero == "blank")
