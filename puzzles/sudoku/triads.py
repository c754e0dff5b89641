"""What a 9x9 grid still allows, kept by triads and bands in vectors of digit sets, and what follows from it.

The method is T. Dillon's (https://t-dillon.github.io/tdoku). A *triad* is the three cells in which a row or a column
crosses a box. A *band* is three boxes in a row or in a column: in each of them a digit takes a triad of its own, so a
band leaves a digit six *configurations* at most. A state is 15 vectors, each lane a set of digits, bit d - 1 for d:

- 9 boxes of 4x4 lanes. 3x3 are the candidates of the cells; the *margin*, right of each row and below each column,
  has the digits that its triad may lack. So in each of these rows and columns, a digit stands in just one of the four
  lanes. A triad lacks at least six digits, as a cell has at least one.
- 6 bands, three of rows and then three of columns: lane c has the digits that may follow configuration c.

Between bands and boxes go 3x3 lanes of 4x4: row p is about the band's box p, column e about that box's triad e.
"""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit
from puzzles.sudoku import lanes
from puzzles.sudoku.lanes import load, store

EVERY = 0x1FF
BOXES, BANDS = 9, 6
VECTORS = BOXES + BANDS

CONFIGURATIONS = ((0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0), (0, 2, 1), (1, 0, 2))
"""The triad that a digit takes in box 0, 1 and 2 of a band; a search guesses them in this order."""


@njit(cache=True, nogil=True)
def propagate(states, at, reports, bands, changed):
    """Conclude in the state whose first vector is ``at`` until nothing changes; return False on a contradiction.

    Args:
        states: vectors.
        at: number of the state's first vector in ``states``.
        reports: 6 vectors: the triads that each band has still to strike out. All are 0 after a success.
        bands: the bands to visit, as bits.
        changed: the band whose configurations changed with no report, or -1.
    """
    band = 0
    while bands:
        while bands >> band & 1 == 0:
            band = band + 1 if band < BANDS - 1 else 0
        bands &= ~(1 << band)
        configurations = load(states, at + BOXES + band)
        struck = _configurations_with(load(reports, band))
        store(reports, band, _nothing())
        if band == changed:
            changed = -1
        elif not lanes.any_bit(configurations & struck):
            continue
        configurations = _settle(lanes.without(configurations, struck))
        store(states, at + BOXES + band, configurations)
        taken = _triads_of(configurations)
        box, step = (3 * band, 1) if band < 3 else (band - 3, 3)
        elsewhere = _next_triads(taken) | _last_triads(taken)
        taken = taken | _every_in_the_last()
        visit = restrict(states, at, box, _turned(_for_box_0(taken, elsewhere), step), reports)
        if visit >= 0:
            bands |= visit
            visit = restrict(states, at, box + step, _turned(_for_box_1(taken, elsewhere), step), reports)
        if visit >= 0:
            bands |= visit
            visit = restrict(states, at, box + 2 * step, _turned(_for_box_2(taken, elsewhere), step), reports)
        if visit < 0:
            return False
        bands |= visit
    return True


@njit(cache=True, nogil=True)
def restrict(states, at, box, candidates, reports):
    """Leave in a box only ``candidates`` and conclude inside it; return the bands to visit, -1 on a contradiction."""
    cells = load(states, at + box)
    doomed = lanes.without(cells, candidates)
    if not lanes.any_bit(doomed):
        return 0
    report = _nothing()
    while True:
        cells = lanes.without(cells, doomed)
        sizes = lanes.counts(cells)
        if lanes.any_less(sizes, _least_sizes()):
            return -1
        settled = lanes.where_equal(sizes, _least_sizes())
        asserted = cells & (settled | _once_in_each_row(cells) | _once_in_each_column(cells))
        doomed, news = _conclude(asserted)
        report = report | news
        if not lanes.any_bit(cells & doomed):
            break
    store(states, at + box, cells)
    return _tell_bands(box, report, reports)


