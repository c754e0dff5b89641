"""Heads that score every action with the same few weights, and say what a board is worth.

Shapes: B batch, D channels; items are what the features extractor keeps: candidates, cells, or a maze's five places.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from agents.rl.networks.boards import OWN, UP, Features

SMALL = 0.01
"""Scale of the heads' first weights. All legal actions start about equally probable, as is usual with PPO, and all
values near 0: else their noise would drown the small rewards of long episodes."""


class ItemScores(nn.Module):
    """Score each item by itself: (B, items, D) to (B, items * scores); candidates have one score, cells one a digit."""

    def __init__(self, width: int, scores: int = 1):
        super().__init__()
        self.score = nn.Linear(width, scores)
        with torch.no_grad():
            self.score.weight *= SMALL

    def forward(self, features: Features) -> Tensor:
        """Return the logits."""
        return features.close(self.score(features.items).flatten(1))


class MoveScores(nn.Module):
    """Score a move by the cell that it leads to and the cell where the agent stands: (B, 5, D) to (B, 4).

    All moves have the same weights, so a policy turns with the maze.
    """

    def __init__(self, width: int):
        super().__init__()
        self.there = nn.Linear(width, width)
        self.here = nn.Linear(width, width, bias=False)
        self.score = nn.Linear(width, 1, bias=False)
        with torch.no_grad():
            self.score.weight *= SMALL

    def forward(self, features: Features) -> Tensor:
        """Return the logits: up, right, down, left."""
        items = features.items
        inner = torch.relu(self.there(items[:, UP:]) + self.here(items[:, OWN : OWN + 1]))
        return features.close(self.score(inner).squeeze(-1))


class MoveValue(nn.Module):
    """Value of a maze from the agent's cell and the maximum over those around it: ``Features`` to (B, 1)."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = _two_layers(2 * width)

    def forward(self, features: Features) -> Tensor:
        """Return the values."""
        items = features.items
        return self.layers(torch.cat((items[:, OWN], items[:, UP:].amax(1)), 1))


class PriorScores(nn.Module):
    """Add the scores of another head, which start at 0, to logits that come with the features: it starts as these say.

    Args:
        scores: the other head; its last layer, ``score``, is set to 0.
    """

    def __init__(self, scores: ItemScores | MoveScores):
        super().__init__()
        self.scores = scores
        self.scale = nn.Parameter(torch.ones(()))
        for weight in scores.score.parameters():
            nn.init.zeros_(weight)

    def forward(self, features: Features) -> Tensor:
        """Return the logits."""
        assert features.prior is not None
        return features.close(self.scores(features) + self.scale * features.prior)


class PooledValue(nn.Module):
    """Value of a Sudoku from the mean and the maximum over its items: ``Features`` to (B, 1)."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = _two_layers(2 * width)

    def forward(self, features: Features) -> Tensor:
        """Return the values."""
        items = features.items
        return self.layers(torch.cat((items.mean(1), items.amax(1)), 1))


def _two_layers(width: int) -> nn.Module:
    last = nn.Linear(width, 1)
    with torch.no_grad():
        last.weight *= SMALL
        nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), last)
