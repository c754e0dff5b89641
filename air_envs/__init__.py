"""Gymnasium environments of reasoning puzzles. Importing this registers them and loads nothing else.

import gymnasium, air_envs
env = gymnasium.make("air_envs/Sudoku-v0", size=6)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gymnasium.envs.registration import register

if TYPE_CHECKING:
    from air_envs.actions import ActionError
    from air_envs.dynamics import Dynamics
    from air_envs.env import PuzzleEnv
    from air_envs.maze import MazeEnv
    from air_envs.rewards import DenseReward, SparseReward
    from air_envs.sources import DatasetPuzzles, GeneratedPuzzles, PuzzleSource
    from air_envs.sudoku import SudokuEnv

__all__ = [
    "ENVIRONMENTS",
    "ActionError",
    "DatasetPuzzles",
    "DenseReward",
    "Dynamics",
    "GeneratedPuzzles",
    "MazeEnv",
    "PuzzleEnv",
    "PuzzleSource",
    "SparseReward",
    "SudokuEnv",
]

ENVIRONMENTS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "air_envs/Sudoku-v0": ("air_envs.sudoku:SudokuEnv", 500, {}),
    "air_envs/Maze-v0": ("air_envs.maze:MazeEnv", 1000, {}),
}
"""Every registered id: (entry point, time limit in steps, keyword arguments)."""

for _id, (_entry_point, _steps, _kwargs) in ENVIRONMENTS.items():
    register(_id, entry_point=_entry_point, max_episode_steps=_steps, kwargs=_kwargs)

# Imported when first asked for: environments load numba, which registering them must not.
_MODULES = {
    "ActionError": "air_envs.actions",
    "DatasetPuzzles": "air_envs.sources",
    "DenseReward": "air_envs.rewards",
    "Dynamics": "air_envs.dynamics",
    "GeneratedPuzzles": "air_envs.sources",
    "MazeEnv": "air_envs.maze",
    "PuzzleEnv": "air_envs.env",
    "PuzzleSource": "air_envs.sources",
    "SparseReward": "air_envs.rewards",
    "SudokuEnv": "air_envs.sudoku",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
