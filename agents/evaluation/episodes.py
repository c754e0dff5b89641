"""A model judged by the environments themselves: episodes played to their end, solved by the environment's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

import air_envs
from agents.evaluation import Evaluation, evaluate
from agents.thinking.agent import AIRAgent
from puzzles import Grids
from puzzles.dataset import Dataset


@dataclass(frozen=True)
class Episodes:
    """How N episodes ended."""

    solved: NDArray[np.bool_]
    """(N,): the environment says so."""
    proposals: NDArray[np.int64]
    """(N,): proposals made."""
    returns: NDArray[np.float64]
    """(N,): sums of rewards."""


@dataclass(frozen=True)
class Judgement:
    """The same puzzles measured on tensors and played in their environment."""

    evaluation: Evaluation
    last: Episodes
    """One proposal each, after the last ACT step."""
    each: Episodes
    """A proposal after every ACT step, until solved."""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs."""
        return self.evaluation.summary() | {
            "environment_solved_last_proposal": float(self.last.solved.mean()),
            "environment_solved_some_proposal": float(self.each.solved.mean()),
            "environment_proposals": float(self.each.proposals.mean()),
        }

    def __str__(self) -> str:
        return f"on tensors: {self.evaluation}\n{self.in_environment}"

    @property
    def in_environment(self) -> str:
        """What the environments said, in a line."""
        return (
            f"in the environment: solved {self.last.solved.mean():.1%} by the last proposal, "
            f"{self.each.solved.mean():.1%} by one of {self.each.proposals.mean():.1f} proposals on average"
        )


def judge(
    agent: AIRAgent, dataset: Dataset, split: str = "test", count: int | None = None, batch: int | None = None
) -> Judgement:
    """Evaluate on tensors, and play the answers in the puzzles' environment; see ``evaluate`` and ``play``."""
    return play_evaluated(dataset, evaluate(agent, dataset, split, count, batch=batch, keep_steps=True))


def play_evaluated(dataset: Dataset, evaluation: Evaluation) -> Judgement:
    """Play the answers of an evaluation, which has kept every step's, in the puzzles' environment; see ``play``.

    Raises:
        ValueError: the evaluation has kept the last answers alone.
    """
    if evaluation.by_step is None:
        raise ValueError("answers of the last ACT step alone, expected those of every step: evaluate(keep_steps=True)")
    proposals = np.where(evaluation.by_step == dataset.family.undecided, 0, evaluation.by_step)
    last, each = (play(dataset, evaluation.split, one) for one in (proposals[:, -1:], proposals))
    return Judgement(evaluation, last, each)


def play(dataset: Dataset, split: str, proposals: Grids, batch: int = 1024) -> Episodes:
    """Propose grids to the environments of the first puzzles of a split, one after another until one solves it.

    Args:
        dataset: opened.
        split: of the dataset.
        proposals: (N, T, rows, columns) uint8, T for each of N puzzles.
        batch: episodes played at once.
    """
    parts = [
        _play_batch(dataset, split, first, proposals[first : first + batch])
        for first in range(0, len(proposals), batch)
    ]
    return Episodes(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _play_batch(
    dataset: Dataset, split: str, first: int, proposals: Grids
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float64]]:
    count, steps = proposals.shape[:2]
    envs = gym.make_vec(
        air_envs.environment_id(dataset.family),
        num_envs=count,
        dataset=dataset,
        split=split,
        action_type="propose",
        max_proposals=steps,
    )
    envs.reset(options={"index": np.arange(first, first + count)})
    solved, done = np.zeros(count, bool), np.zeros(count, bool)
    made, returns = np.zeros(count, np.int64), np.zeros(count)
    for step in range(steps):
        _, rewards, terminations, truncations, infos = envs.step(proposals[:, step])
        made += ~done
        returns += np.where(done, 0.0, rewards)  # an ended episode is followed by another puzzle, which does not count
        solved |= ~done & infos["solved"]
        done |= terminations | truncations
        if done.all():
            break
    envs.close()
    return solved, made, returns
