"""Optimizers and learning rates, against their formulas."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.config.model import AIRConfig
from agents.config.training import TrainConfig
from agents.models.air import AIR
from agents.training.optim import AdamATan2, SignSGD, average_weights, build_optimizers, clip_gradients

MODEL = AIRConfig(family="sudoku-4x4", hidden=32, heads=2, layers=1, max_steps=5)
CONFIG = TrainConfig(dataset=Path("unused"), output=Path("unused"), model=MODEL, batch=6, dtype="float32")


def test_adam_atan2_against_its_formula() -> None:
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    optimizer = AdamATan2([p], lr=0.1, weight_decay=0.5)
    value, m, v = p.detach().numpy().copy(), np.zeros(3), np.zeros(3)
    for step in range(1, 6):
        gradient = np.array([0.3, -1.0, 100.0]) * step * (-1) ** step
        p.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
        m, v = 0.9 * m + 0.1 * gradient, 0.95 * v + 0.05 * gradient**2
        direction = np.arctan2(m / (1 - 0.9**step), np.sqrt(v / (1 - 0.95**step)))
        value = value * (1 - 0.1 * 0.5) - 0.1 * 1.27 * direction
        np.testing.assert_allclose(p.detach().numpy(), value, rtol=1e-6)  # step counts are float32


def test_adam_atan2_does_not_see_the_gradients_scale() -> None:
    results = []
    for scale in (1.0, 1e-12):
        p = torch.nn.Parameter(torch.tensor([1.0, 2.0], dtype=torch.float64))
        optimizer = AdamATan2([p], lr=0.1)
        for gradient in ([0.5, -1.0], [0.7, 3.0]):
            p.grad = torch.tensor(gradient, dtype=torch.float64) * scale
            optimizer.step()
        results.append(p.detach().clone())
    torch.testing.assert_close(*results)


def test_sign_sgd_against_its_formula() -> None:
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    p.grad = torch.tensor([1e-9, -5.0])
    SignSGD([p], lr=0.1, weight_decay=1.0).step()
    torch.testing.assert_close(p.detach(), torch.tensor([0.9 - 0.1, -1.8 + 0.1]))


def test_the_papers_optimizers_share_out_the_parameters() -> None:
    model = AIR(MODEL)
    weights, prefix = build_optimizers(model, CONFIG)
    assert isinstance(weights, AdamATan2)
    assert next(p for group in prefix.param_groups for p in group["params"]) is model.prefix
    assert sum(len(o.param_groups[0]["params"]) for o in (weights, prefix)) == len(list(model.parameters()))
    (alone,) = build_optimizers(model, dataclasses.replace(CONFIG, optimizer="adamw"))
    assert len(alone.param_groups[0]["params"]) == len(list(model.parameters()))


def test_learning_rate_warms_up_then_stays_or_falls() -> None:
    config = dataclasses.replace(CONFIG, steps=1_000, warmup=100)
    assert math.isclose(config.lr_at(0), 0.01 * config.lr)
    assert config.lr_at(99) == config.lr_at(999) == config.lr
    cosine = dataclasses.replace(config, schedule="cosine")
    assert cosine.lr_at(100) == config.lr
    assert math.isclose(cosine.lr_at(550), 0.5 * config.lr)
    assert cosine.lr_at(999) < 1e-4 * config.lr


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="torch before 2.9")
@pytest.mark.parametrize("convolution", [0, 3])
def test_muon_trains_the_matrices_of_f_and_adamw_the_rest(convolution: int) -> None:
    model = AIR(dataclasses.replace(MODEL, convolution=convolution))
    config = dataclasses.replace(CONFIG, optimizer="muon")
    muon, rest = build_optimizers(model, config)
    matrices = [p for group in muon.param_groups for p in group["params"]]
    others = [p for group in rest.param_groups for p in group["params"]]
    assert isinstance(muon, torch.optim.Muon)
    assert {id(p) for p in matrices} == {id(p) for p in model.f.parameters() if p.ndim == 2}
    assert len(matrices) + len(others) == len(list(model.parameters()))
    assert any(p is model.embedding for p in others)
    before = model.f[0].mlp.down.weight.detach().clone()
    for p in model.parameters():
        p.grad = torch.randn_like(p)
    for optimizer in (muon, rest):
        optimizer.step()
    step = (before * (1 - config.lr * config.weight_decay) - model.f[0].mlp.down.weight).detach()
    values = torch.linalg.svdvals(step)
    assert values.max() / values.min() < 3, "an orthogonal step stretches every direction about alike"


def test_an_old_torch_says_that_it_has_no_muon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.optim, "Muon", raising=False)
    with pytest.raises(ValueError, match=r"'muon' needs torch 2.9 or newer, found "):
        build_optimizers(AIR(MODEL), dataclasses.replace(CONFIG, optimizer="muon"))


def test_adam_atan2_counts_each_parameters_own_steps() -> None:
    """A parameter that gets its first gradient late has its own bias correction: its first step is a full one."""
    early, late = (torch.nn.Parameter(torch.zeros(1, dtype=torch.float64)) for _ in range(2))
    optimizer = AdamATan2([early, late], lr=0.1, weight_decay=0.0)
    for gradient in (None, None, torch.ones(1, dtype=torch.float64)):
        early.grad, late.grad = torch.ones(1, dtype=torch.float64), gradient
        optimizer.step()
    step = 0.1 * 1.27 * math.pi / 4  # m and v are both 1 after correction
    assert late.item() == pytest.approx(-step, rel=1e-5)
    assert early.item() == pytest.approx(-3 * step, rel=1e-5)


def test_the_average_of_weights_against_its_formula() -> None:
    average, model = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    expected = [0.75 * a + 0.25 * b for a, b in zip(average.parameters(), model.parameters(), strict=True)]
    average_weights(average, model, 0.75)
    for found, value in zip(average.parameters(), expected, strict=True):
        torch.testing.assert_close(found, value)


def test_the_average_forgets_where_it_began() -> None:
    """Until the decay is what it shall be, the latter half of the steps has seven eighths of the weight."""
    config = TrainConfig(Path("data.h5"), Path("run"), ema=0.99)
    weights = torch.zeros(0, dtype=torch.float64)
    for step in range(200):
        decay = config.ema_at(step)
        weights = torch.cat((weights * decay, torch.tensor([1 - decay], dtype=torch.float64)))
    assert weights.sum() == pytest.approx(1)
    assert weights[100:].sum() == pytest.approx(7 / 8, abs=0.01)
    assert config.ema_at(1_000) == 0.99
    with pytest.raises(ValueError, match="ema None"):
        dataclasses.replace(config, ema=None).ema_at(0)


def test_clipping_bounds_the_joint_norm() -> None:
    a, b = (torch.nn.Parameter(torch.zeros(2)) for _ in range(2))
    for norm, expected in ((None, 10.0), (20.0, 10.0), (1.0, 1.0)):
        a.grad, b.grad = torch.tensor([6.0, 0.0]), torch.tensor([0.0, 8.0])
        clip_gradients([a, b], norm)
        assert torch.cat((a.grad, b.grad)).norm().item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("dtype", "reached"), [(torch.bfloat16, 0.03125), (torch.float32, 0.0573)])
def test_a_bfloat16_weight_stalls_where_its_spacing_is_twice_the_learning_rate(
    dtype: torch.dtype, reached: float
) -> None:
    """The paper's learning rate and decay; the gradient wants it larger without end."""
    weight = torch.nn.Parameter(torch.zeros(4, dtype=dtype))
    optimizer = AdamATan2([weight], lr=1e-4, weight_decay=1.0)
    for _ in range(592):
        weight.grad = -torch.ones_like(weight)
        optimizer.step()
    assert weight.float().tolist() == pytest.approx([reached] * 4, abs=1e-4)


