"""Matrix products in float8, which Hopper and Ada GPUs multiply twice as fast as bfloat16.

For training, where no gradient goes: under the paper's rule that is most of an ACT step, and all of the target of
q_continue. Updates with a gradient, and evaluation, stay as precise as they are.

Scales are fixed, so no product waits to learn the range of its factors: the norms keep hidden states at root mean
square 1, and weights begin at 1 / sqrt(fan_in). Both stay far inside float8's range, 2^-6 to 448 at full precision.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

E4M3 = torch.float8_e4m3fn
LARGEST = torch.finfo(E4M3).max
WEIGHT_RMS = 8.0
"""Root mean square of a fresh weight as it is rounded."""
SIDES = 16
"""The sides of a weight are multiples of this."""


def float8_product(h: Tensor, weight: Tensor) -> Tensor:
    """Multiply by a weight, both rounded to float8, the sum in more: (..., fan_in) to (..., fan_out).

    Args:
        h: of root mean square near 1; beyond 448 it is cut off. Its dtype is that of the result; where it comes in
            float8, that is bfloat16.
        weight: (fan_out, fan_in).
    """
    left, right, scale = float8_factors(h.reshape(-1, h.shape[-1]), weight)
    # The public torch.nn.functional.scaled_mm is younger than the oldest torch that the package takes.
    product = torch._scaled_mm(
        left,
        right.t(),
        scale_a=torch.ones((), device=h.device),
        scale_b=torch.full((), scale, device=h.device),
        out_dtype=torch.bfloat16 if h.dtype == E4M3 else h.dtype,
        use_fast_accum=True,
    )
    return product.view(*h.shape[:-1], len(weight))


def float8_factors(h: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, float]:
    """Round both factors of ``float8_product`` to float8; their product is to be multiplied by the number."""
    scale = WEIGHT_RMS * math.sqrt(weight.shape[1])
    return rounded(h), rounded(weight * scale), 1 / scale


def rounded(values: Tensor) -> Tensor:
    """Round to float8; what is too large becomes the largest there is."""
    return values if values.dtype == E4M3 else values.clamp(-LARGEST, LARGEST).to(E4M3)


def multiplies_float8(device: torch.device) -> bool:
    """Whether products can be of float8 there: on Ada, Hopper and later GPUs, and, slowly, on a CPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 9)
    return device.type == "cpu"
