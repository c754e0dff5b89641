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
from agents.batches import to_cells, to_tokens
from agents.model import AIR


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
    """(N,): the last answer is right by the family's rules; on a Maze any shortest path is."""
    split_rule: str
    """How the puzzles differ from the training split: "canonical" (not even up to symmetry) or "exact"."""
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
            "act_steps": self.exact.shape[1],
            "split_rule": self.split_rule,
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
            f"{self.solved.mean():.1%}, cells {self.cells[-1]:.2%}; {len(self.exact)} unseen puzzles, split rule "
            f"{self.split_rule}, {self.exact.shape[1]} ACT steps, {len(self.exact) / self.seconds:.0f} puzzles/s"
        )


@torch.inference_mode()
def evaluate(
    model: AIR,
    data: puzzles.Puzzles,
    split_rule: str = "canonical",
    max_steps: int | None = None,
    batch: int = 256,
    dtype: torch.dtype = torch.float32,
    progress: bool = True,
) -> Evaluation:
    """Run every puzzle for ``max_steps`` ACT steps (default: the model's own) and compare with the labels."""
    if not len(data.puzzle):
        raise ValueError("no puzzles to evaluate on")
    family, device = puzzles.family(model.config.family), model.H_init.device
    steps = max_steps or model.config.max_steps
    exact, cells, q_halt, answers = [], [], [], []
    start = time.perf_counter()
    for first in tqdm(range(0, len(data.puzzle), batch), "evaluating", leave=False, disable=not progress):
        rows = data.take(slice(first, first + batch))
        tokens, labels = to_tokens(rows.puzzle, device), torch.from_numpy(rows.solution).to(device)
        state = model.initial_state(len(tokens), dtype)
        right, q = [], []
        for _ in range(steps):
            state, output = model(tokens, state)
            answer = to_cells(output.logits, family.shape)
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
        solved=family.is_solved(data.puzzle, answered),
        split_rule=split_rule,
        seconds=seconds,
    )


def wilson_interval(successes: int, trials: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson's score interval)."""
    rate = successes / trials
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    return max(0.0, centre - half), min(1.0, centre + half)