def test_weights_of_two_dtypes_move_as_alone() -> None:
    torch.manual_seed(0)
    gradients = [torch.randn(5) for _ in range(3)]
    dtypes = torch.float32, torch.bfloat16
    together = [torch.nn.Parameter(torch.ones(5, dtype=dtype)) for dtype in dtypes]
    alone = [torch.nn.Parameter(torch.ones(5, dtype=dtype)) for dtype in dtypes]
    joint, separate = AdamATan2(together, lr=0.1), [AdamATan2([weight], lr=0.1) for weight in alone]
    for gradient in gradients:
        for weight in (*together, *alone):
            weight.grad = gradient.to(weight.dtype)
        for optimizer in (joint, *separate):
            optimizer.step()
    for weight, expected in zip(together, alone, strict=True):
        assert torch.equal(weight, expected)
        assert not (weight == 1).any()


def test_the_average_of_a_bfloat16_weight_is_kept_in_float32() -> None:
    """In bfloat16 the average of many steps would stall."""
    average, model = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    torch.nn.init.ones_(average.weight)
    model.weight = torch.nn.Parameter(torch.full((2, 3), 1.5, dtype=torch.bfloat16))
    average_weights(average, model, 0.999)
    assert average.weight.flatten().tolist() == pytest.approx([1.0005] * 6, abs=1e-6)
