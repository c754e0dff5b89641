"""The kernels against torch's, on a Hopper GPU, else in Triton's interpreter."""

import dataclasses
import os
import subprocess
import sys
from unittest.mock import Mock

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounter

from agents.config.model import AIRConfig
from agents.models.air import AIR
from agents.models.float8 import E4M3, rounded
from agents.models.kernels import fused
from agents.models.kernels.fused import (
    attend,
    attend_gradient,
    attention,
    fuses_attention,
    fuses_gate,
    gate,
    multiply_and_gate,
)
from agents.models.layers import SwiGLU, use_float8
from agents.models.positions import RotaryPosition

pytest.importorskip("triton", minversion="3.4")

GPU = torch.cuda.is_available()
if GPU and torch.cuda.get_device_capability()[0] != 9:
    pytest.skip("the kernels are for another GPU, and Triton's interpreter for none", allow_module_level=True)
DEVICE, DTYPE = ("cuda", torch.bfloat16) if GPU else ("cpu", torch.float32)
CLOSE, FLOAT8_CLOSE = (1e-2, 1 / 16) if GPU else (1e-5, 1 / 8)
"""The norm of an error, in that of what is right. The interpreter cuts float8 off where a GPU rounds."""
SMALL = AIRConfig(family="sudoku-4x4", hidden=128, heads=2, layers=1, max_steps=2)


