"""What chooses moves on boards: learned agents, baselines and models, behind one interface. Needs no torch."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class MovePolicy(Protocol):
    """Chooses moves for N boards at once. It keeps nothing between calls."""

    def probabilities(self, observations: Any, masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return with what probability it takes each action.

        Args:
            observations: a batch of the environment's observations, as a vector environment returns them.
            masks: (N, A) bool, which actions are legal.

        Returns:
            (N, A) float32. Each row sums to 1, and is 0 where the mask is False. A deterministic policy puts 1 on one
            action.
        """


def most_probable(policy: MovePolicy, observations: Any, masks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the most probable action of each board, int64 of shape (N,); the lowest where several are."""
    return policy.probabilities(observations, masks).argmax(1)


def sample(
    policy: MovePolicy, observations: Any, masks: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return one action of each board drawn by its probabilities, int64 of shape (N,)."""
    cumulative = policy.probabilities(observations, masks).astype(np.float64).cumsum(1)
    drawn = rng.random((len(cumulative), 1)) * cumulative[:, -1:]
    return (cumulative <= drawn).sum(1).astype(np.int64)
