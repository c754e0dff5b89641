"""How good the weights of a run are, to know the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from agents.evaluation import Evaluation

Score = tuple[float, float]
"""Share of puzzles right, then of cells right."""
NOTHING: Score = (-1.0, -1.0)


def score(evaluations: Sequence[Evaluation]) -> Score:
    """Return the mean over datasets of what the last ACT step got right."""
    return fmean(each.accuracy for each in evaluations), fmean(float(each.cells[-1]) for each in evaluations)
