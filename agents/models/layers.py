"""The layers that the Transformer is made of: post-norm parts without biases, their weights drawn as in the paper.

Shapes: B batch, S positions that f sees, D hidden.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from agents.config.model import swiglu_width
from agents.models.float8 import E4M3, SIDES, float8_factors, float8_product, multiplies_float8
from agents.models.kernels.fused import fuses_gate, gate


class SwiGLU(nn.Module):
    """down(silu(gate(h)) * up(h)), over the last axis."""

    def __init__(self, width: int, expansion: float):
        super().__init__()
        inner = swiglu_width(width, expansion)
        self.gate_up = Linear(width, 2 * inner)
        self.down = Linear(inner, width)

    def forward(self, h: Tensor) -> Tensor:
        """(..., width) to the same."""
        return self.down(self._gated(h))

    def _gated(self, h: Tensor) -> Tensor:
        """Return silu(gate(h)) * up(h), (..., inner), from a kernel in float8 where the next product is."""
        if fuses_gate(h, self.down.weight.shape[1]):
            return gate(*self.gate_up.factors(h), self.down.input_dtype(h.dtype))
        gated, up = self.gate_up(h).chunk(2, dim=-1)
        return F.silu(gated) * up


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


class Linear(nn.Module):
    """A product without bias, its float32 weight cast to the input's dtype; truncated normal of std 1/sqrt(fan_in).

    Attributes:
        float8: in training, take products that no gradient goes through in float8; see ``use_float8``.
    """

    def __init__(self, fan_in: int, fan_out: int):
        super().__init__()
        self.float8 = False
        self.weight = nn.Parameter(truncated_normal(fan_out, fan_in, std=fan_in**-0.5))

    def forward(self, h: Tensor) -> Tensor:
        """(..., fan_in) to (..., fan_out)."""
        if self.in_float8:
            return float8_product(h, self.weight)
        return F.linear(h, self.weight.to(h.dtype))

    @property
    def in_float8(self) -> bool:
        """Whether its product is of float8 now."""
        return self.float8 and self.training and not torch.is_grad_enabled()

    def input_dtype(self, dtype: torch.dtype) -> torch.dtype:
        """The dtype that an input of ``dtype`` is rounded to before the product: float8, or ``dtype`` itself."""
        return E4M3 if self.in_float8 else dtype

    def factors(self, h: Tensor) -> tuple[Tensor, Tensor, float]:
        """Return two tensors of one dtype, and a number to multiply their product with for that of ``forward``."""
        return float8_factors(h, self.weight) if self.in_float8 else (h, self.weight.to(h.dtype), 1.0)


def use_float8(blocks: Iterable[nn.Module], device: torch.device) -> None:
    """Let the products of these blocks be of float8, in training, where no gradient goes through them.

    Raises:
        ValueError: the device does not multiply float8, or a weight has a side that is no multiple of 16.
    """
    if not multiplies_float8(device):
        raise ValueError(f"float8 on {device}, expected a CUDA device of compute capability 8.9 or more")
    layers = [layer for block in blocks for layer in block.modules() if isinstance(layer, Linear)]
    for rows, columns in (layer.weight.shape for layer in layers):
        if rows % SIDES or columns % SIDES:
            raise ValueError(f"float8 with a weight of {rows} x {columns}, expected multiples of {SIDES}")
    for layer in layers:
        layer.float8 = True


def rms_norm(h: Tensor) -> Tensor:
    """Normalise the last axis to root mean square 1, in float32 inside, without a gain."""
    return F.rms_norm(h, h.shape[-1:], eps=1e-5)


def truncated_normal(*shape: int, std: float = 1.0) -> Tensor:
    """Draw from a normal cut at two standard deviations and widened so that its standard deviation is ``std``."""
    wide = std / _TRUNCATED_STD
    return nn.init.trunc_normal_(torch.empty(shape), std=wide, a=-2 * wide, b=2 * wide)


# Standard deviation of a standard normal cut at two.
_TRUNCATED_STD = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))
