"""Percolation mazes: every cell is a wall by chance, independently, and only mazes with a long shortest path count.

The process behind the Maze-Hard data set: a draw is a wall probability, uniform between two bounds, a grid, and start
and goal, two uniform cells. It is kept if both are open and at least so many moves apart: at 109 moves on 30x30 nine in
a million draws are. Both functions here are plain rejection, so the mazes kept follow that law exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit
from puzzles.maze.cells import OPEN, WALL
from puzzles.maze.search import bordered, place_and_search
from puzzles.random import ahead, below, next_uint64, skip, uniform

LANES = 64
"""Draws that ``draw_screened`` looks at together: lane ``k`` is bit ``k`` of a word for each cell."""
_DIGITS = 32  # binary digits of a wall probability in a lane
_FIRST_DIGITS = 8  # drawn for all cells alike, in vectors; only one cell in four needs more
_ALL = np.uint64(2**64 - 1)
_ONE = np.uint64(1)
_FEW = 2  # lanes that are cheaper searched one by one than by further levels of all of them
_LEVELS_PER_LOOK = 4


class Lanes(NamedTuple):
    """The arrays of ``draw_screened``; cells are bordered, as in ``puzzles.maze.search``, and the border stays 0."""

    open: NDArray[np.uint64]
    """(cells,): the lanes in which a cell is open."""
    unseen: NDArray[np.uint64]
    """(cells,): the lanes in which a cell is open and was not reached from the goal."""
    frontier: NDArray[np.uint64]
    """(cells,): the lanes in which a cell was reached on the last level."""
    following: NDArray[np.uint64]
    """(cells,): the same of the level under way."""


@njit(cache=True, nogil=True)
def draw_plainly(grid, min_path, wall_low, wall_high, left, pause, moves, queue, state):
    """Draw until the path has ``min_path`` moves; return whether it came to that, and the draws left then.

    There are ``left`` draws in all; with ``pause`` of them left or fewer it stops, and the next call goes on from
    ``state``. ``grid`` is that of the last draw; ``moves`` and ``queue`` are what its searches work in.
    """
    rows, columns = grid.shape
    while left > pause:
        skipped, wall, start, goal = _draw_ends(rows * columns, wall_low, wall_high, left, state)
        left -= skipped + 1
        if start == goal:
            return False, left
        for row in range(rows):
            for column in range(columns):
                grid[row, column] = WALL if uniform(state) < wall else OPEN
        if place_and_search(grid, start, goal, moves, queue) >= min_path:
            return True, left
    return False, left


@njit(cache=True, nogil=True)
def draw_screened(grid, min_path, wall_low, wall_high, left, pause, moves, queue, state):
    """Do as ``draw_plainly`` does, faster where few draws are kept.

    64 draws at a time are searched from the goal, level by level, one bit each: nearly all of them meet their start too
    early, or end without it. Only the few left over are looked at one by one, in order, as if there had been no others.
    """
    rows, columns = grid.shape
    cells = (rows + 2) * (columns + 2)
    lanes = Lanes(
        np.zeros(cells, np.uint64), np.zeros(cells, np.uint64), np.zeros(cells, np.uint64), np.zeros(cells, np.uint64)
    )
    walls = np.empty(LANES, np.float64)
    starts = np.empty(LANES, np.int64)
    goals = np.empty(LANES, np.int64)
    while left > pause:
        for lane in range(LANES):
            skipped, walls[lane], starts[lane], goals[lane] = _draw_ends(
                rows * columns, wall_low, wall_high, max(left, 1), state
            )
            left -= skipped + 1
        _draw_cells(lanes.open, rows, columns, walls, state)
        possible = _screen(lanes, min_path, columns, starts, goals)
        for lane in range(LANES):
            if possible >> np.uint64(lane) & _ONE:
                _extract(lanes.open, lane, grid)
                if place_and_search(grid, starts[lane], goals[lane], moves, queue) >= min_path:
                    return True, left
    return False, left


@njit(cache=True, nogil=True)
def _draw_ends(cells, wall_low, wall_high, draws, state):
    """Return (draws skipped, wall probability, start, goal) of the first draw in which start and goal are open.

    Start and goal are equal if that does not happen in ``draws``.
    """
    for skipped in range(draws):
        wall = wall_low + (wall_high - wall_low) * uniform(state)
        start = below(state, cells)
        goal = below(state, cells)
        if start != goal and uniform(state) >= wall and uniform(state) >= wall:
            return skipped, wall, start, goal
    return draws - 1, wall_low, 0, 0


# -- lanes -------------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True)
def _draw_cells(opened, rows, columns, walls, state):
    """Draw each cell of each lane: a wall if a random binary fraction is below the lane's wall probability.

    They are compared digit by digit, in all lanes at once.
    """
    digits = _binary_digits(walls)
    for row in range(1, rows + 1):
        first = row * (columns + 2) + 1
        _draw_line(opened[first : first + columns], digits, state)


@njit(cache=True, nogil=True)
def _draw_line(opened, digits, state):
    """Draw the cells of one row."""
    tied = np.empty(len(opened), np.uint64)
    origin = state[0]
    for column in range(len(opened)):
        equal = _ALL
        wall = np.uint64(0)
        for k in range(_FIRST_DIGITS):
            word = ahead(origin, column * _FIRST_DIGITS + k)
            wall |= equal & digits[k] & ~word
            equal &= ~(word ^ digits[k])
        opened[column] = ~wall
        tied[column] = equal
    skip(state, len(opened) * _FIRST_DIGITS)
    for column in range(len(opened)):
        k = _FIRST_DIGITS
        while tied[column] and k < _DIGITS:
            word = next_uint64(state)
            opened[column] &= ~(tied[column] & digits[k] & ~word)
            tied[column] &= ~(word ^ digits[k])
            k += 1


@njit(cache=True, nogil=True)
def _binary_digits(walls):
    """Return (_DIGITS,) uint64: the binary digits of the wall probabilities, greatest first, a bit for each lane."""
    digits = np.zeros(_DIGITS, np.uint64)
    for lane in range(LANES):
        wall = np.uint64(walls[lane] * 2.0**_DIGITS)
        for k in range(_DIGITS):
            digits[k] |= (wall >> np.uint64(_DIGITS - 1 - k) & _ONE) << np.uint64(lane)
    return digits


@njit(cache=True, nogil=True)
def _screen(lanes, min_path, columns, starts, goals):
    """Return the lanes, one bit each, in which start and goal may be ``min_path`` moves apart or more."""
    width = columns + 2
    frontier, following = lanes.frontier, lanes.following
    for cell in range(len(frontier)):
        frontier[cell] = 0
    for lane in range(LANES):
        bit = _ONE << np.uint64(lane)
        lanes.open[bordered(starts[lane], columns)] |= bit
        lanes.open[bordered(goals[lane], columns)] |= bit
        frontier[bordered(goals[lane], columns)] |= bit
    for cell in range(len(frontier)):
        lanes.unseen[cell] = lanes.open[cell] & ~frontier[cell]
    possible = _ALL
    for level in range(1, min_path):
        alive = _advance(lanes.unseen, frontier, following, width)
        frontier, following = following, frontier
        if level % _LEVELS_PER_LOOK == 0 or level == min_path - 1:
            possible &= alive & _not_reached(lanes.unseen, starts, columns)
            if _fewer_bits(possible, _FEW):
                break
    return possible


@njit(cache=True, nogil=True)
def _advance(unseen, frontier, following, width):
    """Go one move further in all lanes; return the lanes in which that reached any cell."""
    size = len(unseen) - 2 * width
    # Views, so that all loop indices count from 0 and the compiler can use vectors.
    new, rest = following[width : width + size], unseen[width : width + size]
    above, below_, before, after = frontier, frontier[2 * width :], frontier[width - 1 :], frontier[width + 1 :]
    alive = np.uint64(0)
    for k in range(size):
        word = rest[k] & (above[k] | below_[k] | before[k] | after[k])
        new[k] = word
        rest[k] ^= word
        alive |= word
    return alive


@njit(cache=True, nogil=True)
def _not_reached(unseen, starts, columns):
    """Return the lanes whose start is still unseen."""
    lanes = np.uint64(0)
    for lane in range(LANES):
        lanes |= unseen[bordered(starts[lane], columns)] & (_ONE << np.uint64(lane))
    return lanes


@njit(cache=True, nogil=True)
def _fewer_bits(word, bound):
    """Return whether fewer than ``bound`` bits of ``word`` are set."""
    for _ in range(bound - 1):
        word &= word - _ONE if word else word
    return word == 0


@njit(cache=True, nogil=True)
def _extract(opened, lane, grid):
    """Write the walls and open cells of one lane into ``grid``."""
    rows, columns = grid.shape
    for row in range(rows):
        first = (row + 1) * (columns + 2) + 1
        for column in range(columns):
            grid[row, column] = OPEN if opened[first + column] >> np.uint64(lane) & _ONE else WALL
