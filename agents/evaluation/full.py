"""Puzzles of a split for a number of ACT steps, measured after each (AIR paper, results section)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import puzzles
from agents.evaluation.refilling import logit, think_until_sure
from agents.evaluation.selection import Marked, Shard, mark, select, warm_up
from agents.evaluation.statistics import Calibration, calibration, mean_interval, wilson_interval
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset

BLOCK_BYTES = 1 << 28
"""Of the answers after every step that are kept at a time, on the device."""


@dataclass(frozen=True)
class Evaluation(Marked):
    """What a model answered to N puzzles, in the dataset's order, over T ACT steps."""

    right: NDArray[np.int32]
    """(N, T): how many cells of the answer after each step equal the label's."""
    solved: NDArray[np.bool_]
    """(N, T): the answer is right by the family's rules, as its environment judges it: on a Maze the path cells alone
    are read, and any shortest path is right."""
    q_halt: NDArray[np.float32]
    """(N, T): the halting logit after each step."""
    answers: puzzles.Grids
    """(N, rows, columns) uint8: the last answer; ``family.undecided`` where the model says padding."""
    rating: NDArray[np.int32]
    """(N,): difficulty."""
    rating_unit: str
    """What a rating counts: "guesses", "moves"."""
    split: str
    """The split they are of, "test" or "train"."""
    split_rule: str
    """How no two puzzles of the dataset are equal: "canonical", not even up to symmetry, or "exact"."""
    dtype: str
    """Precision of the hidden states."""
    seconds: float
    """Wall time of thinking, compiling left out."""
    halt: float = 1.0
    """Probability of a right answer above which a puzzle stopped: from then on every step repeats what it said there.
    1 where every puzzle took all steps."""
    computed: int = 0
    """ACT steps computed, those of idle slots included."""
    by_step: puzzles.Grids | None = None
    """(N, T, rows, columns) uint8: the answer after each step, where it was asked for."""
    probability: NDArray[np.float16] | None = None
    """(N, C, V): of each token at the end, where it was asked for."""

    @property
    def accuracy(self) -> float:
        """Exact accuracy after the last step: the papers' number."""
        return float(self.exact[:, -1].mean())

    @property
    def accuracy_within(self) -> float:
        """Fraction of puzzles answered right after some step: what an episode that ends when solved can reach."""
        return float(self.exact.any(1).mean())

    @property
    def puzzles_per_second(self) -> float:
        """Throughput of the forward passes."""
        return len(self.right) / self.seconds

    def calibration(self, step: int | None = -1) -> Calibration:
        """Compare what the halting head says after a step with whether the answer is exact; None pools all steps."""
        chosen = slice(None) if step is None else step
        return calibration(self.q_halt[:, chosen], self.exact[:, chosen])

    @property
    def steps(self) -> NDArray[np.intp]:
        """(N,): ACT steps taken."""
        return halting_steps(self.q_halt, self.halt)

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs; ``agents.evaluation.report`` says what each means."""
        exact = self.exact
        return {
            "puzzles": len(exact),
            "split": self.split,
            "split_rule": self.split_rule,
            "act_steps": exact.shape[1],
            "halt": self.halt,
            "mean_act_steps": float(self.steps.mean()),
            "dtype": self.dtype,
            "exact_accuracy": self.accuracy,
            "exact_accuracy_interval_95": list(wilson_interval(int(exact[:, -1].sum()), len(exact))),
            "exact_accuracy_within": self.accuracy_within,
            "exact_accuracy_by_step": exact.mean(0).round(6).tolist(),
            "solved_by_rules": float(self.solved[:, -1].mean()),
            "solved_by_rules_interval_95": list(wilson_interval(int(self.solved[:, -1].sum()), len(exact))),
            "solved_by_rules_within": float(self.solved.any(1).mean()),
            "solved_by_rules_by_step": self.solved.mean(0).round(6).tolist(),
            "cell_accuracy": float(self.cells[-1]),
            "cell_accuracy_interval_95": list(mean_interval(self.right[:, -1] / self._cells)),
            "cell_accuracy_by_step": self.cells.round(6).tolist(),
            "halting_calibration_error": self.calibration().error,
            "puzzles_per_second": self.puzzles_per_second,
        }

    def __str__(self) -> str:
        low, high = wilson_interval(int(self.exact[:, -1].sum()), len(self.exact))
        return (
            f"exact accuracy {self.accuracy:.1%} (95 % interval {low:.1%} to {high:.1%}), solved by the rules "
            f"{self.solved[:, -1].mean():.1%}, cells {self.cells[-1]:.2%}; {len(self.exact)} {self.split} puzzles, "
            f"split rule {self.split_rule}, {self._say_steps()}, {self.dtype}, "
            f"{self.puzzles_per_second:.1f} puzzles/s"
        )

    def _say_steps(self) -> str:
        if self.halt == 1:
            return f"{self.exact.shape[1]} ACT steps"
        return f"{self.steps.mean():.1f} of {self.exact.shape[1]} ACT steps, halted above {self.halt:.0%}"


@torch.inference_mode()
def evaluate(
    agent: AIRAgent,
    dataset: Dataset,
    split: str = "test",
    count: int | None = None,
    max_steps: int | None = None,
    batch: int | None = None,
    progress: bool = True,
    shard: Shard = (0, 1),
    keep_steps: bool = False,
    halt: float = 1.0,
    keep_probability: bool = False,
) -> Evaluation:
    """Run the first ``count`` puzzles of a split for ``max_steps`` ACT steps and compare with the labels.

    By default every puzzle takes all of them, as the papers' do. With ``halt`` a puzzle stops when its halting head is
    sure, and keeps its answer and its halting logit in every later step.

    The result does not depend on how puzzles share batches. In bfloat16, and on devices whose products choose another
    order of summation for another shape, the size of a batch can move the last bits of a logit.

    Args:
        agent: of the dataset's family.
        dataset: opened.
        split: of the dataset.
        count: how many puzzles; None takes all.
        max_steps: ACT steps per puzzle, also more than in training; None takes the model's own maximum.
        batch: puzzles at a time, at most; None takes what suits the device.
        progress: show a bar.
        shard: (rank, world), to measure one of ``world`` slices of the puzzles; ``merge`` joins the results.
        keep_steps: keep the answer after each step.
        halt: probability that the answer is right above which a puzzle stops; 1 never stops.
        keep_probability: keep the probability of every token at the end, which a search with guesses needs.

    Raises:
        ValueError: a number below 1, no such shard, ``halt`` is no probability, or the model is for another family.
        DatasetError: no such split, or a damaged one.
    """
    least = logit(halt)
    selection = select(agent, dataset, split, count, max_steps, batch, shard)
    data, steps = selection.data, selection.max_steps
    count = len(data.puzzle)
    right, solved = np.zeros((count, steps), np.int32), np.zeros((count, steps), bool)
    q_halt, answers = np.zeros((count, steps), np.float32), np.zeros_like(data.puzzle)
    by_step = np.zeros((count, steps, *agent.family.shape), np.uint8) if keep_steps else None
    values = count, agent.model.cells, agent.family.vocabulary_size
    probability = np.zeros(values, np.float16) if keep_probability else None
    warm_up(agent, selection.sizes if halt < 1 and agent.step is not agent.model else [selection.size])
    seconds, computed = 0.0, 0
    rows = max(1, BLOCK_BYTES // (steps * agent.model.cells))
    for first in range(0, count, rows):
        part = slice(first, first + rows)
        block = selection._replace(data=data.take(part))
        what = "evaluating" if count <= rows else f"evaluating from puzzle {first:,} of {count:,}"
        start = time.perf_counter()
        found = think_until_sure(agent, block, least, what, progress, keep_probability, keep_steps=True)
        seconds += time.perf_counter() - start
        computed += found.computed
        assert found.by_step is not None
        assert found.q_by_step is not None
        right[part], solved[part] = mark(agent.family, block.data, found.by_step)
        q_halt[part], answers[part] = found.q_by_step, found.answers
        if by_step is not None:
            by_step[part] = found.by_step
        if probability is not None:
            probability[part] = found.probability
    return Evaluation(
        right=right,
        solved=solved,
        q_halt=q_halt,
        answers=answers,
        by_step=by_step,
        probability=probability,
        rating=data.rating,
        rating_unit=agent.family.rating_unit,
        split=split,
        split_rule=dataset.split_rule,
        dtype=str(agent.dtype).removeprefix("torch."),
        seconds=seconds,
        halt=halt,
        computed=computed,
    )


def halting_steps(q_halt: NDArray[np.float32], threshold: float) -> NDArray[np.intp]:
    """Return after how many ACT steps puzzles halt at a threshold, given their (N, T) logits at every step: (N,)."""
    halts = q_halt > logit(threshold)
    halts[:, -1] = True
    return halts.argmax(1) + 1


def merge(evaluations: Sequence[Evaluation]) -> Evaluation:
    """Join the evaluations of all shards, in the order of their ranks; their time is the slowest one's.

    Raises:
        ValueError: they were not taken in the same way, or there is none.
    """
    if not evaluations:
        raise ValueError("no evaluations to merge")
    values: dict[str, Any] = {}
    for name in (field.name for field in fields(Evaluation)):
        parts = [getattr(evaluation, name) for evaluation in evaluations]
        if name == "seconds":
            values[name] = max(parts)
        elif name == "computed":
            values[name] = sum(parts)
        elif isinstance(parts[0], np.ndarray):
            values[name] = np.concatenate(parts)
        elif len(set(parts)) == 1:
            values[name] = parts[0]
        else:
            raise ValueError(f"shards differ in {name}: {parts}")
    return Evaluation(**values)
