"""The symmetries of a rectangle: two reflections, and for a square transposition too.

They carry a shortest path to a shortest path; of several, not to the one that ``puzzles.maze.rules.first_paths`` marks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit


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


def elements(rows: int, columns: int) -> NDArray[np.float64]:
    """Return what picks each element once as ``uniform``, (elements, symmetry_dim), the identity first."""
    dim = symmetry_dim(rows, columns)
    return np.where(np.indices((2,) * dim).reshape(dim, -1).T, 0.0, 0.5)


@njit(cache=True, nogil=True)
def canonical(puzzles):
    """Return (N, rows, columns) uint8: of the images of each puzzle under the group, the lexicographically smallest."""
    count, rows, columns = puzzles.shape
    result = np.empty_like(puzzles)
    elements = 8 if rows == columns else 4
    for i in range(count):
        smallest = 0
        for element in range(1, elements):
            if _is_smaller(puzzles[i], element, smallest):
                smallest = element
        for row in range(rows):
            for column in range(columns):
                result[i, row, column] = _cell(puzzles[i], smallest, row, column)
    return result


@njit(cache=True, nogil=True)
def _is_smaller(puzzle, element, other):
    """Return whether one image comes before another; nearly always the first few cells tell."""
    rows, columns = puzzle.shape
    for row in range(rows):
        for column in range(columns):
            mine, theirs = _cell(puzzle, element, row, column), _cell(puzzle, other, row, column)
            if mine != theirs:
                return mine < theirs
    return False


@njit(cache=True, nogil=True)
def _cell(puzzle, element, row, column):
    """Return a cell of an image: bit 0 of ``element`` reverses the rows, bit 1 the columns, bit 2 transposes."""
    rows, columns = puzzle.shape
    if element & 4:
        row, column = column, row
    if element & 1:
        row = rows - 1 - row
    if element & 2:
        column = columns - 1 - column
    return puzzle[row, column]


def _counting(uniform: Any, count: int) -> Any:
    """Return (N, count) integers 0 .. count - 1 in each line, on the device of ``uniform``.

    NumPy and torch name and order the repetitions of ``repeat`` differently, which does not show on equal elements.
    """
    return (uniform[:, 0] < 2.0).repeat(count).reshape(-1, count).cumsum(-1) - 1
