"""The rules of the maze over a batch of grids: distances, shortest paths, solved or not.

Written once: the family, its data sets and the environments all call these kernels. Grids are (N, rows, columns) uint8
with the values of ``puzzles.maze.cells``; one move goes up, right, down or left to a cell that is no wall.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzles.maze.cells import GOAL, OPEN, PATH, START, WALL

ROW_STEPS = (-1, 0, 1, 0)
"""Row change of the moves up, right, down, left; ``COLUMN_STEPS`` is its companion."""
COLUMN_STEPS = (0, 1, 0, -1)

UNREACHABLE = -1


@njit(cache=True, nogil=True)
def distances(puzzles):
    """Return (N, rows, columns) int32: moves from each cell to the goal; -1 for walls and where there is no way."""
    count, rows, columns = puzzles.shape
    moves = np.empty(puzzles.shape, np.int32)
    queue = np.empty(rows * columns, np.int32)
    for i in range(count):
        fill_distances(puzzles[i], find(puzzles[i], GOAL), queue, moves[i])
    return moves


@njit(cache=True, nogil=True)
def shortest_lengths(puzzles):
    """Return (N,) int32: moves of a shortest path from start to goal, -1 where there is none."""
    count, rows, columns = puzzles.shape
    lengths = np.empty(count, np.int32)
    queue = np.empty(rows * columns, np.int32)
    moves = np.empty((rows, columns), np.int32)
    for i in range(count):
        fill_distances(puzzles[i], find(puzzles[i], GOAL), queue, moves)
        start = find(puzzles[i], START)
        lengths[i] = moves[start // columns, start % columns] if start >= 0 else UNREACHABLE
    return lengths


@njit(cache=True, nogil=True)
def first_paths(puzzles):
    """Return (solutions, moves): the puzzles with a shortest path marked, (N, rows, columns) uint8, and its length.

    ``moves`` is (N,) int32, -1 where there is no path; such a puzzle is returned as it is. Of several shortest paths it
    is the one that, from the start on, takes the first possible move of up, right, down and left.
    """
    count, rows, columns = puzzles.shape
    solutions = puzzles.copy()
    lengths = np.full(count, UNREACHABLE, np.int32)
    queue = np.empty(rows * columns, np.int32)
    moves = np.empty((rows, columns), np.int32)
    for i in range(count):
        fill_distances(puzzles[i], find(puzzles[i], GOAL), queue, moves)
        start = find(puzzles[i], START)
        if start < 0:
            continue
        row = start // columns
        column = start % columns
        lengths[i] = moves[row, column]
        for left in range(lengths[i] - 1, 0, -1):
            for move in range(4):
                next_row = row + ROW_STEPS[move]
                next_column = column + COLUMN_STEPS[move]
                if inside(next_row, next_column, rows, columns) and moves[next_row, next_column] == left:
                    row = next_row
                    column = next_column
                    solutions[i, row, column] = PATH
                    break
    return solutions, lengths


@njit(cache=True, nogil=True)
def is_solved(puzzles, grids):
    """Return (N,) bool: the grid is its puzzle with the inner cells of a shortest path marked, any of them.

    The marked cells must join start and goal and be as many as a shortest path has, so none of them is astray.
    """
    count, rows, columns = puzzles.shape
    solved = np.zeros(count, np.bool_)
    queue = np.empty(rows * columns, np.int32)
    moves = np.empty((rows, columns), np.int32)
    marked = np.empty((rows, columns), np.uint8)
    for i in range(count):
        path_cells = _mark(puzzles[i], grids[i], marked)
        if path_cells < 0:
            continue
        goal = find(puzzles[i], GOAL)
        start = find(puzzles[i], START)
        if goal < 0 or start < 0:
            continue
        fill_distances(marked, goal, queue, moves)
        if moves[start // columns, start % columns] != path_cells + 1:
            continue  # the marked cells do not join start and goal, or not without detour
        fill_distances(puzzles[i], goal, queue, moves)
        solved[i] = moves[start // columns, start % columns] == path_cells + 1
    return solved


# -- one puzzle --------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def fill_distances(grid, origin, queue, moves):
    """Write into ``moves`` the distance of each cell from cell number ``origin`` (-1: none), by breadth-first search.

    ``queue``, (cells,) int32, holds the reached cells in order of distance when it is done; their number is returned.
    """
    rows, columns = grid.shape
    for row in range(rows):
        for column in range(columns):
            moves[row, column] = UNREACHABLE
    if origin < 0:
        return 0
    moves[origin // columns, origin % columns] = 0
    queue[0] = origin
    head = 0
    tail = 1
    while head < tail:
        row = queue[head] // columns
        column = queue[head] % columns
        head += 1
        for move in range(4):
            next_row = row + ROW_STEPS[move]
            next_column = column + COLUMN_STEPS[move]
            if (
                inside(next_row, next_column, rows, columns)
                and grid[next_row, next_column] != WALL
                and moves[next_row, next_column] == UNREACHABLE
            ):
                moves[next_row, next_column] = moves[row, column] + 1
                queue[tail] = next_row * columns + next_column
                tail += 1
    return tail


@njit(cache=True, nogil=True)
def find(grid, value):
    """Return the number of the first cell that holds ``value``, counted row by row, or -1."""
    rows, columns = grid.shape
    for row in range(rows):
        for column in range(columns):
            if grid[row, column] == value:
                return row * columns + column
    return -1


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
