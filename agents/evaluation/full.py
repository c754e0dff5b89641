"""Every puzzle of a split for a fixed number of ACT steps, measured after each (AIR paper, results section)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

import puzzles
from agents.data.batches import to_cells
from agents.evaluation.selection import Marked, Shard, fresh_state, mark, select, warm_up
from agents.evaluation.statistics import Calibration, calibration, mean_interval, wilson_interval
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset


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
    """Wall time of the forward passes, compiling left out."""
    by_step: puzzles.Grids | None = None
    """(N, T, rows, columns) uint8: the answer after each step, where it was asked for."""

    @property
    def cells(self) -> NDArray[np.float64]:
        """(T,): fraction of cells equal to the label's after each step."""
        return self.right.mean(0) / self._cells

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

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs; ``agents.evaluation.report`` says what each means."""
        exact = self.exact
        return {
            "puzzles": len(exact),
            "split": self.split,
            "split_rule": self.split_rule,
            "act_steps": exact.shape[1],
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
            f"split rule {self.split_rule}, {self.exact.shape[1]} ACT steps, {self.dtype}, "
            f"{self.puzzles_per_second:.1f} puzzles/s"
        )


@torch.inference_mode()
def evaluate(
    agent: AIRAgent,
    dataset: Dataset,
    split: str = "test",
    count: int | None = None,
    max_steps: int | None = None,
    batch: int = 256,
    progress: bool = True,
    shard: Shard = (0, 1),
    keep_steps: bool = False,
) -> Evaluation:
    """Run the first ``count`` puzzles of a split for ``max_steps`` ACT steps and compare with the labels.

    The result does not depend on how puzzles share batches. In bfloat16, and on devices whose products choose another
    order of summation for another shape, the size of a batch can move the last bits of a logit.

    Args:
        agent: of the dataset's family.
        dataset: opened.
        split: of the dataset.
        count: how many puzzles; None takes all.
        max_steps: ACT steps per puzzle, also more than in training; None takes the model's own maximum.
        batch: puzzles at a time, at most.
        progress: show a bar.
        shard: (rank, world), to measure one of ``world`` slices of the puzzles; ``merge`` joins the results.
        keep_steps: keep the answer after each step.

    Raises:
        ValueError: a number below 1, no such shard, or the model is for another family.
        DatasetError: no such split, or a damaged one.
    """
    data, steps, size = select(agent, dataset, split, count, max_steps, batch, shard)
    count = len(data.puzzle)
    right, solved = np.zeros((count, steps), np.int32), np.zeros((count, steps), bool)
    q_halt, answers = np.zeros((count, steps), np.float32), np.zeros_like(data.puzzle)
    by_step = np.zeros((count, steps, *agent.family.shape), np.uint8) if keep_steps else None
    warm_up(agent, [size])
    seconds = 0.0
    with tqdm(total=count, desc="evaluating", unit="puzzle", leave=False, disable=not progress) as bar:
        for first in range(0, count, size):
            part = slice(first, first + size)
            rows = data.take(part)
            start = time.perf_counter()
            answer, q_halt[part] = _think(agent, rows.puzzle, steps, size)
            seconds += time.perf_counter() - start
            right[part], solved[part] = mark(agent.family, rows, answer)
            answers[part] = answer[:, -1]
            if by_step is not None:
                by_step[part] = answer
            bar.update(len(rows.puzzle))
    return Evaluation(
        right=right,
        solved=solved,
        q_halt=q_halt,
        answers=answers,
        by_step=by_step,
        rating=data.rating,
        rating_unit=agent.family.rating_unit,
        split=split,
        split_rule=dataset.split_rule,
        dtype=str(agent.dtype).removeprefix("torch."),
        seconds=seconds,
    )


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
        elif isinstance(parts[0], np.ndarray):
            values[name] = np.concatenate(parts)
        elif len(set(parts)) == 1:
            values[name] = parts[0]
        else:
            raise ValueError(f"shards differ in {name}: {parts}")
    return Evaluation(**values)


def _think(
    agent: AIRAgent, puzzle: puzzles.Grids, steps: int, size: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Answer (B, rows, columns) uint8 puzzles in a batch padded to ``size``; wait for the device only at the end.

    Returns:
        The answers after each step, (B, steps, rows, columns) uint8, and the halting logits, (B, steps) float32.
    """
    tokens = agent.tokens(puzzle)
    tokens = tokens[torch.arange(size, device=agent.device).clamp(max=len(puzzle) - 1)]
    state = fresh_state(agent, size)
    answers: list[Tensor] = []
    q_halt: list[Tensor] = []
    for _ in range(steps):
        state, output = agent.step(tokens, state)
        answers.append(to_cells(output.logits, agent.family))
        q_halt.append(output.q_halt)
    found = torch.stack(answers, 1)[: len(puzzle)], torch.stack(q_halt, 1)[: len(puzzle)]
    return found[0].cpu().numpy(), found[1].cpu().numpy()
