"""Placing one digit in each of N grids: every quantity is kept up to date by what one placement can change.

They must equal what ``puzzles.sudoku.rules`` says of the whole grid; a test compares them. ``counts`` is
(N, 3, side, side + 1) uint8: how often a row, column, box shows each digit (0 counts blanks, unused). ``boxes``,
(side, side) int64, is the box of each cell: a table, because divisions would be half of the work.
"""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def start(rows, puzzle, grid, boxes, counts, filled, blanks, conflicts, correct, solved, progress):
    """Count what the grids of the given ``rows`` of the batch show; all from ``counts`` on is filled in."""
    side = grid.shape[1]
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
                counts[i, 2, boxes[row, column], value] += 1
                filled[i] += value > 0
                blanks[i] += puzzle[i, row, column] == 0
        for row in range(side):
            for column in range(side):
                value = grid[i, row, column]
                conflicts[i] += value > 0 and _holders(counts[i], row, column, value, boxes) > 3
        solved[i] = filled[i] == side * side and conflicts[i] == 0
        progress[i] = 1.0 if blanks[i] == 0 else 0.0


@njit(cache=True, nogil=True)
def start_masks(rows, puzzle, grid, boxes, by_candidate, erase, counts, mask):
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
                        legal = _fits(counts[i], row, column, digit, boxes)
                    mask[i, first + digit - 1 + erase] = legal


@njit(cache=True, nogil=True)
def place(
    actions,
    puzzle,
    grid,
    solution,
    blanks,
    boxes,
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
        _put(counts[i], grid[i], row, column, 0, boxes)
        conflicts[i] += _conflicts_with(counts[i], grid[i], row, column, digit, boxes)
        conflicts[i] -= _conflicts_with(counts[i], grid[i], row, column, old, boxes)
        _put(counts[i], grid[i], row, column, digit, boxes)
        filled[i] += (digit != 0) - (old != 0)
        right = solution[i, row, column]
        correct[i] += (digit == right) - (old == right)
        progress[i] = correct[i] / blanks[i]
        solved[i] = filled[i] == side * side and conflicts[i] == 0
        if end_on_contradiction:
            failed[i] = conflicts[i] > 0 or _starves(counts[i], grid[i], row, column, boxes)
        if by_candidate:
            _update_mask(counts[i], puzzle[i], row, column, digit, boxes, erase, mask[i])
            _update_mask(counts[i], puzzle[i], row, column, old, boxes, erase, mask[i])
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
def _put(counts, grid, row, column, digit, boxes):
    old = grid[row, column]
    grid[row, column] = digit
    for unit, number in ((0, row), (1, column), (2, boxes[row, column])):
        counts[unit, number, old] -= 1
        counts[unit, number, digit] += 1


@njit(cache=True, nogil=True)
def _holders(counts, row, column, value, boxes):
    """How often ``value`` stands in the cell's row, column and box, added up: 3 where it stands in the cell alone."""
    return int(counts[0, row, value]) + int(counts[1, column, value]) + int(counts[2, boxes[row, column], value])


@njit(cache=True, nogil=True)
def _fits(counts, row, column, digit, boxes):
    """Whether no cell of the row, column and box holds ``digit``: entering it changes something and breaks no unit."""
    return _holders(counts, row, column, digit, boxes) == 0


@njit(cache=True, nogil=True)
def _conflicts_with(counts, grid, row, column, digit, boxes):
    """How many more cells are in conflict with ``digit`` in the cell, which is blank now: it and peers alone so far."""
    if digit == 0 or _fits(counts, row, column, digit, boxes):
        return 0
    total = 1
    if counts[0, row, digit] == 1:  # where several are, they are in conflict already
        for k in range(grid.shape[0]):
            total += grid[row, k] == digit and _holders(counts, row, k, digit, boxes) == 3
    if counts[1, column, digit] == 1:
        for k in range(grid.shape[0]):
            total += grid[k, column] == digit and _holders(counts, k, column, digit, boxes) == 3
    if counts[2, boxes[row, column], digit] == 1:
        top, left, bottom, right = _box(row, column, boxes)
        for r in range(top, bottom):
            for c in range(left, right):
                apart = r != row and c != column
                total += apart and grid[r, c] == digit and _holders(counts, r, c, digit, boxes) == 3
    return total


@njit(cache=True, nogil=True)
def _starves(counts, grid, row, column, boxes):
    """Whether no digit fits the cell or one of its peers, where blank."""
    for k in range(grid.shape[0]):
        if _is_dead(counts, grid, row, k, boxes) or _is_dead(counts, grid, k, column, boxes):
            return True
    top, left, bottom, right = _box(row, column, boxes)
    for r in range(top, bottom):
        for c in range(left, right):
            if _is_dead(counts, grid, r, c, boxes):
                return True
    return False


@njit(cache=True, nogil=True)
def _is_dead(counts, grid, row, column, boxes):
    dead = grid[row, column] == 0
    for digit in range(1, grid.shape[0] + 1):
        dead = dead and not _fits(counts, row, column, digit, boxes)
    return dead


@njit(cache=True, nogil=True)
def _update_mask(counts, puzzle, row, column, digit, boxes, erase, mask):
    """Bring up to date where ``digit`` fits in the cell and its peers."""
    if digit == 0:
        return
    for k in range(puzzle.shape[0]):
        _update_cell(counts, puzzle, row, k, digit, boxes, erase, mask)
        _update_cell(counts, puzzle, k, column, digit, boxes, erase, mask)
    top, left, bottom, right = _box(row, column, boxes)
    for r in range(top, bottom):
        for c in range(left, right):
            if r != row and c != column:
                _update_cell(counts, puzzle, r, c, digit, boxes, erase, mask)


@njit(cache=True, nogil=True)
def _update_cell(counts, puzzle, row, column, digit, boxes, erase, mask):
    side = puzzle.shape[0]
    action = (row * side + column) * (side + erase) + digit - 1 + erase
    mask[action] = (puzzle[row, column] == 0) & _fits(counts, row, column, digit, boxes)  # no branch to mispredict


@njit(cache=True, nogil=True)
def _box(row, column, boxes):
    """Return the first row and column of the cell's box, and those after its last."""
    box = boxes[row, column]
    top, left, bottom, right = row, column, row + 1, column + 1
    while top > 0 and boxes[top - 1, column] == box:
        top -= 1
    while left > 0 and boxes[row, left - 1] == box:
        left -= 1
    while bottom < len(boxes) and boxes[bottom, column] == box:
        bottom += 1
    while right < len(boxes) and boxes[row, right] == box:
        right += 1
    return top, left, bottom, right
