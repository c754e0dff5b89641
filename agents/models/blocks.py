"""A block of the Transformer f of AIR, HRM and TRM.

Shapes: B batch, S positions that f sees, D hidden.
"""

from __future__ import annotations

from torch import Tensor, nn

import puzzles
from agents.config.model import AIRConfig
from agents.models.candidates import CandidateBlock
from agents.models.layers import GridConvolution, SwiGLU, rms_norm
from agents.models.mixers import position_mixer
from agents.models.positions import Position


class Block(nn.Module):
    """A post-norm Transformer block: positions are mixed, then channels; h = rms(h + mixed(h)) both times.

    Where the configuration has a convolution, the channels of a cell are mixed with those of the cells around it.
    """

    def __init__(self, config: AIRConfig, family: puzzles.PuzzleFamily, attended: int):
        super().__init__()
        self.mixer = position_mixer(config, family, attended)
        side, grid = config.convolution, family.shape
        self.local = GridConvolution(config.hidden, side, grid) if side else nn.Identity()
        self.mlp = SwiGLU(config.hidden, config.expansion)

    def forward(self, h: Tensor, position: Position) -> Tensor:
        """(B, S, D) to the same."""
        h = self.mixer(h, position)
        return rms_norm(h + self.mlp(self.local(h)))


def build_block(config: AIRConfig, family: puzzles.PuzzleFamily, attended: int) -> nn.Module:
    """Build a block for a sequence of ``attended`` positions, the last of which are the cells."""
    return CandidateBlock(config, family) if config.mixer == "candidates" else Block(config, family, attended)
