"""What mixes the positions of the sequence in a block: attention, attention inside units, or a SwiGLU over it.

Shapes: B batch, S positions that f sees, D hidden.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

import puzzles
from agents.config.model import AIRConfig
from agents.models.kernels.fused import attention, fuses_attention
from agents.models.layers import Linear, SwiGLU, rms_norm
from agents.models.positions import Position

# Below this length a plain softmax beats the fused kernel on a CPU (0.5 against 1.8 ms at 17 positions).
SHORT_SEQUENCE = 128


class Attention(nn.Module):
    """Multi-head attention without a mask or biases, with its residual and norm."""

    def __init__(self, config: AIRConfig):
        super().__init__()
        self.heads = config.heads
        self.qkv = Linear(config.hidden, 3 * config.hidden)
        self.out = Linear(config.hidden, config.hidden)

    def forward(self, h: Tensor, position: Position) -> Tensor:
        """(B, S, D) to the same."""
        return rms_norm(h + self.out(self.attended(h, position)))

    def attended(self, h: Tensor, position: Position) -> Tensor:
        """Return what the heads read, concatenated: (B, S, D) to the same, a kernel's in float8 if ``out`` is."""
        if self.fuses(h):
            return attention(self.qkv(h), *position.angles, self.heads, self.out.input_dtype(h.dtype))
        return self.attend(*self.project(h, position)).transpose(1, 2).flatten(-2)

    def fuses(self, h: Tensor) -> bool:
        """Whether a kernel does ``project`` after its product, and ``attend``."""
        return fuses_attention(h, h.shape[-1] // self.heads)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend with what ``project`` returns: (B, heads, S, D / heads) each to the same."""
        return attend(q, k, v)

    def maps(self, q: Tensor, k: Tensor) -> Tensor:
        """Return what each position attends to, a row each: (B, heads, S, S)."""
        return attention_weights(q, k)

    def project(self, h: Tensor, position: Position) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, (B, heads, S, D / heads) each, with the position encoding applied."""
        q, k, v = self.qkv(h).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return position.rotate(q), position.rotate(k), v


class UnitAttention(Attention):
    """Attention inside units: each head sees one kind of them, the rows, the columns or, in Sudoku, the boxes.

    Not in the paper: axial attention (arXiv 1912.12180) along the family's coordinates.
    """

    def __init__(self, config: AIRConfig, coordinates: NDArray[np.int64], before: int):
        super().__init__(config)
        self.kinds = nn.ModuleList(Units(coordinate, before) for coordinate in coordinates.T)
        if config.heads % len(self.kinds):
            raise ValueError(f"heads {config.heads}, expected a multiple of the {len(self.kinds)} kinds of units")

    def fuses(self, h: Tensor) -> bool:
        """Not inside units."""
        return False

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend with what ``project`` returns: (B, heads, S, D / heads) each to the same."""
        shares = zip(self.kinds, *(heads.chunk(len(self.kinds), dim=1) for heads in (q, k, v)), strict=True)
        return torch.cat([units.merge(attend(*map(units.split, heads))) for units, *heads in shares], dim=1)

    def maps(self, q: Tensor, k: Tensor) -> Tensor:
        """Return what each position attends to, a row each: (B, heads, S, S), 0 outside its units."""
        every = torch.eye(q.shape[2], dtype=q.dtype, device=q.device).expand(*q.shape[:2], -1, -1)
        return self.attend(q, k, every)


class Units(nn.Module):
    """The units of one kind: cells with one coordinate in common. What stands before the cells is in each of them."""

    members: Tensor
    places: Tensor

    def __init__(self, coordinate: NDArray[np.int64], before: int):
        super().__init__()
        self.before = before
        order = coordinate.argsort(kind="stable")
        cells = order.reshape(coordinate.max() + 1, -1) + before
        members = np.hstack((np.tile(np.arange(before), (len(cells), 1)), cells))
        self.register_buffer("members", torch.from_numpy(members), persistent=False)
        self.register_buffer("places", torch.from_numpy(order.argsort()), persistent=False)

    def split(self, h: Tensor) -> Tensor:
        """Lay the units out as if they were heads: (B, heads, S, ...) to (B, heads * units, members, ...)."""
        return h[:, :, self.members].flatten(1, 2)

    def merge(self, h: Tensor) -> Tensor:
        """Undo ``split``; a position that is in every unit gets the mean."""
        h = h.unflatten(1, (-1, len(self.members)))
        shared, cells = h[:, :, :, : self.before], h[:, :, :, self.before :]
        return torch.cat((shared.mean(2), cells.flatten(2, 3)[:, :, self.places]), dim=2)


class PositionMLP(nn.Module):
    """A SwiGLU over the sequence, channel by channel, with its residual and norm over the sequence (TRM's MLP)."""

    def __init__(self, positions: int, expansion: float):
        super().__init__()
        self.mlp = SwiGLU(positions, expansion)

    def forward(self, h: Tensor, position: Position) -> Tensor:
        """(B, S, D) to the same."""
        h = h.transpose(1, 2)
        return rms_norm(h + self.mlp(h)).transpose(1, 2)


def position_mixer(config: AIRConfig, family: puzzles.PuzzleFamily, attended: int) -> nn.Module:
    """Build what ``config.mixer`` names, for a sequence of ``attended`` positions, the last of which are the cells."""
    if config.mixer == "mlp":
        return PositionMLP(attended, config.expansion)
    if config.mixer == "units":
        return UnitAttention(config, family.coordinates, before=attended - len(family.coordinates))
    return Attention(config)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention of (B, heads, S, D / heads) tensors, by whichever way is fastest for the device and length."""
    if q.device.type != "cpu" or q.shape[-2] > SHORT_SEQUENCE:
        return F.scaled_dot_product_attention(q, k, v)
    return attention_weights(q, k) @ v


def attention_weights(q: Tensor, k: Tensor) -> Tensor:
    """(B, heads, S, S) softmax attention maps: row i is what position i attends to."""
    return ((q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)).softmax(-1)
