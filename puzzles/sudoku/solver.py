"""A Sudoku solver for every side: naked and hidden singles, then a guess in the cell with the fewest candidates.

Batch functions take (N, side, side) uint8 puzzles. What a puzzle still allows is kept as *options*: one bit mask per
cell, bit d - 1 for digit d, a single bit once the cell is decided.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from puzzles.family import Grids
from puzzles.random import below
from puzzles.sudoku.geometry import geometry

# Typed: numba would compile a function once more for each literal argument.
ONE, NOTHING, NO_BUDGET = np.int64(1), np.int64(0), np.int64(1 << 62)
YES, NO = np.bool_(True), np.bool_(False)


class Result(NamedTuple):
    """What a search found out about N puzzles."""

    solution: Grids
    """(N, side, side) uint8: the first solution found; all 0 where there is none."""
    found: NDArray[np.int32]
    """(N,) int32: how many solutions there are, counted up to the limit."""
    guesses: NDArray[np.int32]
    """(N,) int32: guesses until the first solution was found, or until it was clear that there is none."""


def search(puzzles: Grids, box_rows: int, limit: int = 2) -> Result:
    """Search each puzzle depth first until ``limit`` solutions are found; deterministic.

    A *guess* assumes a value in a cell that singles leave open, the smallest value of the first cell with the fewest
    candidates. If the assumption fails, the value is struck out, which is a deduction and no guess. So a puzzle that
    singles solve counts 0.
    """
    return Result(*_search_batch(puzzles, limit, geometry(puzzles.shape[1], box_rows)))


@njit(cache=True, nogil=True)
def _search_batch(puzzles, limit, geometry):
    count, side, _ = puzzles.shape
    solutions = np.zeros_like(puzzles)
    counts = np.zeros(count, np.int32)
    guesses = np.zeros(count, np.int32)
    work = workspace(side)
    state = np.zeros(1, np.uint64)
    for i in range(count):
        if start(puzzles[i].reshape(-1), work, geometry):
            counts[i], guesses[i] = descend(work, geometry, limit, NO_BUDGET, state, NO)
            if counts[i] > 0:
                read_digits(work.solution, solutions[i].reshape(-1))
    return solutions, counts, guesses


# -- one puzzle; the generator uses these too --------------------------------------------------------------------------


class Workspace(NamedTuple):
    """The arrays of one search, made once and used again for every puzzle of a batch."""

    options: NDArray[np.int32]
    """(cells + 1, cells): the options at each depth."""
    guessed: NDArray[np.int64]
    """(cells + 1,): the cell guessed in at each depth."""
    queue: NDArray[np.int32]
    """(cells,): cells that were decided and whose peers do not know it yet."""
    solution: NDArray[np.int32]
    """(cells,): the options of the first solution."""


@njit(cache=True, nogil=True)
def workspace(side):
    """Return the ``Workspace`` of a grid of ``side``."""
    cells = side * side
    return Workspace(
        np.empty((cells + 1, cells), np.int32),
        np.empty(cells + 1, np.int64),
        np.empty(cells, np.int32),
        np.empty(cells, np.int32),
    )


@njit(cache=True, nogil=True)
def start(grid, work, geometry):
    """Set depth 0 to what the givens of ``grid``, (cells,), leave open; return False if they contradict each other."""
    every = (1 << geometry.units.shape[1]) - 1
    options = work.options[0]
    waiting = NOTHING
    for cell in range(len(grid)):
        if grid[cell] == 0:
            options[cell] = every
        else:
            options[cell] = 1 << (grid[cell] - 1)
            work.queue[waiting] = cell
            waiting += 1
    return _propagate(options, work.queue, waiting, (1 << len(geometry.units)) - 1, geometry)


@njit(cache=True, nogil=True)
def strike(options, cell, bits, work, geometry):
    """Take candidates away from a cell that has others, and conclude; return False on a contradiction."""
    options[cell] &= ~bits
    if options[cell] == 0:
        return False
    waiting = NOTHING
    if options[cell] & (options[cell] - 1) == 0:
        work.queue[0] = cell
        waiting = ONE
    return _propagate(options, work.queue, waiting, geometry.unit_bits[cell], geometry)


@njit(cache=True, nogil=True)
def descend(work, geometry, limit, budget, state, shuffled):
    """Search below depth 0 and return (solutions found, guesses until the first); the first is in ``work.solution``.

    Gives up, returning -1 solutions, when ``budget`` guesses did not suffice. ``shuffled`` guesses at random, in a
    random order of cells, with random ``state``.
    """
    found = 0
    guesses = 0
    guesses_at_first = 0
    depth = 0
    while True:
        options = work.options[depth]
        cell = _fewest_options(options, below(state, len(options)) if shuffled else 0)
        if cell >= 0:
            if guesses == budget:
                return -1, guesses
            guesses += 1
            values = options[cell]
            if shuffled:
                for _ in range(below(state, _count_bits(values))):
                    values &= values - 1
            bit = values & -values
            deeper = work.options[depth + 1]
            copy(options, deeper)
            work.guessed[depth] = cell
            options[cell] &= ~bit  # what is left if the guess fails; concluded from only then
            depth += 1
            if strike(deeper, cell, deeper[cell] & ~bit, work, geometry):
                continue
        else:
            found += 1
            if found == 1:
                copy(options, work.solution)
                guesses_at_first = guesses
            if found == limit:
                return found, guesses_at_first
        # This depth is done: go back to the last guess that can be replaced by its opposite.
        while True:
            depth -= 1
            if depth < 0:
                return found, guesses_at_first if found > 0 else guesses
            if strike(work.options[depth], work.guessed[depth], NOTHING, work, geometry):
                break


@njit(cache=True, nogil=True)
def copy(source, target):
    """Copy one-dimensional arrays of one length; a slice assignment would bring seconds of compilation with it."""
    for k in range(len(source)):
        target[k] = source[k]


@njit(cache=True, nogil=True)
def read_digits(options, grid):
    """Write the digits of decided ``options``, (cells,), into ``grid``, (cells,) uint8."""
    for cell in range(len(options)):
        digit = 0
        bits = options[cell]
        while bits:
            digit += 1
            bits >>= 1
        grid[cell] = digit


@njit(cache=True, nogil=True)
def _propagate(options, queue, waiting, dirty, geometry):
    """Conclude by naked and hidden singles until nothing changes; return False on a contradiction.

    ``queue[:waiting]`` are the decided cells whose peers still have to hear of it, ``dirty`` has the bits of the units
    in which some cell lost a candidate.
    """
    units, peers, unit_bits = geometry
    unit_count, side = units.shape
    every = (1 << side) - 1
    while True:
        while waiting > 0:
            waiting -= 1
            cell = queue[waiting]
            bit = options[cell]
            for k in range(peers.shape[1]):
                peer = peers[cell, k]
                left = options[peer]
                if left & bit:
                    left ^= bit
                    if left == 0:
                        return False
                    options[peer] = left
                    dirty |= unit_bits[peer]
                    if left & (left - 1) == 0:
                        queue[waiting] = peer
                        waiting += 1
        if dirty == 0:
            return True
        for unit in range(unit_count):
            if dirty >> unit & 1 == 0:
                continue
            dirty &= ~(1 << unit)
            once = 0
            twice = 0
            decided = 0
            for k in range(side):
                left = options[units[unit, k]]
                twice |= once & left
                once |= left
                if left & (left - 1) == 0:
                    decided |= left
            if once != every:
                return False
            hidden = once & ~twice & ~decided
            if hidden == 0:
                continue
            for k in range(side):
                cell = units[unit, k]
                only = options[cell] & hidden
                if only:
                    if only & (only - 1):
                        return False  # two digits have this cell as their only place
                    options[cell] = only
                    dirty |= unit_bits[cell]
                    queue[waiting] = cell
                    waiting += 1
            break


@njit(cache=True, nogil=True)
def _fewest_options(options, offset):
    """Return the first undecided cell, counting from ``offset``, with the fewest options; -1 if all are decided."""
    cells = len(options)
    best = -1
    fewest = 99
    cell = offset
    for _ in range(cells):
        bits = options[cell]
        if bits & (bits - 1):
            size = _count_bits(bits)
            if size < fewest:
                best = cell
                fewest = size
                if size == 2:
                    break
        cell += 1
        if cell == cells:
            cell = 0
    return best


@njit(cache=True, nogil=True)
def _count_bits(bits):
    count = 0
    while bits:
        bits &= bits - 1
        count += 1
    return count
