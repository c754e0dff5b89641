"""Random mazes: perfect ones (a spanning tree), braided ones (with loops) and percolation ones (independent walls)."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit
from puzzles.errors import GenerationError, PuzzleError, is_real, is_whole
from puzzles.family import Grids
from puzzles.maze.percolation import draw_plainly, draw_screened
from puzzles.maze.rules import first_paths
from puzzles.maze.search import workspace
from puzzles.maze.trees import ALGORITHMS, draw_tree
from puzzles.random import seeded
from puzzles.threads import check_stopped, in_batches

PERFECT_DRAWS = 100_000
"""Draws of a (maze, start, goal) per perfect or braided puzzle before ``min_path`` counts as out of reach."""
PERCOLATION_DRAWS = 20_000_000
"""Draws of a (wall probability, grid, start, goal) per puzzle before ``min_path`` counts as out of reach."""

_BATCH = 16  # puzzles per kernel call at most
# Cells of the mazes drawn per kernel call, for half a second at most: between two calls an interrupt is heard. Random
# walks through narrow mazes take longest.
_TREE_CELLS, _PERCOLATION_CELLS = 500_000, 20_000_000
_SCREENING_SECONDS = 5e-8  # per cell squared: about right at 9x9 to 30x30 for paths of the default length


@dataclasses.dataclass(frozen=True)
class MazeOptions:
    """Options of the maze generators. Every maze they make has a way from start to goal.

    A generator draws (maze, start, goal) until the shortest path has ``min_path`` moves: those that have are as likely,
    relative to each other, as they were drawn. The solution is ``puzzles.maze.rules.first_paths``, as in Maze-Hard.
    """

    generator: Literal["perfect", "braided", "percolation"] = "perfect"
    """perfect: one way between any two cells. braided: a perfect maze with dead ends opened into loops. percolation:
    each cell is a wall by chance, as in the Maze-Hard data set."""
    algorithm: Literal["depth-first", "wilson", "kruskal", "prim"] = "depth-first"
    """Perfect and braided: how the spanning tree is drawn. depth-first has long winding ways, wilson has every tree
    with the same probability, kruskal and prim have many short dead ends."""
    braid: float = 1.0
    """Braided: the fraction of dead ends that are opened, 0 to 1; see ``puzzles.maze.braid.open_dead_ends``."""
    min_path: int | None = None
    """Moves that the shortest path has at least. None: (rows + columns) // 2 for perfect and braided mazes; for
    percolation 4 * min(rows, columns) - 11, at least 1, which is 109 for 30x30 as in Maze-Hard."""
    wall_low: float = 0.3
    """Percolation: lower end of the wall probability, which is drawn uniformly for each maze."""
    wall_high: float = 0.5
    """Percolation: upper end of the wall probability."""


def generate(
    seeds: NDArray[np.uint64], rows: int, columns: int, options: MazeOptions
) -> tuple[Grids, Grids, NDArray[np.int32]]:
    """Return (puzzles, solutions, moves): (N, rows, columns) uint8 twice and (N,) int32, one puzzle per seed.

    Raises:
        PuzzleError: options that no maze of this shape has.
        GenerationError: a ``min_path`` that is not reached in ``PERFECT_DRAWS`` or ``PERCOLATION_DRAWS`` draws.
    """
    min_path = minimum_path(rows, columns, options)
    fill, draws, at_once = _filler(rows, columns, min_path, options)
    puzzles = np.zeros((len(seeds), rows, columns), np.uint8)
    solutions = np.empty_like(puzzles)
    moves = np.empty(len(seeds), np.int32)

    def work(part: slice) -> None:
        count, state = part.stop - part.start, np.empty(1, np.uint64)
        done, left = fill(seeds[part], puzzles[part], 0, draws, state, draws, at_once)
        while done < count:
            if left <= 0:
                raise GenerationError(
                    int(seeds[part.start + done]),
                    f"no {options.generator} maze of {rows}x{columns} "
                    f"with a path of {min_path} moves or more in {draws:,} draws",
                )
            check_stopped()
            done, left = fill(seeds[part], puzzles[part], done, left, state, draws, at_once)
        solutions[part], moves[part] = first_paths(puzzles[part])

    in_batches(work, len(seeds), _BATCH)
    return puzzles, solutions, moves


def minimum_path(rows: int, columns: int, options: MazeOptions) -> int:
    """Return the least number of moves that ``options`` ask for at this grid shape, after checking all of them."""
    _check(options)
    percolation = options.generator == "percolation"
    min_path = options.min_path
    if min_path is None:
        min_path = max(1, 4 * min(rows, columns) - 11) if percolation else (rows + columns) // 2
    if percolation and options.wall_high == 0.0:
        most = rows + columns - 2  # from corner to corner, with no wall in the way
    elif percolation:
        most = rows * columns - (rows // 2) * (columns // 2) - 1  # no path that is shortest fills a square of four
    else:
        rooms = ((rows + 1) // 2) * ((columns + 1) // 2)
        most = 2 * (rooms - 1) + (2 if rows % 2 == 0 or columns % 2 == 0 else 0)  # through all, with an end beyond each
    if not is_whole(min_path) or not 1 <= min_path <= most:
        mazes = f"{options.generator} mazes of {rows}x{columns}"
        without = " without walls" if percolation and options.wall_high == 0.0 else ""
        raise PuzzleError(f"min_path {min_path!r}, expected an integer 1 to {most} for {mazes}{without}")
    return int(min_path)


def seconds(rows: int, columns: int, options: MazeOptions) -> float:
    """Return about how many seconds of one core a maze takes, where long paths are rare; 0 for microseconds."""
    if options.generator != "percolation" or not _screens(rows, columns, minimum_path(rows, columns, options)):
        return 0.0
    return _SCREENING_SECONDS * (rows * columns) ** 2


def _check(options: MazeOptions) -> None:
    if options.generator not in ("perfect", "braided", "percolation"):
        raise PuzzleError(f"generator {options.generator!r}, expected 'perfect', 'braided' or 'percolation'")
    if options.algorithm not in ALGORITHMS:
        raise PuzzleError(f"algorithm {options.algorithm!r}, expected one of {list(ALGORITHMS)}")
    if not is_real(options.braid) or not 0.0 <= options.braid <= 1.0:
        raise PuzzleError(f"braid {options.braid!r}, expected a number from 0 to 1")
    low, high = options.wall_low, options.wall_high
    if not (is_real(low) and is_real(high)) or not 0.0 <= low <= high < 1.0:
        raise PuzzleError(f"wall_low {low!r}, wall_high {high!r}, expected 0 <= wall_low <= wall_high < 1")


def _filler(
    rows: int, columns: int, min_path: int, options: MazeOptions
) -> tuple[Callable[..., tuple[int, int]], int, int]:
    """Return what fills puzzles from seeds, see ``_fill_trees``, the draws per puzzle and those per kernel call."""
    if options.generator == "percolation":
        walls = float(options.wall_low), float(options.wall_high)
        fill = functools.partial(_fill_percolation, min_path, *walls, _screens(rows, columns, min_path))
        return fill, PERCOLATION_DRAWS, max(1, _PERCOLATION_CELLS // (rows * columns))
    braid = float(options.braid) if options.generator == "braided" else 0.0
    fill = functools.partial(_fill_trees, min_path, ALGORITHMS.index(options.algorithm), braid)
    return fill, PERFECT_DRAWS, max(1, _TREE_CELLS // (rows * columns))


def _screens(rows: int, columns: int, min_path: int) -> bool:
    """Return whether so few draws have such a path that 64 at a time are worth it; measured at 30x30."""
    return min_path > rows + columns


@njit(cache=True, nogil=True)
def _fill_trees(min_path, algorithm, braid, seeds, puzzles, done, left, last, draws, at_once):
    """Go on filling ``puzzles``; return how many are filled then, and how many draws are left for the next one.

    The first ``done`` are filled, and the next one has ``left`` of its ``draws``, which go on from ``state``. Ends when
    all are filled, ``at_once`` more mazes were drawn, or no draws are left.
    """
    _, rows, columns = puzzles.shape
    moves, queue = workspace(rows, columns)
    state = last.copy()
    while done < len(seeds) and left > 0 and at_once > 0:
        if left == draws:
            state = seeded(seeds[done])
        before, pause = left, max(left - at_once, 0)
        drawn, left = draw_tree(puzzles[done], min_path, algorithm, braid, left, pause, moves, queue, state)
        at_once -= before - left
        if drawn:
            done, left = done + 1, draws
    last[0] = state[0]
    return done, left


@njit(cache=True, nogil=True)
def _fill_percolation(min_path, wall_low, wall_high, screened, seeds, puzzles, done, left, last, draws, at_once):
    """Do as ``_fill_trees`` does."""
    _, rows, columns = puzzles.shape
    moves, queue = workspace(rows, columns)
    state = last.copy()
    while done < len(seeds) and left > 0 and at_once > 0:
        if left == draws:
            state = seeded(seeds[done])
        before, pause = left, max(left - at_once, 0)
        grid = puzzles[done]
        if screened:
            drawn, left = draw_screened(grid, min_path, wall_low, wall_high, left, pause, moves, queue, state)
        else:
            drawn, left = draw_plainly(grid, min_path, wall_low, wall_high, left, pause, moves, queue, state)
        at_once -= before - left
        if drawn:
            done, left = done + 1, draws
    last[0] = state[0]
    return done, left
