import dataclasses
import itertools

import numpy as np
import pytest
import torch

from agents.checkpoints.published.layouts import from_authors
from agents.config.model import AIRConfig
from agents.config.program import act_program, freeze
from agents.models.air import AIR
from agents.models.layers import GridConvolution
from agents.models.mixers import attend, attention_weights
from tests.agents.precision import EXACT, assert_exact, assert_golden, start

TINY = AIRConfig(family="sudoku-4x4", hidden=32, heads=2, layers=1, max_steps=4)


def build(seed: int = 0, **changes: object) -> AIR:
    torch.manual_seed(seed)
    """A model in float64."""
    return AIR(dataclasses.replace(TINY, **changes)).double()


def tokens(count: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.randint(1, 6, (count, 16), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def test_the_authors_model_is_reproduced(real_data) -> None:
    golden = np.load(real_data / "golden" / "air_Lx_H.npz")
    model = AIR(AIRConfig(family="sudoku-9x9", hidden=64, heads=4, layers=2))
    weights = {
        key.removeprefix("weight/"): torch.from_numpy(golden[key]) for key in golden.files if key.startswith("weight/")
    }
    model.load_state_dict(from_authors(weights), strict=True)
    assert_golden(model, torch.from_numpy(golden["inputs"]), golden)


@pytest.mark.parametrize("gradient", ["H", "LH", "LLH", "LLHLLH"])
def test_gradient_flows_through_the_programs_tail_only(gradient: str) -> None:
    """Only the last updates may be differentiated: compare with the tail run by hand from a detached state."""
    model = build(gradient=gradient, inject_h=0.5)
    puzzle = tokens()
    _, output = model(puzzle, start(model, 3))
    output.logits.square().sum().backward()
    found = [parameter.grad.clone() for parameter in model.f.parameters()]
    model.zero_grad()

    head = model.config.program[: -len(gradient)]
    with torch.no_grad():
        state = model.run(head, start(model, 3), model.embed(puzzle, torch.float64)).detach()
    model.decode(model.run(gradient, state, model.embed(puzzle, torch.float64)).z_H).square().sum().backward()
    for gradient_found, parameter in zip(found, model.f.parameters(), strict=True):
        assert_exact(gradient_found, parameter.grad)

    model.zero_grad()
    longer = model.config.program
    if gradient != longer:
        model.decode(
            model.run(longer, start(model, 3), model.embed(puzzle, torch.float64)).z_H
        ).square().sum().backward()
        assert not torch.allclose(found[0], next(model.f.parameters()).grad)


def test_states_are_detached_between_act_steps() -> None:
    model = build()
    state, _ = model(tokens(), start(model, 3))
    assert not state.z_H.requires_grad
    assert not state.z_L.requires_grad


@pytest.mark.parametrize("position", ["rope", "learned", "structured"])
def test_position_encodings_tell_cells_apart(position: str) -> None:
    """Two puzzles that differ by a swap of cells must not simply get swapped answers."""
    model = build(position=position)
    puzzle = torch.arange(16).remainder(5).add(1).to(torch.uint8)[None]
    swapped = puzzle.clone()
    swapped[0, [3, 10]] = puzzle[0, [10, 3]]
    assert puzzle[0, 3] != puzzle[0, 10]
    logits, other = (model(p, start(model, 1))[1].logits for p in (puzzle, swapped))
    assert not torch.allclose(logits[0, 3], other[0, 10], atol=1e-4)


def test_structured_positions_share_vectors_within_units() -> None:
    model = build(position="structured")
    added = model.position.add(torch.zeros(1, 17, 32, dtype=torch.float64))[0]
    assert torch.all(added[0] == 0), "the prefix has no place on the grid"
    vectors = model.position.vectors
    assert vectors.shape == (4 + 4 + 4, 32)
    row, column, box = vectors.split(4)
    assert_exact(added[1 + 4 * 2 + 3], row[2] + column[3] + box[3])


def test_the_convolution_adds_the_weighted_neighbours_of_each_cell() -> None:
    rows, columns, width, side = 3, 4, 5, 3
    local = GridConvolution(width, side, (rows, columns)).double()
    h = torch.randn(2, 1 + rows * columns, width, dtype=torch.float64)
    expected = h.clone()
    for row, column, down, right in itertools.product(range(rows), range(columns), range(side), range(side)):
        there = row + down - 1, column + right - 1
        if 0 <= there[0] < rows and 0 <= there[1] < columns:
            weight = local.kernel[:, 0, down, right]
            expected[:, 1 + row * columns + column] += weight * h[:, 1 + there[0] * columns + there[1]]
    assert_exact(local(h), expected)


@pytest.mark.parametrize("level_token", ["none", "prepend-strip", "prepend-persist"])
def test_without_attention_news_travels_by_one_cell_a_block(level_token: str) -> None:
    sizes = {"layers": 1, "h_cycles": 1, "l_cycles": 1, "position": "none"}
    model = build(family="maze-9x9", convolution=3, level_token=level_token, level_token_start="normal", **sizes)
    torch.nn.init.zeros_(model.f[0].mixer.out.weight)
    puzzles = torch.ones(2, 9, 9, dtype=torch.uint8)
    puzzles[1, 3, 4] = 2
    logits = model(puzzles.flatten(1), start(model, 2))[1].logits.unflatten(1, (9, 9))
    changed = ((logits[0] - logits[1]).abs() > EXACT).any(-1)
    near = torch.zeros(9, 9, dtype=torch.bool)
    near[1:6, 2:7] = True
    assert torch.equal(changed, near)


def test_plain_and_fused_attention_agree() -> None:
    q, k, v = torch.randn(3, 2, 2, 17, 8, dtype=torch.float64)
    assert_exact(attend(q, k, v), torch.nn.functional.scaled_dot_product_attention(q, k, v))
    assert_exact(attention_weights(q, k).sum(-1), torch.ones(2, 2, 17, dtype=torch.float64))


@pytest.mark.parametrize("convolution", [0, 3])
def test_bfloat16_states_stay_near_float32(convolution: int) -> None:
    model = build(convolution=convolution).float()
    exact, _ = model(tokens(), start(model, 3))
    rough, output = model(tokens(), model.initial_state(3, torch.bfloat16))
    assert rough.z_H.dtype == torch.bfloat16
    assert output.q_halt.dtype == torch.float32
    assert (rough.z_H.float() - exact.z_H).abs().mean() < 0.05


def test_restart_replaces_only_the_rows_named() -> None:
    model = build()
    fresh = start(model, 3)
    state, _ = model(tokens(), fresh)
    mixed = state.restart(torch.tensor([True, False, True]), fresh)
    assert torch.equal(mixed.z_H[[0, 2]], fresh.z_H[[0, 2]])
    assert torch.equal(mixed.z_L[1], state.z_L[1])


def test_initial_weights_have_the_papers_spread() -> None:
    model = build(hidden=256, heads=4)
    assert abs(model.f[0].mixer.qkv.weight.std() * 16 - 1) < 0.02
    assert abs(model.embedding.std() * 16 - 1) < 0.1
    assert model.embedding.abs().max() * 16 <= 2 / 0.8796
    assert torch.all(model.prefix == 0)
    assert torch.all(model.q_head.weight == 0)
    assert torch.all(model.q_head.bias == -5)


def test_programs() -> None:
    assert act_program(2, 2) == "LLHLLH"
    assert act_program(3, 6) == "LLLLLLH" * 3
    assert freeze("LLHLLH", "H") == "LL-LL-"
    assert freeze("LLHLLH", "L") == "--H--H"


def test_a_frozen_state_does_not_move() -> None:
    model = build()
    x, state = model.embed(tokens(), torch.float64), start(model, 3)
    frozen = model.run(freeze(TINY.program, "H"), state, x)
    assert torch.equal(frozen.z_H, state.z_H)
    assert not torch.allclose(frozen.z_L, state.z_L)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden": 30, "heads": 4}, "hidden 30"),
        ({"gradient": "LL"}, "'LL' is not a tail of the program 'LLHLLH'"),
        ({"gradient": ""}, "not a tail"),
        ({"layers": 0}, "layers 0"),
        ({"convolution": 4}, "convolution 4, expected 0 or an odd number"),
        ({"convolution": -1}, "convolution -1"),
        ({"operator": "times"}, "operator 'times', expected one of"),
        ({"prefix": 0}, "prefix_learned 1, expected at most the prefix 0"),
    ],
)
def test_impossible_configurations_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(TINY, **changes)
