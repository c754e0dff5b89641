"""Steps a second of PPO on 9x9 Sudoku, and the share of its time spent in the environment: a table.

    python -m benchmarks.rl_throughput

MaskablePPO plays 256 native environments, and beside them those of Stable-Baselines3's own ``make_vec_env`` in
processes. The PPO of ``examples/rl/ppo_single_file.py`` plays the same 256. Network and updates are those of each
library's defaults but for the numbers below; all learn with the same number of boards per update.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Any

import gymnasium as gym
from sb3_contrib import MaskablePPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv, VecEnv, VecEnvWrapper

import air_envs  # noqa: F401 - registers the environments
from air_envs.sb3 import SB3VecEnv
from benchmarks.table import Row, at_most, report
from examples.rl.ppo_single_file import Config, train

ID, RULES = "air_envs/Sudoku-v0", {"action_mask": "candidates", "end_on_contradiction": True, "reward": "dense"}
NUM_ENVS, PROCESSES = 256, 8
ROLLOUT, BATCH, EPOCHS = 4096, 1024, 2
UPDATES = 8
"""Updates that are measured, after one that compiles and warms up."""
SHARE_TARGET = 15.0


class Timed(VecEnvWrapper):
    """Adds up the seconds that a learner waits for its environments: steps, resets and masks."""

    def __init__(self, envs: VecEnv):
        super().__init__(envs)
        self.seconds = 0.0

    def reset(self) -> Any:
        """Reset, timed."""
        return self._timed(self.venv.reset)

    def step_async(self, actions: Any) -> None:
        """Start a step, timed."""
        self._timed(self.venv.step_async, actions)

    def step_wait(self) -> Any:
        """Wait for the step, timed."""
        return self._timed(self.venv.step_wait)

    def env_method(self, *words: Any, **named: Any) -> Any:
        """Call a method of the environments, such as that for masks, timed."""
        return self._timed(self.venv.env_method, *words, **named)

    def _timed(self, call: Any, *words: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return call(*words, **named)
        finally:
            self.seconds += time.perf_counter() - start


def learning(envs: VecEnv, updates: int = UPDATES) -> tuple[float, float]:
    """Let MaskablePPO learn; return its steps a second, and the percentage of time that it waits for ``envs``."""
    timed = Timed(envs)
    model = MaskablePPO(
        "MultiInputPolicy", timed, n_steps=ROLLOUT // envs.num_envs, batch_size=BATCH, n_epochs=EPOCHS, device="cpu"
    )
    model.learn(ROLLOUT)
    timed.seconds = 0.0
    start = time.perf_counter()
    model.learn(updates * ROLLOUT, reset_num_timesteps=False)
    seconds = time.perf_counter() - start
    return updates * ROLLOUT / seconds, 100 * timed.seconds / seconds


def native(updates: int = UPDATES) -> Iterator[Row]:
    envs = SB3VecEnv(gym.make_vec(ID, NUM_ENVS, autoreset_mode="SameStep", **RULES))
    rate, share = learning(envs, updates)
    what = f"MaskablePPO, {NUM_ENVS} native environments"
    yield Row(what, rate, "steps/s", note="MultiInputPolicy, one process")
    yield at_most(f"{what}: time in the environment", share, "%", SHARE_TARGET)


def subprocesses(updates: int = UPDATES) -> Iterator[Row]:
    # The module's name in front: a process of its own has registered nothing.
    envs = make_vec_env(f"air_envs:{ID}", n_envs=PROCESSES, seed=0, env_kwargs=RULES, vec_env_cls=SubprocVecEnv)
    try:
        rate, share = learning(envs, updates)
    finally:
        envs.close()
    what = f"MaskablePPO, make_vec_env with SubprocVecEnv, {PROCESSES} processes"
    yield Row(what, rate, "steps/s", note="the same policy and updates")
    yield Row(f"{what}: time in the environment", share, "%")


def single_file(updates: int = UPDATES) -> Iterator[Row]:
    config = Config(
        size=9, clues=None, steps=updates * ROLLOUT, num_envs=NUM_ENVS, n_steps=ROLLOUT // NUM_ENVS,
        batch=BATCH, epochs=EPOCHS, puzzles=1,
    )  # fmt: skip
    found = train(config)
    what = f"examples/rl/ppo_single_file.py, {NUM_ENVS} native environments"
    yield Row(what, config.steps / found.seconds, "steps/s", note="its own network of a few hundred weights")
    yield at_most(f"{what}: time in the environment", 100 * found.in_environment / found.seconds, "%", SHARE_TARGET)


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=UPDATES, help="that are measured")
    updates = parser.parse_args(words).updates
    parts = (native, subprocesses, single_file)
    report("PPO on Sudoku 9x9", [lambda part=part: part(updates) for part in parts])


if __name__ == "__main__":
    main()
