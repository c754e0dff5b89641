"""The best weights of a run so far, kept in their own folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from agents.checkpoints.folder import BEST, BEST_EVALUATION, save_model
from agents.evaluation import Evaluation
from agents.models.air import AIR
from puzzles.files import replacing

Score = tuple[float, float]
"""Share of puzzles right, then of cells right."""
NOTHING: Score = (-1.0, -1.0)


def score(evaluations: Sequence[Evaluation]) -> Score:
    """Return the mean over datasets of what the last ACT step got right."""
    return fmean(each.accuracy for each in evaluations), fmean(float(each.cells[-1]) for each in evaluations)


def save_best(model: AIR, run: Path, step: int, evaluation: Evaluation) -> None:
    """Write the model of a step, with what was measured of it, to the run's folder ``best``."""
    folder = run / BEST
    save_model(model, folder)
    with replacing(folder / BEST_EVALUATION) as temporary:
        temporary.write_text(json.dumps({"step": step, **evaluation.summary()}, indent=2) + "\n", encoding="utf-8")
