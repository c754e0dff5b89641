"""Attention inside units: against masked attention over the whole sequence, and what it says of symmetries."""

import dataclasses

import numpy as np
import pytest
import torch

import puzzles
from agents.analysis.maps import attention_maps
from agents.config.model import AIRConfig
from agents.models.air import AIR
from agents.models.mixers import UnitAttention, attention_weights
from tests.agents.precision import assert_exact, start

CONFIG = AIRConfig("sudoku-6x6", hidden=24, heads=6, layers=2, h_cycles=1, l_cycles=1, mixer="units", position="none")
SHAPES = ["sudoku-6x6", "maze-5x7"]


def build(**changes: object) -> AIR:
    torch.manual_seed(0)
    """A model in float64."""
    return AIR(dataclasses.replace(CONFIG, **changes)).double()


def same_unit(model: AIR, length: int) -> torch.Tensor:
    """(heads, S, S) bool: whether a head lets one position see the other."""
    place = torch.from_numpy(puzzles.family(model.config.family).coordinates)
    cells, kinds = place.shape
    seen = torch.ones(kinds, length, length, dtype=torch.bool)
    seen[:, -cells:, -cells:] = (place[:, None] == place).permute(2, 0, 1)
    return seen.repeat_interleave(model.config.heads // kinds, 0)


@pytest.mark.parametrize("level_token", ["none", "prepend-strip"])
@pytest.mark.parametrize("position", ["none", "rope"])
@pytest.mark.parametrize("family", SHAPES)
def test_cells_attend_as_under_a_mask(family: str, position: str, level_token: str) -> None:
    model = build(family=family, position=position, level_token=level_token, level_token_start="normal")
    length = model.positions + (level_token == "prepend-strip")
    mixer = model.f[0].mixer
    assert isinstance(mixer, UnitAttention)
    q, k, v = mixer.project(torch.randn(2, length, 24, dtype=torch.float64), model.position)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
    maps = scores.masked_fill(~same_unit(model, length), -torch.inf).softmax(-1)
    assert_exact(mixer.attend(q, k, v)[:, :, -model.cells :], (maps @ v)[:, :, -model.cells :])
    assert_exact(mixer.maps(q, k)[:, :, -model.cells :], maps[:, :, -model.cells :])


@pytest.mark.parametrize("family", SHAPES)
def test_the_prefix_takes_the_mean_of_what_it_finds_in_the_units(family: str) -> None:
    model = build(family=family)
    mixer = model.f[0].mixer
    q, k, v = mixer.project(torch.randn(2, model.positions, 24, dtype=torch.float64), model.position)
    place = puzzles.family(family).coordinates
    for head, found in enumerate(mixer.attend(q, k, v)[:, :, 0].unbind(1)):
        unit = place[:, head * place.shape[1] // 6]
        members = [np.append(0, 1 + np.flatnonzero(unit == number)) for number in range(unit.max() + 1)]
        each = [attention_weights(q[:, head, :1], k[:, head, m]) @ v[:, head, m] for m in members]
        assert_exact(found, torch.cat(each, 1).mean(1))


def test_maps_lie_on_the_units_of_a_cell() -> None:
    model = build()
    tokens = torch.randint(1, 8, (3, 36), dtype=torch.uint8)
    for maps in attention_maps(model, "L", start(model, 3), model.embed(tokens, torch.float64)):
        assert_exact(maps.sum(-1), torch.ones(3, 6, 36, dtype=torch.float64))
        assert torch.equal(maps[0].sum(0) > 0, same_unit(model, model.positions)[:, 1:, 1:].any(0))


def test_a_symmetry_of_the_rows_changes_nothing_but_places() -> None:
    """Without positions nothing but units tells the cells apart: the copy's answer is the copy of the answer."""
    model = build()
    order = [4, 5, 1, 0, 2, 3]  # rows within bands, and bands
    tokens = torch.randint(1, 8, (3, 6, 6), dtype=torch.uint8)
    logits, copied = (
        model(grid.flatten(1), start(model, 3))[1].logits.unflatten(1, (6, 6)) for grid in (tokens, tokens[:, order])
    )
    assert_exact(copied, logits[:, order])
    assert not torch.allclose(logits[:, 0], logits[:, 1])


def test_heads_are_shared_among_the_kinds() -> None:
    with pytest.raises(ValueError, match="heads 4, expected a multiple of the 3 kinds of units"):
        build(heads=4)
