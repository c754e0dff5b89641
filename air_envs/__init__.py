"""Gymnasium environments of reasoning puzzles. Importing this registers them and loads nothing else.

import gymnasium, air_envs
env = gymnasium.make("air_envs/Sudoku-v0", size=6)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gymnasium.envs.registration import register

from puzzles.lazy_names import lazy_names

if TYPE_CHECKING:
    from air_envs.actions import ActionError
    from air_envs.curriculum import CurriculumPuzzles
    from air_envs.dynamics import Dynamics
    from air_envs.env import PuzzleEnv
    from air_envs.generated import GeneratedPuzzles, PooledPuzzles
    from air_envs.maze import MazeEnv, MazeVectorEnv
    from air_envs.rewards import ConflictReward, DenseReward, ShapedReward, SparseReward
    from air_envs.sources import DatasetPuzzles, HeldPuzzles, PuzzleSource
    from air_envs.sudoku import SudokuEnv, SudokuVectorEnv
    from air_envs.vector import PuzzleVectorEnv
    from air_envs.warming import warm_up
    from air_envs.wrappers import ActionMaskObservation, FlatObservation, ImageObservation, OneHotObservation
    from puzzles import PuzzleFamily

    __version__: str

__all__ = [
    "ENVIRONMENTS",
    "ActionError",
    "ActionMaskObservation",
    "ConflictReward",
    "CurriculumPuzzles",
    "DatasetPuzzles",
    "DenseReward",
    "Dynamics",
    "Environment",
    "FlatObservation",
    "GeneratedPuzzles",
    "HeldPuzzles",
    "ImageObservation",
    "MazeEnv",
    "MazeVectorEnv",
    "OneHotObservation",
    "PooledPuzzles",
    "PuzzleEnv",
    "PuzzleSource",
    "PuzzleVectorEnv",
    "ShapedReward",
    "SparseReward",
    "SudokuEnv",
    "SudokuVectorEnv",
    "__version__",
    "environment_id",
    "register_environment",
    "warm_up",
]


class Environment(NamedTuple):
    """One line of the table of environments."""

    kind: str
    """Of the puzzle family."""
    entry_point: str
    max_episode_steps: int
    kwargs: dict[str, Any]
    vector_entry_point: str | None = None
    """Of the native vector environment; without one, ``gymnasium.make_vec`` steps single environments in a loop."""


def _sudoku(max_episode_steps: int, **kwargs: Any) -> Environment:
    entry_points = "air_envs.sudoku:SudokuEnv", "air_envs.sudoku:SudokuVectorEnv"
    return Environment("sudoku", entry_points[0], max_episode_steps, kwargs, entry_points[1])


def _maze(max_episode_steps: int, **kwargs: Any) -> Environment:
    entry_points = "air_envs.maze:MazeEnv", "air_envs.maze:MazeVectorEnv"
    return Environment("maze", entry_points[0], max_episode_steps, kwargs, entry_points[1])


ENVIRONMENTS: dict[str, Environment] = {
    "air_envs/Sudoku-v0": _sudoku(500),
    "air_envs/Sudoku4x4-v0": _sudoku(100, size=4),
    "air_envs/Sudoku6x6-v0": _sudoku(200, size=6),
    "air_envs/SudokuExtreme-v0": _sudoku(500, generated={"level": "extreme"}),
    "air_envs/Sudoku16x16-v0": _sudoku(1500, size=16),
    "air_envs/Maze-v0": _maze(1000),
    "air_envs/MazePerfect-v0": _maze(2000, rows=21, columns=21, generated={"generator": "perfect"}),
    "air_envs/MazeHard-v0": _maze(2000, rows=30, columns=30, generated={"generator": "percolation"}),
}
"""Every id that ``register_environment`` has seen, the general one of a kind first."""


def register_environment(
    id: str,
    kind: str,
    entry_point: str,
    max_episode_steps: int,
    kwargs: dict[str, Any] | None = None,
    vector_entry_point: str | None = None,
) -> None:
    """Make an environment known to ``gymnasium.make`` and ``environment_id``: what a new family's package calls."""
    environment = Environment(kind, entry_point, max_episode_steps, kwargs or {}, vector_entry_point)
    ENVIRONMENTS[id] = environment
    register(
        id,
        entry_point=entry_point,
        max_episode_steps=max_episode_steps,
        kwargs=environment.kwargs,
        vector_entry_point=vector_entry_point,
    )


def environment_id(family: PuzzleFamily | str) -> str:
    """Return the id of a family's environment: ``"air_envs/Sudoku-v0"`` for ``"sudoku-9x9"``, or for the family.

    The id is the kind's; the shape comes from a dataset, or from arguments to ``gymnasium.make``.

    Raises:
        ValueError: no environment of that kind.
    """
    kind = family.split("-")[0] if isinstance(family, str) else family.kind
    for id, environment in ENVIRONMENTS.items():
        if environment.kind == kind:
            return id
    raise ValueError(f"no environment of {kind!r}, expected one of {sorted({e.kind for e in ENVIRONMENTS.values()})}")


for _id, _environment in list(ENVIRONMENTS.items()):
    register_environment(_id, *_environment)

# Imported when first asked for: environments load numba, which registering them must not.
_HOMES = {
    "ActionError": "air_envs.actions",
    "ActionMaskObservation": "air_envs.wrappers",
    "ConflictReward": "air_envs.rewards",
    "CurriculumPuzzles": "air_envs.curriculum",
    "DatasetPuzzles": "air_envs.sources",
    "DenseReward": "air_envs.rewards",
    "Dynamics": "air_envs.dynamics",
    "FlatObservation": "air_envs.wrappers",
    "GeneratedPuzzles": "air_envs.generated",
    "HeldPuzzles": "air_envs.sources",
    "ImageObservation": "air_envs.wrappers",
    "MazeEnv": "air_envs.maze",
    "MazeVectorEnv": "air_envs.maze",
    "OneHotObservation": "air_envs.wrappers",
    "PooledPuzzles": "air_envs.generated",
    "PuzzleEnv": "air_envs.env",
    "PuzzleSource": "air_envs.sources",
    "PuzzleVectorEnv": "air_envs.vector",
    "ShapedReward": "air_envs.rewards",
    "SparseReward": "air_envs.rewards",
    "SudokuEnv": "air_envs.sudoku",
    "SudokuVectorEnv": "air_envs.sudoku",
    "warm_up": "air_envs.warming",
}

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
