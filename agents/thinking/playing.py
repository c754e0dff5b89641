"""Whole episodes of a thinking environment under a policy, single or vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from tqdm import tqdm

import puzzles
from agents.thinking.policies import Policy


class Played(NamedTuple):
    """What M episodes came to, in the order in which they began."""

    solved: NDArray[np.bool_]
    """(M,): whether a proposal solved the puzzle."""
    done: NDArray[np.int64]
    """(M, 3): how many L, H and COMMIT."""
    returns: NDArray[np.float64]
    """(M,): sum of the rewards."""
    answers: puzzles.Grids
    """(M, rows, columns) uint8: the proposal at the end."""

    @property
    def updates(self) -> NDArray[np.int64]:
        """(M,): L- and H-updates."""
        return self.done[:, :2].sum(1)


def play(
    env: gym.Env | VectorEnv,
    policy: Policy,
    index: Sequence[int] | NDArray[np.integer[Any]] | None = None,
    episodes: int | None = None,
    seed: int | None = None,
    progress: bool = False,
) -> Played:
    """Play episodes to their ends.

    Args:
        env: a thinking environment, or ``InternalActions``; a vector one with ``autoreset_mode="Disabled"``.
        policy: deterministic where it can be.
        index: rows of the environment's dataset, one episode each.
        episodes: how many, of the environment's own puzzles, where there is no index.
        seed: of the environment's puzzles.
        progress: show a bar.

    Raises:
        ValueError: both or neither of index and episodes, or another autoreset mode.
    """
    if (index is None) == (episodes is None):
        raise ValueError(f"index {index} and episodes {episodes}, expected one of them")
    rows = None if index is None else np.asarray(index)
    total = len(rows) if rows is not None else int(episodes or 0)
    vector = isinstance(env, VectorEnv)
    if vector and env.metadata.get("autoreset_mode") is not AutoresetMode.DISABLED:
        raise ValueError(f"{env}: autoreset mode {env.metadata.get('autoreset_mode')}, expected Disabled")
    with tqdm(total=total, desc="playing", unit="puzzle", leave=False, disable=not progress) as bar:
        found = (_play_vector if vector else _play_single)(env, policy, rows, total, seed, bar)
    family = env.unwrapped.family  # type: ignore[union-attr]
    played = [found[episode] for episode in range(total)]
    return Played(
        np.array([one.solved for one in played], np.bool_),
        np.array([one.done for one in played], np.int64).reshape(total, 3),
        np.array([one.returns for one in played], np.float64),
        np.array([one.answer for one in played], np.uint8).reshape(total, *family.shape),
    )


class _End(NamedTuple):
    solved: bool
    done: NDArray[np.int64]
    returns: float
    answer: puzzles.Grids


def _play_single(
    env: Any, policy: Policy, index: NDArray[Any] | None, total: int, seed: int | None, bar: Any
) -> dict[int, _End]:
    found = {}
    mind = env.get_wrapper_attr("mind")
    for episode in range(total):
        options = None if index is None else {"index": int(index[episode])}
        observation, info = env.reset(seed=seed if episode == 0 else None, options=options)
        state, over, returns = None, False, 0.0
        while not over:
            action, state = policy.predict(observation, state)
            observation, reward, terminated, truncated, info = env.step(action)
            returns += float(reward)
            over = terminated or truncated
        found[episode] = _End(bool(info["solved"]), mind.done[0].copy(), returns, mind.proposal[0].copy())
        bar.update()
    return found


def _play_vector(
    envs: Any, policy: Policy, index: NDArray[Any] | None, total: int, seed: int | None, bar: Any
) -> dict[int, _End]:
    """Play the episodes as rows become free; a row for which none is left plays on, and does not count."""
    found: dict[int, _End] = {}
    mind, count = envs.unwrapped.mind, envs.num_envs
    episode = np.arange(count)
    returns = np.zeros(count)
    observation, _ = envs.reset(seed=seed, options=_posed(index, episode))
    state, starts, waiting = None, np.ones(count, np.bool_), count
    while len(found) < total:
        actions, state = policy.predict(observation, state, starts)
        observation, rewards, terminations, truncations, infos = envs.step(actions)
        returns += rewards
        starts = terminations | truncations
        for row in np.flatnonzero(starts).tolist():
            if episode[row] < total:
                answer = mind.proposal[row].copy()
                found[int(episode[row])] = _End(
                    bool(infos["solved"][row]), mind.done[row].copy(), float(returns[row]), answer
                )
                bar.update()
            episode[row], returns[row], waiting = waiting, 0.0, waiting + 1
        if starts.any() and len(found) < total:
            observation, _ = envs.reset(options=_posed(index, episode) | {"reset_mask": starts})
    return found


def _posed(index: NDArray[Any] | None, episode: NDArray[np.int64]) -> dict[str, Any]:
    """Return the options that start each row with the puzzle of its episode; any, where no episode is left."""
    return {} if index is None else {"index": index[np.minimum(episode, len(index) - 1)]}
