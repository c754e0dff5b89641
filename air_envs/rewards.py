"""Rewards: objects that one passes to an environment. Each sees the whole batch after a step.

Any callable will do that takes the ``Dynamics`` and returns (N,) float64, a new array. Both rewards here sum to 1 over
an episode that is solved, less what penalties and costs took.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from air_envs.dynamics import Dynamics

Reward = Callable[[Dynamics], NDArray[np.float64]]


@dataclass(frozen=True)
class SparseReward:
    """1 on the step that solves the puzzle."""

    illegal_penalty: float = 0.0
    """Taken off for an illegal action."""
    step_cost: float = 0.0
    """Taken off for every step."""

    def __call__(self, dynamics: Dynamics) -> NDArray[np.float64]:
        """Return the reward of the last step, (N,) float64."""
        reward = dynamics.solved.astype(np.float64)
        if self.illegal_penalty or self.step_cost:
            reward -= self.illegal_penalty * dynamics.refused + self.step_cost
        return reward


@dataclass(frozen=True)
class DenseReward:
    """The change of ``Dynamics.progress``: Sudoku cells that became right, Maze moves that brought the goal nearer.

    The difference of a potential that is 0 when solved, so that it pays the same for every way to a solution
    (Ng, Harada and Russell 1999, Policy invariance under reward transformations).
    """

    discount: float = 1.0
    """The agent's discount; below 1 the potential is ``progress - 1``, discounted."""
    illegal_penalty: float = 0.0
    """Taken off for an illegal action."""
    step_cost: float = 0.0
    """Taken off for every step."""

    def __call__(self, dynamics: Dynamics) -> NDArray[np.float64]:
        """Return the reward of the last step, (N,) float64."""
        reward = self.discount * (dynamics.progress - 1.0) - (dynamics.progress_before - 1.0)
        if self.illegal_penalty or self.step_cost:
            reward -= self.illegal_penalty * dynamics.refused + self.step_cost
        return reward


REWARDS: dict[str, Callable[[], Reward]] = {"dense": DenseReward, "sparse": SparseReward}


def as_reward(reward: str | Reward) -> Reward:
    """Return the reward called ``reward``; an object is returned as it is.

    Raises:
        ValueError: no such name, and nothing to call.
    """
    if callable(reward):
        return reward
    if reward not in REWARDS:
        raise ValueError(f"reward: found {reward!r}, expected one of {sorted(REWARDS)} or a callable")
    return REWARDS[reward]()
