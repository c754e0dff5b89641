"""Checking actions before anything changes: what is no action is refused with what was found and what was expected."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class ActionError(ValueError):
    """An action that the action space does not hold: wrong type, shape or range."""


def shape_of(action: Any) -> tuple[int, ...] | None:
    """Return the shape of an action as an array; None where it has none, such as of ragged lists."""
    try:
        return np.shape(action)
    except ValueError:
        return None


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
    grid = _integers(action, shape, "action", expected)
    _check_cells(grid, cell_values, "action", expected)
    return grid.astype(np.uint8)


def check_discrete_batch(
    actions: Any, size: int, count: int, meaning: str, ignored: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Return the discrete actions of ``size`` sub-environments as (size,) int64.

    Args:
        actions: (size,) integers of any width.
        size: how many sub-environments there are.
        count: how many actions there are.
        meaning: what an action is, for the message.
        ignored: (size,) bool: actions that do not count, whatever they are; they become 0.

    Raises:
        ActionError: another shape or no integers, or one that is not in 0..count-1.
    """
    expected = f"expected 0 to {count - 1} ({meaning})"
    found = _integers(actions, (size,), "actions", f"expected {size} integers 0 to {count - 1} ({meaning})")
    if ignored is not None:
        found = np.where(ignored, 0, found)
    if size and (found.min() < 0 or found.max() >= count):
        index = int(np.flatnonzero((found < 0) | (found >= count))[0])
        raise ActionError(f"sub-environment {index}: action {found[index]}, {expected}")
    return found.astype(np.int64, copy=False)


def check_grid_batch(
    actions: Any, size: int, shape: tuple[int, int], cell_values: int, ignored: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Return the whole-grid actions of ``size`` sub-environments as (size, rows, columns) uint8.

    Args:
        actions: (size, rows, columns) integers of any width.
        size: how many sub-environments there are.
        shape: (rows, columns).
        cell_values: how many values a cell can take.
        ignored: (size,) bool: actions that do not count, whatever they are; they become 0.

    Raises:
        ActionError: another shape or no integers, or a cell that is not in 0..cell_values-1.
    """
    expected = f"expected {size} grids of shape {shape} of integers 0 to {cell_values - 1}"
    grids = _integers(actions, (size, *shape), "actions", expected)
    if ignored is not None and ignored.any():
        grids = np.where(ignored[:, None, None], 0, grids)
    if grids.size and (grids.min() < 0 or grids.max() >= cell_values):
        index = int(np.flatnonzero(((grids < 0) | (grids >= cell_values)).any(axis=(1, 2)))[0])
        _check_cells(grids[index], cell_values, f"sub-environment {index}: action", expected)
    return grids.astype(np.uint8, copy=False)


def _integers(action: Any, shape: tuple[int, ...], what: str, expected: str) -> NDArray[np.integer[Any]]:
    try:
        found = np.asarray(action)
    except ValueError:
        raise ActionError(f"{what} {_found(action)}, {expected}") from None
    if found.shape != shape or not np.issubdtype(found.dtype, np.integer):
        raise ActionError(f"{what} {_found(action)}, {expected}")
    return found


def _check_cells(grid: NDArray[np.integer[Any]], cell_values: int, what: str, expected: str) -> None:
    if grid.min() < 0 or grid.max() >= cell_values:
        row, column = np.argwhere((grid < 0) | (grid >= cell_values))[0]
        raise ActionError(f"{what}: row {row + 1}, column {column + 1}: {grid[row, column]}, {expected}")


def _found(action: Any) -> str:
    """What was given, in a few words."""
    if isinstance(action, np.ndarray):
        if action.size == 1:
            return f"{action!r}"
        holes = " with NaN" if np.issubdtype(action.dtype, np.floating) and np.isnan(action).any() else ""
        return f"of shape {action.shape} and dtype {action.dtype}{holes}"
    text = repr(action)
    return f"{text if len(text) <= 60 else text[:57] + '...'} of type {type(action).__name__}"
