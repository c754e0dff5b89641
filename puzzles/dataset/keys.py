"""A set of split keys that holds millions: 16 bytes and a few more each, in a hash table of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit

KEY_BYTES = 16
_EMPTY = np.int32(-1)


class Added(NamedTuple):
    """What ``KeySet.add`` found out about N keys."""

    new: NDArray[np.bool_]
    """(N,) bool: no equal key came before."""
    number: NDArray[np.int64]
    """(N,) int64: distinct keys are numbered 0, 1, 2, ... in the order in which they come; equal keys share one."""


class KeySet:
    """Distinct keys, numbered in the order in which they were added.

    Takes 16 bytes a key and 8 to 16 for its place in an open-addressing table with linear probing. Keys must be
    uniformly distributed, such as those of ``split_keys``: their first bytes are the hash.
    """

    def __init__(self) -> None:
        self._keys = np.empty((512, 2), np.uint64)
        self._table = np.full(1024, _EMPTY)
        self._count = 0

    def __len__(self) -> int:
        """How many distinct keys there are."""
        return self._count

    def add(self, keys: NDArray[np.void]) -> Added:
        """Add ``keys``, (N,) void of 16 bytes, in their order."""
        words = np.ascontiguousarray(keys).view(np.uint64).reshape(-1, 2)
        self._reserve(self._count + len(words))
        added = Added(np.empty(len(words), np.bool_), np.empty(len(words), np.int64))
        self._count = _add(words, self._keys, self._table, self._count, added.new, added.number)
        return added

    def _reserve(self, count: int) -> None:
        """Make room for ``count`` keys: a table at most half full."""
        if count <= len(self._keys):
            return
        size = 1 << (count - 1).bit_length()
        longer = np.empty((size, 2), np.uint64)
        longer[: self._count] = self._keys[: self._count]
        self._keys, self._table = longer, np.full(2 * size, _EMPTY)
        scratch = np.empty(self._count, np.bool_), np.empty(self._count, np.int64)
        _add(longer[: self._count], longer, self._table, 0, *scratch)


@njit(cache=True, nogil=True)
def _add(words, keys, table, count, new, number):
    """Add ``words``, (N, 2) uint64, to ``keys`` and ``table``; fill ``new`` and ``number``; return the new count."""
    mask = len(table) - 1
    for i in range(len(words)):
        high, low = words[i, 0], words[i, 1]
        slot = np.int64(high & np.uint64(mask))
        while True:
            found = table[slot]
            if found < 0:
                table[slot] = count
                keys[count, 0], keys[count, 1] = high, low
                new[i], number[i] = True, count
                count += 1
                break
            if keys[found, 0] == high and keys[found, 1] == low:
                new[i], number[i] = False, found
                break
            slot = (slot + 1) & mask
    return count
