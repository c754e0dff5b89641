"""Describing a dataset in numbers: how its ratings and whatever else its family measures are distributed."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puzzles.dataset.reader import Dataset

QUANTILES = {"min": 0.0, "p5": 0.05, "median": 0.5, "p95": 0.95, "max": 1.0}
TEXT_BARS = 12


class Distribution:
    """How often each whole number occurred."""

    def __init__(self) -> None:
        self._counts: collections.Counter[int] = collections.Counter()

    def add(self, values: NDArray[Any]) -> None:
        """Count ``values``, (N,) integers."""
        found, counts = np.unique(values, return_counts=True)
        self._counts.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))

    @property
    def values(self) -> NDArray[np.int64]:
        """(K,) int64: the values that occurred, ascending."""
        return np.array(sorted(self._counts), np.int64)

    @property
    def counts(self) -> NDArray[np.int64]:
        """(K,) int64: how often each of ``values`` occurred."""
        return np.array([self._counts[value] for value in sorted(self._counts)], np.int64)

    @property
    def mean(self) -> float:
        """The mean of all that was added."""
        return float(self.values @ self.counts / self.counts.sum())

    def quantile(self, share: float) -> int:
        """Return the smallest value that at least this share of all does not exceed."""
        sums = np.cumsum(self.counts)
        return int(self.values[np.searchsorted(sums, share * sums[-1] * (1 - 1e-12))])

    def to_json(self) -> dict[str, Any]:
        """Return mean, quantiles and the histogram as {value: count}."""
        quantiles = {name: self.quantile(share) for name, share in QUANTILES.items()}
        histogram = dict(zip(map(str, self.values.tolist()), self.counts.tolist(), strict=True))
        return {"mean": self.mean, **quantiles, "histogram": histogram}

    def shares(self, edges: NDArray[Any]) -> NDArray[Any]:
        """(bars,) float64: the share of each bar between ``edges``, of the last with all that is beyond it."""
        inside = np.minimum(self.values, int(edges[-1]))
        return np.asarray(np.histogram(inside, edges, weights=self.counts)[0] / self.counts.sum(), np.float64)

    def __str__(self) -> str:
        quantiles = ", ".join(f"{name} {self.quantile(share):,}" for name, share in QUANTILES.items())
        edges = bins([self], TEXT_BARS)
        shares = self.shares(edges)
        lines = [f"mean {self.mean:.1f}, {quantiles}"]
        for first, after, share in zip(edges[:-1] + 0.5, edges[1:] + 0.5, shares, strict=True):
            numbers = f"{first:.0f}" if after - first == 1 else f"{first:.0f} to {after - 1:.0f}"
            above = " +" if after == edges[-1] + 0.5 and self.quantile(1) >= after else ""
            lines.append(f"{numbers + above:>16} {'█' * round(40 * share / shares.max()):40} {100 * share:5.1f} %")
        return "\n".join(lines)


def bins(distributions: Iterable[Distribution], most: int) -> NDArray[Any]:
    """Return the edges, (bars + 1,), of about ``most`` bars of equal whole width: one for each value where that is
    enough, else for all but a thin upper tail."""
    distributions = list(distributions)
    low = min(distribution.quantile(0) for distribution in distributions)
    high = max(distribution.quantile(1) for distribution in distributions)
    if high - low >= most:
        high = max(distribution.quantile(0.99) for distribution in distributions)
    width = -(-(high - low + 1) // most)
    return np.arange(low, high + width + 1, width) - 0.5


Summary = dict[str, dict[str, Distribution]]


def summarize(dataset: Dataset) -> Summary:
    """Return, for each split that has puzzles, the distribution of "rating" and of what ``family.measures`` counts.

    Memory holds one block of puzzles and the histograms.

    Raises:
        DatasetError: the dataset is damaged.
    """
    summary: Summary = {}
    for split in dataset.splits:
        found: dict[str, Distribution] = {}
        for block in dataset.blocks(split):
            measured: dict[str, NDArray[Any]] = {
                "rating": block.rating,
                **dataset.family.measures(block.puzzle, block.solution),
            }
            for name, values in measured.items():
                found.setdefault(name, Distribution()).add(values)
        summary[split] = found
    return summary


def summary_json(dataset: Dataset, summary: Summary) -> dict[str, Any]:
    """Return what a dataset holds as JSON: its attributes, and mean, quantiles and histogram of each measure."""
    measured = {
        split: {name: distribution.to_json() for name, distribution in found.items()}
        for split, found in summary.items()
    }
    return {"path": str(dataset.path), "attributes": dataset.attributes, "splits": measured}
