"""Several attempts at a puzzle: where the halting head is not sure, the puzzle is put again as a symmetry copy.

A Sudoku with its rows, columns and digits permuted is the same puzzle, and a model that stays stuck in one form of it
often solves another. The halting head tells which answer to keep, so no label and no rule is asked. (HRM votes over
copies of ARC tasks; arXiv 2601.10679 scales guesses on Sudoku by copies, perturbed inputs and several checkpoints.)

A maze that has several shortest paths is labelled with one of them, which its copies need not be: there, accuracy by
the rules is what attempts improve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import puzzles
from agents.agent import AIRAgent
from agents.evaluation.halting import Answers, logit, think_until_sure
from agents.evaluation.selection import Marked, Selection, mark, select
from agents.evaluation.statistics import wilson_interval
from puzzles.dataset import Dataset


@dataclass(frozen=True)
class AttemptsEvaluation(Marked):
    """What a model answered to N puzzles, in the dataset's order, after each of A attempts."""

    threshold: float
    """A puzzle is put again unless the head gives more than this probability that the answer is right."""
    right: NDArray[np.int32]
    """(N, A): how many cells equal the label's, in the answer that the head trusts most so far."""
    solved: NDArray[np.bool_]
    """(N, A): that answer is right by the family's rules."""
    steps: NDArray[np.int32]
    """(N, A): ACT steps taken so far."""
    answers: puzzles.Grids
    """(N, rows, columns) uint8: the answer at the end; ``family.undecided`` where the model says padding."""

    def summary(self) -> list[dict[str, Any]]:
        """Return the numbers for programs, of each attempt."""
        count = len(self.right)
        return [
            {
                "threshold": self.threshold,
                "attempts": attempt + 1,
                "exact_accuracy": float(exact.mean()),
                "exact_accuracy_interval_95": list(wilson_interval(int(exact.sum()), count)),
                "solved_by_rules": float(self.solved[:, attempt].mean()),
                "solved_by_rules_interval_95": list(wilson_interval(int(self.solved[:, attempt].sum()), count)),
                "mean_act_steps": float(self.steps[:, attempt].mean()),
            }
            for attempt, exact in enumerate(self.exact.T)
        ]


@torch.inference_mode()
def evaluate_attempts(
    agent: AIRAgent,
    dataset: Dataset,
    attempts: int = 8,
    threshold: float = 0.5,
    split: str = "test",
    count: int | None = None,
    max_steps: int | None = None,
    batch: int = 256,
    seed: int = 0,
    progress: bool = True,
) -> AttemptsEvaluation:
    """Answer the first ``count`` puzzles of a split, in up to ``attempts`` attempts each.

    The first attempt is ``evaluate_halting``; each later one takes the puzzles of which the head is not sure yet, as a
    random symmetry copy.

    Args:
        agent: of the dataset's family.
        dataset: opened.
        attempts: at a puzzle, at most.
        threshold: probability that the answer is right above which a puzzle halts and is put no more.
        split: of the dataset.
        count: how many puzzles; None takes all.
        max_steps: ACT steps per attempt at most; None takes the model's own maximum.
        batch: puzzles at a time, at most.
        seed: of the copies.
        progress: show a bar.

    Raises:
        ValueError: a number below 1, a threshold that is no probability, or the model is for another family.
        DatasetError: no such split, or a damaged one.
    """
    if attempts < 1:
        raise ValueError(f"attempts {attempts}, expected at least 1")
    least, rng = logit(threshold), np.random.default_rng(seed)
    selection = select(agent, dataset, split, count, max_steps, batch)
    answers, steps, q_halt, _ = think_until_sure(agent, selection, least, "first attempt", progress)
    kept, taken = [answers.copy()], [steps.copy()]
    for _ in range(1, attempts):
        unsure = np.flatnonzero(q_halt <= least)
        if len(unsure):
            put_again = selection._replace(data=selection.data.take(unsure))
            again = _think_copies(agent, put_again, least, rng, progress)
            better = again.q_halt > q_halt[unsure]
            answers[unsure[better]], q_halt[unsure[better]] = again.answers[better], again.q_halt[better]
            steps[unsure] += again.steps
        kept.append(answers.copy())
        taken.append(steps.copy())
    right, solved = mark(agent.family, selection.data, np.stack(kept, 1))
    return AttemptsEvaluation(threshold, right, solved, np.stack(taken, 1), answers)


def _think_copies(
    agent: AIRAgent, selection: Selection, least: float, rng: np.random.Generator, progress: bool
) -> Answers:
    """Answer a random symmetry copy of every puzzle, and turn the answers back."""
    family, data = agent.family, selection.data
    symmetry = family.symmetries(rng.random((len(data.puzzle), family.symmetry_dim)))
    copies = data._replace(puzzle=family.transform(data.puzzle, *symmetry))
    found = think_until_sure(agent, selection._replace(data=copies), least, "another attempt", progress)
    return found._replace(answers=family.transform(found.answers, *family.inverse(*symmetry)))
