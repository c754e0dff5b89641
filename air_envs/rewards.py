"""Rewards: objects that one passes to an environment. Each sees the whole batch after a step.

Any callable will do that takes the ``Dynamics`` and returns (N,) float64. Those here subtract ``illegal_penalty`` for
an illegal action and ``step_cost`` for every step.
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from air_envs.dynamics import Dynamics

Reward = Callable[[Dynamics], NDArray[np.float64]]


@dataclass(frozen=True)
class PenalisedReward(abc.ABC):
    """The reward of the last step, less penalties; a subclass says what it is before penalties."""

    illegal_penalty: float = 0.0
    """Subtracted for an illegal action."""
    step_cost: float = 0.0
    """Subtracted for every step."""

    def __call__(self, dynamics: Dynamics) -> NDArray[np.float64]:
        """Return the reward of the last step, (N,) float64."""
        reward = self.before_penalties(dynamics)
        if self.illegal_penalty or self.step_cost:
            reward -= self.illegal_penalty * dynamics.refused + self.step_cost
        return reward

    @abc.abstractmethod
    def before_penalties(self, dynamics: Dynamics) -> NDArray[np.float64]:
        """Return the reward of the last step before penalties, (N,) float64, a new array."""


@dataclass(frozen=True)
class SparseReward(PenalisedReward):
    """1 on the step that solves the puzzle."""

    def before_penalties(self, dynamics: Dynamics) -> NDArray[np.float64]:
        """Return 1 where solved."""
        return dynamics.solved.astype(np.float64)


@dataclass(frozen=True)
class DenseReward(PenalisedReward):
    """The change of ``Dynamics.progress``: Sudoku cells that became right, Maze moves that brought the goal nearer.

    Sums to the progress made: 1 over a solved episode that starts without progress, as Sudokus and mazes do.
    """

    def before_penalties(self, dynamics: Dynamics) -> NDArray[np.float64]:
        """Return the progress now, less that before."""
        return dynamics.progress - dynamics.progress_before


@dataclass(frozen=True)
class ShapedReward(PenalisedReward):
    """The sparse reward, shaped by the potential ``progress - 1``: an agent with this discount learns the same policy.

    The potential counts as 0 in every terminal state (Ng, Harada and Russell 1999, Policy invariance under reward
    transformations; Grzes 2017, Reward shaping in episodic reinforcement learning): so the discounted sum over an
    episode that ends by itself is that of the sparse reward, plus 1, less the progress that the puzzle began with,
    whatever way it took.
    """

    discount: float = 0.99
    """The agent's discount, often called gamma."""

    def before_penalties(self, dynamics: Dynamics) -> NDArray[np.float64]:
        """Return 1 where solved, plus the discounted potential now, less that before."""
        potential = np.where(dynamics.ended, 0.0, dynamics.progress - 1.0)
        return dynamics.solved + self.discount * potential - (dynamics.progress_before - 1.0)


@dataclass(frozen=True)
class ConflictReward(PenalisedReward):
    """1 on the step that solves a Sudoku, less ``penalty`` for each cell that came into conflict by the step.

    A cell that comes out of conflict adds it again, so that every solved episode sums to 1.
    """

    penalty: float = 0.1

    def before_penalties(self, dynamics: Dynamics) -> NDArray[np.float64]:
        """Return 1 where solved, less the penalty of each conflict more than before."""
        counts = cast(CountsConflicts, dynamics)  # as_reward has looked
        return dynamics.solved - self.penalty * (counts.conflicts - counts.conflicts_before)


@runtime_checkable
class CountsConflicts(Protocol):
    """Dynamics that ``ConflictReward`` can judge."""

    conflicts: NDArray[np.int64]
    """(N,) int64: cells in conflict."""
    conflicts_before: NDArray[np.int64]
    """(N,) int64: the same before the last step."""


REWARDS: dict[str, Callable[[], Reward]] = {
    "conflict": ConflictReward,
    "dense": DenseReward,
    "shaped": ShapedReward,
    "sparse": SparseReward,
}


def as_reward(reward: str | Reward, dynamics: Dynamics) -> Reward:
    """Return the reward called ``reward`` for these dynamics; an object is returned as it is.

    Raises:
        ValueError: no such name and nothing to call, a class in place of an object, or a reward for conflicts where
            none are counted.
    """
    if not callable(reward) or isinstance(reward, type):
        if not isinstance(reward, str) or reward not in REWARDS:
            raise ValueError(f"reward: found {reward!r}, expected one of {sorted(REWARDS)} or a callable")
        reward = REWARDS[reward]()
    if isinstance(reward, ConflictReward) and not isinstance(dynamics, CountsConflicts):
        raise ValueError(f"reward: found {reward}, but {type(dynamics).__name__} counts no conflicts")
    return reward


def step_rewards(reward: Reward, dynamics: Dynamics) -> NDArray[np.float64]:
    """Return the reward of the last step, (N,) float64, a new array.

    Raises:
        ValueError: the reward returns another shape.
    """
    rewards = np.array(reward(dynamics), np.float64)
    if rewards.shape != (dynamics.count,):
        raise ValueError(f"reward: {reward} returned shape {rewards.shape}, expected ({dynamics.count},)")
    return rewards
