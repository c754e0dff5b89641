"""Features of a maze: messages between open neighbours, one small layer repeated, as in value iteration."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from gymnasium import spaces
from torch import Tensor, nn

from agents.rl.networks.boards import UP, BoardFeatures, Features, MazeBoard, Observation
from agents.rl.networks.heads import MoveScores, MoveValue

TAIL = 8
"""Repetitions that the gradient goes through, the last ones: all would take ten times as long."""
CHECKED = 4
"""Repetitions between looks at whether anything still changes."""
STEP = 0.1
"""By how much a nearness falls with each move, at first."""
BORDER = 0, 0, 1, 1, 1, 1
"""A cell of zeros around the maze."""


class NeighbourFeatures(BoardFeatures):
    """Items are the agent's cell, and by how much the four around it are above it.

        h <- max(h, own(h_0) + around(max over the 4 neighbours of h))    in open cells; h is 0 in walls

    repeated with the same weights until nothing changes, at most ``layers`` times: an open cell hears of what is up to
    so many moves away, around all corners. But for small random numbers, ``around`` starts as the identity and ``own``
    as ``-STEP``, so each channel starts as a nearness to its source, which falls by ``STEP`` a move; compare Value
    Iteration Networks (Tamar et al. 2016, arXiv 1602.02867). The gradient goes through the last ``TAIL`` repetitions.

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
            self.embed.weight *= 6 * STEP * layers  # what is far away is to be seen above what is everywhere
            self.own.weight *= 0.1 / layers
            self.own.bias.fill_(-STEP)
            self.around.weight.mul_(0.1 / layers).add_(torch.eye(hidden))

    def forward(self, observation: Observation) -> Features:
        """Return the features."""
        planes = self.board.planes(observation)
        walls = planes[..., :1] == 0
        first = torch.relu(self.embed(planes)).masked_fill(walls, 0.0)
        own = self.own(first).masked_fill(walls, -torch.inf)
        h = first
        if self.layers > TAIL:
            h = self._spread(first, own, self.layers - TAIL)
        for _ in range(min(TAIL, self.layers)):
            h = torch.maximum(h, own + self.around(_neighbours(F.pad(h, BORDER))))
        here, around = self.board.around(observation, h).split((UP, 4), 1)
        nearer = ((around - here) / STEP).clamp(-2.0, 2.0)
        return Features(torch.cat((here / (STEP * self.layers), nearer), 1))

    @torch.no_grad()
    def _spread(self, first: Tensor, own: Tensor, layers: int) -> Tensor:
        """Repeat the layer without a gradient, in place."""
        padded = F.pad(first, BORDER)
        h, turned = padded[:, 1:-1, 1:-1], self.around.weight.T
        flat = own.flatten(0, 2)
        for layer in range(layers):
            read = torch.addmm(flat, _neighbours(padded).flatten(0, 2), turned).view_as(first)
            if layer % CHECKED == 0 and not (read > h).any():
                break
            torch.maximum(h, read, out=h)
        return h.clone()

    def heads(self) -> tuple[nn.Module, nn.Module]:
        """Return a score per move, and the value of what is around the agent."""
        return MoveScores(self.features_dim), MoveValue(self.features_dim)


def _neighbours(padded: Tensor) -> Tensor:
    """(B, R + 2, C + 2, D) to (B, R, C, D): the maximum over the four neighbours of each cell."""
    vertical = torch.maximum(padded[:, :-2, 1:-1], padded[:, 2:, 1:-1])
    return torch.maximum(torch.maximum(padded[:, 1:-1, :-2], padded[:, 1:-1, 2:]), vertical)
