"""Making puzzles hard: a walk from puzzle to puzzle, each a clue or two away from the one before, and no easier.

A step drops a clue and lists the solutions that are then left. A digit that just one of them has in its cell is a clue
that completes the puzzle, so no step is wasted on clues that do not suffice.

*Hardness* is the number of guesses until the solution is proved to be the only one. That is the size of the whole
search tree, and depends little on where in it the solution happens to lie; so a walk does not run after lucky orders.
"""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit
from puzzles.random import below, shuffle
from puzzles.sudoku.cells import NO, NO_BUDGET, copy
from puzzles.sudoku.digging import MINIMAL, dig, fill, minimise
from puzzles.sudoku.engine import descend, start

SOLUTIONS = 96
"""Solutions listed at most; a workspace for hardening keeps as many."""

_WALKS = 4  # short ones, to choose the one that goes on
_STARTS = 20  # random minimal puzzles, the hardest of which a walk starts from
_TRIES = 30  # puzzles tried from one list of solutions
_DRAWS = 8  # clues drawn to find a rare one
_CLUE_CELL = 32  # a clue is this times its cell, plus its digit
_TWO = np.int64(2)


@njit(cache=True, nogil=True)
def harden(grid, effort, box_rows, work, state):
    """Write a hard minimal puzzle into ``grid``, (cells,) uint8, after trying about ``effort`` puzzles.

    Half of them are tried in short walks, and half on the way on from where the best of these has come to.
    """
    current = np.empty_like(grid)
    hardest = -1
    for _ in range(_WALKS):
        hardness = _random_start(current, box_rows, work, state)
        hardness = _walk(current, hardness, effort // (2 * _WALKS), work, state)
        if hardness > hardest:
            hardest = hardness
            copy(current, grid)
    _walk(grid, hardest, effort // 2, work, state)


@njit(cache=True, nogil=True)
def _random_start(grid, box_rows, work, state):
    """Write the hardest of some random minimal puzzles into ``grid``; return its hardness."""
    trial = np.empty_like(grid)
    hardest = -1
    for _ in range(_STARTS):
        fill(trial, box_rows, work, state)
        dig(trial, MINIMAL, work, state)
        hardness = _hardness(trial, work, state)
        if hardness > hardest:
            hardest = hardness
            copy(trial, grid)
    return hardest


@njit(cache=True, nogil=True)
def _walk(grid, hardness, effort, work, state):
    """Go on from ``grid`` to puzzles that are no easier, trying ``effort`` puzzles; return the hardness reached."""
    clues = np.empty(len(grid) * 4, np.int64)
    while effort > 0:
        open_grid = grid.copy()
        listed = _open(open_grid, clues, work, state)
        effort -= 1
        for clue in clues[: min(listed, _TRIES)]:
            effort -= 1
            trial = open_grid.copy()
            trial[clue // _CLUE_CELL] = clue % _CLUE_CELL
            if 2 * _hardness(trial, work, state) < hardness:
                continue  # taking clues out will hardly make up for that
            minimise(trial, work, state)
            found = _hardness(trial, work, state)
            if found >= hardness:
                hardness = found
                copy(trial, grid)
                break
    return hardness


@njit(cache=True, nogil=True)
def _open(grid, clues, work, state):
    """Drop a clue and list in random order the clues that would complete ``grid`` again; return how many there are.

    Where too many solutions are left to list them, clues that few of them share are added at first.
    """
    given = np.flatnonzero(grid)
    grid[given[below(state, len(given))]] = 0
    while True:
        start(grid, work)
        count, _, _ = descend(work, SOLUTIONS, NO_BUDGET, state, NO)
        if count < SOLUTIONS:
            return _list_completing_clues(work.solutions[:count], clues, state)
        _add_rare_clue(grid, work.solutions, state)


@njit(cache=True, nogil=True)
def _add_rare_clue(grid, solutions, state):
    """Of some clues drawn from ``solutions``, add the one to ``grid`` that the fewest of them have."""
    fewest = len(solutions) + 1
    rare_cell = rare_digit = 0
    for _ in range(_DRAWS):
        cell = below(state, len(grid))
        digit = solutions[below(state, len(solutions)), cell]
        having = 0
        for k in range(len(solutions)):
            having += solutions[k, cell] == digit
        if having < fewest:
            fewest, rare_cell, rare_digit = having, cell, digit
    grid[rare_cell] = rare_digit


@njit(cache=True, nogil=True)
def _list_completing_clues(solutions, clues, state):
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
        while bits >> digit and listed < len(clues):
            if bits >> digit & 1:
                clues[listed] = _CLUE_CELL * cell + digit
                listed += 1
            digit += 1
    shuffle(state, clues[:listed])
    return listed


@njit(cache=True, nogil=True)
def _hardness(grid, work, state):
    """Return the guesses until the one solution of ``grid`` is proved to be the only one."""
    start(grid, work)
    _, _, guesses = descend(work, _TWO, NO_BUDGET, state, NO)
    return guesses
