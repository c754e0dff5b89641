"""Features of Sudoku candidates: a state for each cell and digit, mixed over cell, row, column and box."""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor, nn

import puzzles
from agents.rl.networks.boards import BoardFeatures, Features, Observation, SudokuBoard, tiles
from agents.rl.networks.heads import ItemScores, PooledValue


class CandidateFeatures(BoardFeatures):
    """Items are candidates, R * C * n of them. All have the same weights.

    If digits are renamed, or rows, columns, bands or stacks change places, the action probabilities are renamed and
    moved alike and the value stays, to rounding. Rows and columns share weights too, so the same holds for a transposed
    Sudoku with square boxes.

    Args:
        observation_space, action_space: of placing digits.
        hidden: D.
        layers: how often it mixes.
        overwrite: whether the policy may write into a cell that it has filled. With the mask of candidates a wrong
            digit can rarely be made good, and to choose among ten more cells makes learning slower.

    Raises:
        ValueError: spaces of no Sudoku.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        hidden: int = 24,
        layers: int = 3,
        overwrite: bool = False,
    ):
        super().__init__(observation_space, action_space, hidden)
        if not self.family.symbols:
            raise ValueError(f"CandidateFeatures: found {self.family.name}, expected a Sudoku")
        self.board = SudokuBoard(self.family)
        self.overwrite = overwrite
        self.embed = nn.Linear(3, hidden)
        self.layers = nn.ModuleList(CandidateLayer(self.family, hidden) for _ in range(layers))

    def forward(self, observation: Observation) -> Features:
        """Return the features."""
        grid, puzzle = observation["grid"], observation["puzzle"]
        placed = self.board.placed(grid)
        free = ((puzzle if self.overwrite else grid) == 0)[..., None]
        mine = placed * (puzzle == 0)[..., None]
        h = self.embed(torch.stack((placed, mine, self.board.fits(placed) * free), -1))
        for layer in self.layers:
            h = layer(h)
        return Features(h.flatten(1, 3), (~free).expand(placed.shape).flatten(1))

    def heads(self) -> tuple[nn.Module, nn.Module]:
        """Return a score per candidate, and the value of all together."""
        return ItemScores(self.features_dim), PooledValue(self.features_dim)


class CandidateLayer(nn.Module):
    """h + relu(own + cell + row + column + box): of a candidate, and of the sums over those around it.

    Args:
        family: a Sudoku.
        width: D.
    """

    def __init__(self, family: puzzles.PuzzleFamily, width: int):
        super().__init__()
        self.regions = family.regions
        # A row and a column are alike, as a region and its transpose are.
        shapes = sorted({tuple(sorted(region)) for region in self.regions})
        self.kinds = [shapes.index(tuple(sorted(region))) for region in self.regions]
        self.scale = family.symbols**-0.5
        self.own = nn.Linear(width, width)
        self.cell = nn.Linear(width, width, bias=False)
        self.around = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in shapes)

    def forward(self, h: Tensor) -> Tensor:
        """(B, R, C, n, D) to the same."""
        read = self.own(h) + self.cell(h.sum(3, keepdim=True) * self.scale)
        for (height, width), kind in zip(self.regions, self.kinds, strict=True):
            total = tiles(h, height, width).sum((2, 4), keepdim=True) * self.scale
            tiles(read, height, width).add_(self.around[kind](total))
        return h + torch.relu(read)
