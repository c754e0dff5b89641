"""Small runs of reinforcement learning, of some seconds each."""

from pathlib import Path
from typing import Any

import torch

from agents.config.rl import RLConfig, TaskConfig
from agents.rl.learning.training import train
from agents.rl.saved import load

SUDOKU = TaskConfig(size=4, clues=10, action_mask="candidates", end_on_contradiction=True, max_episode_steps=8)
MAZE = TaskConfig(id="air_envs/Maze-v0", rows=5, columns=5, max_episode_steps=20)
SMALL: dict[str, Any] = {
    "num_envs": 8,
    "n_steps": 4,
    "batch": 16,
    "steps": 128,
    "hidden": 8,
    "layers": 2,
    "log_every": 32,
    "eval_every": 64,
    "eval_puzzles": 16,
    "checkpoint_every": 64,
    "learning_starts": 16,
    "buffer": 64,
}


def config(output: Path, **fields: Any) -> RLConfig:
    return RLConfig(output=output, **{"task": SUDOKU} | SMALL | fields)


def run(output: Path, **fields: Any) -> RLConfig:
    """Train from the start."""
    found = config(output, **fields)
    train(found, progress=False)
    return found


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load(folder).model.policy.state_dict()


def assert_same(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert torch.equal(ours[name], theirs[name]), name
