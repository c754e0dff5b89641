"""Where puzzles' keys come from: one small random stream per sub-environment, drawn from in batches.

A NumPy ``Generator`` per sub-environment would be a Python call per reset. A stream is one uint64, seeded once from the
``np_random`` of its environment, so a vector environment's row draws what a single environment of that seed draws.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit
from puzzles.random import next_uint64


class Streams:
    """``count`` independent streams of uint64 keys (splitmix64); equal to the last bit on every machine."""

    def __init__(self, count: int):
        self._states = np.zeros(count, np.uint64)
        self._drawn = np.zeros(count, np.int64)

    def seed(self, rows: NDArray[np.int64], seeds: NDArray[np.uint64]) -> None:
        """Start the streams ``rows``, (K,) int64, afresh from ``seeds``, (K,) uint64."""
        self._states[rows] = seeds
        self._drawn[rows] = 0

    def draw(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Return the next key of each of the streams ``rows``, (K,) int64, and how many it drew before.

        Both are (K,), uint64 and int64.
        """
        return _draw(self._states, self._drawn, rows)


def stream_seeds(np_random: np.random.Generator, count: int = 1) -> NDArray[np.uint64]:
    """Draw seeds for streams from an environment's own generator: (count,) uint64."""
    return np_random.integers(1 << 64, size=count, dtype=np.uint64)


@njit(cache=True, nogil=True)
def _draw(states, drawn, rows):
    keys, numbers = np.empty(len(rows), np.uint64), np.empty(len(rows), np.int64)
    for i in range(len(rows)):
        keys[i] = next_uint64(states[rows[i] : rows[i] + 1])
        numbers[i] = drawn[rows[i]]
        drawn[rows[i]] += 1
    return keys, numbers
