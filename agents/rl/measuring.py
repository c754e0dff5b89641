"""How good a move policy is: ``measure`` plays unseen puzzles, each exactly once, the same for every policy.

It needs no torch; a policy may.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from agents.evaluation.statistics import wilson_interval
from air_envs import ENVIRONMENTS
from air_envs.policies import MovePolicy, most_probable, sample
from air_envs.sources import DatasetPuzzles, HeldPuzzles, PuzzleSource
from air_envs.vector import PuzzleVectorEnv
from puzzles import Puzzles

AT_ONCE = 256
"""Puzzles that are played side by side."""
_KEYS, _PLAY = 0, 1
"""Streams of random numbers that a seed starts: keys of the puzzles, and draws of actions."""
_DRAWS = 100
"""Times as many puzzles as wanted that are drawn at most, before there are too few different ones."""


@dataclass(frozen=True)
class Measured:
    """What M episodes came to, in the order of the puzzles."""

    solved: NDArray[np.bool_]
    """(M,)"""
    steps: NDArray[np.int64]
    """(M,): steps taken."""
    returns: NDArray[np.float64]
    """(M,): sum of the rewards."""
    seconds: float
    """Wall time of playing, without that of making the puzzles."""

    @property
    def count(self) -> int:
        """M."""
        return len(self.solved)

    @property
    def solved_count(self) -> int:
        """How many were solved."""
        return int(self.solved.sum())

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval (Wilson) of the fraction that is solved."""
        return wilson_interval(self.solved_count, self.count)

    @property
    def mean_steps(self) -> float:
        """Mean steps of an episode, solved or not."""
        return float(self.steps.mean())

    @property
    def mean_return(self) -> float:
        """Mean sum of the rewards of an episode."""
        return float(self.returns.mean())


def measure(
    policy: MovePolicy,
    environment: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    puzzles: int = 1000,
    seed: int = 0,
    split: str = "test",
    deterministic: bool = True,
    at_once: int = AT_ONCE,
    progress: bool = False,
) -> Measured:
    """Play puzzles that no training with generated ones draws, each exactly once.

    The puzzles are those of ``unseen_puzzles``: they depend on the environment, the seed and the split, and not on the
    policy.

    Args:
        policy: that plays. It is asked about boards with a legal action; the others take action 0 until their time is
            over.
        environment: id with a native vector environment, such as ``"air_envs/Sudoku4x4-v0"``.
        arguments: of ``gymnasium.make_vec``, ``max_episode_steps`` included. ``pool`` and ``split`` do not matter.
        puzzles: how many; of a dataset at most those that there are.
        seed: of the puzzles, and of the actions where they are drawn.
        split: of a dataset.
        deterministic: take the most probable action; False draws by the probabilities.
        at_once: puzzles side by side. Drawn actions depend on it.
        progress: show a bar.

    Raises:
        ValueError: no puzzles, fewer different ones than asked for, or an environment without a native vector one.
    """
    held = unseen_puzzles(environment, arguments, puzzles, seed, split)
    rows = min(at_once, len(held))
    envs = gym.make_vec(environment, rows, autoreset_mode="Disabled", copy=False, **(arguments or {})).unwrapped
    if not isinstance(envs, PuzzleVectorEnv):
        raise ValueError(f"{environment}: {envs}, expected a native vector environment")
    envs.source = held
    return _play(policy, envs, len(held), np.random.default_rng([seed, _PLAY]), deterministic, progress)


