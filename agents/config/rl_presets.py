"""Runs of reinforcement learning by name. A preset is a whole ``RLConfig``; each field is a flag of ``train-rl``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.config.rl import RLConfig, TaskConfig

GAMMA = 0.5
"""Discount with the dense reward, which pays each move by itself. On 6x6 Sudoku 0.99 solved less in the same number of
steps; on 9x9 mazes the two do not differ reliably. A reward at the end alone needs a discount near 1."""


def _sudoku(name: str, side: int, task: dict[str, Any], **fields: Any) -> RLConfig:
    """Digits that fit alone are legal, and a board that no digit fits any more ends its episode.

    Each right digit is paid at once, so a short horizon is enough.
    """
    rules: dict[str, Any] = {
        "action_mask": "candidates",
        "end_on_contradiction": True,
        "max_episode_steps": side**2,
    }
    return RLConfig(
        output=Path(f"runs/rl/{name}"),
        task=TaskConfig(id="air_envs/Sudoku-v0", size=side, **rules | task),
        policy="units",
        **{"gamma": GAMMA} | fields,
    )


def _maze(name: str, side: int, task: dict[str, Any], **fields: Any) -> RLConfig:
    """Each move is paid by the way that it brings the agent nearer, so a short horizon is enough."""
    return RLConfig(
        output=Path(f"runs/rl/{name}"),
        task=TaskConfig(id="air_envs/Maze-v0", rows=side, columns=side, **task),
        policy="neighbours",
        hidden=8,
        **{"num_envs": 128, "n_steps": 8, "batch": 512, "epochs": 4, "lr": 2e-3, "gamma": GAMMA} | fields,
    )


RL_PRESETS: dict[str, RLConfig] = {
    "sudoku-4x4-easy": _sudoku("sudoku-4x4-easy", 4, {"clues": 10}, n_steps=8, steps=100_000, eval_every=20_000),
    "sudoku-4x4": _sudoku("sudoku-4x4", 4, {"clues": 4}, n_steps=8, steps=300_000, eval_every=25_000),
    "sudoku-6x6": _sudoku("sudoku-6x6", 6, {"clues": 14}, n_steps=8, steps=1_000_000, eval_every=50_000),
    "sudoku-9x9-easy": _sudoku(
        "sudoku-9x9-easy", 9, {"level": "easy"}, num_envs=128, n_steps=16, batch=512, steps=1_000_000, eval_every=50_000
    ),
    "maze-5x5": _maze("maze-5x5", 5, {"max_episode_steps": 50}, layers=12, steps=300_000, eval_every=50_000),
    "maze-9x9": _maze("maze-9x9", 9, {"max_episode_steps": 100}, layers=40, steps=200_000, eval_every=50_000),
    "maze-15x15": _maze(
        "maze-15x15",
        15,
        {"generator": "percolation", "max_episode_steps": 200},
        layers=80,
        steps=300_000,
        eval_every=50_000,
    ),
}
"""The algorithm is a flag: ``air-envs train-rl sudoku-4x4 --algorithm dqn``."""
