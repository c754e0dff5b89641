"""Random solution grids, and clues taken out of a grid while its solution stays the only one.

Kernels over one grid, (cells,) uint8, with the ``work`` of ``puzzles.sudoku.engine`` and random ``state``.
"""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit
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
                copy(work.solutions[0], grid)
                return


@njit(cache=True, nogil=True)
def dig(grid, clues, work, state):
    """Take clues out of a full ``grid`` in random order while its solution stays unique, until ``clues`` are left.

    Return whether ``clues`` is reached; ``MINIMAL`` always is: then no clue is left that could be taken out.
    """
    order = np.arange(len(grid))
    shuffle(state, order)
    taken = _take_many(grid, order, len(order) - max(clues, 0), work, state)
    # The next one is needed, and one that is needed once stays needed when others go: a single pass is enough.
    left = _take_each(grid, order[taken + 1 :], len(order) - taken, clues, work, state)
    return clues == MINIMAL or left == clues


@njit(cache=True, nogil=True)
def minimise(grid, work, state):
    """Take clues out of ``grid``, which has few, in random order until each one that is left is needed."""
    order = np.flatnonzero(grid)
    shuffle(state, order)
    _take_each(grid, order, len(order), MINIMAL, work, state)


@njit(cache=True, nogil=True)
def _take_each(grid, order, left, clues, work, state):
    """Take out the clues in ``order`` that are not needed, until ``clues`` of ``left`` stay; return how many do."""
    budget = _budget(grid)
    for cell in order:
        if left == clues:
            break
        digit = grid[cell]
        grid[cell] = 0
        if has_other_solution(grid, cell, digit, budget, work, state):
            grid[cell] = digit
        else:
            left -= 1
    return left


@njit(cache=True, nogil=True)
def _take_many(grid, order, limit, work, state):
    """Take out the longest start of ``order``, at most ``limit``, that keeps the solution unique; return its length.

    Found by halving, in a few solutions where clue after clue would take dozens.
    """
    solution = grid.copy()
    budget = _budget(grid)
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
def _budget(grid):
    """Return the guesses to spend on one question; of large grids, some clues are kept that could go."""
    return NO_BUDGET if len(grid) <= 100 else _DIG_BUDGET


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
