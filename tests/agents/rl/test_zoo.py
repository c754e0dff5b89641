"""The hyperparameter files of RL Zoo: each entry makes its environment and its model, and trains in RL Zoo itself."""

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import pytest
import yaml
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.vec_env import DummyVecEnv

import air_envs

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "examples" / "rl" / "zoo"
ALGORITHMS = {"ppo": PPO, "dqn": DQN}
ENTRIES = [
    (name, id, entry)
    for name in ALGORITHMS
    for id, entry in yaml.safe_load((FOLDER / f"{name}.yml").read_text()).items()
]


def test_every_file_is_of_an_algorithm():
    assert {path.stem for path in FOLDER.glob("*")} == ALGORITHMS.keys()


@pytest.mark.filterwarnings("error:You have specified a mini-batch size")
@pytest.mark.parametrize(("algorithm", "id", "entry"), ENTRIES, ids=lambda value: value if type(value) is str else "")
def test_an_entry_makes_its_environment_and_model(algorithm, id, entry):
    assert id in air_envs.ENVIRONMENTS
    entry = dict(entry)
    module, _, wrapper = entry.pop("env_wrapper").rpartition(".")
    arguments, count = entry.pop("env_kwargs"), entry.pop("n_envs")
    assert entry.pop("n_timesteps") >= 1e5
    entry["policy_kwargs"] = eval(entry["policy_kwargs"])
    rate = entry["learning_rate"]
    if isinstance(rate, str):  # RL Zoo's way to say that it falls to zero
        schedule, initial = rate.split("_")
        assert schedule == "lin"
        entry["learning_rate"] = float(initial)
    wrap = getattr(importlib.import_module(module), wrapper)
    envs = DummyVecEnv([lambda: wrap(gym.make(id, **arguments))] * count)
    model = ALGORITHMS[algorithm](env=envs, device="cpu", seed=0, **entry)
    action, _ = model.predict(envs.reset())
    assert len(envs.step(action)[1]) == count


@pytest.mark.skipif(importlib.util.find_spec("rl_zoo3") is None, reason="rl_zoo3 is not installed")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_rl_zoo_trains_with_it(algorithm, tmp_path):
    command = [
        sys.executable, "-m", "rl_zoo3.train", "--algo", algorithm, "--env", "air_envs/Maze-v0",
        "--gym-packages", "air_envs", "--conf-file", str(FOLDER / f"{algorithm}.yml"), "--n-timesteps", "2048",
        "--eval-freq", "-1", "--log-folder", str(tmp_path), "--device", "cpu", "--seed", "0",
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("air_envs-Maze-v0.zip"))
