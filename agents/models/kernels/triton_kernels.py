"""Kernels of our own for a GPU, in Triton: what would be memory traffic between two operations stays on the chip.

The first three functions launch them, for ``agents.models.kernels.fused``. Sizes and numbers of warps are those that
were fastest on an H200 at the paper's setting.

Shapes: B batch, S positions, D hidden, W the width of a head, T rows, I inner width of a SwiGLU.
"""

from __future__ import annotations

import math

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.tools.tensor_descriptor import TensorDescriptor

from agents.models.kernels.sizes import INNER

ROWS = 128
"""Of a program of the SwiGLU kernel."""
BYTES = 128
"""Of each row of its factors that it takes in at once."""
ALIGNMENT = 16
"""Bytes; where what a descriptor describes begins."""
LN_2: tl.constexpr = tl.constexpr(math.log(2))
"""Takes back what ``_scale`` does for powers of two."""

# A tile's sides are powers of two, so keys come in two stretches: 82 of them as 64 + 32, not 128.


def attend(
    qkv: Tensor, cos: Tensor | None, sin: Tensor | None, heads: int, dtype: torch.dtype, keep: bool
) -> tuple[Tensor, Tensor]:
    """Rotate queries and keys, and attend.

    Args:
        qkv: (B, S, 3 * D), contiguous: queries, keys and values, one head after the other.
        cos: (S, W) in the dtype of ``qkv``, as ``RotaryPosition`` has them; None for no rotation.
        sin: the same.
        heads: how many.
        dtype: of the result.
        keep: return what the gradient needs.

    Returns:
        (B, S, D), and the logarithms, to base 2, of what the weights are divided by: (B, heads, S) float32, or nothing.
    """
    batch, positions, hidden = qkv.shape[0], qkv.shape[1], qkv.shape[2] // 3
    attended = torch.empty((batch, positions, hidden), dtype=dtype, device=qkv.device)
    log_total = torch.empty((batch, heads, positions) if keep else 0, dtype=torch.float32, device=qkv.device)
    first, second = _stretches(positions)
    _attend[(batch * heads,)](
        qkv,
        cos,
        sin,
        attended,
        log_total,
        scale=_scale(hidden // heads),
        positions=positions,
        hidden=hidden,
        width=hidden // heads,
        queries=_tile(positions),
        first=first,
        second=second,
        keep=keep,
        num_warps=4,
        num_stages=1,
        maxnreg=168,  # three programs a multiprocessor
    )
    return attended, log_total


def attend_gradient(
    qkv: Tensor,
    cos: Tensor | None,
    sin: Tensor | None,
    attended: Tensor,
    log_total: Tensor,
    gradient: Tensor,
) -> Tensor:
    """Return the gradient of ``qkv``, given what ``attend`` took and gave and the gradient of what it gave."""
    (_, positions, hidden), (batch, heads, _) = attended.shape, log_total.shape
    result = torch.empty_like(qkv)
    _attend_gradient[(batch * heads,)](
        qkv,
        cos,
        sin,
        attended,
        log_total,
        gradient,
        result,
        scale=_scale(hidden // heads),
        positions=positions,
        hidden=hidden,
        width=hidden // heads,
        tile=_tile(positions),
        num_warps=8,
        num_stages=1,
        maxnreg=128,  # two programs a multiprocessor
    )
    return result


def multiply_and_gate(h: Tensor, weight: Tensor, scale: float, dtype: torch.dtype) -> Tensor:
    """Return silu(gate) * up, where the (2, T, I) gate and up are scale times h times weight.

    Args:
        h: (T, D), contiguous, its rows of a multiple of ``BYTES``.
        weight: (2 * I, D) of the same dtype, contiguous, I a multiple of ``INNER``.
        scale: of the products.
        dtype: of the result, (T, I).
    """
    rows, fan_in = h.shape
    inner = len(weight) // 2
    result = torch.empty((rows, inner), dtype=dtype, device=h.device)
    if rows == 0:
        return result
    if h.data_ptr() % ALIGNMENT:
        h = h.clone()
    depth = BYTES // h.itemsize
    _multiply_and_gate[(inner // INNER * triton.cdiv(rows, ROWS),)](
        TensorDescriptor.from_tensor(h, [ROWS, depth]),
        TensorDescriptor.from_tensor(weight.view(2, inner, fan_in), [2, INNER, depth]),
        TensorDescriptor.from_tensor(result, [ROWS, INNER]),
        scale=scale,
        inner=inner,
        fan_in=fan_in,
        block_rows=ROWS,
        block_inner=INNER,
        block_in=depth,
        approximate=h.is_cuda,
        num_warps=4,
        num_stages=2,
    )
    return result


def _tile(positions: int) -> int:
    """The side of a tile that holds all positions."""
    return max(16, triton.next_power_of_2(positions))


def _stretches(positions: int) -> tuple[int, int]:
    """Sides of the two tiles that hold all positions, or of one and 0."""
    tile = _tile(positions)
    rest = positions - tile // 2
    return (tile, 0) if tile == 16 or _tile(rest) == tile // 2 else (tile // 2, _tile(rest))


def _scale(width: int) -> float:
    """What products of queries and keys are multiplied by, for weights that are powers of two."""
    return width**-0.5 * math.log2(math.e)


@triton.jit
def _attend(
    qkv,
    cos,
    sin,
    attended,
    log_total,
    scale: tl.constexpr,
    positions: tl.constexpr,
    hidden: tl.constexpr,
    width: tl.constexpr,
    queries: tl.constexpr,
    first: tl.constexpr,
    second: tl.constexpr,
    keep: tl.constexpr,
):
    """One program per sequence and head."""
    start, head = _sequence_and_head(positions, hidden, width)
    qkv += start * 3 * hidden + head
    query = tl.arange(0, queries)
    q_left, q_right = _load_rotated(qkv, cos, sin, query, positions, hidden, width)

    scores = _score(qkv, cos, sin, q_left, q_right, 0, first, positions, hidden, width)
    most = tl.max(scores, 1)
    if second > 0:
        others = _score(qkv, cos, sin, q_left, q_right, first, second, positions, hidden, width)
        most = tl.maximum(most, tl.max(others, 1))
    most *= scale
    weights = tl.exp2(scores * scale - most[:, None])
    total = tl.sum(weights, 1)
    v = _load(qkv + 2 * hidden, tl.arange(0, first), positions, 3 * hidden, width)
    result = tl.dot(weights.to(v.dtype), v)
    if second > 0:
        weights = tl.exp2(others * scale - most[:, None])
        total += tl.sum(weights, 1)
        v = _load(qkv + 2 * hidden, first + tl.arange(0, second), positions, 3 * hidden, width)
        result = tl.dot(weights.to(v.dtype), v, result)

    _store(attended + start * hidden + head, result * (1 / total)[:, None], query, positions, hidden, width)
    if keep:
        at = log_total + tl.program_id(0) * positions + query
        tl.store(at, most + tl.log2(total), mask=query < positions)


@triton.jit
def _attend_gradient(
    qkv,
    cos,
    sin,
    attended,
    log_total,
    gradient,
    result,
    scale: tl.constexpr,
    positions: tl.constexpr,
    hidden: tl.constexpr,
    width: tl.constexpr,
    tile: tl.constexpr,
):
    """One program per sequence and head, which computes the weights again."""
    start, head = _sequence_and_head(positions, hidden, width)
    qkv += start * 3 * hidden + head
    result += start * 3 * hidden + head
    place = tl.arange(0, tile)
    d_attended = _load(gradient + start * hidden + head, place, positions, hidden, width)
    delta = _load(attended + start * hidden + head, place, positions, hidden, width).to(tl.float32)
    delta = tl.sum(delta * d_attended.to(tl.float32), 1)
    q_left, q_right = _load_rotated(qkv, cos, sin, place, positions, hidden, width)
    k_left, k_right = _load_rotated(qkv + hidden, cos, sin, place, positions, hidden, width)
    v = _load(qkv + 2 * hidden, place, positions, 3 * hidden, width)

    # A query past the end has no weights.
    at = log_total + tl.program_id(0) * positions + place
    total = tl.load(at, mask=place < positions, other=float("inf"))
    weights = tl.exp2(_multiply(q_left, q_right, k_left, k_right) * scale - total[:, None])
    weights = tl.where(place[None, :] < positions, weights, 0.0)
    d_v = tl.dot(weights.to(v.dtype).T, d_attended)
    _store(result + 2 * hidden, d_v, place, positions, 3 * hidden, width)
    d_scores = weights * (tl.dot(d_attended, v.T) - delta[:, None]) * (scale * LN_2)
    d_scores = d_scores.to(v.dtype)
    d_left, d_right = tl.dot(d_scores, k_left), tl.dot(d_scores, k_right)
    _store_rotated_back(result, cos, sin, d_left, d_right, place, positions, hidden, width)
    d_left, d_right = tl.dot(d_scores.T, q_left), tl.dot(d_scores.T, q_right)
    _store_rotated_back(result + hidden, cos, sin, d_left, d_right, place, positions, hidden, width)


@triton.jit
def _multiply_and_gate(
    h,
    weight,
    result,
    scale: tl.constexpr,
    inner: tl.constexpr,
    fan_in: tl.constexpr,
    block_rows: tl.constexpr,
    block_inner: tl.constexpr,
    block_in: tl.constexpr,
    approximate: tl.constexpr,
):
    """One program per tile of the result, those of the same rows one after another."""
    across: tl.constexpr = inner // block_inner
    row, column = tl.program_id(0) // across * block_rows, tl.program_id(0) % across * block_inner
    both = tl.zeros((block_rows, 2 * block_inner), dtype=tl.float32)
    for k in range(0, fan_in, block_in):
        factor = weight.load([0, column, k]).reshape(2 * block_inner, block_in)
        both = tl.dot(h.load([row, k]), factor.T, both)
    if scale != 1.0:
        both *= scale
    gate, up = both.reshape(block_rows, 2, block_inner).permute(0, 2, 1).split()
    # silu(x) = x * (1 + tanh(x / 2)) / 2
    half = 0.5 * gate
    value = half * up
    value += value * _tanh(half, approximate)
    result.store([row, column], value.to(result.dtype))


@triton.jit
def _tanh(x, approximate: tl.constexpr):
    """The hardware's own tanh has eleven bits, more than bfloat16 keeps."""
    if approximate:
        return tl.inline_asm_elementwise("tanh.approx.f32 $0, $1;", "=f,f", [x], dtype=tl.float32, is_pure=True, pack=1)
    return 2 * tl.sigmoid(2 * x) - 1


@triton.jit
def _sequence_and_head(positions: tl.constexpr, hidden: tl.constexpr, width: tl.constexpr):
    """Where this program's sequence begins among all positions, and its head among the channels."""
    heads: tl.constexpr = hidden // width
    return (tl.program_id(0) // heads).to(tl.int64) * positions, tl.program_id(0) % heads * width


@triton.jit
def _multiply(q_left, q_right, k_left, k_right):
    """Multiply queries with keys, which come in halves."""
    return tl.dot(q_right, k_right.T, tl.dot(q_left, k_left.T))


@triton.jit
def _score(
    qkv,
    cos,
    sin,
    q_left,
    q_right,
    start: tl.constexpr,
    size: tl.constexpr,
    positions: tl.constexpr,
    hidden: tl.constexpr,
    width: tl.constexpr,
):
    """Multiply all queries with a stretch of the keys; those past the end get minus infinity."""
    key = start + tl.arange(0, size)
    k_left, k_right = _load_rotated(qkv + hidden, cos, sin, key, positions, hidden, width)
    scores = _multiply(q_left, q_right, k_left, k_right)
    if start + size > positions:
        scores = tl.where(key[None, :] < positions, scores, float("-inf"))
    return scores


@triton.jit
def _load(head, place, positions: tl.constexpr, stride: tl.constexpr, width: tl.constexpr):
    """Load one head's channels at some places, (places, width); zeros past the end."""
    at = head + place[:, None] * stride + tl.arange(0, width)[None, :]
    return tl.load(at, mask=place[:, None] < positions, other=0.0)


@triton.jit
def _store(head, values, place, positions: tl.constexpr, stride: tl.constexpr, width: tl.constexpr):
    """Undo ``_load``."""
    at = head + place[:, None] * stride + tl.arange(0, width)[None, :]
    tl.store(at, values.to(head.dtype.element_ty), mask=place[:, None] < positions)


@triton.jit
def _load_rotated(heads, cos, sin, place, positions: tl.constexpr, hidden: tl.constexpr, width: tl.constexpr):
    """Load the halves of queries or keys, each pair (i, i + half) rotated by its place's angle."""
    half: tl.constexpr = width // 2
    left = _load(heads, place, positions, 3 * hidden, half)
    right = _load(heads + half, place, positions, 3 * hidden, half)
    if cos is not None:
        c, s = _load(cos, place, positions, width, half), _load(sin, place, positions, width, half)
        left, right = (left * c - right * s).to(left.dtype), (right * c + left * s).to(left.dtype)
    return left, right


@triton.jit
def _store_rotated_back(
    heads, cos, sin, left, right, place, positions: tl.constexpr, hidden: tl.constexpr, width: tl.constexpr
):
    """Undo ``_load_rotated``."""
    half: tl.constexpr = width // 2
    if cos is not None:
        c, s = _load(cos, place, positions, width, half), _load(sin, place, positions, width, half)
        left, right = left * c + right * s, right * c - left * s
    _store(heads, left, place, positions, 3 * hidden, half)
    _store(heads + half, right, place, positions, 3 * hidden, half)
