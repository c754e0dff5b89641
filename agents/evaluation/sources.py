"""Accuracy by where puzzles come from, of datasets that keep the source of each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.evaluation.statistics import wilson_interval
from puzzles.dataset import Dataset


def by_source(
    dataset: Dataset, split: str, exact: NDArray[np.bool_], solved: NDArray[np.bool_]
) -> dict[str, dict[str, Any]]:
    """Break accuracy down by source; empty where the dataset does not keep it.

    Args:
        dataset: that was measured.
        split: of it.
        exact: (N,) whether the answers to its first N puzzles equal the labels.
        solved: (N,) whether they are right by the rules.
    """
    source = dataset.source(split)
    if source is None:
        return {}
    source = source[: len(exact)]
    names = ((number, name) for number, name in enumerate(dataset.source_names) if (source == number).any())
    return {
        name: {
            "puzzles": int((source == number).sum()),
            "exact": proportion(exact[source == number]),
            "rules": proportion(solved[source == number]),
        }
        for number, name in names
    }


def proportion(right: NDArray[np.bool_]) -> dict[str, Any]:
    """Return how many are right, the share, and its 95 % interval (Wilson)."""
    interval = wilson_interval(int(right.sum()), len(right))
    return {
        "right": int(right.sum()),
        "accuracy": round(float(right.mean()), 6),
        "interval_95": [round(bound, 6) for bound in interval],
    }


def source_lines(found: dict[str, dict[str, Any]]) -> list[str]:
    """Return a line of text per source."""
    lines = []
    for name, part in found.items():
        low, high = part["exact"]["interval_95"]
        lines.append(
            f"  {name}: {part['exact']['accuracy']:.1%} exact ({low:.1%} to {high:.1%}) of {part['puzzles']:,}"
        )
    return lines
