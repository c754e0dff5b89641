"""Mazes over a batch: moving an agent, or proposing a whole path."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from air_envs.drawing.scene import Scene, make_scene
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
        self.efficiency = np.zeros(count, np.float64)
        """(N,) float64: 1 where solved by a shortest path, less for detours; see the subclass."""
        self._mask = np.zeros((count, 4), np.int8)
        self._every_row = np.arange(count)
        self.observation_space = spaces.Dict(grid=grid_space(family), puzzle=grid_space(family))

    def info(self) -> dict[str, NDArray[Any]]:
        """Add ``distance``, ``optimal_length`` and ``efficiency``."""
        return super().info() | {
            "distance": self.to_go,
            "optimal_length": self.optimal,
            "efficiency": self.efficiency,
        }

    def _start(self, rows: Rows) -> None:
        self.distance[rows] = rules.distances(self.puzzle[rows])
        kernels.start(
            rows, self.puzzle, self.distance, self.agent, self.optimal, self.to_go,
            self._mask, self.solved, self.progress, self.efficiency,
        )  # fmt: skip


class MazeMove(MazeDynamics):
    """An action moves the agent by one cell: Discrete(4), up, right, down, left.

    ``efficiency`` is optimal length / steps once solved, 0 before.

    Args:
        family: a maze.
        count: N.
        view: None observes the whole maze; an odd number k only the k x k cells around the agent.

    Raises:
        ValueError: another ``view``.
    """

    action_type = "move"
    action_meaning = "0 up, 1 right, 2 down, 3 left"

    def __init__(self, family: Maze, count: int, *, view: int | None = None):
        super().__init__(family, count)
        self.action_space = spaces.Discrete(4)
        if view is None:
            self.window = None
            self.observation_space = spaces.Dict(
                {"agent": spaces.MultiDiscrete(list(family.shape)), **self.observation_space.spaces}
            )
            return
        if not isinstance(view, int) or view < 1 or view % 2 == 0:
            raise ValueError(f"view: found {view!r}, expected an odd number of cells, 1 or more")
        self.window = np.zeros((count, view, view), np.uint8)
        """(N, view, view) uint8: the grid around the agent, walls beyond the edge; None if all is observed."""
        self.observation_space = spaces.Dict(view=spaces.Box(0, family.cell_values - 1, (view, view), np.uint8))

    def observation(self) -> dict[str, NDArray[Any]]:
        """Add ``agent``, (N, 2) int64: row and column; or return ``view`` alone."""
        return {"agent": self.agent, **super().observation()} if self.window is None else {"view": self.window}

    def masks(self) -> NDArray[np.int8]:
        """(N, 4) int8."""
        return self._mask

    def scene(self, row: int) -> Scene:
        """Add the agent."""
        agent_row, agent_column = self.agent[row].tolist()
        return make_scene(self.family, self.grid[row], puzzle=self.puzzle[row], agent=(agent_row, agent_column))

    def _start(self, rows: Rows) -> None:
        super()._start(rows)
        self._look(rows)

    def _apply(self, actions: NDArray[Any]) -> None:
        kernels.move(
            actions, self.puzzle, self.distance, self.optimal, self.steps, self.grid, self.agent, self.to_go,
            self._mask, self.refused, self.solved, self.progress, self.efficiency,
        )  # fmt: skip
        self._look(self._every_row)

    def _look(self, rows: Rows) -> None:
        if self.window is not None:
            kernels.look(rows, self.grid, self.agent, self.window)


class MazePropose(MazeDynamics):
    """An action is a whole grid of which only the path cells count, each an answer.

    ``efficiency`` equals ``progress``: the moves that the path makes over the optimal length plus the useless cells.
    """

    action_type = "propose"

    def __init__(self, family: Maze, count: int):
        super().__init__(family, count)
        self.action_space = grid_space(family)

    def _apply(self, actions: NDArray[Any]) -> None:
        self.grid[:] = self.family.read_answer(self.puzzle, actions)
        self.refused[:] = ((self.grid == PATH) & (self.puzzle == WALL)).any(axis=(1, 2))
        kernels.measure(self.puzzle, self.distance, self.optimal, self.grid, self.to_go, self.progress)
        self.efficiency[:] = self.progress
        self.solved[:] = rules.is_solved(self.puzzle, self.grid)
