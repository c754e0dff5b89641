"""Means over puzzles with their 95 % interval, batch by batch: memory does not grow with the number of puzzles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from agents.evaluation.statistics import Z_95


class Moments:
    """Running mean and variance of samples of one shape (Chan, Golub and LeVeque 1983).

    Args:
        shape: of one sample.
    """

    def __init__(self, shape: tuple[int, ...] = ()):
        self.count = np.zeros(shape, np.int64)
        self._mean = np.zeros(shape)
        self._squares = np.zeros(shape)

    def add(self, samples: ArrayLike, valid: ArrayLike = True) -> None:
        """Take (B, *shape) samples, one per puzzle; those that ``valid``, of the same shape, denies are left out."""
        values = np.asarray(samples, np.float64)
        use = np.broadcast_to(valid, values.shape)
        count = use.sum(0)
        divisor = np.maximum(count, 1)
        mean = np.where(use, values, 0).sum(0) / divisor
        squares = (np.where(use, values - mean, 0) ** 2).sum(0)
        total = np.maximum(self.count + count, 1)
        shift = mean - self._mean
        self._squares += squares + np.where(count > 0, shift**2 * self.count * count / total, 0)
        self._mean += np.where(count > 0, shift * count / total, 0)
        self.count += count

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of the samples; nan where there is none."""
        return np.where(self.count > 0, self._mean, np.nan)

    @property
    def half(self) -> NDArray[np.float64]:
        """Half the width of the mean's 95 % interval, 1.96 standard errors; nan where there are less than two."""
        variance = self._squares / np.maximum(self.count - 1, 1)
        return np.where(self.count > 1, Z_95 * np.sqrt(variance / np.maximum(self.count, 1)), np.nan)

    def summary(self, index: Any = ()) -> dict[str, Any]:
        """Return the mean and interval at ``index`` ready for JSON, null for what is not known."""
        mean, half, count = self.mean[index], self.half[index], self.count[index]
        interval = None if np.isnan(half) else [float(mean - half), float(mean + half)]
        return {"mean": None if np.isnan(mean) else float(mean), "interval_95": interval, "puzzles": int(count)}
