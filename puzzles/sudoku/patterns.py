"""Patterns of clues, which need not have one solution, nor any: hashed, and compared, up to symmetry.

A pattern is a (side, side) uint8 grid of blanks (0), digits (1 .. side), which symmetries relabel, and marks (side + 1)
that keep their value. The hash is that of colour refinement: the colour of a clue says what its digit, row, column
and box hold, round after round. Equal patterns always have equal hashes, different ones nearly never.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np

from puzzles.compiling import njit
from puzzles.family import Grids
from puzzles.random import mix

_ROUNDS = 3
_ROW, _COLUMN, _BOX, _DIGIT = range(4)
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)
_CLUE, _MARK = np.uint64(1), np.uint64(2)


@njit(cache=True, nogil=True)
def workspace(side):
    """Return the arrays that ``pattern_hash`` works in: the colours of units and clues, and the units of each clue."""
    return np.empty((5, side * side), np.uint64), np.empty((4, side * side), np.int64)


@njit(cache=True, nogil=True)
def pattern_hash(pattern, box_rows, work):
    """Return the hash, uint64, of a pattern; ``work`` is left with the colours of its rows and columns."""
    colours, units = work
    side = len(pattern)
    box_columns = side // box_rows
    square = box_rows == box_columns
    clues = 0
    for row in range(side):
        for column in range(side):
            digit = pattern[row, column]
            if digit:
                units[_ROW, clues] = row
                units[_COLUMN, clues] = column
                units[_BOX, clues] = row // box_rows * box_rows + column // box_columns
                units[_DIGIT, clues] = digit - 1
                colours[4, clues] = _MARK if digit > side else _CLUE
                clues += 1
    for _ in range(_ROUNDS):
        for unit in range(4):
            for k in range(side + (unit == _DIGIT)):
                colours[unit, k] = 0
        for clue in range(clues):
            colour = mix(colours[4, clue])
            for unit in range(4):
                colours[unit, units[unit, clue]] += colour
        _colour_lines(colours[_ROW], side, box_rows, _FACTORS[0])
        _colour_lines(colours[_COLUMN], side, box_columns, _FACTORS[0] if square else _FACTORS[1])
        for clue in range(clues):
            lines = colours[_ROW, units[_ROW, clue]] + colours[_COLUMN, units[_COLUMN, clue]]
            box = colours[_BOX, units[_BOX, clue]] * _FACTORS[2]
            colours[4, clue] = mix(lines + box + mix(colours[_DIGIT, units[_DIGIT, clue]] ^ _FACTORS[3]))
    total = np.uint64(clues)
    for clue in range(clues):
        total += mix(colours[4, clue])
    for line in range(side):
        total += mix(colours[_ROW, line]) + mix(colours[_COLUMN, line])
    return total


@njit(cache=True, nogil=True)
def _colour_lines(colours, side, group, factor):
    """Let the colour of a line say what its band or stack, ``group`` lines, holds as well."""
    for start in range(0, side, group):
        together = np.uint64(0)
        for line in range(start, start + group):
            colours[line] = mix(colours[line] ^ factor)
            together += colours[line]
        for line in range(start, start + group):
            colours[line] = mix(colours[line] * factor + together)


@njit(cache=True, nogil=True)
def pattern_hashes(patterns, box_rows):
    """Return the hash of each pattern, (N,) uint64."""
    work = workspace(patterns.shape[1])
    hashes = np.empty(len(patterns), np.uint64)
    for i in range(len(patterns)):
        hashes[i] = pattern_hash(patterns[i], box_rows, work)
    return hashes


@njit(cache=True, nogil=True)
def _line_colours(pattern, box_rows):
    """Return the colours of the rows and of the columns, (side,) uint64 each."""
    work = workspace(len(pattern))
    pattern_hash(pattern, box_rows, work)
    return work[0][_ROW, : len(pattern)].copy(), work[0][_COLUMN, : len(pattern)].copy()


# -- proof -------------------------------------------------------------------------------------------------------------


def equal_patterns(one: Grids, other: Grids, box_rows: int) -> bool:
    """Whether a symmetry carries one (side, side) pattern to the other: one is looked for, line by line."""
    box_columns = len(one) // box_rows
    rows, columns = _line_colours(other, box_rows)
    for view in (one, one.T) if box_rows == box_columns else (one,):
        view = np.ascontiguousarray(view)
        own_rows, own_columns = _line_colours(view, box_rows)
        for order in _orders(own_rows.tolist(), rows.tolist(), box_rows):
            accept = functools.partial(_is_relabelled, view[list(order)], other)
            if any(True for _ in _orders(own_columns.tolist(), columns.tolist(), box_columns, accept)):
                return True
    return False


def _orders(
    own: list[int],
    wanted: list[int],
    group: int,
    accept: Callable[[tuple[int, ...]], bool] = lambda _: True,
    order: tuple[int, ...] = (),
) -> Iterator[tuple[int, ...]]:
    """Yield each order of the lines that keeps groups together, has the wanted colours, and is accepted all along."""
    position = len(order)
    if position == len(wanted):
        yield order
        return
    taken = {line // group for line in order}
    for line in range(len(wanted)):
        if position % group:
            fits = line not in order and line // group == order[-1] // group
        else:
            fits = line // group not in taken
        if fits and own[line] == wanted[position] and accept((*order, line)):
            yield from _orders(own, wanted, group, accept, (*order, line))


def _is_relabelled(rows: Grids, other: Grids, columns: tuple[int, ...]) -> bool:
    """Whether these columns of the rows are the first ones of the other pattern but for the names of the digits."""
    values = len(other) + 2
    pairs = np.unique(rows[:, list(columns)].astype(np.int64) * values + other[:, : len(columns)])
    before, after = np.divmod(pairs, values)
    fixed = [((before == value) == (after == value)).all() for value in (0, values - 1)]
    return all(fixed) and len(set(before.tolist())) == len(pairs) == len(set(after.tolist()))
