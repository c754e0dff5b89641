"""Attention and SwiGLU as kernels of our own, in bfloat16 on Hopper GPUs; elsewhere torch's do the same.

Shapes: B batch, S positions, D hidden, W the width of a head, T rows, I inner width of a SwiGLU.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from agents.models.kernels.sizes import FAN_IN, INNER, LONGEST, WIDTHS


def use_kernels(on: bool) -> None:
    """Say whether what fits takes the kernels, as from the start, where Triton is; AIR_ENVS_KERNELS=0 forbids it."""
    global _used
    _used = on and os.environ.get("AIR_ENVS_KERNELS") != "0" and _has_triton()


def _has_triton() -> bool:
    """Whether there is Triton 3.4 or newer, without the second that importing it takes."""
    triton = find_spec("triton")
    return bool(triton and triton.origin and (Path(triton.origin).parent / "tools" / "tensor_descriptor.py").exists())


_used = False
use_kernels(True)


def fuses_attention(h: Tensor, width: int) -> bool:
    """Whether a kernel attends over these (B, S, D) positions, with heads of this width."""
    return _used and h.shape[1] <= LONGEST and width in WIDTHS and _on_hopper(h)


def fuses_gate(h: Tensor, inner: int) -> bool:
    """Whether a kernel computes the first half of a SwiGLU of this input and inner width: where no gradient goes."""
    fits = h.shape[-1] % FAN_IN == 0 and inner % INNER == 0
    return _used and fits and not torch.is_grad_enabled() and _on_hopper(h)


def _on_hopper(h: Tensor) -> bool:
    return h.is_cuda and h.dtype == torch.bfloat16 and _is_hopper(h.device.index)


def _is_hopper(device: int) -> bool:
    return torch.version.hip is None and torch.cuda.get_device_capability(device)[0] == 9


# What torch.compiler.assume_constant_result does; that imports the compiler, in a second or two.
_is_hopper._dynamo_marked_constant = True  # type: ignore[attr-defined]


def attention(qkv: Tensor, cos: Tensor | None, sin: Tensor | None, heads: int, dtype: torch.dtype) -> Tensor:
    """Attend, queries and keys rotated where there are angles: (B, S, 3 * D) to (B, S, D).

    Args:
        qkv: queries, keys and values, one head after the other.
        cos: (S, W), as ``RotaryPosition`` has them, or None.
        sin: the same.
        heads: how many.
        dtype: of the result; where a gradient goes, that of ``qkv``.

    Raises:
        ValueError: angles of another number of positions.
    """
    if cos is not None and sin is not None:
        if len(cos) != qkv.shape[1]:
            raise ValueError(f"angles of {len(cos)} positions, expected {qkv.shape[1]}")
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
    rows = h.reshape(-1, h.shape[-1]).contiguous()
    return multiply_and_gate(rows, weight, scale, dtype).view(*h.shape[:-1], weight.shape[0] // 2)


# The kernels as operators that torch.compile leaves whole. It would compile them as well, but without a limit to their
# registers, by which they take a fifth longer. Triton is imported with the first of them to run.


@torch.library.custom_op("air_envs::attend", mutates_args=())
def attend(
    qkv: Tensor, cos: Tensor | None, sin: Tensor | None, heads: int, dtype: torch.dtype, keep: bool
) -> tuple[Tensor, Tensor]:
    """``agents.models.kernels.triton_kernels.attend``, and its gradient where ``keep``."""
    from agents.models.kernels import triton_kernels

    with torch.cuda.device_of(qkv):
        return triton_kernels.attend(qkv, cos, sin, heads, dtype, keep)


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
    """``agents.models.kernels.triton_kernels.attend_gradient``."""
    from agents.models.kernels import triton_kernels

    with torch.cuda.device_of(qkv):
        return triton_kernels.attend_gradient(qkv, cos, sin, attended, log_total, gradient)


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
    """``agents.models.kernels.triton_kernels.multiply_and_gate``."""
    from agents.models.kernels import triton_kernels

    with torch.cuda.device_of(h):
        return triton_kernels.multiply_and_gate(h, weight, scale, dtype)


@multiply_and_gate.register_fake
def _(h: Tensor, weight: Tensor, scale: float, dtype: torch.dtype) -> Tensor:
    return h.new_empty((h.shape[0], weight.shape[0] // 2), dtype=dtype)
