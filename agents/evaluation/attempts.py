"""Several attempts at a puzzle: where the halting head is not sure of the answer, ``agents.evaluation.search`` retries.

A maze that has several shortest paths is labelled with one of them, which its copies need not be: there, accuracy by
the rules is what attempts improve.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

import puzzles
from agents.config.search import Search, default_search
from agents.evaluation.full import Evaluation
from agents.evaluation.halting import cut_short
from agents.evaluation.refilling import Answers, logit, think_until_sure
from agents.evaluation.search import Copies, Guesses, Index, Noise, Retry, Think, check_search, noisy
from agents.evaluation.selection import Marked, Selection, mark, select
from agents.evaluation.statistics import wilson_interval
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset


@dataclass(frozen=True)
class AttemptsEvaluation(Marked):
    """What a model answered to N puzzles, in the dataset's order, after each of A attempts."""

    search: Search
    """How a puzzle was retried."""
    threshold: float
    """A puzzle is retried unless the head gives more than this probability that the answer is right."""
    right: NDArray[np.int32]
    """(N, A): how many cells equal the label's, in the answer kept so far."""
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
                "search": self.search,
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
    search: Search | None = None,
    threshold: float = 0.5,
    split: str = "test",
    count: int | None = None,
    max_steps: int | None = None,
    batch: int | None = None,
    guesses: int = 1,
    noise: float = 0.3,
    seed: int = 0,
    progress: bool = True,
    first: Evaluation | None = None,
) -> AttemptsEvaluation:
    """Answer the first puzzles of a split, in up to ``attempts`` attempts each.

    The first attempt is ``evaluate_halting``. Each later one takes the puzzles of which the head is not sure yet, and
    its answer is kept where the head trusts it more. ``first-to-halt`` takes all attempts at once instead.

    Args:
        agent: of the dataset's family.
        dataset: opened.
        attempts: at a puzzle, at most.
        search: how a puzzle is retried, see ``agents.evaluation.search``; None takes guesses where the family has
            symbols, else symmetry.
        threshold: probability that the answer is right above which a puzzle halts and is not retried.
        split: of the dataset.
        count: how many puzzles; None takes all.
        max_steps: ACT steps per attempt at most; None takes the model's own maximum.
        batch: puzzles at a time, at most; None takes what suits the device.
        guesses: of the search of that name: in a puzzle at most; after so many the next attempt starts with one.
        noise: of the searches with noise: its standard deviation, where the states have root mean square 1.
        seed: of copies, guesses and noise. The same noise needs the same batch too.
        progress: show a bar.
        first: an evaluation of the same puzzles and ACT steps with ``keep_steps=True``, ``halt`` not below
            ``threshold``, and for guesses ``keep_probability=True``. It has the answers of the first attempt, which is
            then not computed again.

    Raises:
        ValueError: a number below 1, a threshold that is no probability, noise that is not above 0, the model is for
            another family, guesses in one whose values are no symbols, or a first attempt that does not fit.
        DatasetError: no such split, or a damaged one.
    """
    search = search or default_search(agent.family)
    check_search(agent, attempts, search, guesses, noise)
    least = logit(threshold)
    selection = select(agent, dataset, split, count, max_steps, batch)
    known = None if first is None else _first_attempt(first, threshold, selection, search)
    kept = answer_in_attempts(agent, selection, attempts, search, least, guesses, noise, seed, progress, known)
    right, solved = mark(agent.family, selection.data, kept.answers)
    return AttemptsEvaluation(search, threshold, right, solved, kept.steps, kept.answers[:, -1])


class Kept(NamedTuple):
    """What N puzzles have been answered with after each of A attempts."""

    answers: puzzles.Grids
    """(N, A, rows, columns) uint8: the answer kept so far; ``family.undecided`` where the model says padding."""
    steps: NDArray[np.int32]
    """(N, A): ACT steps taken so far."""
    q_halt: NDArray[np.float32]
    """(N,): the halting logit of the answer kept at the end."""


