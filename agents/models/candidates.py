"""A block over candidates: one state per cell and symbol, such as the digits of Sudoku, and the same weights for all.

Shapes: B batch, S positions that f sees, D hidden = n symbols of d channels, I inner width.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

import puzzles
from agents.config.model import AIRConfig, candidate_width
from agents.models.layers import Linear, rms_norm
from agents.models.positions import Position


class CandidateBlock(nn.Module):
    """h = rms(h + down(silu(gate) * up)) per candidate, gate and up read off it and off the means of what it excludes.

    These are the means over the candidates of its cell and over those of its symbol in each region around it: row,
    column and box. A row and a column weigh alike, as a region and its transpose do. What stands before the cells, such
    as the prefix, takes the mean over the grid.

    Not in the paper. Of a puzzle whose symbols are renamed, or whose cells are moved so that regions stay regions, the
    answer is renamed and moved, to rounding; message passing between candidates as in Recurrent Relational Networks
    (arXiv 1711.08028), whose nodes are cells.
    """

    def __init__(self, config: AIRConfig, family: puzzles.PuzzleFamily):
        super().__init__()
        self.symbols, self.grid, self.regions = family.symbols, family.shape, family.regions
        width = config.hidden // self.symbols
        inner = candidate_width(width, config.expansion)
        shapes = sorted({tuple(sorted(region)) for region in self.regions})
        self.kinds = [shapes.index(tuple(sorted(region))) for region in self.regions]
        self.own = Linear(width, 2 * inner)
        self.cell = Linear(width, 2 * inner)
        self.around = nn.ModuleList(Linear(width, 2 * inner) for _ in shapes)
        self.whole = Linear(width, 2 * inner)
        self.down = Linear(inner, width)

    def forward(self, h: Tensor, position: Position) -> Tensor:
        """(B, S, D) to the same."""
        rows, columns = self.grid
        h = h.unflatten(-1, (self.symbols, -1))
        first = h.shape[1] - rows * columns
        cells = h[:, first:]
        read = self.own(h)  # the widest tensor by far: what is added to it is added in place
        read += self.cell(h.mean(2, keepdim=True))
        read[:, :first] += self.whole(cells.mean(1, keepdim=True))
        for (height, width), kind in zip(self.regions, self.kinds, strict=True):
            tiles = rows // height, height, columns // width, width
            mean = cells.unflatten(1, tiles).mean((2, 4), keepdim=True)
            read[:, first:].unflatten(1, tiles).add_(self.around[kind](mean))
        gate, up = read.chunk(2, dim=-1)
        return rms_norm(h + self.down(F.silu(gate) * up)).flatten(2)
