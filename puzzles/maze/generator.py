"""Random mazes: perfect ones (a spanning tree) and percolation ones (independent walls, the process of Maze-Hard)."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

from puzzles.errors import PuzzleError
from puzzles.family import Grids
from puzzles.maze.cells import GOAL, PATH, START
from puzzles.maze.percolation import draw_percolation, probe_workspace
from puzzles.maze.perfect import draw_perfect
from puzzles.maze.rules import COLUMN_STEPS, ROW_STEPS, fill_distances, find, inside
from puzzles.random import seeded, uniform

PERFECT_DRAWS = 100_000
"""Draws of a (perfect maze, start, goal) per puzzle before ``min_path`` counts as out of reach."""
PERCOLATION_DRAWS = 20_000_000
"""Draws of a (wall probability, grid, start, goal) per puzzle before ``min_path`` counts as out of reach."""

_BATCH = 16  # puzzles per kernel call: between two calls an interrupt is heard


@dataclasses.dataclass(frozen=True)
class MazeOptions:
    """Options of the maze generators. Every maze they make has a way from start to goal."""

    generator: Literal["perfect", "percolation"] = "perfect"
    """perfect: one way between any two cells, from a random depth-first search. percolation: each cell is a wall by
    chance, as in the Maze-Hard data set."""
    min_path: int | None = None
    """Moves that the shortest path has at least. None: (rows + columns) // 2 for perfect mazes; for percolation
    4 * min(rows, columns) - 11, at least 1, which is 109 for 30x30 as in Maze-Hard."""
    wall_low: float = 0.3
    """Percolation: lower end of the wall probability, which is drawn uniformly for each maze."""
    wall_high: float = 0.5
    """Percolation: upper end of the wall probability."""


def generate(
    seeds: NDArray[np.uint64], rows: int, columns: int, options: MazeOptions
) -> tuple[Grids, Grids, NDArray[np.int32]]:
    """Return (puzzles, solutions, moves): (N, rows, columns) uint8 twice and (N,) int32, one puzzle per seed.

    Of the shortest paths of a maze one is picked uniformly.

    Raises:
        PuzzleError: bad options, or a ``min_path`` that is not reached in the bounded number of draws.
    """
    min_path = minimum_path(rows, columns, options)
    percolation = options.generator == "percolation"
    work = probe_workspace(rows, columns)
    draws = PERCOLATION_DRAWS if percolation else PERFECT_DRAWS
    puzzles = np.zeros((len(seeds), rows, columns), np.uint8)
    solutions = np.zeros_like(puzzles)
    moves = np.zeros(len(seeds), np.int32)
    for first in range(0, len(seeds), _BATCH):
        part = slice(first, first + _BATCH)
        failed = _generate_batch(
            seeds[part],
            percolation,
            min_path,
            float(options.wall_low),
            float(options.wall_high),
            draws,
            work,
            puzzles[part],
            solutions[part],
            moves[part],
        )
        if failed >= 0:
            raise PuzzleError(
                f"seed {seeds[first + failed]}: no {options.generator} maze of {rows}x{columns} "
                f"with a path of {min_path} moves or more in {draws:,} draws"
            )
    return puzzles, solutions, moves


def minimum_path(rows: int, columns: int, options: MazeOptions) -> int:
    """Return the least number of moves that ``options`` ask for at this grid shape, after checking all of them."""
    if options.generator not in ("perfect", "percolation"):
        raise PuzzleError(f"generator {options.generator!r}, expected 'perfect' or 'percolation'")
    if not 0.0 <= options.wall_low <= options.wall_high < 1.0:
        raise PuzzleError(
            f"wall_low {options.wall_low}, wall_high {options.wall_high}, expected 0 <= wall_low <= wall_high < 1"
        )
    if options.min_path is None:
        if options.generator == "perfect":
            return (rows + columns) // 2
        return max(1, 4 * min(rows, columns) - 11)
    if not 1 <= options.min_path < rows * columns:
        raise PuzzleError(f"min_path {options.min_path}, expected 1 to {rows * columns - 1} for {rows}x{columns}")
    return options.min_path


@njit(cache=True, nogil=True)
def _generate_batch(seeds, percolation, min_path, wall_low, wall_high, draws, work, puzzles, solutions, lengths):
    """Fill ``puzzles``, ``solutions`` and ``lengths``; return the index of the first failure, or -1."""
    _, rows, columns = puzzles.shape
    queue = np.empty(rows * columns, np.int32)
    moves = np.empty((rows, columns), np.int32)
    for i in range(len(seeds)):
        state = seeded(seeds[i])
        if percolation:
            drawn = draw_percolation(puzzles[i], min_path, wall_low, wall_high, draws, work, queue, moves, state)
        else:
            drawn = draw_perfect(puzzles[i], min_path, draws, queue, moves, state)
        if not drawn:
            return i
        start = find(puzzles[i], START)
        reached = fill_distances(puzzles[i], find(puzzles[i], GOAL), queue, moves)
        lengths[i] = moves[start // columns, start % columns]
        for row in range(rows):
            for column in range(columns):
                solutions[i, row, column] = puzzles[i, row, column]
        _mark_random_path(solutions[i], start, queue[:reached], moves, state)
    return -1


@njit(cache=True, nogil=True)
def _mark_random_path(grid, start, nearest_first, moves, state):
    """Mark one shortest path from ``start`` to the goal in ``grid``, each with the same probability.

    ``nearest_first`` holds the cells by distance from the goal. A step goes to a cell in proportion to the number of
    shortest paths that lead on from it.
    """
    rows, columns = grid.shape
    ways = np.zeros((rows, columns))
    ways[nearest_first[0] // columns, nearest_first[0] % columns] = 1.0
    level = 0
    scale = 1.0
    largest = 1.0
    for cell in nearest_first[1:]:
        row = cell // columns
        column = cell % columns
        if moves[row, column] != level:
            level = moves[row, column]
            # Only ratios inside a level matter: rescaling one keeps the counts of huge open mazes finite.
            scale = 1.0 / largest if largest > 1e200 else 1.0
            largest = 0.0
        total = 0.0
        for move in range(4):
            next_row = row + ROW_STEPS[move]
            next_column = column + COLUMN_STEPS[move]
            if inside(next_row, next_column, rows, columns) and moves[next_row, next_column] == level - 1:
                total += ways[next_row, next_column]
        ways[row, column] = max(total * scale, 1e-300)  # never 0: from every cell there is a way on
        largest = max(largest, ways[row, column])
    row = start // columns
    column = start % columns
    for left in range(moves[row, column] - 1, 0, -1):
        total = 0.0
        to_row = row
        to_column = column
        for move in range(4):
            next_row = row + ROW_STEPS[move]
            next_column = column + COLUMN_STEPS[move]
            if inside(next_row, next_column, rows, columns) and moves[next_row, next_column] == left:
                total += ways[next_row, next_column]
                # Keeping the newest with its share of the total so far picks one in proportion to its weight.
                if uniform(state) * total < ways[next_row, next_column]:
                    to_row = next_row
                    to_column = next_column
        row = to_row
        column = to_column
        grid[row, column] = PATH
