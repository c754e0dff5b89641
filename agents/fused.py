"""Attention and SwiGLU as kernels of our own, for Hopper and later GPUs; elsewhere torch's do the same.

Shapes: B batch, S positions, D hidden, W the width of a head, T rows, I inner width of a SwiGLU.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import Tensor

LONGEST = 128
"""Positions of a sequence, at most: attention holds all of them at once."""
WIDTHS = (32, 64)
"""Widths of a head."""
FAN_IN, INNER = 128, 64
"""A SwiGLU's widths are multiples of these."""


def use_kernels(on: bool) -> None:
    """Say whether what fits takes the kernels, where there is Triton; AIR_ENVS_KERNELS=0 says no from the start."""
    global _used
    _used = on and _has_triton()


def _has_triton() -> bool:
    try:
        major, minor = version("triton").split(".")[:2]
    except PackageNotFoundError:
        return False
    return (int(major), int(minor)) >= (3, 4)


_used = False
use_kernels(os.environ.get("AIR_ENVS_KERNELS") != "0")


def fuses_attention(h: Tensor, width: int) -> bool:
    """Whether a kernel attends over these (B, S, D) positions, with heads of this width."""
    return _used and h.shape[1] <= LONGEST and width in WIDTHS and _on_hopper(h)


def fuses_gate(h: Tensor, inner: int) -> bool:
    """Whether a kernel computes the first half of a SwiGLU of this input and inner width: where no gradient goes."""
    fits = h.shape[-1] % FAN_IN == 0 and inner % INNER == 0
    return _used and fits and not torch.is_grad_enabled() and _on_hopper(h)


def _on_hopper(h: Tensor) -> bool:
    return h.is_cuda and h.dtype in (torch.bfloat16, torch.float16) and _is_hopper(h.device.index)


@torch.compiler.assume_constant_result
def _is_hopper(device: int) -> bool:
    return torch.version.hip is None and torch.cuda.get_device_capability(device) >= (9, 0)


def attention(qkv: Tensor, cos: Tensor | None, sin: Tensor | None, heads: int, dtype: torch.dtype) -> Tensor:
    """Attend, queries and keys rotated where there are angles: (B, S, 3 * D) to (B, S, D).

    Args:
        qkv: queries, keys and values, heads beside each other.
        cos: (S, W), as ``RotaryPosition`` has them, or None.
        sin: the same.
        heads: how many.
        dtype: of the result; where a gradient goes, that of ``qkv``.
    """
    if cos is not None and sin is not None:
        cos, sin = cos.to(qkv.dtype), sin.to(qkv.dtype)
    return attend(qkv.contiguous(), cos, sin, heads, dtype, torch.is_grad_enabled())[0]


def gate(h: Tensor, weight: Tensor, scale: float, dtype: torch.dtype) -> Tensor:
    """silu(gate) * up, where gate and up are scale times h times the (2 * I, D) weight: (..., D) to (..., I).

    Args:
        h: of the dtype of ``weight``.
        weight: contiguous.
        scale: of the products.
        dtype: of the result.
    """
    return multiply_and_gate(h.reshape(-1, h.shape[-1]), weight, scale, dtype).view(*h.shape[:-1], -1)


# The kernels as operators that torch.compile leaves whole. It would compile them as well, but without a limit to their
# registers, by which they take a fifth longer. Triton is imported with the first of them to run.


@torch.library.custom_op("air_envs::attend", mutates_args=())
def attend(
    qkv: Tensor, cos: Tensor | None, sin: Tensor | None, heads: int, dtype: torch.dtype, keep: bool
) -> tuple[Tensor, Tensor]:
    """``agents.kernels.attend``, and its gradient where ``keep``."""
    from agents import kernels

    return kernels.attend(qkv, cos, sin, heads, dtype, keep)


@attend.register_fake
def _(
    qkv: Tensor, cos: Tensor | None, sin: Tensor | None, heads: int, dtype: torch.dtype, keep: bool
) -> tuple[Tensor, Tensor]:
    batch, positions, width = qkv.shape
    log_total = (batch, heads, positions) if keep else (0,)
    return qkv.new_empty((batch, positions, width // 3), dtype=dtype), qkv.new_empty(log_total, dtype=torch.float32)


@torch.library.custom_op("air_envs::attend_gradient", mutates_args=())
def attend_gradient(
    qkv: Tensor, cos: Tensor | None, sin: Tensor | None, attended: Tensor, log_total: Tensor, gradient: Tensor
) -> Tensor:
    """``agents.kernels.attend_gradient``."""
    from agents import kernels

    return kernels.attend_gradient(qkv, cos, sin, attended, log_total, gradient)


@attend_gradient.register_fake
def _(
    qkv: Tensor, cos: Tensor | None, sin: Tensor | None, attended: Tensor, log_total: Tensor, gradient: Tensor
) -> Tensor:
    return torch.empty_like(qkv)


def _remember(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    ctx.save_for_backward(*inputs[:3], *output)


def _differentiate(ctx: Any, gradient: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
    return attend_gradient(*ctx.saved_tensors, gradient.contiguous()), None, None, None, None, None


attend.register_autograd(_differentiate, setup_context=_remember)


@torch.library.custom_op("air_envs::multiply_and_gate", mutates_args=())
def multiply_and_gate(h: Tensor, weight: Tensor, scale: float, dtype: torch.dtype) -> Tensor:
    """``agents.kernels.multiply_and_gate``."""
    from agents import kernels

    return kernels.multiply_and_gate(h, weight, scale, dtype)


@multiply_and_gate.register_fake
def _(h: Tensor, weight: Tensor, scale: float, dtype: torch.dtype) -> Tensor:
    return h.new_empty((len(h), len(weight) // 2), dtype=dtype)
