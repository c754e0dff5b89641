"""Compiling ahead: numba compiles a kernel when it is first called, which makes the first reset wait."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.envs.registration import load_env_creator
from tqdm import tqdm

from air_envs import ENVIRONMENTS
from air_envs.curriculum import CurriculumPuzzles
from air_envs.env import PuzzleEnv
from air_envs.sources import DatasetPuzzles, GeneratedPuzzles
from puzzles.build import build_dataset


def warm_up(kinds: Iterable[str] | None = None, progress: bool = True) -> None:
    """Compile what the environments of some kinds need, so that no reset waits for it any more.

    What is compiled stays on disk, in ``NUMBA_CACHE_DIR`` or beside the installed code, and is used until the code or
    the machine changes. Takes about a minute where there was nothing before, and a second or two after that.

    Args:
        kinds: of environments, such as ``["sudoku"]``; None compiles all.
        progress: show a progress bar on standard error.

    Raises:
        ValueError: no environment of such a kind.
    """
    known = sorted({environment.kind for environment in ENVIRONMENTS.values()})
    wanted = known if kinds is None else list(kinds)
    for kind in wanted:
        if kind not in known:
            raise ValueError(f"no environment of {kind!r}, expected one of {known}")
    cases = [case for id, environment in ENVIRONMENTS.items() if environment.kind in wanted for case in _cases(id)]
    with tempfile.TemporaryDirectory() as folder:
        bar = tqdm(cases, desc="compiling", disable=not progress, leave=False)
        for number, (id, arguments) in enumerate(bar):
            bar.set_postfix_str(id)
            _use(id, arguments, Path(folder) / f"{number}.h5")


def _cases(id: str) -> list[tuple[str, dict[str, Any]]]:
    """Return an id with every action type, and with the arguments that need kernels of their own."""
    env_type: type[PuzzleEnv] = load_env_creator(ENVIRONMENTS[id].entry_point)  # type: ignore[assignment]
    general = not ENVIRONMENTS[id].kwargs
    return [(id, {"action_type": action_type}) for action_type in env_type.dynamics_types] + [
        (id, arguments) for arguments in env_type.variants if general
    ]


def _use(id: str, arguments: dict[str, Any], path: Path) -> None:
    """Play one step, and do with the puzzles what datasets and evaluations do with them."""
    env = gym.make(id, disable_env_checker=True, **arguments)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    assert isinstance(env.unwrapped, PuzzleEnv)
    family, source = env.unwrapped.family, env.unwrapped.source
    if isinstance(source, GeneratedPuzzles):
        data = build_dataset(path, family, source.options, train=1, test=1, progress=False)
        source = DatasetPuzzles(data)
    gym.make(id, disable_env_checker=True, **arguments, source=CurriculumPuzzles([source])).reset(seed=0)
    puzzle, solution, _ = source.load(np.zeros(1, np.uint64))
    family.check(puzzle)
    family.solve(puzzle)
    family.is_solved(puzzle, solution)
    for convention in family.rating_conventions:
        family.rate(puzzle, convention)
