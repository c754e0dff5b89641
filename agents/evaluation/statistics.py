"""Numbers with their uncertainty: 95 % intervals, and how far a predicted probability can be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.96
"""Standard errors on each side of a 95 % interval."""


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson's score interval)."""
    rate = successes / trials
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    # Rounding must not push an end past the rate itself, where it is 0 or 1.
    return max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half))


def mean_interval(values: NDArray[Any], low: float = 0.0, high: float = 1.0) -> tuple[float, float]:
    """95 % interval of the mean of (N,) independent values that lie between ``low`` and ``high``.

    One value alone says nothing: its interval is the whole range.
    """
    if len(values) < 2:
        return low, high
    mean, half = float(values.mean()), Z_95 * float(values.std(ddof=1)) / math.sqrt(len(values))
    return max(low, mean - half), min(high, mean + half)


@dataclass(frozen=True)
class Calibration:
    """Predicted probabilities against what came true, in K bins of equal width (Guo et al. 2017, section 2)."""

    count: NDArray[np.int64]
    """(K,): predictions in each bin."""
    predicted: NDArray[np.float64]
    """(K,): their mean; nan in an empty bin."""
    true: NDArray[np.float64]
    """(K,): the fraction of them that came true; nan in an empty bin."""
    brier: float
    """Mean squared distance of prediction and truth."""
    auroc: float | None
    """Probability that a prediction that came true is above one that did not; None where all did or none."""

    @property
    def error(self) -> float:
        """Expected calibration error: the mean distance of ``predicted`` and ``true``, weighted by ``count``."""
        return float(np.nansum(self.count * np.abs(self.predicted - self.true)) / self.count.sum())

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs; empty bins are left out."""
        edges = np.linspace(0, 1, len(self.count) + 1)
        return {
            "expected_calibration_error": self.error,
            "brier_score": self.brier,
            "auroc": self.auroc,
            "bins": [
                {
                    "interval": [float(edges[i]), float(edges[i + 1])],
                    "count": int(self.count[i]),
                    "predicted": float(self.predicted[i]),
                    "true": float(self.true[i]),
                }
                for i in np.flatnonzero(self.count)
            ],
        }


def calibration(logits: NDArray[np.float32], true: NDArray[np.bool_], bins: int = 10) -> Calibration:
    """Compare sigmoid(logits) with what came true.

    Args:
        logits: float32 of any shape.
        true: bool of the same shape.
        bins: how many, of equal width between 0 and 1.
    """
    logit, came = logits.ravel().astype(np.float64), true.ravel()
    # tanh does not overflow where exp would.
    probability = 0.5 * (1 + np.tanh(0.5 * logit))
    index = np.minimum((probability * bins).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins)
    with np.errstate(invalid="ignore"):
        predicted, rate = (np.bincount(index, values, bins) / count for values in (probability, came))
    return Calibration(count, predicted, rate, float(((probability - came) ** 2).mean()), _auroc(logit, came))


def _auroc(score: NDArray[np.float64], true: NDArray[np.bool_]) -> float | None:
    positive, negative = score[true], np.sort(score[~true])
    if not len(positive) or not len(negative):
        return None
    # A tie counts half: the mean of how many lie strictly below and how many do not lie above.
    below = np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")
    return float(below.mean() / (2 * len(negative)))


def quantile_bins(values: NDArray[Any], bins: int) -> list[NDArray[np.int64]]:
    """Sort (N,) values into at most ``bins`` groups about as large as each other, equal values in one group.

    Returns:
        The indices of each group's values, the smallest values first; none is empty.
    """
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf"))
    group = np.searchsorted(edges, values, "left")
    return [np.flatnonzero(group == found) for found in np.unique(group)]
