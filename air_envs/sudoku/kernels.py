"""Placing one digit in each of N grids: every quantity is kept up to date by what one placement can change.

They must equal what ``puzzles.sudoku.rules`` says of the whole grid; a test compares them. ``counts`` is
(N, 3, side, side + 1) uint8: how often a row, column, box shows each digit (0 counts blanks, unused).
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def start(rows, puzzle, grid, box_rows, by_candidate, counts, mask):
    """Fill ``counts`` and ``mask`` for the given ``rows`` of the batch."""
    side = grid.shape[1]
    box_columns = side // box_rows
    for i in rows:
        counts[i] = 0
        for row in range(side):
            for column in range(side):
                value = grid[i, row, column]
                counts[i, 0, row, value] += 1
                counts[i, 1, column, value] += 1
                counts[i, 2, row // box_rows * box_rows + column // box_columns, value] += 1
        for row in range(side):
            for column in range(side):
                first = (row * side + column) * side
                for digit in range(1, side + 1):
                    legal = puzzle[i, row, column] == 0
                    if legal and by_candidate:
                        legal = _fits(counts[i], row, column, digit, box_rows)
                    mask[i, first + digit - 1] = legal


@njit(cache=True, nogil=True)
def place(
    actions,
    puzzle,
    grid,
    solution,
    blanks,
    box_rows,
    by_candidate,
    counts,
    mask,
    filled,
    conflicts,
    correct,
    refused,
    solved,
    progress,
):
    """Put digit ``action % side + 1`` into cell ``action // side`` of each grid; a given refuses it.

    Everything from ``counts`` on is brought up to date.
    """
    side = grid.shape[1]
    for i in range(len(actions)):
        cell = actions[i] // side
        digit = actions[i] % side + 1
        row = cell // side
        column = cell % side
        refused[i] = puzzle[i, row, column] != 0
        old = grid[i, row, column]
        if refused[i] or old == digit:
            continue
        conflicts[i] -= _clashing(counts[i], grid[i], row, column, old, digit, box_rows)
        _put(counts[i], grid[i], row, column, digit, box_rows)
        conflicts[i] += _clashing(counts[i], grid[i], row, column, old, digit, box_rows)
        filled[i] += old == 0
        right = solution[i, row, column]
        correct[i] += (digit == right) - (old == right)
        progress[i] = correct[i] / blanks[i]
        solved[i] = filled[i] == side * side and conflicts[i] == 0
        if by_candidate:
            _update_mask(counts[i], puzzle[i], row, column, old, digit, box_rows, mask[i])


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
def _put(counts, grid, row, column, digit, box_rows):
    box = row // box_rows * box_rows + column // (grid.shape[0] // box_rows)
    old = grid[row, column]
    grid[row, column] = digit
    for unit, number in ((0, row), (1, column), (2, box)):
        counts[unit, number, old] -= 1
        counts[unit, number, digit] += 1


@njit(cache=True, nogil=True)
def _holders(counts, row, column, value, box_rows):
    """How often ``value`` stands in the cell's row, column and box, added up: 3 where it stands in the cell alone."""
    side = counts.shape[1]
    box = row // box_rows * box_rows + column // (side // box_rows)
    return int(counts[0, row, value]) + int(counts[1, column, value]) + int(counts[2, box, value])


@njit(cache=True, nogil=True)
def _fits(counts, row, column, digit, box_rows):
    """Whether no cell of the row, column and box holds ``digit``: entering it changes something and breaks no unit."""
    return _holders(counts, row, column, digit, box_rows) == 0


@njit(cache=True, nogil=True)
def _clashing(counts, grid, row, column, old, digit, box_rows):
    """How many of the cell and its peers hold ``old`` or ``digit`` and clash with a peer of their own."""
    side = grid.shape[0]
    box_columns = side // box_rows
    top = row // box_rows * box_rows
    left = column // box_columns * box_columns
    total = 0
    for k in range(side):
        total += _clashes(counts, grid, row, k, old, digit, box_rows)
        if k != row:
            total += _clashes(counts, grid, k, column, old, digit, box_rows)
        r = top + k // box_columns
        c = left + k % box_columns
        if r != row and c != column:
            total += _clashes(counts, grid, r, c, old, digit, box_rows)
    return total


@njit(cache=True, nogil=True)
def _clashes(counts, grid, row, column, old, digit, box_rows):
    value = grid[row, column]
    if value == 0 or (value != old and value != digit):
        return 0
    return 1 if _holders(counts, row, column, value, box_rows) > 3 else 0


@njit(cache=True, nogil=True)
def _update_mask(counts, puzzle, row, column, old, digit, box_rows, mask):
    side = puzzle.shape[0]
    box_columns = side // box_rows
    top = row // box_rows * box_rows
    left = column // box_columns * box_columns
    for k in range(side):
        _update_cell(counts, puzzle, row, k, old, digit, box_rows, mask)
        _update_cell(counts, puzzle, k, column, old, digit, box_rows, mask)
        _update_cell(counts, puzzle, top + k // box_columns, left + k % box_columns, old, digit, box_rows, mask)


@njit(cache=True, nogil=True)
def _update_cell(counts, puzzle, row, column, old, digit, box_rows, mask):
    if puzzle[row, column] != 0:
        return
    first = (row * puzzle.shape[0] + column) * puzzle.shape[0] - 1
    mask[first + digit] = _fits(counts, row, column, digit, box_rows)
    if old != 0:
        mask[first + old] = _fits(counts, row, column, old, box_rows)
