"""A model judged by the environments themselves: episodes played to their end, solved by the environment's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import air_envs
from agents.evaluation import Evaluation, evaluate
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset

Propose = Literal["last", "each"]
PROPOSE: tuple[Propose, ...] = get_args(Propose)


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
    agent: AIRAgent, dataset: Dataset, split: str = "test", count: int | None = None, batch: int = 256
) -> Judgement:
    """Evaluate on tensors, and play the same puzzles in their environment; see ``evaluate`` and ``play``."""
    return play_evaluated(agent, dataset, evaluate(agent, dataset, split, count, batch=batch), batch)


def play_evaluated(agent: AIRAgent, dataset: Dataset, evaluation: Evaluation, batch: int = 256) -> Judgement:
    """Play the puzzles of an evaluation in their environment, with as many ACT steps; see ``play``."""
    count, steps = evaluation.right.shape
    last, each = (play(agent, dataset, evaluation.split, count, propose, batch, steps) for propose in PROPOSE)
    return Judgement(evaluation, last, each)


def play(
    agent: AIRAgent,
    dataset: Dataset,
    split: str = "test",
    count: int | None = None,
    propose: Propose = "each",
    batch: int = 256,
    max_steps: int | None = None,
    progress: bool = True,
) -> Episodes:
    """Let the agent play the first ``count`` puzzles of a split, one episode each.

    Args:
        agent: whose family is the dataset's.
        dataset: opened.
        split: of the dataset.
        count: how many puzzles; None plays all.
        propose: "each" proposes after every ACT step and ends when solved: the tensor evaluation's
            ``accuracy_within``. "last" thinks to the end and proposes once: its ``accuracy``.
        batch: episodes played side by side.
        max_steps: ACT steps per puzzle, at most; None takes the model's own maximum.
        progress: show a bar.

    Raises:
        DatasetError: no such split, or a damaged one.
    """
    rows = len(dataset.split_view(split))
    count = rows if count is None else min(count, rows)
    steps = agent.model.config.max_steps if max_steps is None else max_steps
    envs = [_make(dataset, split, steps) for _ in range(min(batch, count))]
    episodes = []
    for first in tqdm(range(0, count, batch), "playing", leave=False, disable=not progress):
        indices = range(first, min(first + batch, count))
        episodes.append(_play_batch(agent, envs[: len(indices)], indices, propose, steps))
    for env in envs:
        env.close()
    return Episodes(*(np.concatenate(values) for values in zip(*episodes, strict=True)))


def _make(dataset: Dataset, split: str, max_steps: int) -> gym.Env:
    return gym.make(
        air_envs.environment_id(dataset.family),
        dataset=str(dataset.path),
        split=split,
        action_type="propose",
        max_episode_steps=max_steps,
        max_proposals=None,
    )


def _play_batch(
    agent: AIRAgent, envs: Sequence[gym.Env], indices: Sequence[int], propose: Propose, max_steps: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float64]]:
    count = len(envs)
    observations = [env.reset(options={"index": index})[0] for env, index in zip(envs, indices, strict=True)]
    puzzle = np.stack([observation["puzzle"] for observation in observations])
    solved, done = np.zeros(count, bool), np.zeros(count, bool)
    proposals, returns = np.zeros(count, np.int64), np.zeros(count)
    state = None
    for step in range(1, max_steps + 1):
        actions, state = agent.predict({"puzzle": puzzle}, state)
        if propose == "last" and step < max_steps:
            continue
        for i in np.flatnonzero(~done).tolist():
            _, reward, terminated, truncated, info = envs[i].step(actions[i])
            proposals[i] += 1
            returns[i] += float(reward)
            solved[i], done[i] = info["solved"], terminated or truncated
    return solved, proposals, returns
