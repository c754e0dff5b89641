"""Finding mazes that differ in few cells, up to symmetry, without comparing all pairs.

Each grid is cut into quarters. Two grids that differ in at most two cells are equal in at least two quarters. So only
grids that share one of the six pairs of quarters, under some symmetry, are compared cell by cell.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit
from puzzles.family import NEAR, Grids
from puzzles.threads import in_batches

_QUARTERS = NEAR + 2
_PAIRS = list(itertools.combinations(range(_QUARTERS), 2))
_BATCH = 256  # puzzles per kernel call
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


def near(first: Grids, second: Grids, orders: NDArray[Any], progress: Callable[[int], object]) -> NDArray[np.bool_]:
    """(M,) bool: whether an image of some grid in ``first`` differs from each of ``second`` in at most ``NEAR`` cells.

    Args:
        first: (N, rows, columns) uint8.
        second: (M, rows, columns) uint8.
        orders: (elements, cells) integers, the symmetries as ``PuzzleFamily.symmetries`` gives them.
        progress: called with numbers that add up to M.
    """
    cells = orders.shape[1]
    known, asked = first.reshape(-1, cells), second.reshape(-1, cells)
    found = np.zeros(len(asked), np.bool_)
    ends = np.linspace(0, cells, _QUARTERS + 1).astype(np.int64)
    keys = _keys(known, ends)
    by_key = [np.argsort(column, kind="stable") for column in keys.T]
    sorted_keys = [column[order] for column, order in zip(keys.T, by_key, strict=True)]

    def work(part: slice) -> None:
        for order in orders:
            images = np.ascontiguousarray(asked[part][:, order])
            for column, rows, own in zip(sorted_keys, by_key, _keys(images, ends).T, strict=True):
                lows, highs = (np.searchsorted(column, own, side) for side in ("left", "right"))
                _compare(images, known, rows, lows, highs, found[part])
        progress(part.stop - part.start)

    in_batches(work, len(asked), _BATCH)
    return found


def _keys(grids: Grids, ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a hash of each pair of quarters, (N, 6) uint64."""
    quarters = np.empty((len(grids), _QUARTERS), np.uint64)
    _hash(grids, ends, quarters)
    return np.stack([quarters[:, one] * _FACTOR + quarters[:, other] for one, other in _PAIRS], axis=1)


@njit(cache=True, nogil=True)
def _hash(grids, ends, quarters):
    """Fill ``quarters``, (N, 4), with the hash of the cells between two ends."""
    for i in range(len(grids)):
        for quarter in range(len(ends) - 1):
            value = np.uint64(0)
            for cell in range(ends[quarter], ends[quarter + 1]):
                value = (value ^ np.uint64(grids[i, cell])) * _FACTOR
                value ^= value >> _SHIFT
            quarters[i, quarter] = value


@njit(cache=True, nogil=True)
def _compare(images, known, rows, lows, highs, found):
    """Set ``found`` where an image differs in few cells from a known grid among its candidates."""
    for i in range(len(images)):
        for place in range(lows[i], highs[i]):
            if found[i]:
                break
            other = rows[place]
            different = 0
            for cell in range(images.shape[1]):
                different += images[i, cell] != known[other, cell]
                if different > NEAR:
                    break
            found[i] = different <= NEAR
