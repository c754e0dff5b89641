"""N puzzles being worked on at once, and the rules by which actions change them.

A single environment is a batch of one, a vector environment a batch of N: both call the same ``step``. A family writes
one subclass per way of acting; observations, masks and infos come from here too, so there is no second copy of them.
"""

from __future__ import annotations

import abc
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from air_envs.actions import check_discrete, check_discrete_batch, check_grid, check_grid_batch
from air_envs.drawing.scene import Scene, make_scene
from puzzles import PuzzleFamily, Puzzles

Rows = NDArray[np.int64]


class Dynamics(abc.ABC):
    """The state of ``count`` puzzles of one family. Every array's first axis is the puzzle.

    A subclass sets its spaces in ``__init__`` and writes ``_start`` and ``_apply``. ``observation``, ``info`` and
    ``masks`` hand out the state's own arrays, which the next step changes: environments copy what they give away.
    """

    action_type: ClassVar[str]
    """The name users choose it by: ``"place"``."""
    action_meaning: str = ""
    """What a discrete action is, for messages."""

    action_space: spaces.Space[Any]
    """Of one puzzle."""
    observation_space: spaces.Dict
    """Of one puzzle."""

    def __init__(self, family: PuzzleFamily, count: int):
        self.family = family
        self.count = count
        self.puzzle = np.zeros((count, *family.shape), np.uint8)
        """(N, rows, columns) uint8: unsolved."""
        self.solution = np.zeros_like(self.puzzle)
        self.grid = np.zeros_like(self.puzzle)
        """(N, rows, columns) uint8: the current grid."""
        self.rating = np.zeros(count, np.int64)
        self.steps = np.zeros(count, np.int64)
        """(N,) int64: steps taken this episode."""
        self.illegal = np.zeros(count, np.int64)
        """(N,) int64: how many of them were refused, or broke what the puzzle gives."""
        self.refused = np.zeros(count, np.bool_)
        """(N,) bool: whether the last step was."""
        self.solved = np.zeros(count, np.bool_)
        self.failed = np.zeros(count, np.bool_)
        """(N,) bool: given up as beyond repair, where a way of acting has such an end."""
        self.progress = np.zeros(count, np.float64)
        """(N,) float64: at most 1, and 1 where solved; what dense rewards are made of."""
        self.progress_before = np.zeros(count, np.float64)
        """(N,) float64: the same before the last step."""

    # -- what environments call -------------------------------------------------------------------------------------

    def reset(self, rows: Rows, puzzles: Puzzles) -> None:
        """Start new puzzles in the given rows of the batch: ``rows`` (K,) int64 for K puzzles."""
        self.puzzle[rows] = puzzles.puzzle
        self.solution[rows] = puzzles.solution
        self.rating[rows] = puzzles.rating
        self.grid[rows] = puzzles.puzzle
        self.steps[rows] = 0
        self.illegal[rows] = 0
        self.failed[rows] = False
        self._start(rows)

    def step(self, actions: NDArray[Any]) -> None:
        """Let one action act on each puzzle: (N,) int64, or (N, rows, columns) uint8. They have been checked."""
        self.steps += 1
        self.progress_before[:] = self.progress
        self._apply(actions)
        self.illegal += self.refused

    @property
    def ended(self) -> NDArray[np.bool_]:
        """(N,) bool: solved or failed, a new array."""
        return self.solved | self.failed

    def check(self, action: Any) -> NDArray[Any]:
        """Return one puzzle's action as a batch of one.

        Raises:
            ActionError: the action space does not hold it.
        """
        if isinstance(self.action_space, spaces.Discrete):
            return np.array((check_discrete(action, int(self.action_space.n), self.action_meaning),), np.int64)
        return check_grid(action, self.family.shape, self.family.cell_values)[None]

    def check_batch(self, actions: Any, ignored: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """Return the actions of all N puzzles as ``step`` takes them; those ``ignored``, (N,) bool, become 0.

        Raises:
            ActionError: naming the first sub-environment whose action the action space does not hold.
        """
        if isinstance(self.action_space, spaces.Discrete):
            return check_discrete_batch(actions, self.count, int(self.action_space.n), self.action_meaning, ignored)
        return check_grid_batch(actions, self.count, self.family.shape, self.family.cell_values, ignored)

    def observation(self) -> dict[str, NDArray[Any]]:
        """Return the observation's parts, each (N, ...): the state's own arrays."""
        return {"grid": self.grid, "puzzle": self.puzzle}

    def info(self) -> dict[str, NDArray[Any]]:
        """Return (N,) arrays, int64, float64 or bool, the state's own; the same keys at every call."""
        return {"solved": self.solved, "steps": self.steps, "illegal": self.illegal, "rating": self.rating}

    def masks(self) -> NDArray[np.int8] | None:
        """(N, actions) int8, the state's own: 1 for legal actions; None where actions are whole grids."""
        return None

    def scene(self, row: int) -> Scene:
        """Return what a picture of one puzzle shows."""
        return make_scene(self.family, self.grid[row], puzzle=self.puzzle[row])

    # -- what a family writes ---------------------------------------------------------------------------------------

    @abc.abstractmethod
    def _start(self, rows: Rows) -> None:
        """Compute ``solved``, ``progress`` and the subclass's own state of the given rows from their new puzzles."""

    @abc.abstractmethod
    def _apply(self, actions: NDArray[Any]) -> None:
        """Apply checked actions: set ``grid``, ``refused``, ``solved``, ``progress`` and the subclass's own state."""


def grid_space(family: PuzzleFamily) -> spaces.Box:
    """Return the space of one grid of a family: (rows, columns) uint8, 0 to its highest cell value."""
    return spaces.Box(0, family.cell_values - 1, family.shape, np.uint8)