@pytest.fixture(autouse=True)
def _kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use them here as well."""
    torch.manual_seed(0)
    monkeypatch.setattr(fused, "_used", True)
    if not GPU:
        monkeypatch.setattr(fused, "_on_hopper", lambda h: True)


def relative_error(found: Tensor, exact: Tensor) -> float:
    return float((found.detach().double() - exact.detach()).norm() / exact.detach().norm())


def exact_attention(qkv: Tensor, position: RotaryPosition, heads: int) -> Tensor:
    q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(position.rotate(q), position.rotate(k), v).transpose(1, 2).flatten(-2)


@pytest.mark.parametrize("width", fused.WIDTHS)
@pytest.mark.parametrize("positions", [1, 5, 16, 17, 37, 50, 64, 82, 101, 128])
def test_attention_and_its_gradient(positions: int, width: int) -> None:
    position = RotaryPosition(positions, width).to(DEVICE).double()
    qkv = torch.randn(2, positions, 3 * 2 * width, device=DEVICE, dtype=DTYPE, requires_grad=True)
    wide = qkv.detach().double().requires_grad_()
    exact, found = exact_attention(wide, position, 2), attention(qkv, position.cos, position.sin, 2, DTYPE)
    assert relative_error(found, exact) < CLOSE
    gradient = torch.randn_like(found)
    found.backward(gradient)
    exact.backward(gradient.double())
    assert qkv.grad is not None
    assert wide.grad is not None
    for name, part, right in zip("qkv", qkv.grad.chunk(3, -1), wide.grad.chunk(3, -1), strict=True):
        if positions == 1 and name != "v":  # whose one weight is 1 whatever they are
            assert part.abs().max() < CLOSE
        else:
            assert relative_error(part, right) < CLOSE, name
    with torch.no_grad():
        assert torch.equal(attention(qkv, position.cos, position.sin, 2, DTYPE), found)


def test_attention_of_what_is_not_contiguous() -> None:
    qkv = torch.randn(3 * 64, 2, 9, device=DEVICE, dtype=DTYPE).permute(1, 2, 0).requires_grad_()
    whole = qkv.detach().clone(memory_format=torch.contiguous_format).requires_grad_()
    gradient = torch.randn(64, 2, 9, device=DEVICE, dtype=DTYPE).permute(1, 2, 0)
    for one in (qkv, whole):
        attention(one, None, None, 2, DTYPE).backward(gradient)
    assert qkv.grad is not None
    assert whole.grad is not None
    assert torch.equal(qkv.grad, whole.grad)


def test_attention_into_float8() -> None:
    qkv = torch.randn(2, 82, 3 * 64, device=DEVICE, dtype=DTYPE)
    with torch.no_grad():
        found, exact = (attention(qkv, None, None, 1, dtype) for dtype in (E4M3, DTYPE))
    assert found.dtype == E4M3
    assert 0 < relative_error(found.float(), exact.double()) < FLOAT8_CLOSE


def test_angles_of_another_length_are_refused() -> None:
    position = RotaryPosition(4, 32).to(DEVICE)
    with pytest.raises(ValueError, match="angles of 4 positions, expected 5"):
        attention(torch.zeros(1, 5, 96, device=DEVICE, dtype=DTYPE), position.cos, position.sin, 1, DTYPE)


def test_attention_without_angles() -> None:
    qkv = torch.randn(3, 20, 3 * 64, device=DEVICE, dtype=DTYPE)
    still = RotaryPosition(20, 32)
    still.cos.fill_(1.0)
    still.sin.fill_(0.0)
    exact = exact_attention(qkv.double(), still.to(DEVICE).double(), 2)
    assert relative_error(attention(qkv, None, None, 2, DTYPE), exact) < CLOSE


def test_large_products_of_queries_and_keys_do_not_overflow() -> None:
    qkv = torch.zeros(1, 3, 3 * 32, device=DEVICE, dtype=DTYPE)
    qkv[0, :, :64] = 100.0
    qkv[0, :, 64:] = torch.arange(3.0, device=DEVICE, dtype=DTYPE)[:, None]
    found = attention(qkv, None, None, 1, DTYPE)
    torch.testing.assert_close(found, torch.ones_like(found))


@pytest.mark.parametrize("rows", [1, 130])
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_the_first_half_of_a_swiglu(rows: int, scale: float) -> None:
    h = torch.randn(rows, 3, 128, device=DEVICE, dtype=DTYPE)
    weight = torch.randn(2 * 192, 128, device=DEVICE, dtype=DTYPE) / 8
    left, up = (scale * (h.double() @ weight.double().t())).chunk(2, -1)
    found = gate(h, weight, scale, DTYPE)
    assert found.shape == (rows, 3, 192)
    assert relative_error(found, F.silu(left) * up) < CLOSE


def test_factors_and_results_of_float8() -> None:
    h, weight = torch.randn(40, 128, device=DEVICE), torch.randn(2 * 64, 128, device=DEVICE)
    left, up = (rounded(h).double() @ rounded(weight).double().t() / 8).chunk(2, -1)
    found = gate(rounded(h), rounded(weight), 1 / 8, E4M3)
    assert found.dtype == E4M3
    assert relative_error(found.float(), F.silu(left) * up) < FLOAT8_CLOSE
    if GPU:  # which saturates
        assert gate(rounded(100 * h), rounded(weight), 1.0, E4M3).float().abs().max() == 448


def test_a_swiglu_of_any_layout() -> None:
    """Transposed, as over the sequence, with a batch of one and of two; beginning anywhere; and empty."""
    layer = SwiGLU(128, 4.0).to(DEVICE)
    h = torch.randn(2, 128, 5, device=DEVICE, dtype=DTYPE)
    inputs = h[:1].mT, h.mT, h.flatten()[1:641].view(1, 5, 128), h.new_zeros(0, 5, 128)
    with torch.no_grad():
        for one in inputs:
            left, up = layer.gate_up(one).double().chunk(2, -1)
            found = layer._gated(one)
            assert found.shape == left.shape
            assert not found.numel() or relative_error(found, F.silu(left) * up) < CLOSE


def test_the_operators_are_what_torch_expects() -> None:
    qkv = torch.randn(1, 5, 3 * 32, device=DEVICE, dtype=DTYPE, requires_grad=True)
    torch.library.opcheck(attend, (qkv, None, None, 1, DTYPE, True))
    qkv = qkv.detach()
    torch.library.opcheck(attend, (qkv, None, None, 1, DTYPE, False))
    gradient = torch.randn(1, 5, 32, device=DEVICE, dtype=DTYPE)
    torch.library.opcheck(attend_gradient, (qkv, None, None, *attend(qkv, None, None, 1, DTYPE, True), gradient))
    h, weight = torch.randn(2, 128, device=DEVICE, dtype=DTYPE), torch.randn(128, 128, device=DEVICE, dtype=DTYPE)
    torch.library.opcheck(multiply_and_gate, (h, weight, 1.0, DTYPE))


def test_one_program_serves_batches_of_any_size() -> None:
    counter = CompileCounter()
    weight = torch.randn(128, 128, device=DEVICE, dtype=DTYPE)
    compiled = torch.compile(lambda h: gate(h, weight, 1.0, DTYPE), backend=counter)
    with torch.no_grad():
        for rows in (2, 3, 4, 5, 6):
            compiled(torch.randn(rows, 128, device=DEVICE, dtype=DTYPE))
    assert counter.frame_count == 2, "the first one, and all others"


def step(model: AIR, forward: nn.Module) -> list[Tensor]:
    """Logits of an ACT step and every gradient."""
    torch.manual_seed(1)
    tokens = torch.randint(1, 6, (3, 16), device=DEVICE)
    model.zero_grad()
    _, output = forward(tokens, model.initial_state(3, DTYPE))
    (output.logits.square().sum() + output.q_halt.sum()).backward()
    return [output.logits.detach(), *(p.grad.clone() for p in model.parameters() if p.grad is not None)]


@pytest.mark.parametrize("position", ["rope", "structured"])
def test_a_model_computes_and_learns_the_same(position: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = AIR(dataclasses.replace(SMALL, position=position)).to(DEVICE)
    nn.init.normal_(model.q_head.weight)
    found = step(model, model)
    compiled = step(model, torch.compile(model, fullgraph=True))
    monkeypatch.setattr(fused, "_used", False)
    exact = [tensor.double() for tensor in step(model, model)]
    assert len(found) == len(exact) > 5
    for one, two, right in zip(found, compiled, exact, strict=True):
        assert relative_error(one, right) < 5 * CLOSE
        assert relative_error(two, right) < 5 * CLOSE


def test_a_step_takes_the_kernels_where_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    attended, gated = Mock(wraps=attention), Mock(wraps=gate)
    monkeypatch.setattr("agents.models.mixers.attention", attended)
    monkeypatch.setattr("agents.models.layers.gate", gated)
    model = AIR(SMALL).to(DEVICE)
    step(model, model)
    # Of L L H L L H the last two updates have a gradient, where SwiGLU is torch's.
    assert (attended.call_count, gated.call_count) == (6, 4)


def test_a_step_in_float8_stays_near() -> None:
    model = AIR(dataclasses.replace(SMALL, h_cycles=1)).to(DEVICE)
    exact = [tensor.double() for tensor in step(model, model)]
    use_float8(model.f, torch.device(DEVICE))
    assert 0 < relative_error(step(model, model)[0], exact[0]) < 0.2


def test_what_does_not_fit_is_left_to_torch() -> None:
    h = torch.zeros(1, 82, 512)
    assert fuses_attention(h, 64)
    assert not fuses_attention(h, 128)
    assert not fuses_attention(torch.zeros(1, 129, 512), 64)
    assert not fuses_gate(h, 1536), "where a gradient may go"
    with torch.no_grad():
        assert fuses_gate(h, 1536)
        assert not fuses_gate(h[..., :82], 1536)
        assert not fuses_gate(h, 1500)


def test_only_bfloat16_on_hopper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    class OnGPU:
        is_cuda, device = True, torch.device("cuda", 1)

        def __init__(self, dtype: torch.dtype):
            self.dtype = dtype

    for capability, fits in {(8, 0): False, (9, 0): True, (10, 0): False}.items():
        monkeypatch.setattr("torch.cuda.get_device_capability", lambda device, found=capability: found)
        assert fused._on_hopper(OnGPU(torch.bfloat16)) == fits  # type: ignore[arg-type]
        assert not fused._on_hopper(OnGPU(torch.float32))  # type: ignore[arg-type]
    assert not fused._on_hopper(torch.zeros(1, dtype=torch.bfloat16))


def test_kernels_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    h = torch.zeros(1, 5, 128)
    fused.use_kernels(False)
    assert not fuses_attention(h, 64)
    fused.use_kernels(True)
    assert fuses_attention(h, 64)
    monkeypatch.setenv("AIR_ENVS_KERNELS", "0")
    fused.use_kernels(True)
    assert not fuses_attention(h, 64)
    monkeypatch.delenv("AIR_ENVS_KERNELS")
    monkeypatch.setattr(fused, "find_spec", lambda name: None)
    fused.use_kernels(True)
    assert not fuses_attention(h, 64)


def test_neither_triton_nor_the_compiler_is_imported_before_its_time() -> None:
    code = "import agents.thinking.agent, sys; sys.exit(bool({'triton', 'torch._dynamo'} & sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"TRITON_INTERPRET": "0"})


def test_attention_inside_units_is_left_to_torch() -> None:
    model = AIR(dataclasses.replace(SMALL, mixer="units", hidden=192, heads=6))
    assert not model.f[0].mixer.fuses(torch.zeros(1, 17, 192))
