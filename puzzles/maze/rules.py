"""The rules of the maze over a batch of grids: distances, shortest paths, solved or not.

Written once: the family, its data sets and the environments all call these kernels. Grids are (N, rows, columns) uint8
with the values of ``puzzles.maze.cells``; one move goes up, right, down or left to a cell that is no wall.
"""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit
from puzzles.maze.cells import GOAL, OPEN, PATH, START, WALL
from puzzles.maze.search import UNREACHED, bordered, fill_distances, find, steps, workspace

ROW_STEPS = (-1, 0, 1, 0)
"""Row change of the moves up, right, down, left; ``COLUMN_STEPS`` is its companion."""
COLUMN_STEPS = (0, 1, 0, -1)

MOST_PATHS = np.uint64(2**64 - 1)
"""Where the number of shortest paths stops counting."""


@njit(cache=True, nogil=True)
def distances(puzzles):
    """Return (N, rows, columns) int32: moves from each cell to the goal; -1 for walls and where there is no way."""
    count, rows, columns = puzzles.shape
    result = np.empty(puzzles.shape, np.int32)
    moves, queue = workspace(rows, columns)
    for i in range(count):
        fill_distances(puzzles[i], bordered(find(puzzles[i], GOAL), columns), -1, moves, queue)
        for row in range(rows):
            first = (row + 1) * (columns + 2) + 1
            for column in range(columns):
                result[i, row, column] = max(moves[first + column], UNREACHED)
    return result


@njit(cache=True, nogil=True)
def shortest_lengths(puzzles):
    """Return (N,) int32: moves of a shortest path from start to goal, -1 where there is none."""
    count, rows, columns = puzzles.shape
    lengths = np.empty(count, np.int32)
    moves, queue = workspace(rows, columns)
    for i in range(count):
        lengths[i] = _search_back(puzzles[i], moves, queue)[1]
    return lengths


@njit(cache=True, nogil=True)
def shortest_path_counts(puzzles):
    """Return (N,) uint64: how many shortest paths there are, at most ``MOST_PATHS``; 0 where there is none."""
    count, rows, columns = puzzles.shape
    counts = np.zeros(count, np.uint64)
    moves, queue = workspace(rows, columns)
    paths = np.empty(len(moves), np.uint64)
    for i in range(count):
        start, length, found = _search_back(puzzles[i], moves, queue)
        if length == UNREACHED:
            continue
        paths[queue[0]] = 1
        for cell in queue[1:found]:
            total = np.uint64(0)
            for step in steps(columns):
                other = np.uint32(cell + step)
                if moves[other] == moves[cell] - 1:
                    more = paths[other]
                    total = total + more if total <= MOST_PATHS - more else MOST_PATHS
            paths[cell] = total
        counts[i] = paths[start]
    return counts


@njit(cache=True, nogil=True)
def first_paths(puzzles):
    """Return (solutions, moves): the puzzles with a shortest path marked, (N, rows, columns) uint8, and its length.

    ``moves`` is (N,) int32, -1 where there is no path; such a puzzle is returned as it is. Of several shortest paths it
    is the one that, from the start on, takes the first possible move of down, left, right and up. A breadth-first
    search from the start that looks around in this order finds it first, and so did Maze-Hard's: 1,500 labels agree.
    """
    count, rows, columns = puzzles.shape
    width = columns + 2
    solutions = puzzles.copy()
    lengths = np.empty(count, np.int32)
    moves, queue = workspace(rows, columns)
    for i in range(count):
        cell, lengths[i], _ = _search_back(puzzles[i], moves, queue)
        for left in range(lengths[i] - 1, 0, -1):
            for step in steps(columns):
                other = np.uint32(cell + step)
                if moves[other] == left:
                    cell = np.int64(other)
                    solutions[i, cell // width - 1, cell % width - 1] = PATH
                    break
    return solutions, lengths


@njit(cache=True, nogil=True)
def is_solved(puzzles, grids):
    """Return (N,) bool: the grid is its puzzle with the inner cells of a shortest path marked, any of them.

    The marked cells must join start and goal and be as many as a shortest path has, so none of them is astray.
    """
    count, rows, columns = puzzles.shape
    solved = np.zeros(count, np.bool_)
    moves, queue = workspace(rows, columns)
    marked = np.empty((rows, columns), np.uint8)
    for i in range(count):
        path_cells = _mark(puzzles[i], grids[i], marked)
        # Cheap before dear: first whether the marked cells join start and goal without detour.
        solved[i] = (
            path_cells >= 0
            and _search_back(marked, moves, queue)[1] == path_cells + 1
            and _search_back(puzzles[i], moves, queue)[1] == path_cells + 1
        )
    return solved


# -- one puzzle --------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _search_back(grid, moves, queue):
    """Search from the goal to the start.

    Returns the bordered number of the start, its distance, -1 if there is no way, and how many cells were reached.
    """
    columns = grid.shape[1]
    start = bordered(find(grid, START), columns)
    found = fill_distances(grid, bordered(find(grid, GOAL), columns), start, moves, queue)
    return start, max(moves[start], UNREACHED) if start >= 0 else UNREACHED, found


@njit(cache=True, nogil=True)
def inside(row, column, rows, columns):
    """Return whether the cell lies in the grid."""
    return 0 <= row < rows and 0 <= column < columns


@njit(cache=True, nogil=True)
def _mark(puzzle, grid, marked):
    """Keep start, goal and path cells in ``marked``, walls elsewhere; return the number of path cells.

    -1 if ``grid`` changes anything of ``puzzle`` but open cells into path cells.
    """
    rows, columns = puzzle.shape
    path_cells = 0
    for row in range(rows):
        for column in range(columns):
            given = puzzle[row, column]
            value = grid[row, column]
            if value == PATH and given == OPEN:
                path_cells += 1
            elif value != given:
                return -1
            marked[row, column] = WALL if value == OPEN else value
    return path_cells
