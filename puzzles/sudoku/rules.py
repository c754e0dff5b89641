"""The rules of Sudoku over a batch of grids: conflicts, candidates, solved or not.

Written once: the family, its data sets and the environments all call these kernels. ``grids`` is (N, side, side)
uint8 with values 0 (blank) to side; ``box_rows`` gives the box shape, box columns being side / box rows.
"""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit


@njit(cache=True, nogil=True)
def conflicts(grids, box_rows):
    """Return (N, side, side) bool: the filled cells whose value stands again in their row, column or box."""
    count, side, _ = grids.shape
    box_columns = side // box_rows
    marked = np.zeros(grids.shape, np.bool_)
    once = np.empty((3, side), np.int64)  # per row, column, box: the values seen, as bits
    twice = np.empty((3, side), np.int64)
    for i in range(count):
        once[:] = 0
        twice[:] = 0
        for row in range(side):
            for column in range(side):
                box = row // box_rows * box_rows + column // box_columns
                bit = (1 << grids[i, row, column]) & ~1
                twice[0, row] |= once[0, row] & bit
                once[0, row] |= bit
                twice[1, column] |= once[1, column] & bit
                once[1, column] |= bit
                twice[2, box] |= once[2, box] & bit
                once[2, box] |= bit
        for row in range(side):
            for column in range(side):
                box = row // box_rows * box_rows + column // box_columns
                repeated = twice[0, row] | twice[1, column] | twice[2, box]
                marked[i, row, column] = repeated >> grids[i, row, column] & 1 == 1
    return marked


@njit(cache=True, nogil=True)
def candidates(grids, box_rows):
    """Return (N, side, side) uint32: bit d - 1 is set where no peer holds digit d; 0 for filled cells."""
    count, side, _ = grids.shape
    box_columns = side // box_rows
    every = (1 << side) - 1
    free = np.zeros(grids.shape, np.uint32)
    used = np.empty((3, side), np.int64)
    for i in range(count):
        used[:] = 0
        for row in range(side):
            for column in range(side):
                bit = (1 << grids[i, row, column]) >> 1
                used[0, row] |= bit
                used[1, column] |= bit
                used[2, row // box_rows * box_rows + column // box_columns] |= bit
        for row in range(side):
            for column in range(side):
                if grids[i, row, column] == 0:
                    box = row // box_rows * box_rows + column // box_columns
                    free[i, row, column] = every & ~(used[0, row] | used[1, column] | used[2, box])
    return free


@njit(cache=True, nogil=True)
def is_solved(puzzles, grids, box_rows):
    """Return (N,) bool: the grid keeps every given of its puzzle, and each unit holds each digit once."""
    count, side, _ = grids.shape
    box_columns = side // box_rows
    every = (1 << side) - 1
    solved = np.zeros(count, np.bool_)
    used = np.empty((3, side), np.int64)
    for i in range(count):
        used[:] = 0
        kept = True
        for row in range(side):
            for column in range(side):
                value = grids[i, row, column]
                if value > side or (puzzles[i, row, column] != 0 and puzzles[i, row, column] != value):
                    kept = False
                    break
                bit = (1 << value) >> 1
                used[0, row] |= bit
                used[1, column] |= bit
                used[2, row // box_rows * box_rows + column // box_columns] |= bit
            if not kept:
                break
        solved[i] = kept and (used == every).all()  # side cells show side digits: each stands exactly once
    return solved
