"""Thinking as a way of acting: the model's updates are the actions, COMMIT proposes what z_H decodes to.

A mixin before a family's dynamics of whole grids; the two families here take two lines each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from agents.thinking.agent import AIRAgent
from agents.thinking.environment.mind import ACTIONS, COMMIT, IDLE, Mind
from agents.thinking.environment.observing import observer
from agents.thinking.environment.reporting import thinking_info
from air_envs.dynamics import Dynamics, Rows
from air_envs.maze.dynamics import MazePropose
from air_envs.rewards import Reward
from air_envs.sudoku.dynamics import SudokuPropose
from puzzles import Grids, PuzzleFamily


class Thinking(Dynamics):
    """Thinking and proposing, before a family's own dynamics that propose.

    Args:
        family: of the puzzles.
        count: N.
        agent: whose model thinks; of another grid shape where its weights fit.
        observations: a name of ``agents.thinking.environment.observing.OBSERVERS``.
        max_updates: see ``Mind``.
        max_commits: after that many proposals that do not solve it, a puzzle has failed.
        **propose: further arguments of the family's dynamics.

    Raises:
        ValueError: an unknown argument, or weights that don't fit the family.
    """

    action_type = "think"
    action_meaning = ACTIONS

    def __init__(
        self,
        family: PuzzleFamily,
        count: int,
        *,
        agent: AIRAgent,
        observations: str = "grids",
        max_updates: int | None = None,
        max_commits: int | None = None,
        **propose: Any,
    ):
        super().__init__(family, count, **propose)
        self.mind = Mind(agent.for_family(family), count, max_updates, max_commits)
        self.observer = observer(observations, self.mind)
        self.action_space = spaces.Discrete(3)
        self.observation_space = self.observer.space  # type: ignore[assignment]
        self.committed = np.zeros(count, np.bool_)
        """(N,) bool: whether the last step proposed."""
        self.grid_before = np.zeros_like(self.grid)
        """(N, rows, columns) uint8: the grid before the last step."""

    def check_batch(self, actions: Any, ignored: NDArray[np.bool_] | None = None) -> NDArray[Any]:
        """Return the actions as ``step`` takes them; those ``ignored`` become IDLE, which runs no update."""
        checked = super().check_batch(actions, ignored)
        return checked if ignored is None else np.where(ignored, IDLE, checked)

    def observation(self) -> dict[str, NDArray[Any]]:
        """Return the parts that the observer joins."""
        return self.observer.parts()

    def info(self) -> dict[str, NDArray[Any]]:
        """Add what was done and what it came to; see ``thinking_info``."""
        return super().info() | thinking_info(self.mind)

    def masks(self) -> NDArray[np.int8]:
        """(N, 3) int8: L and H while there are updates left, COMMIT always."""
        return self.mind.masks()

    def answers(self, row: int) -> tuple[Grids, Grids]:
        """Return the grid of one puzzle, and that before the last step: what was proposed last, or the puzzle."""
        return self.grid[row], self.grid_before[row]

    def _start(self, rows: Rows) -> None:
        super()._start(rows)  # type: ignore[safe-super]
        self.grid_before[rows] = self.grid[rows]
        self.committed[rows] = False
        self.mind.start(rows, self.puzzle[rows])

    def _apply(self, actions: NDArray[Any]) -> None:
        self.mind.step(actions)
        self.committed = actions == COMMIT
        self.grid_before[:] = self.grid
        # A proposal is all there is to a grid, so the puzzles that are being thought about propose theirs again.
        super()._apply(np.where(self.committed[:, None, None], self.mind.proposal, self.grid))  # type: ignore[safe-super]
        self.refused &= self.committed
        self.failed |= self.committed & ~self.solved & (self.mind.done[:, COMMIT] >= self.mind.max_commits)


class SudokuThinking(Thinking, SudokuPropose):
    """Sudokus that a model thinks about."""


class MazeThinking(Thinking, MazePropose):
    """Mazes that a model thinks about."""


class PricedUpdates:
    """A puzzle's reward, less a price for every L and H.

    Args:
        reward: of the puzzle.
        price: taken off for every update.
    """

    def __init__(self, reward: Reward, price: float):
        self.reward = reward
        self.price = price

    def __call__(self, dynamics: Dynamics) -> NDArray[np.float64]:
        """Return the reward of the last step, (N,) float64."""
        assert isinstance(dynamics, Thinking)
        return self.reward(dynamics) - self.price * (dynamics.mind.last < COMMIT)
