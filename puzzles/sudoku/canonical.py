"""The canonical form of a Sudoku: the same for all puzzles equal up to symmetry, different for all others.

The solution grid is carried to the lexicographically smallest grid of its orbit, and the givens go with it; where
several symmetries reach that grid (its automorphisms), the smallest givens win.

The first row of the smallest grid is 1 .. side, whatever row, columns and transposition put it there, for relabelling
follows them. So the search is for the choices with the smallest second row. It goes through the positions of that
row from the left, with every partial choice that ties for the smallest row so far in a *frontier*. The digit at a
position stands, in row 1, in a column whose own position is that digit's new label: if the column has none yet,
it gets the smallest free one it may have, because any other makes the row larger.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_NONE = -1


@njit(cache=True, nogil=True)
def canonical(puzzles, solutions, box_rows):
    """Return (N, side, side) uint8 from puzzles and their correct solutions, both (N, side, side) uint8."""
    forms = np.empty_like(puzzles)
    for i in range(len(puzzles)):
        _canonical_one(puzzles[i], solutions[i], box_rows, forms[i])
    return forms


@njit(cache=True, nogil=True)
def _canonical_one(puzzle, solution, box_rows, form):
    side = len(solution)
    square = box_rows * box_rows == side
    flips = 2 if square else 1
    views = np.empty((flips, side, side), np.uint8)
    givens = np.empty((flips, side, side), np.uint8)
    views[0] = solution
    givens[0] = puzzle
    if square:
        views[1] = solution.T
        givens[1] = puzzle.T
    roots, follows = _roots(views, box_rows)
    chosen, columns = _smallest_second_rows(follows, side // box_rows)
    best = np.full((side, side), 255, np.uint8)
    grid = np.empty((side, side), np.uint8)
    label = np.zeros(side + 1, np.uint8)
    rows = np.empty(side, np.int64)
    for k in range(len(chosen)):
        flip, first_row, _ = roots[chosen[k]]
        for position in range(side):
            label[views[flip, first_row, columns[k, position]]] = position + 1
        _order_rows(views[flip], columns[k, 0], label, box_rows, rows)
        _carry(views[flip], rows, columns[k], label, grid)
        order = _compare(grid, best)
        if order > 0:
            continue
        if order < 0:
            best[:] = grid
            form[:] = 255
        _carry(givens[flip], rows, columns[k], label, grid)
        if _compare(grid, form) < 0:
            form[:] = grid


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
                roots[root] = flip, first, second
                for column in range(side):
                    follows[root, column] = column_of[views[flip, second, column]]
                root += 1
    return roots, follows


@njit(cache=True, nogil=True)
def _smallest_second_rows(follows, box_columns):
    """Return the (root, column at each position) choices that make row 2 smallest: (K,) and (K, side) int64."""
    roots, side = follows.shape
    stacks = side // box_columns
    width = 2 * side + stacks
    # An entry: root | column at each position | position of each column | slot of each stack.
    frontier = np.full((roots, 1 + width), _NONE, np.int64)
    frontier[:, 0] = np.arange(roots)
    size = roots
    entry = np.empty(1 + width, np.int64)
    for position in range(side):
        smallest = side
        grown = np.empty((max(64, 2 * size), 1 + width), np.int64)
        grown_size = 0
        for k in range(size):
            at = frontier[k, 1 : 1 + side]
            slots = frontier[k, 1 + 2 * side :]
            slot = position // box_columns
            owner = _index(slots, slot)
            for column in range(side):
                if at[position] != _NONE:
                    if at[position] != column:
                        continue
                elif frontier[k, 1 + side + column] != _NONE:
                    continue
                elif owner != _NONE:
                    if column // box_columns != owner:
                        continue
                elif slots[column // box_columns] != _NONE:
                    continue
                entry[:] = frontier[k]
                value = _extend(entry, position, column, follows[frontier[k, 0], column], side, box_columns)
                if value > smallest:
                    continue
                if value < smallest:
                    smallest = value
                    grown_size = 0
                if grown_size == len(grown):
                    longer = np.empty((2 * grown_size, 1 + width), np.int64)
                    longer[:grown_size] = grown
                    grown = longer
                grown[grown_size] = entry
                grown_size += 1
        frontier = grown
        size = grown_size
    return frontier[:size, 0].copy(), frontier[:size, 1 : 1 + side].copy()


@njit(cache=True, nogil=True)
def _extend(entry, position, column, follower, side, box_columns):
    """Put ``column`` at ``position`` and its follower where it has to be; return the follower's position."""
    columns = entry[1 : 1 + side]
    positions = entry[1 + side : 1 + 2 * side]
    slots = entry[1 + 2 * side :]
    columns[position] = column
    positions[column] = position
    slots[column // box_columns] = position // box_columns
    if positions[follower] == _NONE:
        stack = follower // box_columns
        if slots[stack] == _NONE:
            slot = 0
            while _index(slots, slot) != _NONE:
                slot += 1
            slots[stack] = slot
        free = slots[stack] * box_columns
        while columns[free] != _NONE:
            free += 1
        columns[free] = follower
        positions[follower] = free
    return positions[follower]


@njit(cache=True, nogil=True)
def _index(values, wanted):
    """Return the first index of ``wanted`` in ``values``, or _NONE."""
    for k in range(len(values)):
        if values[k] == wanted:
            return k
    return _NONE


@njit(cache=True, nogil=True)
def _order_rows(view, first_column, label, box_rows, rows):
    """Write into ``rows`` which row goes where: bands, and the rows in each, ascending by their new first cell."""
    side = len(view)
    row_of = np.empty(side + 1, np.int64)
    for row in range(side):
        row_of[label[view[row, first_column]]] = row
    place = np.full(side // box_rows, _NONE, np.int64)  # the next free row of the place each band has taken
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
