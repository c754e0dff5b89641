"""Features of cells: an embedding of each cell and residual 3x3 convolutions, for mazes and Sudokus."""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor, nn

from agents.rl.networks.boards import BoardFeatures, Features, MazeBoard, Observation, SudokuBoard, board_of
from agents.rl.networks.heads import ItemScores, MoveScores, MoveValue, PooledValue

DILATIONS = 1, 2, 4
"""Of the layers, in turn: with global means besides, the far end of a board is seen after a few."""


class ConvolutionFeatures(BoardFeatures):
    """Items are a Sudoku's cells, or a maze's five cells around the agent.

    It takes no symmetry for granted: weights differ by direction and, for Sudokus, by digit.

    Args:
        observation_space, action_space: of placing digits or of moving through a maze.
        hidden: channels.
        layers: convolutions.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        hidden: int = 32,
        layers: int = 6,
    ):
        super().__init__(observation_space, action_space, hidden)
        self.board = board_of(self.family)
        self.embed = nn.Conv2d(2 * self.family.symbols or 4, hidden, 1)
        self.layers = nn.ModuleList(ConvolutionLayer(hidden, DILATIONS[k % len(DILATIONS)]) for k in range(layers))

    def forward(self, observation: Observation) -> Features:
        """Return the features."""
        if isinstance(self.board, MazeBoard):
            cells = self._mixed(self.board.planes(observation))
            return Features(self.board.around(observation, cells), ~self.board.legal(observation))
        placed = self.board.placed(observation["grid"])
        blank = (observation["grid"] == 0)[..., None]
        cells = self._mixed(torch.cat((placed, self.board.fits(placed) * blank), -1))
        return Features(cells.flatten(1, 2), (~blank).expand(placed.shape).flatten(1))

    def _mixed(self, planes: Tensor) -> Tensor:
        """(B, R, C, planes) to (B, R, C, D)."""
        h = self.embed(planes.movedim(-1, 1))
        for layer in self.layers:
            h = layer(h)
        return h.movedim(1, -1)

    def heads(self) -> tuple[nn.Module, nn.Module]:
        """Return a score per digit of a cell or per move, and the value of all items together."""
        width = self.features_dim
        if isinstance(self.board, SudokuBoard):
            return ItemScores(width, self.family.symbols), PooledValue(width)
        return MoveScores(width), MoveValue(width)


class ConvolutionLayer(nn.Module):
    """h + relu(3x3 convolution of h + linear of its mean over the board).

    Args:
        width: channels.
        dilation: of the convolution.
    """

    def __init__(self, width: int, dilation: int):
        super().__init__()
        self.near = nn.Conv2d(width, width, 3, padding=dilation, dilation=dilation)
        self.whole = nn.Linear(width, width, bias=False)

    def forward(self, h: Tensor) -> Tensor:
        """(B, D, R, C) to the same."""
        return h + torch.relu(self.near(h) + self.whole(h.mean((2, 3)))[..., None, None])
