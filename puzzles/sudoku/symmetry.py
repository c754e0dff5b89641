"""The symmetry group of Sudoku: relabelling, transposition, and permutations of bands, stacks, rows and columns.

Rows move inside their band and columns inside their stack. Transposition belongs to the group only if boxes are square.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from puzzles.compiling import njit
from puzzles.random import below, seeded, shuffle


def symmetry_dim(side: int, box_rows: int) -> int:
    """Return how many uniform numbers pick one element: digits with blank, bands, rows, stacks, columns, transposed."""
    box_columns = side // box_rows
    return (side + 1) + (box_columns + side) + (box_rows + side) + (box_rows == box_columns)


def symmetries(uniform: Any, side: int, box_rows: int) -> tuple[Any, Any]:
    """Return (order, relabel) of the elements that ``uniform``, (N, symmetry_dim), picks; see ``PuzzleFamily``.

    Sorting uniform numbers gives uniform permutations. Only operations that NumPy arrays and torch tensors share, and
    no branch on the data: it runs inside a CUDA graph.
    """
    box_columns = side // box_rows
    bands, stacks = box_columns, box_rows
    relabel_keys = uniform[:, : side + 1] + 0.0
    relabel_keys[:, 0] = -1.0  # sorts first: blank stays blank
    relabel = relabel_keys.argsort(-1)
    at = side + 1
    rows = _line_order(uniform[:, at : at + bands + side], bands, box_rows) * side
    at += bands + side
    columns = _line_order(uniform[:, at : at + stacks + side], stacks, box_columns)
    at += stacks + side
    if box_rows == box_columns:  # transposed: the columns' part varies down the grid
        swap = (uniform[:, at : at + 1] < 0.5) * (columns - rows)
        rows, columns = rows + swap, columns - swap
    order = rows[:, :, None] + columns[:, None, :]
    return order.reshape(-1, side * side), relabel


@njit(cache=True, nogil=True)
def random_copies(puzzles, solutions, keys, box_rows):
    """Return the images of puzzles and of their solutions under the element that each key, (N,) uint64, picks.

    Every element is as likely as any other. For 100 puzzles it takes a seventh of the time of ``symmetries``.
    """
    side = puzzles.shape[1]
    box_columns = side // box_rows
    puzzle_copies, solution_copies = np.empty_like(puzzles), np.empty_like(solutions)
    relabel = np.zeros(side + 1, np.uint8)  # blank stays blank
    rows, columns = np.empty(side, np.int64), np.empty(side, np.int64)
    groups, inside = np.empty(side, np.int64), np.empty(side, np.int64)
    for i in range(len(keys)):
        state = seeded(keys[i])
        for digit in range(1, side + 1):
            relabel[digit] = digit
        shuffle(state, relabel[1:])
        _draw_lines(state, box_rows, rows, groups, inside)
        _draw_lines(state, box_columns, columns, groups, inside)
        transposed = box_rows == box_columns and below(state, 2) == 1
        down, across = (1, side) if transposed else (side, 1)
        puzzle, solution = puzzles[i].reshape(-1), solutions[i].reshape(-1)
        for row in range(side):
            first = rows[row] * down
            for column in range(side):
                cell = np.uint64(first + columns[column] * across)  # unsigned: no index from the end, which costs time
                puzzle_copies[i, row, column] = relabel[puzzle[cell]]
                solution_copies[i, row, column] = relabel[solution[cell]]
    return puzzle_copies, solution_copies


@njit(cache=True, nogil=True)
def _draw_lines(state, size, lines, groups, inside):
    """Fill ``lines`` with a random order in which groups of ``size`` lines stay together; the rest is work space."""
    count = len(lines) // size
    for group in range(count):
        groups[group] = group
    shuffle(state, groups[:count])
    for group in range(count):
        for line in range(size):
            inside[line] = line
        shuffle(state, inside[:size])
        for line in range(size):
            lines[group * size + line] = groups[group] * size + inside[line]


def _line_order(uniform: Any, groups: int, size: int) -> Any:
    """Return (N, groups * size): which line goes where when groups, and the lines inside each, are permuted."""
    group_order = uniform[:, :groups].argsort(-1)
    inside = uniform[:, groups:].reshape(-1, groups, size).argsort(-1)
    return (group_order[:, :, None] * size + inside).reshape(-1, groups * size)
