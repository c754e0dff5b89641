"""Exact accuracy on tensors: every puzzle of a split, after every ACT step (AIR paper, results section)."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

import puzzles
from agents.agent import AIRAgent
from agents.batches import to_cells
from puzzles.dataset import Dataset


@dataclass(frozen=True)
class Evaluation:
    """What a model answered to N puzzles over T ACT steps. "Exact" means that every cell equals the label."""

    exact: NDArray[np.bool_]
    """(N, T): the answer after each step equals the label."""
    cells: NDArray[np.float64]
    """(T,): fraction of cells equal to the label after each step."""
    q_halt: NDArray[np.float32]
    """(N, T): the halting logit after each step."""
    answers: puzzles.Grids
    """(N, rows, columns) uint8: the last answer; 255 where the model says padding."""
    solved: NDArray[np.bool_]
    """(N,): the last answer is right by the family's rules, as its environment judges it: on a Maze the path cells
    alone are read, and any shortest path is right."""
    split: str
    """The split they are of, "test" or "train"."""
    split_rule: str
    """How no two puzzles of the dataset are equal: "canonical", not even up to symmetry, or "exact"."""
    dtype: str
    """Precision of the hidden states."""
    seconds: float
    """Wall time of the forward passes."""

    @property
    def accuracy(self) -> float:
        """Exact accuracy after the last step: the papers' number."""
        return float(self.exact[:, -1].mean())

    @property
    def accuracy_within(self) -> float:
        """Fraction of puzzles answered right after some step: what an episode that ends when solved can reach."""
        return float(self.exact.any(1).mean())

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs."""
        low, high = wilson_interval(int(self.exact[:, -1].sum()), len(self.exact))
        return {
            "puzzles": len(self.exact),
            "split": self.split,
            "split_rule": self.split_rule,
            "act_steps": self.exact.shape[1],
            "dtype": self.dtype,
            "exact_accuracy": self.accuracy,
            "exact_accuracy_interval_95": [low, high],
            "exact_accuracy_within": self.accuracy_within,
            "solved_by_rules": float(self.solved.mean()),
            "cell_accuracy": float(self.cells[-1]),
            "exact_accuracy_by_step": self.exact.mean(0).round(6).tolist(),
            "puzzles_per_second": len(self.exact) / self.seconds,
        }

    def __str__(self) -> str:
        low, high = wilson_interval(int(self.exact[:, -1].sum()), len(self.exact))
        return (
            f"exact accuracy {self.accuracy:.1%} (95 % interval {low:.1%} to {high:.1%}), solved by the rules "
            f"{self.solved.mean():.1%}, cells {self.cells[-1]:.2%}; {len(self.exact)} {self.split} puzzles, split rule "
            f"{self.split_rule}, {self.exact.shape[1]} ACT steps, {self.dtype}, "
            f"{len(self.exact) / self.seconds:.0f} puzzles/s"
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
) -> Evaluation:
    """Run the first ``count`` puzzles of a split for ``max_steps`` ACT steps and compare with the labels.

    Args:
        agent: of the dataset's family.
        dataset: opened.
        split: of the dataset.
        count: how many puzzles; None takes all.
        max_steps: ACT steps per puzzle; None takes the model's own maximum.
        batch: puzzles at a time.
        progress: show a bar.

    Raises:
        ValueError: a number below 1.
        DatasetError: no such split, or a damaged one.
    """
    steps = agent.model.config.max_steps if max_steps is None else max_steps
    for name, value in {"puzzles": count, "ACT steps": steps, "batch": batch}.items():
        if value is not None and value < 1:
            raise ValueError(f"{name} {value}, expected at least 1")
    data = dataset.split(split).take(slice(count))
    exact, cells, q_halt, answers = [], [], [], []
    start = time.perf_counter()
    for first in tqdm(range(0, len(data.puzzle), batch), "evaluating", leave=False, disable=not progress):
        rows = data.take(slice(first, first + batch))
        tokens, labels = agent.tokens(rows.puzzle), torch.from_numpy(rows.solution).to(agent.device)
        state = agent.initial_state(len(tokens))
        right, q = [], []
        for _ in range(steps):
            state, output = agent.model(tokens, state)
            answer = to_cells(output.logits, agent.family)
            right.append((answer == labels).flatten(1))
            q.append(output.q_halt)
        right_cells = torch.stack(right, 1)
        exact.append(right_cells.all(-1).cpu().numpy())
        cells.append(right_cells.float().mean(-1).cpu().numpy())
        q_halt.append(torch.stack(q, 1).cpu().numpy())
        answers.append(answer.cpu().numpy())
    seconds = time.perf_counter() - start
    answered = np.concatenate(answers)
    return Evaluation(
        exact=np.concatenate(exact),
        cells=np.concatenate(cells).mean(0, dtype=np.float64),
        q_halt=np.concatenate(q_halt),
        answers=answered,
        solved=agent.family.is_solved(data.puzzle, agent.family.read_answer(data.puzzle, answered)),
        split=split,
        split_rule=dataset.split_rule,
        dtype=str(agent.dtype).removeprefix("torch."),
        seconds=seconds,
    )


def wilson_interval(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson's score interval)."""
    rate = successes / trials
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return max(0.0, centre - half), min(1.0, centre + half)
