"""Mazes over a batch: moving an agent, or proposing a whole path."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from air_envs.dynamics import Dynamics, Rows, grid_space
from air_envs.maze import kernels
from puzzles.maze import Maze, rules
from puzzles.maze.cells import PATH, WALL


class MazeDynamics(Dynamics):
    """What both ways of acting share: distances to the goal."""

    family: Maze

    def __init__(self, family: Maze, count: int):
        super().__init__(family, count)
        self.distance = np.zeros((count, *family.shape), np.int32)
        """(N, rows, columns) int32: moves from each cell to the goal, -1 where there is no way."""
        self.optimal = np.zeros(count, np.int64)
        """(N,) int64: moves of a shortest path."""
        self.to_go = np.zeros(count, np.int64)
        """(N,) int64: moves from the agent, or from where the proposed path ends, to the goal."""
        self.agent = np.zeros((count, 2), np.int64)
        """(N, 2) int64: row and column of the agent; the start where there is none."""
        self._mask = np.zeros((count, 4), np.int8)
        self.observation_space = spaces.Dict(grid=grid_space(family), puzzle=grid_space(family))

    def info(self) -> dict[str, NDArray[Any]]:
        """Add ``distance`` and ``optimal_length``."""
        return super().info() | {"distance": self.to_go.copy(), "optimal_length": self.optimal.copy()}

    def _start(self, rows: Rows) -> None:
        self.distance[rows] = rules.distances(self.puzzle[rows])
        kernels.start(rows, self.puzzle, self.distance, self.agent, self.optimal, self.to_go, self._mask)
        self.solved[rows] = False
        self.progress[rows] = 0.0


class MazeMove(MazeDynamics):
    """An action moves the agent by one cell: Discrete(4), up, right, down, left."""

    action_type = "move"
    action_meaning = "0 up, 1 right, 2 down, 3 left"

    def __init__(self, family: Maze, count: int):
        super().__init__(family, count)
        self.action_space = spaces.Discrete(4)
        self.observation_space = spaces.Dict(
            agent=spaces.MultiDiscrete(list(family.shape)), grid=grid_space(family), puzzle=grid_space(family)
        )

    def observe(self) -> dict[str, NDArray[Any]]:
        """Add ``agent``, (N, 2) int64: row and column."""
        return {"agent": self.agent.copy(), **super().observe()}

    def masks(self) -> NDArray[np.int8]:
        """(N, 4) int8, a new array."""
        return self._mask.copy()

    def picture(self, row: int) -> dict[str, Any]:
        """Add the agent."""
        return super().picture(row) | {"agent": tuple(self.agent[row].tolist())}

    def _apply(self, actions: NDArray[Any]) -> None:
        kernels.move(
            actions, self.puzzle, self.distance, self.optimal,
            self.grid, self.agent, self.to_go, self._mask, self.refused, self.solved, self.progress,
        )  # fmt: skip


class MazePropose(MazeDynamics):
    """An action is a whole grid of which only the path cells count, each an answer."""

    action_type = "propose"

    def __init__(self, family: Maze, count: int):
        super().__init__(family, count)
        self.action_space = grid_space(family)

    def _apply(self, actions: NDArray[Any]) -> None:
        self.grid[:] = self.family.read_answer(self.puzzle, actions)
        self.refused[:] = ((self.grid == PATH) & (self.puzzle == WALL)).any(axis=(1, 2))
        kernels.measure(self.puzzle, self.distance, self.optimal, self.grid, self.to_go, self.progress)
        self.solved[:] = rules.is_solved(self.puzzle, self.grid)
