"""Making a puzzle harder: a walk from puzzle to puzzle, each a few clues away from the one before, and no easier.

A step drops one or two clues and then looks at every clue that leaves just one solution: it lists the solutions, and
takes the digits that only one of them has in their cell. So no step is wasted on clues that do not suffice.

Hardness is the number of guesses until the solution is proved to be the only one. That is the size of the whole search
tree, and depends little on where in it the solution happens to lie; so the walk does not run after lucky orders.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from puzzles.random import below, shuffle
from puzzles.sudoku.cells import NO, NO_BUDGET, copy
from puzzles.sudoku.digging import MINIMAL, dig, fill, minimise
from puzzles.sudoku.engine import descend, start

SOLUTIONS = 96
"""Solutions listed at most; a workspace for hardening keeps as many."""
_WALKS = 4
_FILTER = 2
_DRAWS = 8
_DROPPED = 1  # clues dropped at most
_STARTS = 20  # random minimal puzzles, the hardest of which the walk starts from
_TRIES = 30  # puzzles tried from one list of solutions
_PATIENCE = 200  # puzzles tried without progress until the walk starts anew
_ONE, _TWO = np.int64(1), np.int64(2)


@njit(cache=True, nogil=True)
def harden(grid, hardness, effort, box_rows, work, state):
    """Write into ``grid``, (cells,) uint8, a minimal puzzle of ``hardness`` or more; the hardest found within ``effort``.

    ``effort`` counts the puzzles that are tried.
    """
    current, trial = np.empty_like(grid), np.empty_like(grid)
    clues = np.empty(4 * len(grid), np.int64)
    hardest = -1
    for _ in range(_WALKS):
        reached = _random_start(current, trial, box_rows, work, state)
        reached = _walk(current, trial, clues, reached, hardness, effort // (2 * _WALKS), work, state)
        if reached > hardest:
            hardest = reached
            copy(current, grid)
        if hardest >= hardness:
            return
    _walk(grid, trial, clues, hardest, hardness, effort // 2, work, state)


@njit(cache=True, nogil=True)
def _walk(current, trial, clues, reached, hardness, effort, work, state):
    while effort > 0 and reached < hardness:
        copy(current, trial)
        count = _drop_clues(trial, clues, work, state)
        effort -= 1
        for k in range(min(count, _TRIES)):
            effort -= 1
            harder = _try_clue(trial, clues[k], reached, current, work, state)
            if harder >= reached:
                reached = harder
                break
    return reached


@njit(cache=True, nogil=True)
def _random_start(grid, trial, box_rows, work, state):
    """Write the hardest of some random minimal puzzles into ``grid``; return its hardness."""
    reached = -1
    for _ in range(_STARTS):
        fill(trial, box_rows, work, state)
        dig(trial, MINIMAL, work, state)
        found = _hardness(trial, work, state)
        if found > reached:
            reached = found
            copy(trial, grid)
    return reached


@njit(cache=True, nogil=True)
def _drop_clues(grid, clues, work, state):
    """Drop one or two clues and list in random order those that would complete ``grid``; return how many there are.

    Where too many solutions are left to list them, clues from them are added at random. A clue is 32 * its cell + its
    digit.
    """
    given = np.flatnonzero(grid)
    for _ in range(1 + below(state, _DROPPED)):
        grid[given[below(state, len(given))]] = 0
    while True:
        start(grid, work)
        count, _, _ = descend(work, SOLUTIONS, NO_BUDGET, state, NO)
        if count < SOLUTIONS:
            return _completing_clues(work.solutions[:count], clues, state)
        _add_rare_clue(grid, work.solutions[:count], state)


@njit(cache=True, nogil=True)
def _add_rare_clue(grid, solutions, state):
    """Add to ``grid``, of some random clues from ``solutions``, the one that the fewest of them have."""
    fewest = len(solutions) + 1
    chosen = digit = 0
    for _ in range(_DRAWS):
        cell = below(state, len(grid))
        drawn = solutions[below(state, len(solutions)), cell]
        having = 0
        for k in range(len(solutions)):
            having += solutions[k, cell] == drawn
        if having < fewest:
            fewest, chosen, digit = having, cell, drawn
    grid[chosen] = digit


@njit(cache=True, nogil=True)
def _completing_clues(solutions, clues, state):
    """List the digits that only one of ``solutions``, (N, cells), has in their cell; return how many there are."""
    count, cells = solutions.shape
    once, twice = np.zeros(cells, np.int32), np.zeros(cells, np.int32)
    for k in range(count):
        for cell in range(cells):
            bit = np.int32(1) << solutions[k, cell]
            twice[cell] |= once[cell] & bit
            once[cell] |= bit
    listed = 0
    for cell in range(cells):
        bits = once[cell] & ~twice[cell]
        digit = 0
        while bits >> digit:
            if bits >> digit & 1 and listed < len(clues):
                clues[listed] = 32 * cell + digit
                listed += 1
            digit += 1
    shuffle(state, clues[:listed])
    return listed


@njit(cache=True, nogil=True)
def _try_clue(grid, clue, reached, current, work, state):
    """Complete ``grid`` by a clue; if that is no easier than ``reached``, ``current`` becomes it. Return its hardness."""
    completed = grid.copy()
    completed[clue // 32] = clue % 32
    found = _hardness(completed, work, state)
    if _FILTER * found < reached:
        return -1  # taking clues out will hardly make up for that
    minimise(completed, work, state)
    found = _hardness(completed, work, state)
    if found >= reached:
        copy(completed, current)
    return found


@njit(cache=True, nogil=True)
def _hardness(grid, work, state):
    """Return the guesses until the one solution of ``grid`` is proved to be the only one."""
    start(grid, work)
    _, _, guesses = descend(work, _TWO, NO_BUDGET, state, NO)
    return guesses
