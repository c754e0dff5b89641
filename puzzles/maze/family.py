"""The maze family: one object per grid shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puzzles.errors import PuzzleError
from puzzles.family import Grids, PuzzleFamily, Puzzles
from puzzles.maze import generator, near, rules, symmetry
from puzzles.maze.cells import GOAL, OPEN, PATH, START, WALL
from puzzles.maze.search import UNREACHED
from puzzles.threads import map_rows

_LEAST = 64  # mazes that one thread is done with before others have started


class Maze(PuzzleFamily):
    """Mark a shortest path from start to goal; moves go up, right, down and left through cells that are no walls.

    A puzzle holds exactly one start and one goal and no path cell; its solution is the puzzle with the open cells
    between start and goal on one shortest path turned into path cells. Any shortest path is a correct answer.
    """

    kind = "maze"
    cells = "# SGo"
    layout_name = "wall grids"
    rating_unit = "moves"
    rating_conventions = ("shortest-path-moves",)
    Options = generator.MazeOptions

    def __init__(self, rows: int, columns: int):
        if not (2 <= rows <= 255 and 2 <= columns <= 255):
            raise PuzzleError(f"no maze of {rows}x{columns}, expected 2 to 255 rows and columns")
        super().__init__(rows, columns)

    @property
    def cell_values(self) -> int:
        """Wall, open, start, goal, path: 5."""
        return 5

    @property
    def coordinates(self) -> NDArray[np.int64]:
        """(rows * columns, 2) int64: row, column."""
        return np.stack(np.divmod(np.arange(self.rows * self.columns), self.columns), axis=1)

    # -- rules ------------------------------------------------------------------------------------------------------

    def used_options(self, options: Any) -> tuple[str, ...]:
        """Return the generator and what it looks at; see ``MazeOptions``."""
        if options.generator == "percolation":
            return "generator", "min_path", "wall_low", "wall_high"
        tree = "generator", "algorithm", "min_path"
        return (*tree, "braid") if options.generator == "braided" else tree

    def generation_time(self, options: Any) -> float:
        """Return 0 but for mazes that are found by many draws; see ``PuzzleFamily`` and ``puzzles.maze.generator``."""
        return generator.seconds(self.rows, self.columns, options)

    def check_options(self, options: Any) -> None:
        """Raise ``PuzzleError`` for options that no maze of this shape has; see ``MazeOptions``."""
        super().check_options(options)
        generator.minimum_path(self.rows, self.columns, options)

    def generate(self, seeds: NDArray[np.uint64], options: Any = None) -> Puzzles:
        """Generate mazes; see ``PuzzleFamily.generate`` and ``MazeOptions``."""
        seeds = np.require(seeds, np.uint64, ["C", "W"])
        options = self.Options() if options is None else options
        return Puzzles(*generator.generate(seeds, self.rows, self.columns, options))

    def check(self, puzzle: Grids) -> None:
        """Raise ``PuzzleError`` for a wrong shape, type or value, path cells, or not exactly one start and goal."""
        puzzle = self.checked(puzzle)
        marked = np.argwhere(puzzle == PATH)
        if len(marked):
            index, row, column = marked[0]
            raise PuzzleError(f"puzzle {index}: row {row + 1}, column {column + 1}: a path cell, only answers have one")
        for value, what in ((START, "start"), (GOAL, "goal")):
            counts = (puzzle == value).sum(axis=(1, 2))
            wrong = np.flatnonzero(counts != 1)
            if len(wrong):
                raise PuzzleError(f"puzzle {wrong[0]}: {counts[wrong[0]]} {what} cells, expected 1")

    def solve(self, puzzle: Grids) -> Grids:
        """Mark a shortest path in each puzzle; of several, see ``puzzles.maze.rules.first_paths``.

        Raises:
            PuzzleError: not a puzzle, or naming the first one whose goal cannot be reached.
        """
        self.check(puzzle)
        solutions, moves = map_rows(rules.first_paths, _LEAST, self.checked(puzzle))
        _require_path(moves)
        return solutions

    def count_shortest_paths(self, puzzle: Grids) -> NDArray[np.uint64]:
        """(N,) uint64: how many shortest paths lead from start to goal, 0 where none does, at most 2**64 - 1.

        Raises:
            PuzzleError: not a puzzle.
        """
        self.check(puzzle)
        return map_rows(rules.shortest_path_counts, _LEAST, self.checked(puzzle))

    def count_answers(self, puzzle: Grids, limit: int = 2) -> NDArray[np.int64]:
        """(N,) int64: ``count_shortest_paths``, up to ``limit``."""
        if limit < 1:
            raise PuzzleError(f"limit {limit}, expected 1 or more")
        return np.minimum(self.count_shortest_paths(puzzle), np.uint64(limit)).astype(np.int64)

    def distances(self, puzzle: Grids) -> NDArray[np.int32]:
        """(N, rows, columns) int32: moves from each cell to the goal; -1 for walls and where there is no way."""
        return map_rows(rules.distances, _LEAST, self.checked(puzzle))

    def is_solved(self, puzzle: Grids, grid: Grids) -> NDArray[np.bool_]:
        """(N,) bool: the grid is the puzzle with one shortest path marked, any of them, and nothing else changed."""
        return map_rows(rules.is_solved, _LEAST, *self.checked_answers(puzzle, grid))

    def read_answer(self, puzzle: Grids, answer: Grids) -> Grids:
        """Return the puzzles with the answers' path cells marked, but for start and goal, which every path holds.

        A path cell on a wall stays one, so that such an answer is wrong; all other cells are the puzzle's.
        """
        return np.where((answer == PATH) & (puzzle <= OPEN), np.uint8(PATH), puzzle)

    def rate(self, puzzle: Grids, convention: str | None = None) -> NDArray[np.int32]:
        """(N,) int32: moves of a shortest path.

        Raises:
            PuzzleError: not a puzzle, or naming the first one whose goal cannot be reached; or another convention.
        """
        self.rating_convention(convention)
        self.check(puzzle)
        moves = map_rows(rules.shortest_lengths, _LEAST, self.checked(puzzle))
        _require_path(moves)
        return moves

    def measures(self, puzzle: Grids, solution: Grids) -> dict[str, NDArray[np.int64]]:
        """Return the number of walls, (N,) int64; the rating is the length of the path."""
        return {"walls": np.count_nonzero(puzzle == WALL, axis=(1, 2))}

    # -- symmetry ---------------------------------------------------------------------------------------------------

    @property
    def symmetry_dim(self) -> int:
        """How many uniform numbers pick one element of the group in ``puzzles.maze.symmetry``."""
        return symmetry.symmetry_dim(self.rows, self.columns)

    def symmetries(self, uniform: Any) -> tuple[Any, None]:
        """Turn uniform numbers into elements of the symmetry group, which relabels nothing."""
        return symmetry.symmetries(uniform, self.rows, self.columns), None

    def copies(self, data: Puzzles, order: Any, relabel: None = None) -> Puzzles:
        """Return images of the puzzles, with solutions found again: see ``puzzles.maze.rules.first_paths``.

        Raises:
            PuzzleError: a solution given is another shortest path than that one.
        """
        _require_first_paths(data.solution, self.solve(data.puzzle))
        puzzle = self.transform(data.puzzle, order, relabel)
        return data._replace(puzzle=puzzle, solution=self.solve(puzzle))

    def every_copy(self, data: Puzzles) -> Puzzles:
        """Return the 8 copies of each puzzle, 4 where the grid is no square: first all puzzles as they are."""
        orders, relabel = self.symmetries(symmetry.elements(self.rows, self.columns))
        puzzle = np.concatenate([self.transform(data.puzzle, order[None], relabel) for order in orders])
        solution = self.solve(puzzle)
        _require_first_paths(data.solution, solution[: len(data.solution)])
        return Puzzles(puzzle, solution, np.tile(data.rating, len(orders)))

    def canonical(self, puzzle: Grids, solution: Grids) -> Grids:
        """(N, rows, columns) uint8: the smallest image of the puzzle; the solution plays no part."""
        return map_rows(symmetry.canonical, _LEAST, self.checked(puzzle))

    def canonical_layout(self, puzzle: Grids, solution: Grids) -> Grids:
        """(N, rows, columns) uint8: the smallest image of the walls, all other cells being open."""
        return self.canonical(np.where(self.checked(puzzle) == WALL, np.uint8(WALL), np.uint8(OPEN)), solution)

    def near(
        self, first: Grids, second: Grids, progress: Callable[[int], object] = lambda _: None
    ) -> NDArray[np.bool_]:
        """(M,) bool: see ``PuzzleFamily.near`` and ``puzzles.maze.near``."""
        orders, _ = self.symmetries(symmetry.elements(self.rows, self.columns))
        return near.near(self.checked(first), self.checked(second), orders, progress)


def _require_path(moves: NDArray[np.int32]) -> None:
    wrong = np.flatnonzero(moves == UNREACHED)
    if len(wrong):
        raise PuzzleError(f"puzzle {wrong[0]}: no way from start to goal")


def _require_first_paths(labels: Grids, first_paths: Grids) -> None:
    wrong = np.flatnonzero((labels != first_paths).any(axis=(1, 2)))
    if len(wrong):
        raise PuzzleError(f"puzzle {wrong[0]}: labelled with another shortest path than symmetry copies would be")
