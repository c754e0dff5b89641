"""Products in float8: what they compute, and when."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.models.air import AIR
from agents.models.float8 import E4M3, float8_product
from agents.models.layers import Linear, rms_norm, use_float8
from agents.training.trainer import Trainer
from tests.agents.conftest import TINY, tiny_config

CPU = torch.device("cpu")


def relative_error(found: torch.Tensor, exact: torch.Tensor) -> float:
    return float(((found - exact).norm() / exact.norm()).detach())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_product_is_that_of_rounded_factors(dtype: torch.dtype) -> None:
    h, layer = rms_norm(torch.randn(3, 5, 64)).to(dtype), Linear(64, 48)
    scale = 64.0  # 8 * sqrt(64)
    weight = (layer.weight.detach() * scale).to(E4M3).float() / scale
    found = float8_product(h, layer.weight.detach())
    assert (found.dtype, found.shape) == (dtype, (3, 5, 48))
    precision = {torch.float32: 1e-5, torch.bfloat16: 1e-2}[dtype]
    torch.testing.assert_close(found.float(), h.to(E4M3).float() @ weight.T, atol=precision, rtol=precision)


def test_rounding_costs_some_per_cent_of_a_product() -> None:
    h, layer = rms_norm(torch.randn(256, 512)), Linear(512, 256)
    exact = layer(h).detach()
    assert 0.01 < relative_error(float8_product(h, layer.weight.detach()), exact) < 0.05


def test_what_is_too_large_is_cut_off() -> None:
    weight = torch.eye(16)
    weight[1, 1] = 1e6
    found = float8_product(torch.full((1, 16), 1e4), weight)[0]
    torch.testing.assert_close(found[:3], torch.tensor([448.0, 448 * 448 / 32, 448.0]))


def test_only_training_and_only_where_no_gradient_goes() -> None:
    layer = Linear(32, 16)
    h = torch.randn(4, 32)
    use_float8([layer], CPU)
    exact = h @ layer.weight.T
    with torch.no_grad():
        assert torch.equal(layer(h), float8_product(h, layer.weight))
    assert torch.equal(layer(h), exact)
    layer.eval()
    with torch.no_grad():
        assert torch.equal(layer(h), exact)


def test_a_step_in_float8_differs_before_its_gradient_alone() -> None:
    torch.manual_seed(0)
    model = AIR(dataclasses.replace(TINY, gradient="LLHLLH"))
    tokens = torch.randint(1, 6, (3, 16))
    plain = model(tokens, model.initial_state(3))[1].logits
    use_float8(model.f, CPU)
    assert torch.equal(model(tokens, model.initial_state(3))[1].logits, plain)
    model.config = TINY  # the paper's rule: of L L H L L H the first four updates have no gradient
    found = model(tokens, model.initial_state(3))[1].logits
    assert 0 < relative_error(found, plain) < 0.2


def test_training_takes_it_up_and_evaluation_does_not(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, tmp_path / "run", float8=True, ema=None)
    trainer = Trainer(config)
    assert all(layer.float8 for layer in trainer.model.f.modules() if isinstance(layer, Linear))
    assert not trainer.model.lm_head.float8
    other = Trainer(dataclasses.replace(config, output=tmp_path / "other", float8=False))
    assert np.array_equal(trainer.evaluate(trainer.tasks[0]).cells, other.evaluate(other.tasks[0]).cells)
    for t in (trainer, other):
        t.train(progress=False)
    difference = (trainer.model.lm_head.weight - other.model.lm_head.weight).abs().max()
    assert 0 < difference < 0.05
    assert Trainer.resume(tmp_path / "run").config.float8


def test_what_float8_does_not_go_with_is_told(dataset: Path, tmp_path: Path) -> None:
    model = dataclasses.replace(TINY, mixer="mlp", position="none")
    with pytest.raises(ValueError, match=r"float8 with a weight of \d+ x 17, expected multiples of 16"):
        Trainer(tiny_config(dataset, tmp_path / "run", model=model, float8=True))
    with pytest.raises(ValueError, match="float8 on mps"):
        use_float8([], torch.device("mps"))


def test_nothing_times_a_weight_is_nothing() -> None:
    assert float8_product(torch.zeros(2, 0, 3, 32), torch.ones(64, 32)).shape == (2, 0, 3, 64)
