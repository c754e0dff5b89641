"""A state per candidate: against sums written out, and what it says of symmetries and of other sides."""

import dataclasses

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import puzzles
from agents.config.model import AIRConfig
from agents.models.air import AIR, Output
from agents.models.candidates import CandidateBlock
from agents.models.layers import rms_norm
from puzzles import PuzzleFamily
from tests.agents.precision import EXACT, assert_exact, start

CONFIG = AIRConfig(
    "sudoku-6x6", hidden=24, heads=1, layers=2, h_cycles=1, l_cycles=1, mixer="candidates", position="none"
)


def build(**changes: object) -> AIR:
    """A model in float64."""
    torch.manual_seed(0)
    model = AIR(dataclasses.replace(CONFIG, **changes))
    torch.nn.init.normal_(model.q_head.weight)
    return model.double()


def answer(model: AIR, puzzle: puzzles.Grids) -> Output:
    """What is said after three ACT steps."""
    tokens = torch.from_numpy(puzzle.reshape(len(puzzle), -1)).long() + 1
    state = start(model, len(tokens))
    with torch.no_grad():
        for _ in range(3):
            state, output = model(tokens, state)
    return output


def sudokus(family: PuzzleFamily) -> puzzles.Grids:
    return family.generate(np.arange(5, dtype=np.uint64)).puzzle


@pytest.mark.parametrize("name", ["sudoku-4x4", "sudoku-6x6", "sudoku-8x8", "sudoku-9x9"])
def test_regions_hold_each_symbol_once(name: str) -> None:
    family = puzzles.family(name)
    solution = family.generate(np.arange(3, dtype=np.uint64)).solution
    for rows, columns in family.regions:
        tiles = solution.reshape(3, family.rows // rows, rows, family.columns // columns, columns).swapaxes(2, 3)
        assert (np.sort(tiles.reshape(3, -1, rows * columns)) == 1 + np.arange(family.symbols)).all()


def test_symbols_are_what_the_group_renames() -> None:
    for name in ("sudoku-6x6", "maze-5x7"):
        family = puzzles.family(name)
        _, relabel = family.symmetries(np.random.default_rng(0).random((200, family.symmetry_dim)))
        moved = [] if relabel is None else np.flatnonzero((relabel != np.arange(family.cell_values)).any(0))
        assert list(moved) == list(range(1, 1 + family.symbols))


@pytest.mark.parametrize("before", [1, 2])
def test_block_against_sums_written_out(before: int) -> None:
    family = puzzles.family("sudoku-6x6")
    block = CandidateBlock(CONFIG, family).double()
    h = torch.randn(2, before + 36, 24, dtype=torch.float64)
    slots = h.unflatten(-1, (6, 4))
    cells = slots[:, before:].unflatten(1, (6, 6))
    expected = torch.empty_like(slots)
    for symbol in range(6):
        for place in range(before + 36):
            here = slots[:, place]
            read = block.own(here[:, symbol]) + block.cell(here.mean(1))
            if place < before:
                read = read + block.whole(cells[:, :, :, symbol].mean((1, 2)))
            else:
                row, column = divmod(place - before, 6)
                top, left = row // 2 * 2, column // 3 * 3
                line, box = block.around
                read = read + line(cells[:, row, :, symbol].mean(1)) + line(cells[:, :, column, symbol].mean(1))
                read = read + box(cells[:, top : top + 2, left : left + 3, symbol].mean((1, 2)))
            gate, up = read.chunk(2, -1)
            expected[:, place, symbol] = rms_norm(here[:, symbol] + block.down(F.silu(gate) * up))
    assert_exact(block(h, AIR(CONFIG).position), expected.flatten(2))


@pytest.mark.parametrize(
    "changes",
    [
        {"level_token": token, "level_token_start": "normal"}
        for token in ("none", "addition", "prepend-strip", "prepend-persist")
    ]
    + [{"operator": operator} for operator in ("linear", "nonlinear", "hadamard")],
)
@pytest.mark.parametrize("name", ["sudoku-6x6", "sudoku-9x9"])
def test_any_symmetry_of_a_puzzle_carries_the_answer_along(name: str, changes: dict[str, str]) -> None:
    family = puzzles.family(name)
    model = build(family=name, hidden=4 * family.symbols, **changes)
    puzzle = sudokus(family)
    order, relabel = family.symmetries(np.random.default_rng(0).random((len(puzzle), family.symmetry_dim)))
    original, copied = answer(model, puzzle), answer(model, family.transform(puzzle, order, relabel))
    moved = original.logits.numpy()[np.arange(len(puzzle))[:, None], order]
    renamed = np.take_along_axis(copied.logits.numpy(), np.pad(relabel + 1, ((0, 0), (1, 0)))[:, None].astype(int), 2)
    np.testing.assert_allclose(renamed, moved, atol=EXACT)
    assert_exact(copied.q_halt, original.q_halt)
    assert original.logits[:, :, 2:].std() > 0.01
    assert original.q_halt.std() > 0


def test_a_solution_is_all_that_is_answered() -> None:
    logits = answer(build(), sudokus(puzzles.family("sudoku-6x6"))).logits
    assert logits.shape == (5, 36, 8)
    assert (logits.argmax(-1) >= 2).all()
    assert logits.softmax(-1)[:, :, :2].max() == 0


def test_weights_go_with_any_side() -> None:
    """And a given digit is read alike, though D, by whose root the embedding is multiplied, grows with their number."""
    model = build()
    larger = model.resized("sudoku-9x9")
    assert larger.config.hidden == 36
    assert answer(larger, sudokus(puzzles.family("sudoku-9x9"))).logits.shape == (5, 81, 11)
    for name in model.state_dict().keys() - {"embedding", "prefix"}:
        assert torch.equal(larger.state_dict()[name], model.state_dict()[name]), name
    given = torch.full((1, 81), 4)
    x, larger_x = (m.double().embed(g, torch.float64)[0, :2] for m, g in ((model, given[:, :36]), (larger, given)))
    assert_exact(larger_x[:, :24], x)
    assert_exact(larger_x[:, 24:], x[:, :4].repeat(1, 3))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"family": "maze-5x5"}, "mixer 'candidates' with family maze-5x5, expected one with symbols"),
        ({"hidden": 32}, "hidden 32, expected a multiple of the 6 symbols"),
        ({"position": "rope"}, "mixer 'candidates' with position 'rope', expected 'none'"),
        ({"convolution": 3}, "mixer 'candidates' with convolution 3, expected 0"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**changes)
