"""The search of grids of every side: singles and locked candidates, then a guess in the cell with fewest candidates.

What a puzzle still allows is kept as *options*: one bit mask per cell, bit d - 1 for digit d, a single bit once the
cell is decided.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit
from puzzles.random import below
from puzzles.sudoku.geometry import Geometry, geometry

# Typed: numba would compile a function once more for each literal argument.
ONE, NOTHING, NO_BUDGET = np.int64(1), np.int64(0), np.int64(1 << 62)
YES, NO = np.bool_(True), np.bool_(False)


class Workspace(NamedTuple):
    """The arrays of one search, made once and used again for every puzzle of a batch."""

    options: NDArray[np.int32]
    """(cells + 1, cells): the options at each depth."""
    guessed: NDArray[np.int64]
    """(cells + 1,): the cell guessed in at each depth."""
    queue: NDArray[np.int32]
    """(cells,): cells that were decided and whose peers do not know it yet."""
    solutions: NDArray[np.uint8]
    """(kept, cells): the digits of the first solutions."""
    held: NDArray[np.int32]
    """(5, 5): the options where lines cross boxes, for the 2 to 5 lines that share boxes."""
    locked: NDArray[np.int32]
    """(5, 5): those of them that are locked up elsewhere."""
    sets: NDArray[np.int32]
    """(5, 5): sets of digits of each line or box, see ``_lock``."""
    geometry: Geometry


def workspace(side: int, box_rows: int, kept: int) -> Workspace:
    """Return the ``Workspace`` of a grid of ``side`` that keeps as many solutions."""
    cells = side * side
    return Workspace(
        np.empty((cells + 1, cells), np.int32),
        np.empty(cells + 1, np.int64),
        np.empty(cells, np.int32),
        np.empty((kept, cells), np.uint8),
        np.empty((5, 5), np.int32),
        np.empty((5, 5), np.int32),
        np.empty((5, 5), np.int32),
        geometry(side, box_rows),
    )


@njit(cache=True, nogil=True)
def start(grid, work):
    """Set depth 0 to what the givens of ``grid``, (cells,), leave open; return False if they contradict each other."""
    every = (1 << work.geometry.units.shape[1]) - 1
    options = work.options[0]
    waiting = NOTHING
    for cell in range(len(grid)):
        if grid[cell] == 0:
            options[cell] = every
        else:
            options[cell] = 1 << (grid[cell] - 1)
            work.queue[waiting] = cell
            waiting += 1
    return _propagate(options, waiting, (1 << len(work.geometry.units)) - 1, work)


@njit(cache=True, nogil=True)
def strike(cell, digit, work):
    """Take a candidate away at depth 0 and conclude; return False on a contradiction."""
    return _strike(work.options[0], cell, 1 << (digit - 1), work)


@njit(cache=True, nogil=True)
def descend(work, limit, budget, state, shuffled):
    """Search below depth 0; return (solutions, guesses until the first, guesses in all); the first are in ``work``.

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
                return -1, guesses, guesses
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
            if _strike(deeper, cell, deeper[cell] & ~bit, work):
                continue
        else:
            if found == 0:
                guesses_at_first = guesses
            if found < len(work.solutions):
                _read_digits(options, work.solutions[found])
            found += 1
            if found == limit:
                return found, guesses_at_first, guesses
        # This depth is done: go back to the last guess that can be replaced by its opposite.
        while True:
            depth -= 1
            if depth < 0:
                return found, guesses_at_first if found > 0 else guesses, guesses
            if _strike(work.options[depth], work.guessed[depth], NOTHING, work):
                break


@njit(cache=True, nogil=True)
def copy(source, target):
    """Copy one-dimensional arrays of one length; a slice assignment would bring seconds of compilation with it."""
    for k in range(len(source)):
        target[k] = source[k]


@njit(cache=True, nogil=True)
def _read_digits(options, grid):
    """Write the digits of decided ``options``, (cells,), into ``grid``, (cells,) uint8."""
    for cell in range(len(options)):
        digit = 0
        bits = options[cell]
        while bits:
            digit += 1
            bits >>= 1
        grid[cell] = digit


@njit(cache=True, nogil=True)
def _strike(options, cell, bits, work):
    """Take candidates away from a cell that has others, and conclude; return False on a contradiction."""
    options[cell] &= ~bits
    if options[cell] == 0:
        return False
    waiting = NOTHING
    if options[cell] & (options[cell] - 1) == 0:
        work.queue[0] = cell
        waiting = ONE
    return _propagate(options, waiting, work.geometry.unit_bits[cell], work)


