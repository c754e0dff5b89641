"""The kernels against torch's, on a GPU where there is one, else in Triton's interpreter."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from agents import fused
from agents.config import AIRConfig
from agents.float8 import E4M3, rounded
from agents.fused import attend, attention, fuses_attention, fuses_gate, gate, multiply_and_gate
from agents.layers import use_float8
from agents.model import AIR
from agents.positions import RotaryPosition

pytest.importorskip("triton")

GPU = torch.cuda.is_available() and torch.cuda.get_device_capability() >= (9, 0)
DEVICE, DTYPE = ("cuda", torch.bfloat16) if GPU else ("cpu", torch.float32)
CLOSE, FLOAT8_CLOSE = (1e-2, 1 / 16) if GPU else (1e-5, 1 / 8)
"""The norm of an error, in that of what is right. The interpreter cuts float8 off where a GPU rounds."""
SMALL = AIRConfig(family="sudoku-4x4", hidden=128, heads=2, layers=1, max_steps=2)


@pytest.fixture(autouse=True)
def _kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use them here as well."""
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
        assert relative_error(part, right) < CLOSE or right.norm() < 1e-9, name
    with torch.no_grad():
        assert torch.equal(attention(qkv, position.cos, position.sin, 2, DTYPE), found)


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
    assert gate(rounded(100 * h), rounded(weight), 1.0, E4M3).float().abs().max() == 448, "what is too large is cut off"


def test_the_operators_are_what_torch_expects() -> None:
    qkv = torch.randn(1, 5, 3 * 32, device=DEVICE, dtype=DTYPE, requires_grad=True)
    torch.library.opcheck(attend, (qkv, None, None, 1, DTYPE, True))
    h, weight = torch.randn(2, 128, device=DEVICE, dtype=DTYPE), torch.randn(128, 128, device=DEVICE, dtype=DTYPE)
    torch.library.opcheck(multiply_and_gate, (h, weight, 1.0, DTYPE))


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
    torch.manual_seed(0)
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
    taken: list[str] = []

    def counted(name: str, *arguments: object) -> Tensor:
        taken.append(name)
        return {"attention": attention, "gate": gate}[name](*arguments)  # type: ignore[operator]

    monkeypatch.setattr("agents.mixers.attention", lambda *arguments: counted("attention", *arguments))
    monkeypatch.setattr("agents.layers.gate", lambda *arguments: counted("gate", *arguments))
    model = AIR(SMALL).to(DEVICE)
    step(model, model)
    # Of L L H L L H the last two updates have a gradient, where SwiGLU is torch's.
    assert (taken.count("attention"), taken.count("gate")) == (6, 4)


def test_a_step_in_float8_stays_near() -> None:
    torch.manual_seed(0)
    model = AIR(dataclasses.replace(SMALL, h_cycles=1)).to(DEVICE)
    exact = [tensor.double() for tensor in step(model, model)]
    use_float8(model.f, torch.device(DEVICE))
    assert 0 < relative_error(step(model, model)[0], exact[0]) < 0.2


def test_what_does_not_fit_is_left_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    h = torch.zeros(1, 82, 512, device=DEVICE, dtype=DTYPE)
    assert fuses_attention(h, 64)
    assert not fuses_attention(h, 128)
    assert not fuses_attention(h.expand(2, -1, -1).reshape(1, 164, 512), 64)
    assert not fuses_gate(h, 1536), "where a gradient may go"
    with torch.no_grad():
        assert fuses_gate(h, 1536)
        assert not fuses_gate(h[..., :82], 1536)
        assert not fuses_gate(h, 1500)
        fused.use_kernels(False)
        try:
            assert not fuses_gate(h, 1536)
            assert not fuses_attention(h, 64)
        finally:
            fused.use_kernels(True)
    monkeypatch.undo()
    with torch.no_grad():
        assert not fuses_gate(h.cpu(), 1536)
        assert not fuses_attention(h.float(), 64), "float32 keeps its precision"


def test_attention_inside_units_is_left_to_torch() -> None:
    model = AIR(dataclasses.replace(SMALL, mixer="units", hidden=192, heads=6))
    assert not model.f[0].mixer.fuses(torch.zeros(1, 17, 192))
