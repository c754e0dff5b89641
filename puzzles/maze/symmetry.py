"""The symmetries of a rectangle: two reflections, and for a square transposition too."""

from __future__ import annotations

from typing import Any

import numpy as np

from puzzles.family import Grids


def symmetry_dim(rows: int, columns: int) -> int:
    """Return how many uniform numbers pick one element: 3 for a square (8 elements), 2 for a rectangle (4)."""
    return 3 if rows == columns else 2


def symmetries(uniform: Any, rows: int, columns: int) -> Any:
    """Return the order, (N, rows * columns), of the elements that ``uniform`` picks; see ``PuzzleFamily``.

    Only operations that NumPy arrays and torch tensors share, and no branch on the data: it runs inside a CUDA graph.
    """
    chosen = (uniform < 0.5) * 1
    row = _counting(uniform, rows)
    column = _counting(uniform, columns)
    row = row + chosen[:, :1] * (rows - 1 - 2 * row)
    column = column + chosen[:, 1:2] * (columns - 1 - 2 * column)
    order = row[:, :, None] * columns + column[:, None, :]
    if rows == columns:
        order = order + chosen[:, 2:, None] * (order.swapaxes(1, 2) - order)
    return order.reshape(-1, rows * columns)


def canonical(puzzles: Grids) -> Grids:
    """Return (N, rows, columns) uint8: of the images of each puzzle under the group, the lexicographically smallest."""
    images = [puzzles, puzzles[:, ::-1], puzzles[:, :, ::-1], puzzles[:, ::-1, ::-1]]
    if puzzles.shape[1] == puzzles.shape[2]:
        images += [image.swapaxes(1, 2) for image in images]
    cells = puzzles.shape[1] * puzzles.shape[2]
    smallest = puzzles.reshape(-1, cells).copy()
    for image in images[1:]:
        line = image.reshape(-1, cells)
        first = (line != smallest).argmax(axis=1)[:, None]  # where they first differ, or 0 if they are equal
        less = np.take_along_axis(line, first, axis=1) < np.take_along_axis(smallest, first, axis=1)
        np.copyto(smallest, line, where=less)
    return smallest.reshape(puzzles.shape)


def _counting(uniform: Any, count: int) -> Any:
    """Return (N, count) integers 0 .. count - 1 in each line, on the device of ``uniform``.

    NumPy and torch name and order the repetitions of ``repeat`` differently, which does not show on equal elements.
    """
    return (uniform[:, 0] < 2.0).repeat(count).reshape(-1, count).cumsum(-1) - 1
