"""A small deterministic random generator for numba kernels: splitmix64, its state a uint64 array of one element.

Every generated puzzle owns one state made from its own seed, so it depends on nothing else in its batch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SHIFT_11, _SHIFT_27, _SHIFT_30, _SHIFT_31, _SHIFT_32 = (np.uint64(s) for s in (11, 27, 30, 31, 32))


@njit(cache=True, nogil=True)
def seeded(seed):
    """Return the state, (1,) uint64, of the stream that belongs to a uint64 ``seed``."""
    state = np.empty(1, np.uint64)
    state[0] = mix(np.uint64(seed) + _GAMMA)  # scrambled: neighbouring seeds start far apart
    return state


@njit(cache=True, nogil=True)
def next_uint64(state):
    """Return the next 64 random bits."""
    state[0] += _GAMMA
    return mix(state[0])


@njit(cache=True, nogil=True)
def ahead(origin, count):
    """Return what ``next_uint64`` would after ``count`` others, if ``origin`` is ``state[0]``: for loops in vectors.

    A caller that looks ahead moves the state on with ``skip``.
    """
    return mix(origin + (np.uint64(count) + np.uint64(1)) * _GAMMA)


@njit(cache=True, nogil=True)
def skip(state, count):
    """Leave out the next ``count`` words."""
    state[0] += np.uint64(count) * _GAMMA


@njit(cache=True, nogil=True)
def words(seed, start, count):
    """Return words ``start`` to ``start + count - 1``, (count,) uint64, of the stream that belongs to ``seed``."""
    state = seeded(seed)
    skip(state, start)
    found = np.empty(count, np.uint64)
    for i in range(count):
        found[i] = next_uint64(state)
    return found


def drawn_order(count: int, seed: int, stream: int = 0) -> NDArray[np.int64]:
    """Return 0 .. count - 1 in a random order, (count,) int64, that no release of NumPy changes.

    Args:
        count: how many.
        seed: 0 <= seed < 2**64.
        stream: orders of different streams are independent; 0 <= stream < 2**24.
    """
    return np.argsort(words(np.uint64(seed), stream << 40, count), kind="stable")


def uniform_rows(count: int, width: int, seed: int, stream: int = 0) -> NDArray[np.float64]:
    """Return uniform numbers in [0, 1), (count, width) float64, that no release of NumPy changes.

    Row i is the same for every count. Seed and stream are as in ``drawn_order``.
    """
    found = words(np.uint64(seed), stream << 40, count * width)
    return ((found >> _SHIFT_11) * (1.0 / 9007199254740992.0)).reshape(count, width)


@njit(cache=True, nogil=True)
def uniforms(seeds, width):
    """Return the first ``width`` uniform numbers in [0, 1) of each seed's own stream: (N,) uint64 to (N, width)."""
    found = np.empty((len(seeds), width), np.float64)
    for i in range(len(seeds)):
        state = seeded(seeds[i])
        for j in range(width):
            found[i, j] = uniform(state)
    return found


@njit(cache=True, nogil=True)
def uniform(state):
    """Return a float64 uniform in [0, 1)."""
    return np.float64(next_uint64(state) >> _SHIFT_11) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True)
def below(state, bound):
    """Return an int64 uniform in 0..bound-1, for ``bound`` below 2**31."""
    # High half of a 32 x 32 bit product: no division, and a bias below bound / 2**32.
    return np.int64(((next_uint64(state) >> _SHIFT_32) * np.uint64(bound)) >> _SHIFT_32)


@njit(cache=True, nogil=True)
def shuffle(state, values):
    """Permute the one-dimensional array ``values`` in place, uniformly."""
    for last in range(len(values) - 1, 0, -1):
        other = below(state, last + 1)
        values[last], values[other] = values[other], values[last]


@njit(cache=True, nogil=True)
def mix(z):
    """Return a uint64 scrambled: each bit depends on all bits of ``z``."""
    z = (z ^ (z >> _SHIFT_30)) * _MIX_1
    z = (z ^ (z >> _SHIFT_27)) * _MIX_2
    return z ^ (z >> _SHIFT_31)
