"""What a puzzle family is: the one object that datasets, environments, agents and drawing ask.

A family knows its grid shape, its cell vocabulary and its rules, all of it over batches: a *grid* is a uint8 array of
shape (rows, columns), and every method takes or returns (N, rows, columns). Families are immutable and cheap;
``puzzles.family("sudoku-9x9")`` returns one by name.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.errors import PuzzleError, shapeless
from puzzles.notation import Notation, check_zero

Grids = NDArray[np.uint8]
NEAR = 2
"""Cells in which two puzzles differ at most, up to symmetry, that ``PuzzleFamily.near`` finds."""


class Puzzles(NamedTuple):
    """A batch of N puzzles with their solutions."""

    puzzle: Grids
    """(N, rows, columns) uint8: the puzzle's grid, without the solution."""
    solution: Grids
    """(N, rows, columns) uint8: the grid solved."""
    rating: NDArray[np.int32]
    """(N,) int32: difficulty, in the family's own unit (see ``PuzzleFamily.rating_unit``)."""

    def take(self, index: Any) -> Puzzles:
        """Return the puzzles at ``index``: a slice, an integer array or a mask of shape (N,)."""
        return Puzzles(self.puzzle[index], self.solution[index], self.rating[index])


class PuzzleFamily(abc.ABC):
    """A kind of puzzle at one grid shape."""

    kind: ClassVar[str]
    """Name shared by all sizes: ``"sudoku"``."""
    cells: ClassVar[str]
    """The character of each cell value in the text form, value 0 first: ``".123456789..."``."""
    layout_name: ClassVar[str] = "solution grids"
    """What ``canonical_layout`` returns, in the plural."""
    rating_unit: ClassVar[str]
    """What a rating counts: ``"guesses"``, ``"moves"``."""
    rating_conventions: ClassVar[tuple[str, ...]]
    """The names of what ``rate`` can measure, its default first; files store which one their ratings follow."""
    Options: ClassVar[type]
    """Frozen dataclass of the generator's options; every field has a default and a docstring."""

    def __init__(self, rows: int, columns: int):
        self.rows = rows
        self.columns = columns

    # -- identity ---------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name that ``puzzles.family`` takes: ``"sudoku-6x6"``."""
        return f"{self.kind}-{self.rows}x{self.columns}"

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.rows, self.columns

    @property
    @abc.abstractmethod
    def cell_values(self) -> int:
        """How many values a cell can take: Sudoku n + 1 (0 is blank), Maze 5."""

    @property
    def vocabulary_size(self) -> int:
        """Model tokens: a token is the cell plus 1, token 0 is padding."""
        return self.cell_values + 1

    @property
    def undecided(self) -> int:
        """The value of a cell that a model leaves undecided: one above the vocabulary, a decoded padding token."""
        return self.cell_values

    @property
    def split_rule(self) -> str:
        """How train and test must differ: ``"canonical"`` (not equal up to symmetry) or ``"exact"`` (not equal)."""
        return "canonical"

    @property
    @abc.abstractmethod
    def coordinates(self) -> NDArray[np.int64]:
        """(rows * columns, K) int64: the K coordinates of each cell in row-major order, each counted from 0.

        Sudoku: row, column, box. Maze: row, column. Structured position embeddings are learned per coordinate.
        """

    @property
    def symbols(self) -> int:
        """How many values, counted from 1, are but names that the symmetry group interchanges: Sudoku's digits.

        0, the default, for values that mean something, as those of Maze do.
        """
        return 0

    @property
    def regions(self) -> tuple[tuple[int, int], ...]:
        """Shapes (rows, columns) of the rectangles in which a solution holds each symbol once; each tiles the grid."""
        return ()

    def __repr__(self) -> str:
        return f"puzzles.family({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PuzzleFamily) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        from puzzles import family

        return family, (self.name,)

    # -- rules ------------------------------------------------------------------------------------------------------

    def used_options(self, options: Any) -> tuple[str, ...]:
        """Return the names of the options that have a say in puzzles of this shape; all, unless the family says else.

        Those that the others make idle have none, nor those that only other shapes have; a player is offered neither.

        Args:
            options: an instance of ``self.Options``.
        """
        return tuple(field.name for field in dataclasses.fields(options))

    @abc.abstractmethod
    def generate(self, seeds: NDArray[np.uint64], options: Any = None) -> Puzzles:
        """Generate one puzzle per seed. A puzzle depends on its seed and the options alone, never on its neighbours.

        Args:
            seeds: (N,) uint64.
            options: an instance of ``self.Options``; None means its defaults.

        Raises:
            PuzzleError: the options cannot be met at this grid shape.
            GenerationError: no puzzle was found for a seed; which options go that far is not known beforehand.
        """

    def generation_time(self, options: Any) -> float:
        """Return about how many seconds of one core a puzzle takes; 0, the default, for no more than a copy of one.

        A constant of the options, the same on every machine: the pools of ``air_envs.generated`` are planned by it.

        Args:
            options: an instance of ``self.Options``.
        """
        return 0.0

    def check_options(self, options: Any) -> None:
        """Raise ``PuzzleError``, with the range expected, if no puzzle of this shape can have the options.

        By default any ``Options`` will do. Environments ask before they generate.
        """
        if not isinstance(options, self.Options):
            raise PuzzleError(f"options {options!r}, expected {self.Options.__name__} of {self.name}")

    @abc.abstractmethod
    def check(self, puzzle: Grids) -> None:
        """Raise ``PuzzleError``, naming the index in the batch and the cell, unless every grid is a well-formed puzzle.

        Well-formed means: shape, cell values, no contradiction that can be seen without solving.
        """

    def checked(self, grids: Any, what: str = "puzzle") -> Grids:
        """Return ``grids`` as kernels take them: uint8, C-contiguous and writable, copied only if they are not.

        Kernels check no bounds, so every method that hands outside arrays to one asks this first.

        Args:
            grids: (N, rows, columns) integers: an array of any integer dtype, or nested lists.
            what: names the grids in messages.

        Raises:
            PuzzleError: another shape or dtype, or a value that is not 0 to ``cell_values - 1``.
        """
        return self._integers(grids, what, self.cell_values - 1)

    def checked_answers(self, puzzle: Any, grid: Any) -> tuple[Grids, Grids]:
        """Return puzzles, ``checked``, and the grids that should answer them, in which any value 0 to 255 may stand.

        Raises:
            PuzzleError: also if there are not as many of one as of the other.
        """
        puzzle, grid = self.checked(puzzle), self._integers(grid, "grid", 255)
        if len(puzzle) != len(grid):
            raise PuzzleError(f"{len(puzzle)} puzzles, {len(grid)} grids")
        return puzzle, grid

    def read_answer(self, puzzle: Grids, answer: Grids) -> Grids:
        """Return the grids that answers stand for, (N, rows, columns) uint8: as they are, unless the family says else.

        Maze reads the path cells alone. Environments and evaluations judge what this returns.
        """
        return answer

    def _integers(self, grids: Any, what: str, highest: int) -> Grids:
        shape = f"(N, {self.rows}, {self.columns})"
        try:
            grids = np.asarray(grids)
        except (TypeError, ValueError):  # ragged rows, or an object that only looks like an array
            raise PuzzleError(f"{what}: {shapeless(grids)}, expected {shape} integers") from None
        if grids.ndim != 3 or grids.shape[1:] != self.shape:
            raise PuzzleError(f"{what}: shape {grids.shape}, expected {shape}")
        if grids.dtype.kind not in "iu":
            raise PuzzleError(f"{what}: dtype {grids.dtype}, expected integers")
        narrow = grids.dtype == np.uint8
        if grids.size and not (narrow and highest == 255) and (grids.max() > highest or grids.min() < 0):
            index, row, column = np.argwhere((grids < 0) | (grids > highest))[0]
            value = grids[index, row, column]
            raise PuzzleError(f"{what} {index}: row {row + 1}, column {column + 1}: {value}, expected 0 to {highest}")
        return np.require(grids, np.uint8, ["C", "W"])

    @abc.abstractmethod
    def solve(self, puzzle: Grids) -> Grids:
        """Solve each puzzle: (N, rows, columns) uint8 to the same.

        Raises:
            PuzzleError: naming the index of the first puzzle that has no solution, or several where one is required.
        """

    def count_answers(self, puzzle: Grids, limit: int = 2) -> NDArray[np.int64] | None:
        """(N,) int64: how many answers to each puzzle are right by the rules, counted up to ``limit``.

        None, the default, where the family does not count them.

        Raises:
            PuzzleError: not a puzzle, or a limit below 1.
        """
        return None

    @abc.abstractmethod
    def is_solved(self, puzzle: Grids, grid: Grids) -> NDArray[np.bool_]:
        """(N,) bool: whether each grid is a correct answer to its puzzle by the rules, without a stored solution.

        Every cell must be right: an answer that changes what the puzzle gives is none, nor is one with a value that
        the family does not have, such as a cell that a model leaves undecided.
        """

    @abc.abstractmethod
    def rate(self, puzzle: Grids, convention: str | None = None) -> NDArray[np.int32]:
        """(N,) int32: difficulty in ``rating_unit``; deterministic.

        Args:
            puzzle: (N, rows, columns) uint8.
            convention: one of ``rating_conventions``; None means the first.

        Raises:
            PuzzleError: no such convention.
        """

    def rating_convention(self, convention: str | None) -> str:
        """Return ``convention`` if the family has it, its default for None.

        Raises:
            PuzzleError: no such convention.
        """
        if convention is None:
            return self.rating_conventions[0]
        if convention not in self.rating_conventions:
            raise PuzzleError(f"rating convention {convention!r}, expected one of {list(self.rating_conventions)}")
        return convention

    def measures(self, puzzle: Grids, solution: Grids) -> dict[str, NDArray[np.int64]]:
        """Return what describes puzzles in addition to their rating, each (N,) int64, by its name in plain words.

        By default how many cells the solution changes.
        """
        return {"cells to fill": np.count_nonzero(puzzle != solution, axis=(1, 2))}

    # -- symmetry ---------------------------------------------------------------------------------------------------

    @property
    @abc.abstractmethod
    def symmetry_dim(self) -> int:
        """How many uniform random numbers pick one element of the symmetry group."""

    @abc.abstractmethod
    def symmetries(self, uniform: Any) -> tuple[Any, Any]:
        """Turn uniform numbers into random elements of the symmetry group.

        Written with the operations that NumPy arrays and torch tensors share, so that one rule serves data sets on
        the host and batches on a GPU.

        Args:
            uniform: (N, symmetry_dim) float array or tensor, in [0, 1).

        Returns:
            order, (N, rows * columns) integers: cell i of the copy is cell ``order[i]`` of the original; and
            relabel, (N, cell_values) integers: value v becomes ``relabel[v]``; None where the group relabels nothing.
        """

    def transform(self, grids: Grids, order: Any, relabel: Any) -> Grids:
        """Apply one symmetry element to each grid: (N, rows, columns) uint8 to the same; undecided cells stay so."""
        moved = np.take_along_axis(grids.reshape(-1, self.rows * self.columns), np.asarray(order), axis=1)
        if relabel is not None:
            relabel = np.pad(relabel, ((0, 0), (0, 1)), constant_values=self.undecided)
            moved = np.take_along_axis(relabel, moved.astype(np.intp), axis=1).astype(np.uint8)
        return moved.reshape(grids.shape)

    def copies(self, data: Puzzles, order: Any, relabel: Any) -> Puzzles:
        """Return the image of each puzzle under one symmetry element, with the solution that it is labelled with.

        By default the image of the solution. Maze, where several answers can be right, labels all puzzles by one rule.

        Raises:
            PuzzleError: the solutions given don't follow that rule.
        """
        puzzle, solution = (self.transform(grids, order, relabel) for grids in (data.puzzle, data.solution))
        return data._replace(puzzle=puzzle, solution=solution)

    def random_copies(self, data: Puzzles, keys: NDArray[np.uint64]) -> Puzzles:
        """Return ``copies`` under random elements of the group, each picked by its key alone: (N,) uint64.

        Raises:
            PuzzleError: as ``copies``.
        """
        from puzzles.random import uniforms  # loads numba, which ``import puzzles`` must not

        return self.copies(data, *self.symmetries(uniforms(keys, self.symmetry_dim)))

    def every_copy(self, data: Puzzles) -> Puzzles | None:
        """Return all ``copies`` of the puzzles, the puzzles first, where the group is small and changes labels.

        None, the default, for a group that carries solutions to solutions: its elements may be drawn at any time.

        Raises:
            PuzzleError: as ``copies``.
        """
        return None

    @staticmethod
    def inverse(order: Any, relabel: Any) -> tuple[Any, Any]:
        """Return the elements that undo those of ``symmetries``, in the same shapes.

        ``transform`` with them restores the originals.
        """
        return order.argsort(-1), None if relabel is None else relabel.argsort(-1)

    @abc.abstractmethod
    def canonical(self, puzzle: Grids, solution: Grids) -> Grids:
        """(N, rows, columns) uint8: the same grid for puzzles equal up to symmetry, different ones for all others."""

    def canonical_layout(self, puzzle: Grids, solution: Grids) -> Grids:
        """(N, rows, columns) uint8: the same grid for puzzles whose layouts are equal up to symmetry.

        The layout, named ``layout_name``, is what puzzles can share without being equal: by default the solution.
        """
        return self.canonical(solution, solution)

    def near(
        self, first: Grids, second: Grids, progress: Callable[[int], object] = lambda _: None
    ) -> NDArray[np.bool_] | None:
        """(M,) bool: whether a symmetry image of some puzzle in ``first`` differs in at most ``NEAR`` cells from each.

        Exact. None, the default, where the family does not count it.

        Args:
            first: (N, rows, columns) uint8 puzzles.
            second: (M, rows, columns) uint8 puzzles.
            progress: called with numbers that add up to M as the work goes on.
        """
        return None

    # -- text -------------------------------------------------------------------------------------------------------

    def notation(self, texts: Iterable[str] = (), zero: str | None = None) -> Notation:
        """Return the notation that some grids of one file, ``rows * columns`` characters each, are written in.

        By default ``cells``; Sudoku has several.

        Args:
            texts: grids of the file, the first thousand say.
            zero: ``"digit"`` or ``"blank"``: what the character 0 stands for; None where a grid with another blank has
                no 0.

        Raises:
            PuzzleError: ``zero`` for a family whose cells are no digits, or another value of it.
        """
        check_zero(zero)
        if zero is not None:
            raise PuzzleError(f"zero {zero!r}: {self.name} has no digits, expected none")
        return Notation(self.cells[: self.cell_values])

    def parse(self, text: str, zero: str | None = None) -> Grids:
        """Read one grid from ``rows * columns`` characters in row-major order: (rows, columns) uint8.

        ``puzzles.parse`` also reads grids with separators, over several lines, or with text around them.

        Args:
            text: the grid, in any ``notation`` of the family.
            zero: see ``notation``.

        Raises:
            PuzzleError: a wrong length or an unknown character, with its position; or a 0 of uncertain meaning.
        """
        return self.notation([text], zero).parse(text, self.shape)

    def format(self, grid: Grids) -> str:
        """Write one (rows, columns) grid as ``rows * columns`` characters; the inverse of ``parse``."""
        return "".join(self.cells[value] for value in np.asarray(grid).ravel())