@njit(cache=True, nogil=True)
def start(grid, states, reports):
    """Make state 0 from the givens of ``grid``, (81,) uint8; return False if they contradict each other."""
    for band in range(BANDS):
        store(reports, band, _nothing())
        store(states, BOXES + band, _all_configurations())
    for box in range(BOXES):
        store(states, box, _nothing())
        first = box // 3 * 27 + box % 3 * 3
        for row in range(3):
            for column in range(3):
                digit = grid[first + 9 * row + column]
                if digit:
                    states[4 * box + row] |= candidate_bit(column, digit)
        doomed, report = _conclude(load(states, box))
        store(states, box, lanes.without(_whole_box(), doomed))
        _tell_bands(box, report, reports)
    return propagate(states, 0, reports, (1 << BANDS) - 1, -1)


@njit(cache=True, nogil=True)
def strike(cell, digit, states, reports):
    """Take a candidate away in state 0 and conclude; return False on a contradiction."""
    box, word = cell // 27 * 3 + cell % 9 // 3, cell // 9 % 3
    scratch = reports[lanes.WORDS * BANDS :]  # a box as vector BANDS of ``reports``
    store(scratch, 0, load(states, box))
    scratch[word] &= ~candidate_bit(cell % 3, digit)
    bands = restrict(states, 0, box, load(scratch, 0), reports)
    return bands >= 0 and propagate(states, 0, reports, bands, -1)


@njit(cache=True, nogil=True)
def read_digits(states, at, grid):
    """Write the digits of a solved state into ``grid``, (81,) uint8."""
    for cell in range(81):
        box, word = cell // 27 * 3 + cell % 9 // 3, cell // 9 % 3
        candidate = states[lanes.WORDS * (at + box) + word] >> np.uint64(16 * (cell % 3)) & np.uint64(EVERY)
        grid[cell] = lanes.bit_count(candidate - np.uint64(1)) + 1


@njit(cache=True, nogil=True, forceinline=True)
def candidate_bit(column, digit):
    """Return the bit of a digit in the word that a row of a box is."""
    return np.uint64(1) << np.uint64(16 * column + digit - 1)


# -- what follows ------------------------------------------------------------------------------------------------------


@njit(cache=True, nogil=True, forceinline=True)
def _settle(configurations):
    """Keep triads that are full to their digits: if just three digits can take a triad, they do."""
    while True:
        taken = _triads_of(configurations)
        full = taken & lanes.where_equal(lanes.counts(taken), _three())
        struck = configurations & _configurations_with(_next_triads(full) | _last_triads(full))
        if not lanes.any_bit(struck):
            return configurations
        configurations = lanes.without(configurations, struck)


@njit(cache=True, nogil=True, forceinline=True)
def _conclude(asserted):
    """Return what that rules out in the box, and the triads that its bands must strike out, these in the margin."""
    placed = asserted & _cells_of_box()
    in_row = placed | _row_turned_1(placed)
    in_row = in_row | _row_turned_2(in_row)
    in_column = placed | _column_turned_1(placed)
    in_column = in_column | _column_turned_2(in_column)
    out = in_row | in_column | _next_triads(in_column) | _last_triads(in_column) | lanes.where_any(placed)
    # A digit in one triad is in none of the two beside it; and a triad that lacks a digit has said so itself.
    report = asserted | _next_in_margin(out) | _last_in_margin(out)
    return lanes.without(out, placed), report


@njit(cache=True, nogil=True, forceinline=True)
def _tell_bands(box, report, reports):
    """Add the margin of ``report`` to what the two bands of a box have to strike out; return them as bits."""
    across, down = box // 3, box % 3
    triads_of_rows = _row_margin(report) & load(_ROW_OF_LANES, down)
    triads_of_columns = _column_margin(report) & load(_ROW_OF_LANES, across)
    store(reports, across, load(reports, across) | triads_of_rows)
    store(reports, 3 + down, load(reports, 3 + down) | triads_of_columns)
    return 1 << across | 8 << down


@njit(cache=True, nogil=True, forceinline=True)
def _once_in_each_row(cells):
    turned = _row_turned_1(cells)
    once, twice = cells | turned, cells & turned
    turned = _row_turned_2(once)
    return lanes.without(once | turned, twice | _row_turned_2(twice) | (once & turned))


