"""Expert episodes as a Minari dataset: for offline reinforcement learning and imitation of stored puzzles.

Minari is an optional extra, ``pip install 'air-envs[minari]'``, and imported when an export begins. The stored
environment generates puzzles of the dataset's shape; each episode's reset options hold the puzzle that it is about, so
the result needs no file but its own.
"""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
from tqdm import tqdm

from air_envs import environment_id
from air_envs.env import PuzzleEnv
from puzzles import PuzzleFamily
from puzzles.dataset import Dataset
from puzzles.errors import check_seed
from puzzles.maze.rules import COLUMN_STEPS, ROW_STEPS

Policy = Callable[[PuzzleEnv, np.random.Generator], Iterator[Any]]
"""Yields the actions that solve the puzzle of the episode; it may look at all of the environment's dynamics."""


class Expert(NamedTuple):
    """Who solves a family's puzzles, and the environment it does so in."""

    arguments: Callable[[PuzzleFamily], Mapping[str, Any]]
    """Of ``gymnasium.make`` for puzzles of a family's shape."""
    policies: Mapping[str, Policy]
    """By action type; the first is the default."""


def export_minari(
    dataset: Dataset | Path | str,
    id: str,
    episodes: int | None = None,
    *,
    split: str = "train",
    action_type: str | None = None,
    seed: int = 0,
    infos: bool = False,
    root: Path | str | None = None,
    progress: bool = True,
) -> Path:
    """Solve puzzles of a dataset in their environment and store the episodes as a Minari dataset.

    Args:
        dataset: a dataset file of ``puzzles``, or its path.
        id: Minari's name of the new dataset: ``"sudoku/expert-v0"``.
        episodes: the first so many puzzles, one episode each; None means the whole split.
        split: ``"train"`` or ``"test"``.
        action_type: of the environment; None means the step-by-step one, such as ``"place"`` or ``"move"``.
        seed: 0 <= seed < 2**64, of the order in which an expert acts where it has a choice.
        infos: store ``info`` too, with the action masks.
        root: the folder of Minari's datasets; None means Minari's own (``MINARI_DATASETS_PATH``).
        progress: show a progress bar on standard error.

    Returns:
        The folder of the new dataset.

    Raises:
        FileExistsError: Minari has a dataset of this name.
        DatasetError: the dataset is damaged, or has no such split.
        ValueError: no expert for these puzzles or actions, not so many puzzles, a malformed id, or Minari is not
            installed.
    """
    check_seed(seed)
    dataset = dataset if isinstance(dataset, Dataset) else Dataset(dataset)
    family = dataset.family
    expert, action_type, policy = _expert(family, action_type)
    view = dataset.split_view(split)
    count = len(view) if episodes is None else episodes
    if not 1 <= count <= len(view):
        raise ValueError(f"episodes: found {count}, expected 1 to {len(view)}, the puzzles in {split}")
    with _root(root), contextlib.ExitStack() as stack:
        try:
            import jax  # noqa: F401  # Minari collects with it
            import minari
            from minari.dataset.minari_dataset import parse_dataset_id
            from minari.storage import get_dataset_path
        except ImportError as error:
            raise ValueError(f"{error}, expected: pip install 'air-envs[minari]'") from None
        try:
            parse_dataset_id(id)
        except (ValueError, TypeError):
            raise ValueError(f"id: found {id!r}, expected NAME-v0 or NAMESPACE/NAME-v0") from None
        folder = get_dataset_path(id)
        if (folder / "data").exists():
            raise FileExistsError(f"{folder}: Minari has a dataset of this name, expected a new one")
        env = gym.make(
            environment_id(family),
            max_episode_steps=family.rows * family.columns,  # no expert takes more
            disable_env_checker=True,
            action_type=action_type,
            **expert.arguments(family),
        )
        collector = minari.DataCollector(env, record_infos=infos)
        stack.callback(collector.close)
        rng = np.random.default_rng(seed)
        for index in tqdm(range(count), desc="export minari", unit=" episodes", disable=not progress):
            _play(collector, family.format(view[index].puzzle), policy, rng)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`(author|author_email|code_permalink)` is set to None")  # who knows?
            collector.create_dataset(
                dataset_id=id,
                eval_env=env.spec,
                algorithm_name="expert",
                ref_min_score=0.0,
                ref_max_score=1.0,
                description=f"{family.name}: {count} puzzles solved step by step. {dataset.provenance.command}",
                requirements=["air-envs"],
            )
    return folder


