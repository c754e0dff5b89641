"""The canonical form of a Sudoku: the same for all puzzles equal up to symmetry, different for all others.

The solution grid is carried to the lexicographically smallest grid of its orbit, and the givens are moved along; where
several symmetries reach that grid (its automorphisms), the smallest givens win.

The first row of the smallest grid is 1 .. side, whatever row, columns and transposition put it there, for relabelling
follows them. So the search is for the choices with the smallest second row. It goes through the positions of that
row from the left, with every partial choice that ties for the smallest row so far in a *frontier*. The digit at a
position stands, in row 1, in a column whose own position is that digit's new label: if the column has none yet,
it gets the smallest free one it may have, because any other makes the row larger.
"""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit
from puzzles.family import Grids
from puzzles.sudoku.cells import copy
from puzzles.threads import in_batches

_NONE = np.int64(-1)
_BATCH = 256  # grids per kernel call: a few hundredths of a second


def canonical(puzzles: Grids, solutions: Grids, box_rows: int) -> Grids:
    """Return (N, side, side) uint8 from puzzles and their correct solutions, both (N, side, side) uint8."""
    views, givens = solutions[:, None], puzzles[:, None]
    if box_rows * box_rows == solutions.shape[1]:
        views, givens = (np.stack([grids, grids.swapaxes(1, 2)], axis=1) for grids in (solutions, puzzles))
    views, givens = np.ascontiguousarray(views), np.ascontiguousarray(givens)
    forms = np.empty_like(puzzles)

    def work(part: slice) -> None:
        _canonical(views[part], givens[part], box_rows, forms[part])

    in_batches(work, len(puzzles), _BATCH)
    return forms