def unseen_puzzles(
    environment: str, arguments: Mapping[str, Any] | None = None, count: int = 1000, seed: int = 0, split: str = "test"
) -> HeldPuzzles:
    """Return different puzzles of an environment's kind that it does not train with.

    Generated ones are made from scratch, so none is a symmetric copy from a pool. Small boards have few puzzles: a 4x4
    Sudoku or a 5x5 maze may still equal one that a long training met by chance.

    Args:
        environment: id.
        arguments: of ``gymnasium.make``. With a ``dataset`` the first rows of ``split`` are taken; with a ``source``
            its puzzles are drawn, which are unseen only if training has another.
        count: how many; of a dataset at most those that there are.
        seed: of generated puzzles.
        split: of a dataset.

    Raises:
        ValueError: a count below 1, no such environment, or fewer different puzzles than asked for.
    """
    if count < 1:
        raise ValueError(f"puzzles: found {count}, expected 1 or more")
    if environment.rpartition(":")[2] not in ENVIRONMENTS:
        raise ValueError(f"environment: found {environment!r}, expected one of {sorted(ENVIRONMENTS)}")
    given = dict(arguments or {})
    if given.get("dataset") is not None:
        given["split"] = split
    elif given.get("source") is None:
        given["pool"] = None
    env: Any = gym.make(environment, **given).unwrapped
    source = env.source
    if isinstance(source, DatasetPuzzles):
        return HeldPuzzles(source.family, source.take(np.arange(min(count, len(source)))))
    return HeldPuzzles(source.family, _different(source, count, np.random.default_rng([seed, _KEYS])))


def _different(source: PuzzleSource, count: int, rng: np.random.Generator) -> Puzzles:
    """Draw until ``count`` puzzles differ; the first of equal ones is kept."""
    parts: list[Puzzles] = []
    seen: set[bytes] = set()
    for _ in range(_DRAWS):
        drawn = source.load(rng.integers(1 << 64, size=count, dtype=np.uint64))
        new = []
        for row, puzzle in enumerate(drawn.puzzle):
            text = puzzle.tobytes()
            if text not in seen and len(seen) < count:
                seen.add(text)
                new.append(row)
        parts.append(drawn.take(np.array(new, np.int64)))
        if len(seen) == count:
            return Puzzles(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    raise ValueError(f"{source}: {len(seen)} different puzzles, expected {count}")


def _play(
    policy: MovePolicy,
    envs: PuzzleVectorEnv,
    count: int,
    rng: np.random.Generator,
    deterministic: bool,
    progress: bool,
) -> Measured:
    """Play the puzzles 0 to ``count - 1`` of the environment's source; a row that is through takes the next one."""
    rows = envs.num_envs
    playing = np.arange(rows)  # of each row: its puzzle, or ``count`` where none is left and it plays on unwatched
    waiting = rows  # the next puzzle
    solved, steps = np.zeros(count, np.bool_), np.zeros(count, np.int64)
    returns, sums = np.zeros(count), np.zeros(rows)
    start = time.perf_counter()
    observations, _ = envs.reset(options={"index": playing})
    with tqdm(total=count, desc="measure", unit=" puzzles", disable=not progress) as bar:
        while (playing < count).any():
            masks = envs.action_masks()
            actions = masks.argmax(1)
            asked = np.flatnonzero((playing < count) & masks.any(1))
            if len(asked):
                shown = {name: values[asked] for name, values in observations.items()}
                actions[asked] = (
                    most_probable(policy, shown, masks[asked])
                    if deterministic
                    else sample(policy, shown, masks[asked], rng)
                )
            observations, rewards, terminations, truncations, infos = envs.step(actions)
            sums += rewards
            over = np.flatnonzero(terminations | truncations)
            if not len(over):
                continue
            done = over[playing[over] < count]
            solved[playing[done]] = infos["solved"][done]
            steps[playing[done]] = infos["steps"][done]
            returns[playing[done]] = sums[done]
            bar.update(len(done))
            playing[over] = np.minimum(waiting + np.arange(len(over)), count)
            waiting += len(over)
            sums[over] = 0.0
            again = np.zeros(rows, np.bool_)
            again[over] = True
            index = np.minimum(playing, count - 1)
            observations, _ = envs.reset(options={"reset_mask": again, "index": index})
    return Measured(solved, steps, returns, time.perf_counter() - start)
