"""The Transformer f of AIR, HRM and TRM: post-norm blocks, and the position encodings of its sequence.

Shapes: B batch, S positions that f sees, D hidden.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import puzzles
from agents.config import AIRConfig, swiglu_width

# Below this length a plain softmax beats the fused kernel on a CPU (0.5 against 1.8 ms at 17 positions).
SHORT_SEQUENCE = 128


class Block(nn.Module):
    """A post-norm Transformer block: positions are mixed, then channels; h = rms(h + mixed(h)) both times.

    Where the configuration has a convolution, the channels of a cell are mixed with those of the cells around it.
    """

    def __init__(self, config: AIRConfig, positions: int, grid: tuple[int, int]):
        super().__init__()
        self.mixer = Attention(config) if config.mixer == "attention" else PositionMLP(positions, config.expansion)
        self.local = GridConvolution(config.hidden, config.convolution, grid) if config.convolution else nn.Identity()
        self.mlp = SwiGLU(config.hidden, config.expansion)

    def forward(self, h: Tensor, position: Position) -> Tensor:
        """(B, S, D) to the same."""
        h = self.mixer(h, position)
        return rms_norm(h + self.mlp(self.local(h)))


class Attention(nn.Module):
    """Multi-head attention without a mask or biases, with its residual and norm."""

    def __init__(self, config: AIRConfig):
        super().__init__()
        self.heads = config.heads
        self.qkv = Linear(config.hidden, 3 * config.hidden)
        self.out = Linear(config.hidden, config.hidden)

    def forward(self, h: Tensor, position: Position) -> Tensor:
        """(B, S, D) to the same."""
        attended = attend(*self.project(h, position))
        return rms_norm(h + self.out(attended.transpose(1, 2).flatten(-2)))

    def project(self, h: Tensor, position: Position) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, (B, heads, S, D / heads) each, with the position encoding applied."""
        q, k, v = self.qkv(h).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        return position.rotate(q), position.rotate(k), v


class PositionMLP(nn.Module):
    """A SwiGLU over the sequence, channel by channel, with its residual and norm over the sequence (TRM's MLP)."""

    def __init__(self, positions: int, expansion: float):
        super().__init__()
        self.mlp = SwiGLU(positions, expansion)

    def forward(self, h: Tensor, position: Position) -> Tensor:
        """(B, S, D) to the same."""
        h = h.transpose(1, 2)
        return rms_norm(h + self.mlp(h)).transpose(1, 2)


class SwiGLU(nn.Module):
    """down(silu(gate(h)) * up(h)), over the last axis."""

    def __init__(self, width: int, expansion: float):
        super().__init__()
        inner = swiglu_width(width, expansion)
        self.gate_up = Linear(width, 2 * inner)
        self.down = Linear(inner, width)

    def forward(self, h: Tensor) -> Tensor:
        """(..., width) to the same."""
        gate, up = self.gate_up(h).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class GridConvolution(nn.Module):
    """Adds to each cell a weighted sum of the cells around it, channel by channel; what stands before them stays.

    After the convolution inside URM's ConvSwiGLU (arXiv 2512.14693), over the grid in place of the sequence.
    """

    def __init__(self, width: int, side: int, grid: tuple[int, int]):
        super().__init__()
        self.grid = grid
        self.kernel = nn.Parameter(truncated_normal(width, 1, side, side, std=1 / side))

    def forward(self, h: Tensor) -> Tensor:
        """(B, S, D) to the same."""
        rows, columns = self.grid
        before, cells = h.split((h.shape[1] - rows * columns, rows * columns), dim=1)
        images = cells.unflatten(1, self.grid).permute(0, 3, 1, 2)
        kernel = self.kernel.to(h.dtype)
        around = F.conv2d(images, kernel, padding="same", groups=len(kernel)).permute(0, 2, 3, 1).flatten(1, 2)
        return torch.cat((before, cells + around), dim=1)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Softmax attention of (B, heads, S, D / heads) tensors, by whichever way is fastest for the device and length."""
    if q.device.type != "cpu" or q.shape[-2] > SHORT_SEQUENCE:
        return F.scaled_dot_product_attention(q, k, v)
    return attention_weights(q, k) @ v


def attention_weights(q: Tensor, k: Tensor) -> Tensor:
    """(B, heads, S, S) softmax attention maps: row i is what position i attends to."""
    return ((q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)).softmax(-1)


def rms_norm(h: Tensor) -> Tensor:
    """Normalise the last axis to root mean square 1, in float32 inside, without a gain."""
    return F.rms_norm(h, h.shape[-1:], eps=1e-5)


class Linear(nn.Module):
    """A product without bias, its float32 weight cast to the input's dtype; truncated normal of std 1/sqrt(fan_in)."""

    def __init__(self, fan_in: int, fan_out: int):
        super().__init__()
        self.weight = nn.Parameter(truncated_normal(fan_out, fan_in, std=fan_in**-0.5))

    def forward(self, h: Tensor) -> Tensor:
        """(..., fan_in) to (..., fan_out)."""
        return F.linear(h, self.weight.to(h.dtype))


class Position(nn.Module):
    """A position encoding: something done to the embedded puzzle or to queries and keys; here nothing."""

    def add(self, x: Tensor) -> Tensor:
        """Mark the places of the embedded puzzle: (B, prefix + C, D) float32 to the same."""
        return x

    def rotate(self, q: Tensor) -> Tensor:
        """Rotate queries or keys: (B, heads, S, D / heads) to the same."""
        return q


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

    Not in the paper; the fastest learner on a CPU. The family supplies the coordinates.
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


def truncated_normal(*shape: int, std: float = 1.0) -> Tensor:
    """Draw from a normal cut at two standard deviations and widened so that its standard deviation is ``std``."""
    wide = std / _TRUNCATED_STD
    return nn.init.trunc_normal_(torch.empty(shape), std=wide, a=-2 * wide, b=2 * wide)


# Standard deviation of a standard normal cut at two.
_TRUNCATED_STD = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))
