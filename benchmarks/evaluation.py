"""Evaluation, full and stopped early: ``python -m benchmarks.evaluation`` prints one table.

The model is small and untrained: what it answers is nonsense, what its halting head says of it differs from puzzle to
puzzle. The threshold is set where puzzles halt after about a quarter of the steps, as a trained model's do, so that the
rows measure what leaving the batch saves and not what a model has learned.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import numpy as np
import torch

import puzzles
from agents.config.model import AIRConfig
from agents.evaluation import Evaluation, evaluate, evaluate_halting, halting_steps
from agents.models.air import AIR
from agents.thinking.agent import AIRAgent
from benchmarks.table import Row, report
from puzzles.build import build_dataset
from puzzles.dataset import Dataset

PUZZLES, BATCH, STEPS, REPEATS = 384, 32, 16, 3
MODEL = AIRConfig(family="sudoku-6x6", hidden=64, heads=2, layers=2, max_steps=STEPS, position="structured")


def early_stopping() -> Iterator[Row]:
    agent = untrained_agent()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "puzzles.h5"
        build_dataset(path, puzzles.family(MODEL.family), train=0, test=PUZZLES, progress=False)
        dataset = Dataset(path)
        fulls, earlies = [evaluate(agent, dataset, batch=BATCH, progress=False)], []
        threshold = quarter_threshold(fulls[0])
        for _ in range(REPEATS):  # in turns, so that a busy machine slows both
            earlies.append(evaluate_halting(agent, dataset, threshold, batch=BATCH, progress=False))
            fulls.append(evaluate(agent, dataset, batch=BATCH, progress=False))
    full, early = min(fulls, key=attrgetter("seconds")), min(earlies, key=attrgetter("seconds"))
    steps, speedup = early.steps.mean(), full.seconds / early.seconds
    yield Row("evaluation, all 16 ACT steps", full.puzzles_per_second, "puzzles/s", note=f"batch {BATCH}")
    yield Row(
        "evaluation, stopped early", PUZZLES / early.seconds, "puzzles/s", note=f"{steps:.1f} ACT steps on average"
    )
    yield Row("time saved by stopping early", speedup, "x", note=f"the steps alone allow {STEPS / steps:.2f} x")
    yield Row("slots that served a puzzle", 100 * early.steps.sum() / early.computed, "%", note="the rest idled")


def untrained_agent() -> AIRAgent:
    """Return a model whose halting head tells puzzles apart."""
    torch.manual_seed(0)
    model = AIR(MODEL)
    torch.nn.init.normal_(model.q_head.weight)
    torch.nn.init.zeros_(model.q_head.bias)
    return AIRAgent(model)


def quarter_threshold(full: Evaluation) -> float:
    """Return the probability above which puzzles halt after about a quarter of the steps."""
    logits = np.quantile(full.q_halt, np.linspace(0.01, 0.999, 200)).astype(float)
    probabilities = (1 / (1 + np.exp(-logits))).tolist()
    return min(probabilities, key=lambda p: abs(halting_steps(full.q_halt, p).mean() - STEPS / 4))


PARTS = (early_stopping,)

if __name__ == "__main__":
    report("Evaluation", PARTS)
