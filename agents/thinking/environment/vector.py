"""The native vector environments: what ``gym.make_vec`` makes of the same ids."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.thinking.environment.dynamics import Thinking
from agents.thinking.environment.mind import Mind
from agents.thinking.environment.reporting import thinking_picture, thinking_text
from agents.thinking.environment.single import MazeThinkingEnv, SudokuThinkingEnv, ThinkingEnv
from air_envs.vector import PuzzleVectorEnv


class ThinkingVectorEnv(PuzzleVectorEnv):
    """N puzzles that one model thinks about: a step runs one batch of the rows that chose L, one of those with H.

    See ``PuzzleVectorEnv`` and, for all further arguments, ``SudokuThinkingEnv`` and ``MazeThinkingEnv``.
    """

    dynamics: Thinking
    template: ThinkingEnv

    @property
    def mind(self) -> Mind:
        """The model's states of all rows, and what was done so far."""
        return self.dynamics.mind

    def step(self, actions: Any) -> tuple[Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], Any]:
        """Run the updates that were chosen, and submit the proposals of the rows that commit.

        Raises:
            ActionError: an action that is not 0, 1 or 2, with its sub-environment; nothing has changed.
            ResetNeeded: some were not reset yet or, without autoreset, have ended.
        """
        observations, rewards, terminations, truncations, infos = super().step(actions)
        for row in np.flatnonzero(infos.get("_final_obs", ())).tolist():
            infos["final_obs"][row] = self.dynamics.observer.join(infos["final_obs"][row])
        return observations, rewards, terminations, truncations, infos

    def _text(self, row: int) -> str:
        return thinking_text(self.mind, row, *self.dynamics.answers(row))

    def _picture(self, row: int) -> Any:
        return thinking_picture(self.mind, row, *self.dynamics.answers(row), self.template.viewer)

    def _observations(self) -> Any:
        return self.dynamics.observer.join(super()._observations())

    def _out_of_time(self) -> NDArray[np.bool_]:
        return super()._out_of_time() | self.mind.out_of_updates


class SudokuThinkingVectorEnv(ThinkingVectorEnv):
    """N Sudokus that one model thinks about."""

    env_type = SudokuThinkingEnv


class MazeThinkingVectorEnv(ThinkingVectorEnv):
    """N mazes that one model thinks about."""

    env_type = MazeThinkingEnv