@njit(cache=True, nogil=True)
def _propagate(options, waiting, dirty, work):
    """Conclude by singles and locked candidates until nothing changes; return False on a contradiction.

    ``work.queue[:waiting]`` are the decided cells whose peers still have to hear of it, ``dirty`` has the bits of the
    units in which some cell lost a candidate.
    """
    crossed = dirty
    while True:
        waiting, lost = _tell_peers(options, work.queue, waiting, work.geometry)
        if waiting < 0:
            return False
        dirty |= lost
        crossed |= lost
        if dirty:
            waiting, dirty, lost = _hidden_singles(options, work.queue, dirty, work.geometry)
        elif crossed:
            waiting, lost = _locked_candidates(options, crossed, work)
            dirty, crossed = lost, NOTHING
        else:
            return True
        if waiting < 0:
            return False
        crossed |= lost


@njit(cache=True, nogil=True)
def _tell_peers(options, queue, waiting, geometry):
    """Strike the digits of queued cells out of their peers, and so on with peers that this decides.

    Return (cells queued, units that lost candidates); -1 cells on a contradiction.
    """
    lost = NOTHING
    while waiting > 0:
        waiting -= 1
        cell = queue[waiting]
        bit = options[cell]
        for k in range(geometry.peers.shape[1]):
            peer = geometry.peers[cell, k]
            left = options[peer]
            if left & bit:
                left ^= bit
                if left == 0:
                    return -1, lost
                options[peer] = left
                lost |= geometry.unit_bits[peer]
                if left & (left - 1) == 0:
                    queue[waiting] = peer
                    waiting += 1
    return waiting, lost


@njit(cache=True, nogil=True)
def _hidden_singles(options, queue, dirty, geometry):
    """Look through dirty units until digits with one place are found.

    Return (cells queued, units still dirty, units that lost candidates); -1 cells on a contradiction.
    """
    unit_count, side = geometry.units.shape
    every = (1 << side) - 1
    waiting = lost = NOTHING
    for unit in range(unit_count):
        if dirty >> unit & 1 == 0:
            continue
        dirty &= ~(1 << unit)
        once = twice = decided = 0
        for k in range(side):
            left = options[geometry.units[unit, k]]
            twice |= once & left
            once |= left
            if left & (left - 1) == 0:
                decided |= left
        if once != every:
            return -1, dirty, lost
        hidden = once & ~twice & ~decided
        if hidden == 0:
            continue
        for k in range(side):
            cell = geometry.units[unit, k]
            only = options[cell] & hidden
            if only:
                if only & (only - 1):
                    return -1, dirty, lost  # two digits have this cell as their only place
                options[cell] = only
                lost |= geometry.unit_bits[cell]
                queue[waiting] = cell
                waiting += 1
        break
    return waiting, dirty | lost, lost


@njit(cache=True, nogil=True)
def _locked_candidates(options, crossed, work):
    """Where a digit of a box lies in one line only, or of a line in one box only, strike it out of the other's rest.

    Looks at the lines with bits in ``crossed``, and those that share boxes with them. Return (cells queued, units that
    lost candidates); -1 cells on a contradiction.
    """
    geometry = work.geometry
    side = geometry.units.shape[1]
    waiting = lost = NOTHING
    for direction in range(2):
        lines = geometry.box_shape[direction]  # that share boxes, which are as many; they cross in ``size`` cells
        size = side // lines
        for first in range(direction * side, (direction + 1) * side, lines):
            if crossed >> first & ((1 << lines) - 1) == 0:
                continue
            _lock(options, first, lines, work)
            for line in range(lines):
                for place in range(side):
                    cell = geometry.units[first + line, place]
                    left = options[cell] & ~work.locked[line, place // size]
                    if left == options[cell]:
                        continue
                    if left == 0:
                        return -1, lost
                    options[cell] = left
                    lost |= geometry.unit_bits[cell]
                    if left & (left - 1) == 0:
                        work.queue[waiting] = cell
                        waiting += 1
    return waiting, lost


@njit(cache=True, nogil=True)
def _lock(options, first, lines, work):
    """Write into ``work.locked`` what cannot be where ``lines`` lines, from ``first`` on, cross their boxes."""
    units, held = work.geometry.units, work.held
    side = units.shape[1]
    size = side // lines
    work.sets[:] = 0
    in_one_box, in_one_line, twice = work.sets[0], work.sets[1], work.sets[2]
    pointed, claimed = work.sets[3], work.sets[4]
    for line in range(lines):
        once = more = 0
        for box in range(lines):
            digits = 0
            for place in range(box * size, (box + 1) * size):
                digits |= options[units[first + line, place]]
            held[line, box] = digits
            more |= once & digits
            once |= digits
            twice[box] |= in_one_line[box] & digits
            in_one_line[box] |= digits
        in_one_box[line] = once & ~more
    for box in range(lines):
        in_one_line[box] &= ~twice[box]
    for line in range(lines):
        for box in range(lines):
            pointed[line] |= held[line, box] & in_one_line[box]
            claimed[box] |= held[line, box] & in_one_box[line]
    for line in range(lines):
        for box in range(lines):
            beside = pointed[line] & ~in_one_line[box] | claimed[box] & ~in_one_box[line]
            work.locked[line, box] = held[line, box] & beside


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
