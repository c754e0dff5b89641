"""Random solution grids, and clues taken out of a grid while its solution stays the only one.

Kernels over one grid, (cells,) uint8, with the ``work`` of ``puzzles.sudoku.engine`` and random ``state``.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzles.random import shuffle
from puzzles.sudoku.cells import NO, NO_BUDGET, YES, copy
from puzzles.sudoku.engine import descend, start, strike

MINIMAL = -1
"""A clue count that is never reached: dig until no clue can be taken out."""
_ONE, _TWO = np.int64(1), np.int64(2)
_DIG_BUDGET = np.int64(1000)  # guesses spent on one clue of a large grid before it is kept


@njit(cache=True, nogil=True)
def fill(grid, box_rows, work, state):
    """Write a random solution grid into ``grid``."""
    while True:
        _fill_diagonal_boxes(grid, box_rows, state)
        if start(grid, work):
            # Nearly every descent needs less than one guess per cell; a stuck one is dropped for a fresh one.
            found, _, _ = descend(work, _ONE, len(grid), state, YES)
            if found == 1:
                copy(work.solution, grid)
                return


@njit(cache=True, nogil=True)
def dig(grid, clues, work, state):
    """Take clues out of ``grid`` in random order while its solution stays unique, until ``clues`` of them are left.

    One pass is enough: a clue that is needed once stays needed when others go. Return whether ``clues`` is reached; a
    pass to the end (``MINIMAL``) always is.
    """
    order = np.flatnonzero(grid)
    shuffle(state, order)
    budget = NO_BUDGET if len(grid) <= 100 else _DIG_BUDGET
    taken = _take_many(grid, order, len(order) - max(clues, 0), budget, work, state)
    left = len(order) - taken
    for cell in order[taken + 1 :]:
        if left == clues:
            break
        digit = grid[cell]
        grid[cell] = 0
        if has_other_solution(grid, cell, digit, budget, work, state):
            grid[cell] = digit
        else:
            left -= 1
    return clues == MINIMAL or left == clues


@njit(cache=True, nogil=True)
def _take_many(grid, order, limit, budget, work, state):
    """Take out the longest start of ``order``, at most ``limit``, that keeps the solution unique; return its length.

    Found by halving, in a few solutions where clue after clue would take dozens.
    """
    solution = grid.copy()
    low, high = 0, limit  # ``low`` clues can go; more than ``high`` cannot
    middle = high
    while low < high:
        copy(solution, grid)
        for cell in order[:middle]:
            grid[cell] = 0
        if is_unique(grid, budget, work, state):
            low = middle
        else:
            high = middle - 1
        middle = (low + high + 1) // 2
    copy(solution, grid)
    for cell in order[:low]:
        grid[cell] = 0
    return low


@njit(cache=True, nogil=True)
def is_unique(grid, budget, work, state):
    """Return whether ``grid``, which has a solution, has no other; False as well if the budget runs out."""
    start(grid, work)
    found, _, _ = descend(work, _TWO, budget, state, NO)
    return found == 1


@njit(cache=True, nogil=True)
def has_other_solution(grid, cell, digit, budget, work, state):
    """Return whether ``grid`` can be solved with another digit in ``cell``; True as well if the budget runs out."""
    start(grid, work)  # cannot fail: the known solution satisfies it
    if not strike(cell, digit, work):
        return False
    found, _, _ = descend(work, _ONE, budget, state, NO)
    return found != 0


@njit(cache=True, nogil=True)
def _fill_diagonal_boxes(grid, box_rows, state):
    """Blank ``grid`` and fill at random the boxes from the upper left down, which share no row and no column."""
    side = round(np.sqrt(len(grid)))
    box_columns = side // box_rows
    digits = np.arange(1, side + 1)
    for cell in range(len(grid)):
        grid[cell] = 0
    for box in range(min(box_rows, box_columns)):
        shuffle(state, digits)
        for k in range(side):
            row, column = box * box_rows + k // box_columns, box * box_columns + k % box_columns
            grid[row * side + column] = digits[k]
