"""Placing one digit in each of N grids: every quantity is kept up to date by what one placement can change.

They must equal what ``puzzles.sudoku.rules`` says of the whole grid; a test compares them. ``counts`` is
(N, 3, side, side + 1) uint8: how often a row, column, box shows each digit (0 counts blanks, unused).
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def start(rows, puzzle, grid, box_rows, counts, filled, blanks, conflicts, correct, solved, progress):
    """Count what the grids of the given ``rows`` of the batch show; all from ``counts`` on is filled in."""
    side = grid.shape[1]
    box_columns = side // box_rows
    for i in rows:
        counts[i] = 0
        filled[i] = 0
        blanks[i] = 0
        conflicts[i] = 0
        correct[i] = 0
        for row in range(side):
            for column in range(side):
                value = grid[i, row, column]
                counts[i, 0, row, value] += 1
                counts[i, 1, column, value] += 1
                counts[i, 2, row // box_rows * box_rows + column // box_columns, value] += 1
                filled[i] += value > 0
                blanks[i] += puzzle[i, row, column] == 0
        for row in range(side):
            for column in range(side):
                value = grid[i, row, column]
                conflicts[i] += value > 0 and _holders(counts[i], row, column, value, box_rows) > 3
        solved[i] = filled[i] == side * side and conflicts[i] == 0
        progress[i] = 1.0 if blanks[i] == 0 else 0.0


@njit(cache=True, nogil=True)
def start_masks(rows, puzzle, grid, box_rows, by_candidate, erase, counts, mask):
    """Fill ``mask`` for the given ``rows`` of the batch, whose ``counts`` are right."""
    side = grid.shape[1]
    values = side + erase
    for i in rows:
        for row in range(side):
            for column in range(side):
                first = (row * side + column) * values
                free = puzzle[i, row, column] == 0
                if erase:
                    mask[i, first] = free and grid[i, row, column] != 0
                for digit in range(1, side + 1):
                    legal = free
                    if free and by_candidate:
                        legal = _fits(counts[i], row, column, digit, box_rows)
                    mask[i, first + digit - 1 + erase] = legal


@njit(cache=True, nogil=True)
def place(
    actions,
    puzzle,
    grid,
    solution,
    blanks,
    box_rows,
    by_candidate,
    erase,
    end_on_contradiction,
    counts,
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
    side = grid.shape[1]
    values = side + erase
    for i in range(len(actions)):
        cell = actions[i] // values
        digit = actions[i] % values + 1 - erase
        row = cell // side
        column = cell % side
        refused[i] = puzzle[i, row, column] != 0
        old = grid[i, row, column]
        if refused[i] or old == digit:
            continue
        conflicts[i] -= _clashing(counts[i], grid[i], row, column, old, digit, box_rows)
        _put(counts[i], grid[i], row, column, digit, box_rows)
        conflicts[i] += _clashing(counts[i], grid[i], row, column, old, digit, box_rows)
        filled[i] += (digit != 0) - (old != 0)
        right = solution[i, row, column]
        correct[i] += (digit == right) - (old == right)
        progress[i] = correct[i] / blanks[i]
        solved[i] = filled[i] == side * side and conflicts[i] == 0
        if end_on_contradiction:
            failed[i] = conflicts[i] > 0 or _starves(counts[i], grid[i], row, column, box_rows)
        if by_candidate:
            _update_mask(counts[i], puzzle[i], row, column, old, digit, box_rows, erase, mask[i])
        if erase:
            mask[i, cell * values] = digit != 0


@njit(cache=True, nogil=True)
def spread(rows, bits, candidates):
    """Write candidates given as ``bits``, (K, side, side) uint32, into the ``rows`` of (N, side, side, side) uint8."""
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
def _starves(counts, grid, row, column, box_rows):
    """Whether no digit fits the cell or one of its peers, where blank."""
    side = grid.shape[0]
    box_columns = side // box_rows
    top = row // box_rows * box_rows
    left = column // box_columns * box_columns
    for k in range(side):
        if (
            _is_dead(counts, grid, row, k, box_rows)
            or _is_dead(counts, grid, k, column, box_rows)
            or _is_dead(counts, grid, top + k // box_columns, left + k % box_columns, box_rows)
        ):
            return True
    return False


@njit(cache=True, nogil=True)
def _is_dead(counts, grid, row, column, box_rows):
    if grid[row, column] != 0:
        return False
    dead = True
    for digit in range(1, grid.shape[0] + 1):
        dead = dead and not _fits(counts, row, column, digit, box_rows)
    return dead


@njit(cache=True, nogil=True)
def _update_mask(counts, puzzle, row, column, old, digit, box_rows, erase, mask):
    """Bring up to date what ``old`` going and ``digit`` coming means for the cell and its peers."""
    side = puzzle.shape[0]
    box_columns = side // box_rows
    top = row // box_rows * box_rows
    left = column // box_columns * box_columns
    for k in range(side):
        _update_cell(counts, puzzle, row, k, old, digit, box_rows, erase, mask)
        _update_cell(counts, puzzle, k, column, old, digit, box_rows, erase, mask)
        r = top + k // box_columns
        c = left + k % box_columns
        if r != row and c != column:
            _update_cell(counts, puzzle, r, c, old, digit, box_rows, erase, mask)


@njit(cache=True, nogil=True)
def _update_cell(counts, puzzle, row, column, old, digit, box_rows, erase, mask):
    if puzzle[row, column] != 0:
        return
    side = puzzle.shape[0]
    first = (row * side + column) * (side + erase) - 1 + erase
    if digit != 0:
        mask[first + digit] = _fits(counts, row, column, digit, box_rows)
    if old != 0:
        mask[first + old] = _fits(counts, row, column, old, box_rows)
