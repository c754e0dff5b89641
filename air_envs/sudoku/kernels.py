"""Placing one digit in each of N grids: every quantity is kept up to date by what one placement can change.

They must equal what ``puzzles.sudoku.rules`` says of the whole grid; a test compares them. Cells are numbered row by
row. ``units``, (cells, 3) int64, holds the row, column and box of each cell and ``peers``, (cells, P) int32, the cells
that share one: tables, because divisions would be half of the work. ``counts`` is (N, 3, side, side + 1) uint8: how
often a row, column, box shows each digit (nothing under 0). ``seen`` is (N, 3, side) uint16: which digits they show,
digit d as bit d - 1. Masks of peers are updated without a branch, as half of those would be mispredicted.
"""

from __future__ import annotations

import numpy as np

from puzzles.compiling import njit


@njit(cache=True, nogil=True)
def start(rows, puzzle, grid, units, counts, seen, filled, blanks, conflicts, correct, solved, progress):
    """Count what the grids of the given ``rows`` of the batch show; all from ``counts`` on is filled in."""
    cells = len(units)
    for i in rows:
        given = puzzle[i].reshape(cells)
        shown = grid[i].reshape(cells)
        counts[i] = 0
        seen[i] = 0
        filled[i] = 0
        blanks[i] = 0
        conflicts[i] = 0
        correct[i] = 0
        for cell in range(cells):
            blanks[i] += given[cell] == 0
            if shown[cell] != 0:
                filled[i] += 1
                _count(counts[i], seen[i], cell, shown[cell], units)
        for cell in range(cells):
            if shown[cell] != 0:
                conflicts[i] += _holders(counts[i], cell, shown[cell], units) > 3
        solved[i] = filled[i] == cells and conflicts[i] == 0
        progress[i] = 1.0 if blanks[i] == 0 else 0.0


@njit(cache=True, nogil=True)
def start_masks(rows, puzzle, grid, units, by_candidate, erase, seen, mask):
    """Fill ``mask`` for the given ``rows`` of the batch, whose ``seen`` is right."""
    cells = len(units)
    side = seen.shape[2]
    for i in rows:
        given = puzzle[i].reshape(cells)
        shown = grid[i].reshape(cells)
        mask[i] = 0
        for cell in range(cells):
            if given[cell] != 0:
                continue
            first = cell * (side + erase)
            taken = _around(seen[i], cell, units) if by_candidate else 0
            if erase:
                mask[i, first] = shown[cell] != 0
            for k in range(side):
                mask[i, first + erase + k] = taken >> k & 1 == 0


@njit(cache=True, nogil=True)
def place(
    actions,
    puzzle,
    grid,
    solution,
    blanks,
    units,
    peers,
    by_candidate,
    erase,
    end_on_contradiction,
    counts,
    seen,
    mask,
    filled,
    conflicts,
    correct,
    refused,
    solved,
    failed,
    progress,
):
    """Put a digit into a cell of each grid; a given refuses it. Everything from ``counts`` on is brought up to date.

    With ``erase`` an action is cell * (side + 1) + digit, where 0 empties; else it is cell * side + digit - 1.
    """
    cells = len(units)
    values = seen.shape[2] + erase
    for i in range(len(actions)):
        given = puzzle[i].reshape(cells)
        shown = grid[i].reshape(cells)
        cell = actions[i] // values
        digit = actions[i] % values + 1 - erase
        refused[i] = given[cell] != 0
        old = shown[cell]
        if refused[i] or old == digit:
            continue
        _uncount(counts[i], seen[i], cell, old, units)
        shown[cell] = digit
        conflicts[i] += _conflicts_with(counts[i], seen[i], shown, cell, digit, units, peers)
        conflicts[i] -= _conflicts_with(counts[i], seen[i], shown, cell, old, units, peers)
        _count(counts[i], seen[i], cell, digit, units)
        filled[i] += (digit != 0) - (old != 0)
        right = solution[i].reshape(cells)[cell]
        correct[i] += (digit == right) - (old == right)
        progress[i] = correct[i] / blanks[i]
        solved[i] = filled[i] == cells and conflicts[i] == 0
        if end_on_contradiction:
            failed[i] = conflicts[i] > 0 or _starves(seen[i], shown, cell, units, peers)
        if by_candidate:
            _update_mask(seen[i], given, cell, digit, units, peers, erase, mask[i])
            _update_mask(seen[i], given, cell, old, units, peers, erase, mask[i])
        if erase:
            mask[i, cell * values] = digit != 0


