"""Checking actions before anything changes: what is no action is refused with what was found and what was expected."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class ActionError(ValueError):
    """An action that the action space does not hold: wrong type, shape or range."""


def check_discrete(action: Any, count: int, meaning: str) -> int:
    """Return one discrete action as an int.

    Args:
        action: an integer: Python's, numpy's or a numpy array of shape ().
        count: how many actions there are.
        meaning: what an action is, for the message.

    Raises:
        ActionError: no integer, or not in 0..count-1.
    """
    if type(action) is not int:
        is_integer = isinstance(action, (int, np.integer)) or (
            isinstance(action, np.ndarray) and action.shape == () and np.issubdtype(action.dtype, np.integer)
        )
        if not is_integer:
            raise ActionError(f"action {_found(action)}, expected an integer 0 to {count - 1} ({meaning})")
        action = int(action)
    if not 0 <= action < count:
        raise ActionError(f"action {action}, expected 0 to {count - 1} ({meaning})")
    return action


def check_grid(action: Any, shape: tuple[int, int], cell_values: int) -> NDArray[np.uint8]:
    """Return one whole-grid action as (rows, columns) uint8, a copy.

    Args:
        action: (rows, columns) integers of any width.
        shape: (rows, columns).
        cell_values: how many values a cell can take.

    Raises:
        ActionError: another shape, no integers, or a cell that is not in 0..cell_values-1.
    """
    expected = f"expected a grid of shape {shape} of integers 0 to {cell_values - 1}"
    try:
        grid = np.asarray(action)
    except ValueError:
        raise ActionError(f"action {_found(action)}, {expected}") from None
    if grid.shape != shape or not np.issubdtype(grid.dtype, np.integer):
        raise ActionError(f"action {_found(action)}, {expected}")
    if grid.min() < 0 or grid.max() >= cell_values:
        row, column = np.argwhere((grid < 0) | (grid >= cell_values))[0]
        raise ActionError(f"action: row {row + 1}, column {column + 1}: {grid[row, column]}, {expected}")
    return grid.astype(np.uint8)


def _found(action: Any) -> str:
    """What was given, in a few words."""
    if isinstance(action, np.ndarray):
        if action.size == 1:
            return f"{action!r}"
        holes = " with NaN" if np.issubdtype(action.dtype, np.floating) and np.isnan(action).any() else ""
        return f"of shape {action.shape} and dtype {action.dtype}{holes}"
    text = repr(action)
    return f"{text if len(text) <= 60 else text[:57] + '...'} of type {type(action).__name__}"
