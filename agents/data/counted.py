"""Random numbers by counter: each follows from where it belongs alone, on any device, whatever was drawn before.

Splitmix64's mixing, as in ``puzzles.random``, on int64 tensors, whose products wrap round as those of uint64 do.
"""

from __future__ import annotations

import torch
from torch import Tensor

_GAMMA = 0x9E3779B97F4A7C15 - (1 << 64)  # as int64
_MIXING = ((30, 0xBF58476D1CE4E5B9 - (1 << 64)), (27, 0x94D049BB133111EB - (1 << 64)))
_LAST = 31
_BITS = 24
"""Of a uniform number: as many as a float32 below 1 has."""


def words(*places: Tensor | int) -> Tensor:
    """Return 64 random bits as int64 for each place, in the shape that the places broadcast to.

    Args:
        places: int64 tensors, one at least, or numbers of 0 to 2**64 - 1: seed, row, column and the like.
    """
    found: Tensor | None = None
    device = next(place.device for place in places if isinstance(place, Tensor))
    for place in places:
        here = place if isinstance(place, Tensor) else torch.tensor(_signed(place), device=device)
        found = _mix((_GAMMA if found is None else found * _MIXING[0][1] + _GAMMA) + here)
    assert found is not None
    return found


def uniform(*places: Tensor | int) -> Tensor:
    """Return a float32 uniform in [0, 1) for each place; see ``words``."""
    return _shifted(words(*places), 64 - _BITS).float() / (1 << _BITS)


def below(bound: int, *places: Tensor | int) -> Tensor:
    """Return an int64 uniform in 0 to ``bound - 1`` for each place; see ``words``. ``bound`` is at most 2**31."""
    return _shifted(_shifted(words(*places), 32) * bound, 32)


def _mix(z: Tensor) -> Tensor:
    for shift, factor in _MIXING:
        z = (z ^ _shifted(z, shift)) * factor
    return z ^ _shifted(z, _LAST)


def _shifted(z: Tensor, by: int) -> Tensor:
    """Shift right as unsigned numbers are: zeros come in."""
    return (z >> by) & ((1 << (64 - by)) - 1)


def _signed(word: int) -> int:
    """Return the int64 of the same bits as a uint64."""
    return word - (1 << 64) if word >= 1 << 63 else word