def register_expert(kind: str, expert: Expert) -> None:
    """Say who solves the puzzles of a family's kind: what a new family's package calls."""
    _EXPERTS[kind] = expert


def _expert(family: PuzzleFamily, action_type: str | None) -> tuple[Expert, str, Policy]:
    if family.kind not in _EXPERTS:
        raise ValueError(f"no expert for {family.kind!r}, expected one of {sorted(_EXPERTS)}: see register_expert")
    expert = _EXPERTS[family.kind]
    action_type = next(iter(expert.policies)) if action_type is None else action_type
    if action_type not in expert.policies:
        raise ValueError(f"action_type: found {action_type!r}, expected one of {sorted(expert.policies)}")
    return expert, action_type, expert.policies[action_type]


def _play(collector: gym.Env[Any, Any], puzzle: str, policy: Policy, rng: np.random.Generator) -> None:
    """Play one episode to its end."""
    collector.reset(seed=int(rng.integers(2**31)), options={"puzzle": puzzle})
    env = collector.unwrapped
    assert isinstance(env, PuzzleEnv)
    solved = False
    for action in policy(env, rng):
        _, _, solved, _, _ = collector.step(action)
    if not solved:
        raise RuntimeError(f"the expert did not solve {puzzle!r}")


@contextlib.contextmanager
def _root(root: Path | str | None) -> Iterator[None]:
    """Let Minari keep its datasets in ``root`` for a while, said as an absolute path: it joins a relative one twice."""
    before = os.environ.get("MINARI_DATASETS_PATH")
    chosen = before if root is None else root
    if chosen is None:
        yield
        return
    os.environ["MINARI_DATASETS_PATH"] = os.path.abspath(chosen)
    try:
        yield
    finally:
        if before is None:
            del os.environ["MINARI_DATASETS_PATH"]
        else:
            os.environ["MINARI_DATASETS_PATH"] = before


# -- experts -----------------------------------------------------------------------------------------------------------


def _propose(env: PuzzleEnv, rng: np.random.Generator) -> Iterator[Any]:
    yield env.dynamics.solution[0].copy()


def _place(env: PuzzleEnv, rng: np.random.Generator) -> Iterator[int]:
    """Fill the blank cells in a random order."""
    solution = env.dynamics.solution[0].ravel().astype(np.int64)
    for cell in rng.permutation(np.flatnonzero(env.dynamics.puzzle[0].ravel() == 0)):
        yield int(cell * env.family.rows + solution[cell] - 1)


def _move(env: PuzzleEnv, rng: np.random.Generator) -> Iterator[int]:
    """Walk a shortest path, taking any of the moves that lead nearer."""
    while not env.dynamics.solved[0]:
        distance, (row, column) = env.dynamics.distance[0], env.dynamics.agent[0]  # type: ignore[attr-defined]
        masks = env.dynamics.masks()
        assert masks is not None
        legal = np.flatnonzero(masks[0])
        yield int(rng.choice([
            move for move in legal
            if distance[row + ROW_STEPS[move], column + COLUMN_STEPS[move]] == distance[row, column] - 1
        ]))  # fmt: skip


_EXPERTS: dict[str, Expert] = {
    "maze": Expert(
        lambda family: {"rows": family.rows, "columns": family.columns}, {"move": _move, "propose": _propose}
    ),
    "sudoku": Expert(lambda family: {"size": family.rows}, {"place": _place, "propose": _propose}),
}