def answer_in_attempts(
    agent: AIRAgent,
    selection: Selection,
    attempts: int,
    search: Search,
    least: float,
    guesses: int,
    noise: float,
    seed: int = 0,
    progress: bool = True,
    first: Answers | None = None,
) -> Kept:
    """Answer the puzzles of a selection, whose labels play no part, in up to ``attempts`` attempts each.

    Args:
        agent: of the puzzles' family.
        selection: of puzzles.
        attempts: as for ``evaluate_attempts``, like all below; ``check_search`` has checked them.
        search: how a puzzle is retried.
        least: a logit: a puzzle halts, and is not retried, above it.
        guesses: in a puzzle at most.
        noise: its standard deviation.
        seed: of copies, guesses and noise.
        progress: show a bar.
        first: what the first attempt answered; None computes it.
    """
    perturb = Noise(noise, agent.device, seed)
    wanted = search == "guesses" and attempts > 1
    first = first or think_until_sure(agent, selection, least, "first attempt", progress, probability=wanted)

    def think(which: Index, puzzle: puzzles.Grids, with_noise: bool) -> Answers:
        again = selection._replace(data=selection.data.take(which)._replace(puzzle=puzzle))
        noise = perturb if with_noise else None
        return think_until_sure(agent, again, least, "another attempt", progress, probability=wanted, perturb=noise)

    puzzle = selection.data.puzzle
    if search == "first-to-halt":
        return _first_to_halt(first, puzzle, attempts, least, think)
    retry: Retry = noisy
    if search == "symmetry":
        retry = Copies(agent.family, seed)
    elif wanted:
        retry = Guesses(first, puzzle, guesses, seed)
    return _until_sure(first, puzzle, attempts, least, think, retry)


def _first_attempt(full: Evaluation, threshold: float, selection: Selection, search: Search) -> Answers:
    """Return what the first attempt of an evaluation's puzzles ends with at a threshold."""
    found, expected = full.q_halt.shape, (len(selection.data.puzzle), selection.max_steps)
    if found != expected:
        raise ValueError(f"first attempt at {found} puzzles and ACT steps, expected {expected}")
    if search == "guesses" and full.probability is None:
        raise ValueError("first attempt without probabilities, expected evaluate(keep_probability=True) for guesses")
    cut = cut_short(full, threshold)
    # Guesses are drawn where the head stays unsure. There, the evaluation ended with the last ACT step too.
    return Answers(cut.answers, cut.steps, cut.q_halt, 0, full.probability, None, None)


def _until_sure(first: Answers, puzzle: puzzles.Grids, attempts: int, least: float, think: Think, retry: Retry) -> Kept:
    """Retry what the head is not sure of."""
    answers, steps, q_halt = first.answers.copy(), first.steps.copy(), first.q_halt.copy()
    kept, taken = [answers.copy()], [steps.copy()]
    for attempt in range(1, attempts):
        unsure = np.flatnonzero(q_halt <= least)
        if len(unsure):
            again = retry(attempt, unsure, puzzle[unsure], think)
            better = again.q_halt > q_halt[unsure]
            answers[unsure[better]], q_halt[unsure[better]] = again.answers[better], again.q_halt[better]
            steps[unsure] += again.steps
        kept.append(answers.copy())
        taken.append(steps.copy())
    return Kept(np.stack(kept, 1), np.stack(taken, 1), q_halt)


def _first_to_halt(first: Answers, puzzle: puzzles.Grids, attempts: int, least: float, think: Think) -> Kept:
    """Run trajectories at once: the answers of those that halt first, and the ACT steps of all until then.

    Where none halts, the head chooses.
    """
    every = np.arange(len(puzzle))
    answers, steps, q_halt = first.answers.copy(), first.steps.copy(), first.q_halt.copy()
    kept, taken = [answers.copy()], [steps.copy()]
    for attempt in range(1, attempts):
        again = think(every, puzzle, True)
        sooner = (again.q_halt > least) & ((q_halt <= least) | (again.steps < steps))
        likelier = (again.q_halt <= least) & (q_halt <= least) & (again.q_halt > q_halt)
        better = sooner | likelier
        answers[better], steps[better], q_halt[better] = (
            again.answers[better],
            again.steps[better],
            again.q_halt[better],
        )
        kept.append(answers.copy())
        taken.append(steps * (attempt + 1))
    return Kept(np.stack(kept, 1), np.stack(taken, 1), q_halt)
