"""The search of 9x9 grids: propagate by triads and bands, then guess a configuration in the band with the fewest.

It guesses in the order of tdoku's solver (see ``puzzles.sudoku.triads``), so that a count of guesses means what it
means in published puzzle lists.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit
from puzzles.random import below
from puzzles.sudoku.lanes import WORDS, bit_count, load, store
from puzzles.sudoku.triads import BANDS, BOXES, EVERY, VECTORS, propagate, read_digits
from puzzles.sudoku.triads import start as _start
from puzzles.sudoku.triads import strike as _strike

_DEPTHS = 9 * BANDS + 1  # a guess settles one digit in one band
_LANE_ONES = np.uint64(0x0001_0001_0001_0001)
_NO_BITS = np.uint64(0)


class Workspace(NamedTuple):
    """The arrays of one search, made once and used again for every puzzle of a batch."""

    states: NDArray[np.uint64]
    """The state at each depth, see ``puzzles.sudoku.triads``."""
    reports: NDArray[np.uint64]
    """What boxes have reported to the bands, and a spare vector."""
    guessed: NDArray[np.int64]
    """(depths, 2): the band and the digit, from 0, guessed at each depth."""
    solutions: NDArray[np.uint8]
    """(kept, 81): the first solutions."""


def workspace(kept: int) -> Workspace:
    """Return a ``Workspace`` that keeps as many solutions."""
    return Workspace(
        np.empty(_DEPTHS * VECTORS * WORDS, np.uint64),
        np.empty((BANDS + 1) * WORDS, np.uint64),
        np.empty((_DEPTHS, 2), np.int64),
        np.empty((kept, 81), np.uint8),
    )


@njit(cache=True, nogil=True)
def start(grid, work):
    """Set depth 0 to what the givens of ``grid``, (81,) uint8, leave open; return False if they contradict."""
    return _start(grid, work.states, work.reports)


@njit(cache=True, nogil=True)
def strike(cell, digit, work):
    """Take a candidate away at depth 0 and conclude; return False on a contradiction."""
    return _strike(cell, digit, work.states, work.reports)


@njit(cache=True, nogil=True)
def descend(work, limit, budget, state, shuffled):
    """Search below depth 0; return (solutions, guesses until the first, guesses in all); the first are in ``work``.

    Gives up, returning -1 solutions, when ``budget`` guesses did not suffice. ``shuffled`` guesses a random
    configuration, with random ``state``.
    """
    found = guesses = first = depth = 0
    band, digit = _choose(work.states, 0)
    while True:
        if band >= 0:
            if guesses == budget:
                return -1, guesses, guesses
            guesses += 1
            skip = below(state, _size(work.states, depth, band, digit)) if shuffled else 0
            work.guessed[depth, 0] = band
            work.guessed[depth, 1] = digit
            depth = _assume(work.states, depth, band, digit, skip)
            if propagate(work.states, depth * VECTORS, work.reports, 1 << band, band):
                band, digit = _choose(work.states, depth)
                continue
        elif _is_solved(work.states, depth):
            if found == 0:
                first = guesses
            if found < len(work.solutions):
                read_digits(work.states, depth * VECTORS, work.solutions[found])
            found += 1
            if found == limit:
                return found, first, guesses
        depth, band, digit = _back(work, depth)
        if depth < 0:
            return found, first if found > 0 else guesses, guesses


@njit(cache=True, nogil=True)
def _choose(states, depth):
    """Return the open band with the fewest configurations, in it the open digit with the fewest; (-1, 0) if none."""
    chosen, fewest = -1, 6 * 9 + 1
    for band in range(BANDS):
        low, high = _configurations(states, depth, band)
        size = bit_count(low) + bit_count(high)
        if 9 < size < fewest:
            chosen, fewest = band, size
    if chosen < 0:
        return -1, 0
    digit, fewest = 0, 7
    for d in range(9):
        size = _size(states, depth, chosen, d)
        if 1 < size < fewest:
            digit, fewest = d, size
            if size == 2:
                break
    return chosen, digit


@njit(cache=True, nogil=True)
def _is_solved(states, depth):
    """Return whether every digit has a configuration in every band, none having two open bands left."""
    for band in range(BANDS):
        low, high = _configurations(states, depth, band)
        digits = low | high
        digits |= digits >> np.uint64(32)
        digits |= digits >> np.uint64(16)
        if digits & np.uint64(EVERY) != EVERY:
            return False
    return True


@njit(cache=True, nogil=True)
def _assume(states, depth, band, digit, skip):
    """Copy the state one deeper and leave the digit one configuration there, out of here; return the new depth."""
    for k in range(depth * VECTORS, (depth + 1) * VECTORS):
        store(states, k + VECTORS, load(states, k))
    low, high = _configurations(states, depth, band)
    lane_bits = _LANE_ONES << np.uint64(digit)
    low &= lane_bits
    high &= lane_bits
    for _ in range(skip):
        if low:
            low &= low - np.uint64(1)
        else:
            high &= high - np.uint64(1)
    low &= ~low + np.uint64(1)
    high = _NO_BITS if low else high & (~high + np.uint64(1))
    here = WORDS * (depth * VECTORS + BOXES + band)
    states[here] ^= low
    states[here + 1] ^= high
    deeper = here + WORDS * VECTORS
    states[deeper] = states[deeper] & ~lane_bits | low
    states[deeper + 1] = states[deeper + 1] & ~lane_bits | high
    return depth + 1


@njit(cache=True, nogil=True)
def _back(work, depth):
    """Deny the last guess that can be denied and conclude; return (depth, band, digit) to go on, depth -1 if none can.

    A digit that still has several configurations is guessed again; otherwise band and digit are chosen anew.
    """
    while depth > 0:
        depth -= 1
        for band in range(BANDS):  # a contradiction leaves reports that nobody has read
            for k in range(WORDS):
                work.reports[WORDS * band + k] = _NO_BITS
        band, digit = work.guessed[depth]
        if propagate(work.states, depth * VECTORS, work.reports, 1 << band, band):
            if _size(work.states, depth, band, digit) < 2:
                band, digit = _choose(work.states, depth)
            return depth, band, digit
    return -1, -1, 0


@njit(cache=True, nogil=True, forceinline=True)
def _configurations(states, depth, band):
    """Return the two words of a band: configurations 0 to 3, and 4 and 5."""
    at = WORDS * (depth * VECTORS + BOXES + band)
    return states[at], states[at + 1]


@njit(cache=True, nogil=True, forceinline=True)
def _size(states, depth, band, digit):
    """Return how many configurations a band leaves a digit."""
    low, high = _configurations(states, depth, band)
    lane_bits = _LANE_ONES << np.uint64(digit)
    return bit_count(low & lane_bits) + bit_count(high & lane_bits)
