"""The symmetry group of Sudoku: relabelling, transposition, and permutations of bands, stacks, rows and columns.

Rows move inside their band and columns inside their stack. Transposition belongs to the group only if boxes are square.
"""

from __future__ import annotations

from typing import Any


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


def _line_order(uniform: Any, groups: int, size: int) -> Any:
    """Return (N, groups * size): which line goes where when groups, and the lines inside each, are permuted."""
    group_order = uniform[:, :groups].argsort(-1)
    inside = uniform[:, groups:].reshape(-1, groups, size).argsort(-1)
    return (group_order[:, :, None] * size + inside).reshape(-1, groups * size)
