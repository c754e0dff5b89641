"""Test-time search: how a puzzle is retried of whose answer the model is not sure.

No search asks for a label or a rule: the halting head says which answer to keep.

- ``symmetry``: a random symmetry copy of the puzzle, whose answer is turned back. HRM votes over copies of ARC tasks in
  this way. A model that keeps a state per candidate answers all copies alike, up to rounding. On hard puzzles rounding
  is enough to make another trajectory.
- ``guesses``: the puzzle with a blank cell filled in, drawn from the model's own probabilities; Sudoku only.
- ``noise``: the puzzle itself, with Gaussian noise added to both states before every ACT step (probabilistic TRM,
  arXiv 2605.19943). It needs no training and fits every family.
- ``first-to-halt``: as many trajectories with noise at once, of which the one that halts first answers (an ensemble of
  TRMs that does so reaches 97.2 % of Sudoku-Extreme). All run until then, so each costs as many ACT steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

import puzzles
from agents.config.search import SEARCHES, Search
from agents.evaluation.guesses import guess
from agents.evaluation.refilling import Answers
from agents.models.air import State
from agents.thinking.agent import AIRAgent

Index = NDArray[np.intp]
Think = Callable[[Index, puzzles.Grids, bool], Answers]
"""Answers the puzzles of these indices, given as they are to be retried; with noise on the states or without."""


class Noise:
    """Adds Gaussian noise to both states.

    Args:
        std: standard deviation; the states have root mean square 1.
        device: of the states.
        seed: of the noise.
    """

    def __init__(self, std: float, device: torch.device, seed: int):
        self.std = std
        self.generator = torch.Generator(device).manual_seed(seed)

    def __call__(self, state: State) -> State:
        """Return noisy states of the same shapes and dtypes."""
        return State(*(z + self.std * self._normal(z) for z in state))

    def _normal(self, z: torch.Tensor) -> torch.Tensor:
        return torch.randn(z.shape, generator=self.generator, device=z.device).to(z.dtype)


class Retry(Protocol):
    """One way of retrying puzzles."""

    def __call__(self, attempt: int, which: Index, puzzle: puzzles.Grids, think: Think) -> Answers:
        """Answer puzzles in one more attempt.

        Args:
            attempt: counted from 1; 0 was the puzzle itself.
            which: (N,) their indices.
            puzzle: (N, rows, columns) uint8.
            think: takes the model through them.
        """


class Copies:
    """Retries a random symmetry copy of every puzzle."""

    def __init__(self, family: puzzles.PuzzleFamily, seed: int):
        self.family, self.rng = family, np.random.default_rng(seed)

    def __call__(self, attempt: int, which: Index, puzzle: puzzles.Grids, think: Think) -> Answers:
        """Answer the copies, and turn the answers back."""
        symmetry = self.family.symmetries(self.rng.random((len(puzzle), self.family.symmetry_dim)))
        found = think(which, self.family.transform(puzzle, *symmetry), False)
        return found._replace(answers=self.family.transform(found.answers, *self.family.inverse(*symmetry)))


class Guesses:
    """Retries the puzzle of the attempt before with one more guess, or with one where it holds ``most``."""

    def __init__(self, first: Answers, puzzle: puzzles.Grids, most: int, seed: int):
        assert first.probability is not None
        self.first, self.most, self.rng = first.probability, most, np.random.default_rng(seed)
        self.tried, self.probability = puzzle.copy(), first.probability.copy()

    def __call__(self, attempt: int, which: Index, puzzle: puzzles.Grids, think: Think) -> Answers:
        """Answer the puzzles with their guesses."""
        restart = (attempt - 1) % self.most == 0
        tried, probability = (puzzle, self.first[which]) if restart else (self.tried[which], self.probability[which])
        guessed = guess(tried, probability, self.rng)
        found = think(which, guessed, False)
        self.tried[which], self.probability[which] = guessed, found.probability
        return found


def noisy(attempt: int, which: Index, puzzle: puzzles.Grids, think: Think) -> Answers:
    """Retry the puzzle itself, with noise on the states."""
    return think(which, puzzle, True)


def check_search(agent: AIRAgent, attempts: int, search: Search, guesses: int, noise: float) -> None:
    """Check what ``evaluate_attempts`` is asked for, before anything runs.

    Raises:
        ValueError: less than one attempt or guess, no such search, noise that is not above 0, or guesses for a family
            whose cell values are no symbols.
    """
    if attempts < 1:
        raise ValueError(f"attempts {attempts}, expected at least 1")
    if search not in SEARCHES:
        raise ValueError(f"search {search!r}, expected one of {', '.join(SEARCHES)}")
    if guesses < 1:
        raise ValueError(f"guesses {guesses}, expected at least 1")
    if not 0 < noise < float("inf"):
        raise ValueError(f"noise {noise}, expected a standard deviation above 0")
    if search == "guesses" and not agent.family.symbols:
        raise ValueError(f"search 'guesses' with {agent.family.name}, expected a family with symbols, such as Sudoku")
