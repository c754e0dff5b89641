"""Several attempts at a puzzle: where the halting head is not sure, it is put again, as a copy or with a guess in it.

A Sudoku with its rows, columns and digits permuted is the same puzzle, and a model that stays stuck in one form of it
often solves another. A model of candidates answers all forms alike; it gets a puzzle again with a cell filled in, by a
guess that is drawn from its own probabilities. The halting head tells which answer to keep, so no label and no rule is
asked. (HRM votes over copies of ARC tasks; arXiv 2601.10679 scales guesses on Sudoku by copies, perturbed inputs and
several checkpoints.)

A maze that has several shortest paths is labelled with one of them, which its copies need not be: there, accuracy by
the rules is what attempts improve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import puzzles
from agents.evaluation.guesses import guess
from agents.evaluation.halting import Answers, logit, think_until_sure
from agents.evaluation.selection import Marked, mark, select
from agents.evaluation.statistics import wilson_interval
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset


@dataclass(frozen=True)
class AttemptsEvaluation(Marked):
    """What a model answered to N puzzles, in the dataset's order, after each of A attempts."""

    how: str
    """As what a puzzle is put again, in words."""
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
    guesses: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> AttemptsEvaluation:
    """Answer the first ``count`` puzzles of a split, in up to ``attempts`` attempts each.

    The first attempt is ``evaluate_halting``; each later one takes the puzzles of which the head is not sure yet: a
    random symmetry copy of each, or the puzzle of the attempt before with one more guess.

    Args:
        agent: of the dataset's family.
        dataset: opened.
        attempts: at a puzzle, at most.
        threshold: probability that the answer is right above which a puzzle halts and is put no more.
        split: of the dataset.
        count: how many puzzles; None takes all.
        max_steps: ACT steps per attempt at most; None takes the model's own maximum.
        batch: puzzles at a time, at most.
        guesses: in a puzzle at most; with so many in it, the next attempt begins again with one. 0 puts copies. None
            is 0, and 1 for a model of candidates, to which copies say nothing new.
        seed: of the copies and guesses.
        progress: show a bar.

    Raises:
        ValueError: a number below 1 or guesses below 0, a threshold that is no probability, the model is for another
            family, or guesses in one whose values are no symbols.
        DatasetError: no such split, or a damaged one.
    """
    guesses = fitting_guesses(agent, attempts, guesses)
    least, rng = logit(threshold), np.random.default_rng(seed)
    selection = select(agent, dataset, split, count, max_steps, batch)
    first = think_until_sure(agent, selection, least, "first attempt", progress, probability=guesses > 0)
    put_again = _Guesses(selection.data.puzzle, first, guesses, rng) if guesses else _Copies(agent.family, rng)

    def think(which: Index, puzzle: puzzles.Grids) -> Answers:
        again = selection._replace(data=selection.data.take(which)._replace(puzzle=puzzle))
        return think_until_sure(agent, again, least, "another attempt", progress, probability=guesses > 0)

    answers, steps, q_halt = first.answers.copy(), first.steps.copy(), first.q_halt.copy()
    kept, taken = [answers.copy()], [steps.copy()]
    for attempt in range(1, attempts):
        unsure = np.flatnonzero(q_halt <= least)
        if len(unsure):
            again = put_again(attempt, unsure, selection.data.puzzle[unsure], think)
            better = again.q_halt > q_halt[unsure]
            answers[unsure[better]], q_halt[unsure[better]] = again.answers[better], again.q_halt[better]
            steps[unsure] += again.steps
        kept.append(answers.copy())
        taken.append(steps.copy())
    right, solved = mark(agent.family, selection.data, np.stack(kept, 1))
    how = f"with guesses, {guesses} at most," if guesses else "as a symmetry copy"
    return AttemptsEvaluation(how, threshold, right, solved, np.stack(taken, 1), answers)


Index = NDArray[np.intp]
Think = Callable[[Index, puzzles.Grids], Answers]


@dataclass(frozen=True)
class _Copies:
    """Puts a random symmetry copy of every puzzle, and turns the answers back."""

    family: puzzles.PuzzleFamily
    rng: np.random.Generator

    def __call__(self, attempt: int, which: Index, posed: puzzles.Grids, think: Think) -> Answers:
        family = self.family
        symmetry = family.symmetries(self.rng.random((len(posed), family.symmetry_dim)))
        found = think(which, family.transform(posed, *symmetry))
        return found._replace(answers=family.transform(found.answers, *family.inverse(*symmetry)))


class _Guesses:
    """Puts every puzzle of the attempt before with one more guess, or as posed with one where it has them all."""

    def __init__(self, posed: puzzles.Grids, first: Answers, most: int, rng: np.random.Generator):
        assert first.probability is not None
        self.first, self.most, self.rng = first.probability, most, rng
        self.tried, self.probability = posed.copy(), first.probability.copy()

    def __call__(self, attempt: int, which: Index, posed: puzzles.Grids, think: Think) -> Answers:
        anew = (attempt - 1) % self.most == 0
        tried, probability = (posed, self.first[which]) if anew else (self.tried[which], self.probability[which])
        guessed = guess(tried, probability, self.rng)
        found = think(which, guessed)
        self.tried[which], self.probability[which] = guessed, found.probability
        return found


def fitting_guesses(agent: AIRAgent, attempts: int, guesses: int | None) -> int:
    """Return with how many guesses ``evaluate_attempts`` puts a puzzle again.

    Raises:
        ValueError: as it says there.
    """
    if attempts < 1:
        raise ValueError(f"attempts {attempts}, expected at least 1")
    if guesses is None:
        return 1 if agent.model.config.mixer == "candidates" else 0
    if guesses < 0:
        raise ValueError(f"guesses {guesses}, expected 0 or more")
    if guesses and not agent.family.symbols:
        raise ValueError(f"guesses {guesses} with {agent.family.name}, expected a family with symbols, such as Sudoku")
    return guesses
