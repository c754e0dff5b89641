"""What ``reset`` of a vector environment is given, checked before anything changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def check_seeds(seed: int | Sequence[int | None] | None, count: int) -> list[int | None]:
    """Return one seed per sub-environment: ``seed`` counted up from an int, or as given.

    Raises:
        ValueError: a list of another length.
    """
    if seed is None:
        return [None] * count
    if isinstance(seed, (int, np.integer)):
        return [int(seed) + i for i in range(count)]
    if len(seed) != count:
        raise ValueError(f"seed: found {len(seed)} seeds, expected {count}, one for each sub-environment")
    return list(seed)


def check_reset_mask(mask: Any, count: int) -> NDArray[np.int64]:
    """Return the rows to reset: where ``mask``, (count,) bool, is True; all of them for None.

    Raises:
        TypeError: no array of bool.
        ValueError: another shape, or no row.
    """
    if mask is None:
        return np.arange(count)
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
        found = f"dtype {mask.dtype}" if isinstance(mask, np.ndarray) else f"a {type(mask).__name__}"
        raise TypeError(f"reset_mask: found {found}, expected an array of bool")
    if mask.shape != (count,) or not mask.any():
        raise ValueError(f"reset_mask: found shape {mask.shape} with {mask.sum()} True, expected ({count},) with some")
    return np.flatnonzero(mask)