@njit(cache=True, nogil=True)
def spread(rows, bits, candidates):
    """Write candidates given as ``bits``, (K, side, side) uint32, into the ``rows`` of (N, side, side, side) int8."""
    side = bits.shape[1]
    for k in range(len(rows)):
        for row in range(side):
            for column in range(side):
                for digit in range(side):
                    candidates[rows[k], row, column, digit] = bits[k, row, column] >> digit & 1


@njit(cache=True, nogil=True)
def compare(puzzle, grid, solution, blanks, filled, correct, refused, progress):
    """Fill in what whole grids come to: see ``SudokuDynamics``; ``refused`` where one changes a given."""
    count, side, _ = grid.shape
    for i in range(count):
        filled[i] = 0
        right = 0
        refused[i] = False
        for row in range(side):
            for column in range(side):
                given = puzzle[i, row, column]
                value = grid[i, row, column]
                filled[i] += value > 0
                if given == 0:
                    right += value == solution[i, row, column]
                elif value != given:
                    right -= 1
                    refused[i] = True
        correct[i] = max(right, 0)
        progress[i] = correct[i] / blanks[i] if blanks[i] > 0 else (0.0 if refused[i] else 1.0)


@njit(cache=True, nogil=True)
def _count(counts, seen, cell, value, units):
    """Let ``value`` come into the cell."""
    if value == 0:
        return
    for kind in range(3):
        unit = units[cell, kind]
        counts[kind, unit, value] += 1
        seen[kind, unit] |= 1 << (value - 1)


@njit(cache=True, nogil=True)
def _uncount(counts, seen, cell, value, units):
    """Let ``value`` go from the cell."""
    if value == 0:
        return
    for kind in range(3):
        unit = units[cell, kind]
        counts[kind, unit, value] -= 1
        if counts[kind, unit, value] == 0:
            seen[kind, unit] &= ~(1 << (value - 1))


@njit(cache=True, nogil=True)
def _holders(counts, cell, value, units):
    """How often ``value`` stands in the cell's row, column and box, added up: 3 where it stands in the cell alone."""
    in_row, in_column = counts[0, units[cell, 0], value], counts[1, units[cell, 1], value]
    return int(in_row) + int(in_column) + int(counts[2, units[cell, 2], value])


@njit(cache=True, nogil=True)
def _around(seen, cell, units):
    """The digits of the cell's row, column and box, as bits."""
    return np.int64(seen[0, units[cell, 0]] | seen[1, units[cell, 1]] | seen[2, units[cell, 2]])


@njit(cache=True, nogil=True)
def _fits(seen, cell, digit, units):
    """Whether no cell of the row, column and box holds ``digit``: entering it changes something and breaks no unit."""
    return _around(seen, cell, units) >> (digit - 1) & 1 == 0


@njit(cache=True, nogil=True)
def _conflicts_with(counts, seen, shown, cell, digit, units, peers):
    """How many more cells are in conflict with ``digit`` in the cell than without: it, and peers alone so far.

    ``counts`` and ``seen`` are those of the grid with the cell blank.
    """
    if digit == 0 or _fits(seen, cell, digit, units):
        return 0
    total = 1
    for peer in peers[cell]:
        if shown[peer] == digit:
            total += _holders(counts, peer, digit, units) == 3
    return total


@njit(cache=True, nogil=True)
def _starves(seen, shown, cell, units, peers):
    """Whether no digit fits the cell or one of its peers, where blank."""
    every = (1 << seen.shape[1]) - 1
    dead = (shown[cell] == 0) & (_around(seen, cell, units) == every)
    for peer in peers[cell]:
        dead |= (shown[peer] == 0) & (_around(seen, peer, units) == every)
    return dead


@njit(cache=True, nogil=True)
def _update_mask(seen, given, cell, digit, units, peers, erase, mask):
    """Bring up to date where ``digit`` fits in the cell and its peers."""
    if digit == 0:
        return
    values = seen.shape[1] + erase
    offset = digit - 1 + erase
    mask[cell * values + offset] = _fits(seen, cell, digit, units)
    for peer in peers[cell]:
        mask[peer * values + offset] = (given[peer] == 0) & _fits(seen, peer, digit, units)
