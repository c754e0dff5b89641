"""Features of a maze: messages between open neighbours, one small layer repeated, as in value iteration."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from gymnasium import spaces
from torch import Tensor, nn

from agents.rl.networks.boards import BoardFeatures, Features, MazeBoard, Observation
from agents.rl.networks.heads import MoveScores, PooledValue

TAIL = 8
"""Repetitions that the gradient goes through, the last ones: all would take ten times as long."""


class NeighbourFeatures(BoardFeatures):
    """Items are the agent's cell and the four around it.

        h <- max(h, relu(own(h_0) + around(max over the 4 neighbours of h)))    in open cells, 0 in walls

    repeated ``layers`` times with the same weights: an open cell hears of what is up to so many moves away, around all
    corners. ``around`` starts as the identity less ``1 / layers``, so each channel starts as a distance to its source;
    compare Value Iteration Networks (Tamar et al. 2016, arXiv 1602.02867).

    All directions have the same weights: if a maze is turned or reflected, its action probabilities are too, to
    rounding.

    Args:
        observation_space, action_space: of moving through a maze.
        hidden: D.
        layers: how often the layer is repeated: at least as many as a shortest path has moves.

    Raises:
        ValueError: spaces of no maze.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        hidden: int = 16,
        layers: int = 40,
    ):
        super().__init__(observation_space, action_space, hidden)
        if self.family.kind != "maze":
            raise ValueError(f"NeighbourFeatures: found {self.family.name}, expected a maze")
        self.board = MazeBoard()
        self.layers = layers
        self.embed = nn.Linear(4, hidden)
        self.own = nn.Linear(hidden, hidden)
        self.around = nn.Linear(hidden, hidden, bias=False)
        with torch.no_grad():
            self.own.weight *= 0.1
            self.own.bias.fill_(-1.0 / layers)
            self.around.weight.mul_(0.1).add_(torch.eye(hidden))

    def forward(self, observation: Observation) -> Features:
        """Return the features."""
        planes = self.board.planes(observation)
        is_open = planes[..., :1]
        h = torch.relu(self.embed(planes)) * is_open
        own = self.own(h)
        with torch.no_grad():
            for _ in range(self.layers - TAIL):
                h = self._layer(h, own, is_open)
        h = h.detach() if self.layers > TAIL else h
        for _ in range(min(TAIL, self.layers)):
            h = self._layer(h, own, is_open)
        return Features(self.board.around(observation, h))

    def _layer(self, h: Tensor, own: Tensor, is_open: Tensor) -> Tensor:
        return torch.maximum(h, torch.relu(own + self.around(_neighbours(h))) * is_open)

    def heads(self) -> tuple[nn.Module, nn.Module]:
        """Return a score per move, and the value of what is around the agent."""
        return MoveScores(self.features_dim), PooledValue(self.features_dim)


def _neighbours(h: Tensor) -> Tensor:
    """(B, R, C, D) to the same: the maximum over the four neighbours of each cell; features are at least 0."""
    vertical = torch.maximum(F.pad(h[:, 1:], (0, 0, 0, 0, 0, 1)), F.pad(h[:, :-1], (0, 0, 0, 0, 1, 0)))
    horizontal = torch.maximum(F.pad(h[:, :, 1:], (0, 0, 0, 1)), F.pad(h[:, :, :-1], (0, 0, 1, 0)))
    return torch.maximum(vertical, horizontal)
