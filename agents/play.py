"""A model judged by the environments themselves: episodes played to their end, solved by the environment's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import air_envs
import puzzles
from agents.agent import AIRAgent
from agents.batches import open_dataset

Propose = Literal["each", "last"]


@dataclass(frozen=True)
class Episodes:
    """How N episodes ended."""

    solved: NDArray[np.bool_]
    """(N,): the environment says so."""
    proposals: NDArray[np.int64]
    """(N,): proposals made."""
    returns: NDArray[np.float64]
    """(N,): sums of rewards."""


def play(
    agent: AIRAgent,
    dataset: Path | str,
    split: str = "test",
    count: int | None = None,
    propose: Propose = "each",
    batch: int = 256,
    progress: bool = True,
) -> Episodes:
    """Let the agent play the first ``count`` puzzles of a split, one episode each.

    Args:
        agent: whose family is the dataset's.
        dataset: HDF5 file.
        split: of the dataset.
        count: how many puzzles; None plays all.
        propose: "each" proposes after every ACT step and ends when solved: the tensor evaluation's
            ``accuracy_within``. "last" thinks to the end and proposes once: its ``accuracy``.
        batch: episodes played side by side.
        progress: show a bar.

    Raises:
        ValueError: the dataset holds another family, or no such split.
    """
    rows = len(open_dataset(dataset, agent.family.name).split_view(split))
    count = rows if count is None else min(count, rows)
    envs = [_make(agent.family, dataset, split, agent.model.config.max_steps) for _ in range(min(batch, count))]
    episodes = []
    for first in tqdm(range(0, count, batch), "playing", leave=False, disable=not progress):
        indices = range(first, min(first + batch, count))
        episodes.append(_play_batch(agent, envs[: len(indices)], indices, propose))
    for env in envs:
        env.close()
    return Episodes(*(np.concatenate(values) for values in zip(*episodes, strict=True)))


def _make(family: puzzles.PuzzleFamily, dataset: Path | str, split: str, max_steps: int) -> gym.Env:
    return gym.make(
        air_envs.environment_id(family),
        dataset=str(dataset),
        split=split,
        action_type="propose",
        max_episode_steps=max_steps,
    )


def _play_batch(
    agent: AIRAgent, envs: Sequence[gym.Env], indices: Sequence[int], propose: Propose
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float64]]:
    count, max_steps = len(envs), agent.model.config.max_steps
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
