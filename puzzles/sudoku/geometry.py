"""Where the boxes, units and peers of a Sudoku grid lie. Cells are numbered row by row from 0."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BOX_SHAPES: dict[int, tuple[int, int]] = {
    4: (2, 2),
    6: (2, 3),
    8: (2, 4),
    9: (3, 3),
    10: (2, 5),
    12: (3, 4),
    15: (3, 5),
    16: (4, 4),
}
"""Box rows and box columns by side; a grid has side / box rows bands and side / box columns stacks."""


class Geometry(NamedTuple):
    """The tables a search walks; a NamedTuple of arrays, so that numba kernels take it as it is."""

    units: NDArray[np.int32]
    """(3 * side, side): the cells of each row, then of each column, then of each box."""
    peers: NDArray[np.int32]
    """(cells, peers): the cells that share a unit with each cell, ascending, without itself."""
    unit_bits: NDArray[np.int64]
    """(cells,): the three units of each cell, as bits 0 .. 3 * side - 1."""
    box_shape: NDArray[np.int64]
    """(2,): box rows and box columns."""


@functools.cache
def geometry(side: int, box_rows: int) -> Geometry:
    """Return the tables of a grid of ``side`` with boxes of ``box_rows`` rows and side / ``box_rows`` columns."""
    row, column = np.divmod(np.arange(side * side), side)
    box = box_index(side, box_rows)
    unit_of_cell = np.stack([row, side + column, 2 * side + box])
    units = np.stack([np.flatnonzero((unit_of_cell == unit).any(axis=0)) for unit in range(3 * side)])
    shared = (unit_of_cell[:, :, None] == unit_of_cell[:, None, :]).any(axis=0) & ~np.eye(side * side, dtype=bool)
    peers = np.stack([np.flatnonzero(line) for line in shared])
    unit_bits = (np.int64(1) << unit_of_cell.astype(np.int64)).sum(axis=0)
    return Geometry(units.astype(np.int32), peers.astype(np.int32), unit_bits, np.array([box_rows, side // box_rows]))


def box_index(side: int, box_rows: int) -> NDArray[np.int64]:
    """Return the box of each cell, (side * side,) int64, boxes numbered row by row from 0."""
    row, column = np.divmod(np.arange(side * side), side)
    # There are as many stacks as a box has rows.
    return row // box_rows * box_rows + column // (side // box_rows)
