"""Position encodings of the Transformer's sequence.

Shapes: B batch, S positions that f sees, C cells, D hidden.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import puzzles
from agents.config.model import AIRConfig
from agents.models.layers import truncated_normal


class Position(nn.Module):
    """A position encoding: something done to the embedded puzzle or to queries and keys; here nothing."""

    def add(self, x: Tensor) -> Tensor:
        """Mark the places of the embedded puzzle: (B, prefix + C, D) float32 to the same."""
        return x

    def rotate(self, q: Tensor) -> Tensor:
        """Rotate queries or keys: (B, heads, S, D / heads) to the same."""
        return q

    @property
    def angles(self) -> tuple[Tensor | None, Tensor | None]:
        """Cosines and sines of ``rotate``, (S, D / heads) each."""
        return None, None


class RotaryPosition(Position):
    """RoPE over the sequence that f sees, level token included, theta 10,000 (the paper)."""

    cos: Tensor
    sin: Tensor

    def __init__(self, positions: int, head_width: int, theta: float = 10_000.0):
        super().__init__()
        frequency = theta ** (-torch.arange(0, head_width, 2) / head_width)
        angle = torch.outer(torch.arange(positions), frequency).repeat(1, 2)
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)

    @property
    def angles(self) -> tuple[Tensor, Tensor]:
        """Cosines and sines of ``rotate``, (S, D / heads) each."""
        return self.cos, self.sin

    def rotate(self, q: Tensor) -> Tensor:
        """Rotate each pair (i, i + half) of a head by the position's angle."""
        left, right = q.chunk(2, dim=-1)
        turned = torch.cat((-right, left), dim=-1)
        return q * self.cos.to(q.dtype) + turned * self.sin.to(q.dtype)


class LearnedPosition(Position):
    """A learned vector per position, averaged with the embedding so that the variance stays (HRM's option)."""

    def __init__(self, positions: int, width: int):
        super().__init__()
        self.vectors = nn.Parameter(truncated_normal(positions, width, std=width**-0.5))

    def add(self, x: Tensor) -> Tensor:
        """Return (x + sqrt(D) * vectors) / sqrt(2)."""
        return (x + self.vectors * math.sqrt(x.shape[-1])) * math.sqrt(0.5)


class StructuredPosition(Position):
    """A learned vector per row, column and box, so that cells of one unit share a vector from the start.

    Not in the paper; on a CPU it learns sooner than a vector per position. The family supplies the coordinates.
    """

    coordinates: Tensor

    def __init__(self, coordinates: Tensor, width: int):
        super().__init__()
        offset = torch.cumsum(coordinates.amax(0) + 1, 0)
        coordinates = coordinates + F.pad(offset[:-1], (1, 0))
        self.register_buffer("coordinates", coordinates, persistent=False)
        self.vectors = nn.Parameter(truncated_normal(int(offset[-1]), width))

    def add(self, x: Tensor) -> Tensor:
        """Add each cell's vectors, one per coordinate."""
        return x + F.pad(self.vectors[self.coordinates].sum(1), (0, 0, x.shape[1] - len(self.coordinates), 0))


def position_encoding(config: AIRConfig, family: puzzles.PuzzleFamily, attended: int) -> Position:
    """Build what ``config.position`` names, for a sequence of prefix and cells of which f sees ``attended``."""
    match config.position:
        case "rope":
            return RotaryPosition(attended, config.hidden // config.heads)
        case "learned":
            return LearnedPosition(config.prefix + family.rows * family.columns, config.hidden)
        case "structured":
            return StructuredPosition(torch.from_numpy(family.coordinates), config.hidden)
        case "none":
            return Position()
