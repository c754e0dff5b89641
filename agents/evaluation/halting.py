"""Early stopping by the halting head: each puzzle until the head is sure.

``cut_short`` takes from a full evaluation what every puzzle would have ended with. ``evaluate_halting`` runs the model
again, and so measures the time that stopping saves.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import puzzles
from agents.evaluation.full import Evaluation, halting_steps
from agents.evaluation.refilling import logit, think_until_sure
from agents.evaluation.selection import Marked, mark, select, warm_up
from agents.evaluation.statistics import mean_interval, wilson_interval
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset


@dataclass(frozen=True)
class HaltingEvaluation(Marked):
    """What a model answered to N puzzles, in the dataset's order, when it stopped by itself."""

    threshold: float
    """A puzzle halts when the head gives more than this probability that the answer is right."""
    steps: NDArray[np.int32]
    """(N,): ACT steps taken."""
    right: NDArray[np.int32]
    """(N,): how many cells of the answer equal the label's."""
    solved: NDArray[np.bool_]
    """(N,): the answer is right by the family's rules."""
    q_halt: NDArray[np.float32]
    """(N,): the halting logit at the end."""
    answers: puzzles.Grids
    """(N, rows, columns) uint8: the answer; ``family.undecided`` where the model says padding."""
    computed: int | None = None
    """ACT steps computed, those of idle slots included; None where nothing was."""
    seconds: float | None = None
    """Wall time of the forward passes and of refilling the batch, compiling left out; None where it was not run."""

    @property
    def accuracy(self) -> float:
        """Exact accuracy."""
        return float(self.exact.mean())

    def summary(self, full: Evaluation) -> dict[str, Any]:
        """Return the numbers for programs, against the same puzzles thought through to the end."""
        lost = full.exact[:, -1].astype(int) - self.exact
        timed = {}
        if self.computed is not None and self.seconds is not None:
            timed = {
                "occupancy": int(self.steps.sum()) / self.computed,
                "puzzles_per_second": len(self.steps) / self.seconds,
                "speedup": full.seconds / self.seconds,
            }
        return {
            "threshold": self.threshold,
            "exact_accuracy": self.accuracy,
            "exact_accuracy_interval_95": list(wilson_interval(int(self.exact.sum()), len(self.exact))),
            "exact_accuracy_cost": float(lost.mean()),
            "exact_accuracy_cost_interval_95": list(mean_interval(lost, -1, 1)),
            "solved_by_rules": float(self.solved.mean()),
            "mean_act_steps": float(self.steps.mean()),
            **timed,
        }


def cut_short(full: Evaluation, threshold: float) -> HaltingEvaluation:
    """Return what puzzles of an evaluation would have ended with at a halting threshold, without thinking again.

    Raises:
        ValueError: no probability, one above that at which the evaluation itself stopped, or an evaluation that has
            kept the last answers alone.
    """
    check_thresholds([threshold], full.halt)
    if full.by_step is None:
        raise ValueError("answers of the last ACT step alone, expected those of every step: evaluate(keep_steps=True)")
    steps = halting_steps(full.q_halt, threshold)
    at = np.arange(len(steps)), steps - 1
    values = full.right[at], full.solved[at], full.q_halt[at], full.by_step[at]
    return HaltingEvaluation(threshold, steps.astype(np.int32), *values)


def check_thresholds(thresholds: Sequence[float], halt: float) -> None:
    """Check the halting thresholds that an evaluation is to be cut short at, before it runs.

    Raises:
        ValueError: no probability, or one above that at which the evaluation itself stops.
    """
    for threshold in (*thresholds, halt):
        logit(threshold)
        if threshold > halt:
            raise ValueError(f"halting threshold {threshold}, expected at most {halt}, where the evaluation stops")


@torch.inference_mode()
def evaluate_halting(
    agent: AIRAgent,
    dataset: Dataset,
    threshold: float = 0.5,
    split: str = "test",
    count: int | None = None,
    max_steps: int | None = None,
    batch: int | None = None,
    progress: bool = True,
) -> HaltingEvaluation:
    """Run the first ``count`` puzzles of a split, each until the halting head is sure or ``max_steps`` are taken.

    A puzzle gets the answer that ``evaluate`` gets after the same number of steps, whichever puzzles share its batch.

    Args:
        agent: of the dataset's family.
        dataset: opened.
        threshold: probability that the answer is right above which a puzzle halts; 1 never halts, 0.5 is the rule of
            halt-only training.
        split: of the dataset.
        count: how many puzzles; None takes all.
        max_steps: ACT steps per puzzle at most; None takes the model's own maximum.
        batch: puzzles at a time, at most; None takes what suits the device.
        progress: show a bar.

    Raises:
        ValueError: a number below 1, a threshold that is no probability, or the model is for another family.
        DatasetError: no such split, or a damaged one.
    """
    least = logit(threshold)
    selection = select(agent, dataset, split, count, max_steps, batch)
    warm_up(agent, selection.sizes if agent.step is not agent.model else selection.sizes[:1])
    start = time.perf_counter()
    found = think_until_sure(agent, selection, least, f"halting at {threshold:g}", progress)
    seconds = time.perf_counter() - start
    right, solved = mark(agent.family, selection.data, found.answers[:, None])
    return HaltingEvaluation(
        threshold, found.steps, right[:, 0], solved[:, 0], found.q_halt, found.answers, found.computed, seconds
    )