@njit(cache=True, nogil=True)
def _canonical(views, givens, box_rows, forms):
    """Fill ``forms``; ``views`` and ``givens`` are (N, 1 or 2, side, side): each grid, and its transpose if allowed."""
    count, _, side, _ = views.shape
    best = np.empty((side, side), np.uint8)
    grid = np.empty((side, side), np.uint8)
    label = np.zeros(side + 1, np.uint8)
    rows = np.empty(side, np.int64)
    for i in range(count):
        roots, follows = _roots(views[i], box_rows)
        frontier, size = _smallest_second_rows(follows, side // box_rows)
        for k in range(size):
            flip = roots[frontier[k, 0], 0]
            first_row = roots[frontier[k, 0], 1]
            columns = frontier[k, 1 : 1 + side]
            for position in range(side):
                label[views[i, flip, first_row, columns[position]]] = position + 1
            _order_rows(views[i, flip], columns[0], label, box_rows, rows)
            _carry(views[i, flip], rows, columns, label, grid)
            order = -1 if k == 0 else _compare(grid, best)
            if order < 0:
                best, grid = grid, best
                _carry(givens[i, flip], rows, columns, label, forms[i])
            elif order == 0:
                _carry(givens[i, flip], rows, columns, label, grid)
                if _compare(grid, forms[i]) < 0:
                    _carry(givens[i, flip], rows, columns, label, forms[i])


@njit(cache=True, nogil=True)
def _roots(views, box_rows):
    """Return every (flip, row that becomes row 1, row that becomes row 2), and for each the column that *follows*.

    Column b follows column a if the digit of row 2 in a is the digit of row 1 in b.
    """
    flips, side, _ = views.shape
    roots = np.empty((flips * side * (box_rows - 1), 3), np.int64)
    follows = np.empty((len(roots), side), np.int64)
    column_of = np.empty(side + 1, np.int64)
    root = 0
    for flip in range(flips):
        for first in range(side):
            for column in range(side):
                column_of[views[flip, first, column]] = column
            band = first // box_rows * box_rows
            for second in range(band, band + box_rows):
                if second == first:
                    continue
                roots[root, 0] = flip
                roots[root, 1] = first
                roots[root, 2] = second
                for column in range(side):
                    follows[root, column] = column_of[views[flip, second, column]]
                root += 1
    return roots, follows


@njit(cache=True, nogil=True)
def _smallest_second_rows(follows, box_columns):
    """Return (entries, how many) for all choices that make row 2 smallest; unused room follows the entries.

    An entry, int64, holds: the root | column at each position | position of each column | slot of each stack.
    """
    roots, side = follows.shape
    width = 1 + 2 * side + side // box_columns
    frontier = np.empty((roots, width), np.int64)
    for root in range(roots):
        frontier[root, 0] = root
        for k in range(1, width):
            frontier[root, k] = _NONE
    size = roots
    entry = np.empty(width, np.int64)
    for position in range(side):
        smallest = side
        grown = np.empty((max(64, 2 * size), width), np.int64)
        grown_size = 0
        for k in range(size):
            taken = frontier[k, 1 + position]
            owner = _stack_in(frontier, k, position // box_columns, side, box_columns)
            for column in range(side):
                if taken != _NONE:
                    if column != taken:
                        continue
                elif frontier[k, 1 + side + column] != _NONE:
                    continue
                elif owner != _NONE:
                    if column // box_columns != owner:
                        continue
                elif frontier[k, 1 + 2 * side + column // box_columns] != _NONE:
                    continue
                for w in range(width):
                    entry[w] = frontier[k, w]
                value = _extend(entry, position, column, follows[entry[0], column], side, box_columns)
                if value > smallest:
                    continue
                if value < smallest:
                    smallest = value
                    grown_size = 0
                if grown_size == len(grown):
                    longer = np.empty((2 * grown_size, width), np.int64)
                    copy(grown.reshape(-1), longer.reshape(-1))
                    grown = longer
                for w in range(width):
                    grown[grown_size, w] = entry[w]
                grown_size += 1
        frontier = grown
        size = grown_size
    return frontier, size


@njit(cache=True, nogil=True)
def _stack_in(frontier, k, slot, side, box_columns):
    """Return the stack that entry ``k`` has put into ``slot``, or _NONE."""
    for stack in range(side // box_columns):
        if frontier[k, 1 + 2 * side + stack] == slot:
            return stack
    return _NONE


@njit(cache=True, nogil=True)
def _extend(entry, position, column, follower, side, box_columns):
    """Put ``column`` at ``position`` and its follower where it has to be; return the follower's position."""
    column_at, position_of, slot_of = 1, 1 + side, 1 + 2 * side
    slot = position // box_columns
    entry[column_at + position] = column
    entry[position_of + column] = position
    entry[slot_of + column // box_columns] = slot
    if entry[position_of + follower] == _NONE:
        stack = follower // box_columns
        if entry[slot_of + stack] == _NONE:
            # Positions are taken from the left, so the slots given away are the first ones.
            for other in range(side // box_columns):
                slot = max(slot, entry[slot_of + other])
            entry[slot_of + stack] = slot + 1
        free = entry[slot_of + stack] * box_columns
        while entry[column_at + free] != _NONE:
            free += 1
        entry[column_at + free] = follower
        entry[position_of + follower] = free
    return entry[position_of + follower]


@njit(cache=True, nogil=True)
def _order_rows(view, first_column, label, box_rows, rows):
    """Write into ``rows`` which row goes where: bands, and the rows in each, ascending by their new first cell."""
    side = len(view)
    row_of = np.empty(side + 1, np.int64)
    place = np.empty(side, np.int64)  # of each band: the next free row of the place it has taken
    for row in range(side):
        row_of[label[view[row, first_column]]] = row
        place[row] = _NONE
    taken = 0
    for value in range(1, side + 1):
        row = row_of[value]
        band = row // box_rows
        if place[band] == _NONE:
            place[band] = taken
            taken += box_rows
        rows[place[band]] = row
        place[band] += 1


@njit(cache=True, nogil=True)
def _carry(view, rows, columns, label, grid):
    """Write the grid that a symmetry makes of ``view`` into ``grid``."""
    for i in range(len(rows)):
        for j in range(len(columns)):
            grid[i, j] = label[view[rows[i], columns[j]]]


@njit(cache=True, nogil=True)
def _compare(a, b):
    """Return -1, 0 or 1 as grid ``a`` comes before, equals or comes after ``b`` in row-major order."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            if a[i, j] != b[i, j]:
                return -1 if a[i, j] < b[i, j] else 1
    return 0