@njit(cache=True, nogil=True, forceinline=True)
def _once_in_each_column(cells):
    turned = _column_turned_1(cells)
    once, twice = cells | turned, cells & turned
    turned = _column_turned_2(once)
    return lanes.without(once | turned, twice | _column_turned_2(twice) | (once & turned))


@njit(cache=True, nogil=True, forceinline=True)
def _triads_of(configurations):
    """Return the triads that the digits may take; two configurations share each."""
    return _first_with(configurations) | _second_with(configurations)


@njit(cache=True, nogil=True, forceinline=True)
def _configurations_with(triads):
    """Return the configurations that use ``triads``."""
    return _using_box_0(triads) | _using_box_1(triads) | _using_box_2(triads)


@njit(cache=True, nogil=True, forceinline=True)
def _turned(candidates, step):
    """Return a box's candidates as a band of rows (step 1) or of columns (step 3) sees them."""
    return candidates if step == 1 else _transposed(candidates)


# -- lanes -------------------------------------------------------------------------------------------------------------


def _grid(lane, size=4):
    """Return ``lane(i, j)`` of the first ``size`` rows and columns of 4x4 lanes, None of the others."""
    return [lane(i, j) if max(i, j) < size else None for i in range(4) for j in range(4)]


def _margin(right, below):
    """Return ``right(i)`` of the lanes right of rows, ``below(j)`` of those below columns, None of the others."""
    return [
        right(i) if i < 3 and j == 3 else below(j) if i == 3 and j < 3 else None for i in range(4) for j in range(4)
    ]


def _users(box, triad):
    """Return the two configurations that take ``triad`` in ``box``."""
    return [c for c, triads in enumerate(CONFIGURATIONS) if triads[box] == triad]


_nothing = lanes.constant([0] * 16)
_three = lanes.constant([3] * 16)
_every_in_the_last = lanes.constant([0] * 15 + [EVERY])
_all_configurations = lanes.constant([EVERY] * 6 + [0] * 10)
_whole_box = lanes.constant([EVERY] * 15 + [0])
_cells_of_box = lanes.constant([0 if lane is None else EVERY for lane in _grid(lambda i, j: 0, 3)])
_least_sizes = lanes.constant([1, 1, 1, 6, 1, 1, 1, 6, 1, 1, 1, 6, 6, 6, 6, 0])
_ROW_OF_LANES = np.repeat(np.eye(3, 4, dtype=np.uint16) * np.uint16(EVERY), 4, axis=1).reshape(-1).view(np.uint64)

_row_turned_1, _row_turned_2 = (lanes.permutation(_grid(lambda i, j, k=k: 4 * i + (j + k) % 4)) for k in (1, 2))
_column_turned_1, _column_turned_2 = (lanes.permutation(_grid(lambda i, j, k=k: 4 * ((i + k) % 4) + j)) for k in (1, 2))
_transposed = lanes.permutation(_grid(lambda i, j: 4 * j + i))
_next_triads, _last_triads = (lanes.permutation(_grid(lambda i, j, k=k: 4 * i + (j + k) % 3, 3)) for k in (1, 2))
_next_in_margin, _last_in_margin = (
    lanes.permutation(_margin(lambda i, k=k: 4 * ((i + k) % 3) + 3, lambda j, k=k: 12 + (j + k) % 3)) for k in (1, 2)
)
_row_margin = lanes.permutation(_grid(lambda i, j: 4 * j + 3, 3))  # the same in every row
_column_margin = lanes.permutation(_grid(lambda i, j: 12 + j, 3))
_first_with, _second_with = (lanes.permutation(_grid(lambda i, j, k=k: _users(i, j)[k], 3)) for k in (0, 1))
_using_box_0, _using_box_1, _using_box_2 = (
    lanes.permutation([4 * p + triads[p] for triads in CONFIGURATIONS] + [None] * 10) for p in range(3)
)
# From the digits that may take triad e of box p, and those that may take another one of its triads (from lane 16 on):
# the candidates of row e and of its margin; those of the columns' margin are all.
_for_box_0, _for_box_1, _for_box_2 = (
    lanes.shuffle(_grid(lambda i, j, p=p: 15 if i == 3 else 4 * p + i + 16 * (j == 3))) for p in range(3)
)
