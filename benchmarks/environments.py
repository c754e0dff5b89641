"""Steps and resets a second: ``python -m benchmarks.environments`` prints one table, peers beside ours.

Every row plays random actions, their drawing included, legal by the mask where the peer has one, with resets as they
come. Our puzzles come from a dataset or, where it says "generated", from the default source. Peers are measured in the
same run where they are installed: ``pip install gymnasium-sudoku minigrid jumanji``.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numba import njit

import air_envs  # noqa: F401 - registers the environments
from benchmarks.table import Row, at_least, at_most, report, seconds
from puzzles.build import build_dataset

COUNT, STEPS, SINGLE_STEPS, PEER_COUNT = 1024, 200, 4000, 256
PUZZLES = 2000
SUDOKU, MAZE = "sudoku-9x9", "maze-10x10"
PLACE_TARGET, MOVE_TARGET, SINGLE_TARGET, RESET_TARGET, RATIO_TARGET = 3e6, 5e6, 5e4, 5e4, 20.0
GENERATED_TARGET, FIRST_RESET_TARGET = 1e6, 10.0
WARM_UP = 5.0
"""Seconds of play before puzzles from the default source are measured."""
LONG = 2000
"""Steps per measurement there: long enough for a pool to grow meanwhile."""
CANDIDATES: dict[str, Any] = {"action_mask": "candidates", "end_on_contradiction": True}


def ours() -> Iterator[Row]:
    note = "one process, masks and copies included"
    for what, family, id, target in (
        ("Sudoku place", SUDOKU, "air_envs/Sudoku-v0", PLACE_TARGET),
        ("Maze move 10x10", MAZE, "air_envs/Maze-v0", MOVE_TARGET),
    ):
        arguments = {"dataset": dataset(family)}
        yield at_least(f"{what}, {COUNT} at once", vector_rate(id, arguments), "steps/s", target, note)
        yield at_least(f"{what}, one", single_rate(id, arguments), "steps/s", SINGLE_TARGET)
    for what, family, id in (("Sudoku", SUDOKU, "air_envs/Sudoku-v0"), ("Maze 10x10", MAZE, "air_envs/Maze-v0")):
        env, envs = gym.make(id, dataset=dataset(family)), gym.make_vec(id, COUNT, dataset=dataset(family))
        env.reset(seed=0), envs.reset(seed=0)
        one = SINGLE_STEPS / seconds(lambda env=env: [env.reset() for _ in range(SINGLE_STEPS)])
        many = COUNT / seconds(envs.reset, 20)
        yield at_least(f"reset of {what}, one", one, "resets/s", RESET_TARGET)
        yield at_least(f"reset of {what}, {COUNT} at once", many, "resets/s", RESET_TARGET)


def generated() -> Iterator[Row]:
    """Nothing but ``gym.make_vec``: every episode starts with a puzzle of the default source."""
    ends = "candidates masked, ends at a contradiction"
    cases: tuple[tuple[str, str, dict[str, Any], str], ...] = (
        ("Sudoku", "air_envs/Sudoku-v0", CANDIDATES, ends),
        ("SudokuExtreme", "air_envs/SudokuExtreme-v0", CANDIDATES, ends),
        ("MazeHard", "air_envs/MazeHard-v0", {}, ""),
    )
    for what, id, arguments, note in cases:
        gym.make(id, **arguments).reset(seed=0)  # compiles, or reads what is compiled
        pooled = {**arguments, "pool": 1}  # whose bases no row above has had generated
        envs = gym.make_vec(id, COUNT, **pooled)
        first = seconds(functools.partial(envs.reset, seed=0), 1)
        yield at_most(f"generated {what}, first reset of {COUNT}", first, "s", FIRST_RESET_TARGET, "all cores")
        rate = vector_rate(id, pooled, WARM_UP, LONG)
        yield at_least(f"generated {what}, {COUNT} at once", rate, "steps/s", GENERATED_TARGET, note)
    rate = vector_rate("air_envs/Sudoku-v0", CANDIDATES | {"pool": None})
    yield Row(f"generated Sudoku, {COUNT} at once, pool=None", rate, "steps/s", note=ends)


def jumanji_peer() -> Iterator[Row]:
    if not installed("jumanji"):
        return
    ends = "candidates masked, ends at a contradiction"
    for what, id, ours_id, family, kwargs, shape, note in (
        ("Sudoku", "Sudoku-v0", "air_envs/Sudoku-v0", SUDOKU, CANDIDATES, {}, ends),
        ("Maze 10x10", "Maze-v0", "air_envs/Maze-v0", MAZE, {}, {"rows": 10, "columns": 10}, ""),
    ):
        theirs = jumanji_rate(id)
        rate = vector_rate(ours_id, {"dataset": dataset(family), **kwargs})
        from_pool = vector_rate(ours_id, kwargs | shape, WARM_UP, LONG)
        yield Row(f"Jumanji {what}, {COUNT} at once", theirs, "steps/s", note="JAX on the CPU, jitted, legal actions")
        yield Row(f"{what}, {COUNT} at once, ours", rate, "steps/s", note=note)
        yield Row(f"generated {what}, {COUNT} at once, ours", from_pool, "steps/s", note=note)
        yield at_least(f"{what}, ours / Jumanji", rate / theirs, "x", RATIO_TARGET)
        yield at_least(f"generated {what}, ours / Jumanji", from_pool / theirs, "x", RATIO_TARGET)


def gymnasium_peers() -> Iterator[Row]:
    peers = [("gymnasium_sudoku", "sudoku-v0"), ("gymnasium_sudoku", "sudoku-v1")]
    peers += [("minigrid", "MiniGrid-FourRooms-v0")]
    for module, id in peers:
        if not installed(module):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module(module)
            yield Row(f"{id}, one", loop_rate(gym.make(id), 1), "steps/s", note="any actions")
            envs = gym.make_vec(id, PEER_COUNT, vectorization_mode="sync")
            yield Row(
                f"{id}, {PEER_COUNT} in SyncVectorEnv", loop_rate(envs, PEER_COUNT), "steps/s", note="any actions"
            )


def vector_rate(id: str, arguments: dict[str, Any], warm_up: float = 0.0, steps: int = STEPS) -> float:
    """Return steps a second of the native vector environment, the best of five times ``steps`` steps.

    Args:
        id: of the environment.
        arguments: of the environment.
        warm_up: seconds that it plays before.
        steps: of all rows at once, each time.
    """
    envs = gym.make_vec(id, COUNT, **arguments)
    rng, actions = np.random.default_rng(0), np.zeros(COUNT, np.int64)
    _, infos = envs.reset(seed=0)

    def play(steps: int) -> None:
        nonlocal infos
        for _ in range(steps):
            legal_actions(infos["action_mask"], rng.integers(1 << 30, size=COUNT), actions)
            *_, infos = envs.step(actions)

    end = time.perf_counter() + warm_up
    play(2 * STEPS)
    while time.perf_counter() < end:
        play(STEPS)
    return COUNT * steps / seconds(functools.partial(play, steps), 5)


def single_rate(id: str, arguments: dict[str, Any]) -> float:
    """Return steps a second of one environment, less the time that drawing actions takes."""
    env, rng = gym.make(id, **arguments), np.random.default_rng(0)
    _, info = env.reset(seed=0)
    fastest = np.inf
    for _ in range(4):
        spent = 0.0
        for draw in rng.integers(1 << 30, size=SINGLE_STEPS):
            action = int(legal_action(info["action_mask"], draw))
            start = time.perf_counter()
            _, _, terminated, truncated, info = env.step(action)
            if terminated or truncated:
                _, info = env.reset()
            spent += time.perf_counter() - start
        fastest = min(fastest, spent)
    return SINGLE_STEPS / fastest


def loop_rate(env: Any, count: int) -> float:
    """Return steps a second of a peer's environment, or of ``count`` of them, which reset themselves."""
    env.reset(seed=0)
    actions = [env.action_space.sample() for _ in range(max(SINGLE_STEPS // count, 8))]

    def play() -> None:
        for action in actions:
            _, _, terminated, truncated, _ = env.step(action)
            if count == 1 and (terminated or truncated):
                env.reset()

    play()
    return len(actions) * count / seconds(play)


def jumanji_rate(id: str) -> float:
    """Return steps a second of Jumanji's environment, ``COUNT`` at once, rolled out in one compiled loop."""
    import jax
    import jumanji
    from jumanji.wrappers import VmapAutoResetWrapper

    env = VmapAutoResetWrapper(jumanji.make(id))

    def step(carry: Any, key: Any) -> Any:
        state, timestep = carry
        mask = timestep.observation.action_mask
        flat = mask.reshape(COUNT, -1)
        choice = jax.random.categorical(key, jax.numpy.where(flat, 0.0, -jax.numpy.inf))
        parts = jax.numpy.unravel_index(choice, mask.shape[1:])
        action = jax.numpy.stack(parts, axis=-1) if len(parts) > 1 else parts[0]
        return env.step(state, action), timestep.reward.sum()

    play = jax.jit(lambda carry, key: jax.lax.scan(step, carry, jax.random.split(key, STEPS)))
    carry = jax.jit(env.reset)(jax.random.split(jax.random.key(0), COUNT))
    jax.block_until_ready(play(carry, jax.random.key(1)))
    return COUNT * STEPS / seconds(lambda: jax.block_until_ready(play(carry, jax.random.key(2))))


@njit(cache=True, nogil=True)
def legal_actions(masks, draws, actions):
    """Draw a legal action for each row of ``masks``."""
    for i in range(len(masks)):
        actions[i] = legal_action(masks[i], draws[i])


@njit(cache=True, nogil=True)
def legal_action(mask, draw):
    """Return the first legal action from a random one on, in steps of 97: prime to 4 and to 9 ** 3."""
    count = len(mask)
    action = draw % count
    for _ in range(count):
        if mask[action]:
            break
        action = (action + 97) % count
    return action


@functools.cache
def dataset(family: str) -> str:
    """Build a dataset once per run, in a folder that goes with the process."""
    path = Path(_folder().name) / f"{family}.h5"
    build_dataset(path, family, train=PUZZLES, test=1, progress=False)
    return os.fspath(path)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


def installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


PARTS: tuple[Callable[[], Iterator[Row]], ...] = (ours, generated, jumanji_peer, gymnasium_peers)

if __name__ == "__main__":
    report("Environments", PARTS)
