"""Breadth-first search in one maze, the kernel under every rule and generator.

Cells are numbered row by row in the grid with a border of walls around it: a neighbour is one addition away, and no
step needs to ask whether it stays inside.
"""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit
from puzzles.maze.cells import GOAL, START, WALL

UNREACHED = np.int32(-1)
"""What ``moves`` holds for a cell that no path led to."""
BLOCKED = np.int32(-2)
"""What ``moves`` holds for a wall or the border."""


@njit(cache=True, nogil=True)
def workspace(rows, columns):
    """Return (moves, queue), (bordered cells,) int32 and uint32, for the searches of one grid shape."""
    cells = (rows + 2) * (columns + 2)
    return np.full(cells, BLOCKED, np.int32), np.empty(cells, np.uint32)


@njit(cache=True, nogil=True)
def find(grid, value):
    """Return the number of the first cell that holds ``value``, counted row by row in the grid alone, or -1."""
    rows, columns = grid.shape
    for row in range(rows):
        for column in range(columns):
            if grid[row, column] == value:
                return row * columns + column
    return -1


@njit(cache=True, nogil=True)
def bordered(cell, columns):
    """Return the bordered number of a cell that is counted in the grid alone; -1 for -1."""
    return cell + 2 * (cell // columns) + columns + 3 if cell >= 0 else -1


@njit(cache=True, nogil=True)
def fill_distances(grid, origin, until, moves, queue):
    """Write into ``moves`` the distance of each cell from the bordered cell ``origin``, -1 for none.

    Other cells get ``UNREACHED``, or ``BLOCKED`` where no path goes. The search ends at the cell ``until``, and then
    only cells nearer than it are sure to have their distance; with -1 it goes on to the end. ``queue`` holds the
    reached cells in order of distance; their number is returned.
    """
    rows, columns = grid.shape
    width = columns + 2
    for row in range(rows):
        first = (row + 1) * width + 1
        for column in range(columns):
            moves[first + column] = BLOCKED if grid[row, column] == WALL else UNREACHED
    if origin < 0:
        return 0
    moves[origin] = 0
    queue[0] = origin
    head = np.uint32(0)
    tail = np.uint32(1)
    while head < tail:
        cell = queue[head]
        if cell == until:
            break
        head = np.uint32(head + 1)
        beyond = np.int32(moves[cell] + 1)
        # Without a branch to mispredict, and with unsigned indices, which are never counted from the end.
        for step in steps(columns):
            other = np.uint32(cell + step)
            fresh = moves[other] == UNREACHED
            moves[other] = beyond if fresh else moves[other]
            queue[tail] = other
            tail = np.uint32(tail + np.uint32(fresh))
    return np.int64(tail)


@njit(cache=True, nogil=True)
def place_and_search(grid, start, goal, moves, queue):
    """Put start and goal into ``grid`` and search from the goal; return the moves between them, negative for no way."""
    columns = grid.shape[1]
    grid[start // columns, start % columns] = START
    grid[goal // columns, goal % columns] = GOAL
    until = bordered(start, columns)
    fill_distances(grid, bordered(goal, columns), until, moves, queue)
    return moves[until]


@njit(cache=True, nogil=True)
def steps(columns):
    """Return what is added to a bordered cell, modulo 2**32, to go down, left, right and up.

    Searches look around in this order, which decides between shortest paths; see ``puzzles.maze.rules.first_paths``.
    """
    width = np.uint32(columns + 2)
    return width, np.uint32(-1), np.uint32(1), np.uint32(-width)
