"""The lowest versions that ``pyproject.toml`` promises: installed once, and used.

Needs a package index.
"""

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

SMOKE = """
import os, sys
from pathlib import Path

import gymnasium as gym
import numpy as np

import air_envs
from agents.cli import main
from air_envs.drawing.files import save_gif
from puzzles.build import build_dataset
from puzzles.dataset import Dataset

folder = Path(sys.argv[1])

# environments, alone and in vectors, drawn
for name, wrappers in (("air_envs/Sudoku4x4-v0", (air_envs.OneHotObservation,)), ("air_envs/Maze-v0", ())):
    env = gym.make(name, render_mode="rgb_array")
    for wrap in wrappers:
        env = wrap(env)
    frames = []
    for episode in range(2):
        observation, info = env.reset(seed=episode)
        for _ in range(3):
            env.step(env.action_space.sample(info["action_mask"]))
            frames.append(env.render())
    save_gif(folder / "film.gif", frames, 100)
    env.close()
    envs = gym.make_vec(name, num_envs=3)
    envs.reset(seed=0)
    envs.step(envs.action_space.sample())
    envs.close()

# datasets, made twice, proved, exported and imported
words = ["data", "build", "sudoku-6x6", "--train", "20", "--test", "5", "--output"]
for name in "ab":
    main([*words, str(folder / f"{name}.h5")])
assert (folder / "a.h5").read_bytes() == (folder / "b.h5").read_bytes()
main(["data", "verify", str(folder / "a.h5")])
main(["data", "inspect", str(folder / "a.h5"), "--json"])
main(["data", "export", str(folder / "a.h5"), "--format", "npy", "--output", str(folder / "npy")])
main(["data", "import", str(folder / "npy"), "--output", str(folder / "c.h5")])
assert np.array_equal(Dataset(folder / "a.h5").split("test").puzzle, Dataset(folder / "c.h5").split("test").puzzle)
build_dataset(folder / "m.h5", "maze-5x5", train=9, test=3, progress=False)
for command in ("train", "ablate", "eval", "data build maze-9x9"):
    try:
        main([*command.split(), "--help"])
    except SystemExit as ended:
        assert not ended.code
print("lowest versions work")
"""


AGENTS_SMOKE = """
import sys
from pathlib import Path

import gymnasium as gym
from stable_baselines3 import PPO

import air_envs
from agents import AIRAgent
from agents.cli import main
from air_envs.sb3 import SB3VecEnv

folder = Path(sys.argv[1])
main(["data", "build", "sudoku-4x4", "--train", "20", "--test", "5", "--output", str(folder / "a.h5")])
small = "--model.hidden 8 --model.heads 1 --model.layers 1 --model.max-steps 2 --model.family sudoku-4x4"
train = f"train --dataset {folder}/a.h5 --output {folder}/run --steps 2 --batch 4 --device cpu {small}"
main([*train.split(), "--optimizer", "adamw"])
main(["train", "--resume", str(folder / "run")])
main(["eval", str(folder / "run"), str(folder / "a.h5"), "--device", "cpu"])
main(["watch", str(folder / "run"), "--output", str(folder / "film")])
main(["analyze", str(folder / "run"), str(folder / "a.h5"), "--output", str(folder / "analysis")])
main(["pack", str(folder / "run"), "--output", str(folder / "packed")])
agent = AIRAgent.from_pretrained(folder / "packed")
env = gym.make("air_envs/Sudoku4x4-v0", action_type="propose")
agent.predict(env.reset(seed=0)[0])
mazes = gym.make_vec("air_envs/Maze-v0", num_envs=2, rows=5, columns=5, autoreset_mode="SameStep")
PPO("MultiInputPolicy", SB3VecEnv(mazes), n_steps=8, batch_size=8).learn(16)
print("lowest versions work")
"""


def lowest(requirements):
    """Return each requirement at its lowest version: "numpy>=2.0" becomes "numpy==2.0"."""
    pins = []
    for requirement in requirements:
        match = re.fullmatch(r"([\w.-]+(?:\[[\w,]+\])?)>=([\d.]+)", requirement)
        assert match, f"{requirement}: expected NAME>=VERSION"
        pins.append(f"{match[1]}=={match[2]}")
    return pins


def run(*command, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def smoke(tmp_path, script, *pins):
    """Run a script in a new virtual environment with a copy of the project and packages of these versions."""
    source, python = tmp_path / "source", tmp_path / "venv" / "bin" / "python"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for package in ("puzzles", "air_envs", "agents"):
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__", "pretrained"))
    (source / "agents" / "pretrained").mkdir()
    for module in (ROOT / "agents" / "pretrained").glob("*.py"):
        shutil.copy(module, source / "agents" / "pretrained")
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    run(python, "-m", "pip", "install", "--quiet", source, *pins)
    run(python, "-m", "pip", "check")
    (tmp_path / "work").mkdir()
    out = run(python, "-c", script, tmp_path / "work", cwd=tmp_path)
    assert out.endswith("lowest versions work\n")


@pytest.mark.slow
def test_the_lowest_versions_of_the_core_packages_work(tmp_path):
    smoke(tmp_path, SMOKE, *lowest(PROJECT["dependencies"]))


@pytest.mark.slow
def test_the_lowest_versions_of_the_extra_agents_work(tmp_path):
    """But for torch, whose older versions come with CUDA alone: it takes the version that is installed here."""
    pins = lowest(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["agents"])
    torch = f"torch=={importlib.metadata.version('torch').partition('+')[0]}"
    smoke(tmp_path, AGENTS_SMOKE, torch, *(pin for pin in pins if not pin.startswith("torch==")))
