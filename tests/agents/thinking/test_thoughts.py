"""Every field of a thought against the model run by hand; branches; and that nothing is computed before it is asked."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import puzzles
from agents import AIR, AIRAgent
from agents.analysis.maps import attention_maps
from agents.config.program import freeze
from agents.models.air import State
from agents.thinking.conflicts import conflicts, register
from puzzles.dataset import Dataset
from puzzles.maze.cells import PATH
from tests.agents.conftest import TINY
from tests.agents.thinking.conftest import knowing, untrained


@pytest.fixture(scope="module")
def agent() -> AIRAgent:
    return untrained()


@pytest.fixture(scope="module")
def batch(dataset: Path) -> puzzles.Puzzles:
    return Dataset(dataset).split("test").take(slice(3))


def test_every_field_against_the_model_by_hand(agent: AIRAgent, batch: puzzles.Puzzles) -> None:
    model, shape = agent.model, (3, 4, 4)
    tokens = torch.from_numpy(batch.puzzle.reshape(3, 16) + 1)
    x, state = model.embed(tokens, torch.float64), model.initial_state(3, torch.float64)
    cells = [decoded(model, z) for z in state]
    singles = [list(agent.think({"puzzle": puzzle}, 2)) for puzzle in batch.puzzle]
    with torch.no_grad():
        for number, thought in enumerate(agent.think({"puzzle": batch.puzzle}, 2), start=1):
            letter = "LLHLLH"[(number - 1) % 6]
            assert (thought.update, thought.act_step, thought.letter) == (number, 1 + (number - 1) // 6, letter)
            before, state = state, model.update(letter, state, x)
            old, cells = cells, [decoded(model, z) for z in state]
            for name, z, expected in zip(("z_H", "z_L"), state, cells, strict=True):
                found = getattr(thought, name)
                p = model.decode(z).float().softmax(-1).numpy().reshape(*shape, 6)
                assert np.array_equal(found.cells, expected)
                np.testing.assert_allclose(found.probability, p[..., 1:], atol=1e-7)
                np.testing.assert_allclose(found.confidence, p.max(-1), atol=1e-7)
                entropy = -(p.astype(np.float64) * np.log(p)).sum(-1) / np.log(6)
                np.testing.assert_allclose(found.entropy, entropy, atol=1e-6)
                np.testing.assert_allclose(found.hidden, z.float().numpy(), atol=1e-6)
                for i, thoughts in enumerate(singles):
                    one = getattr(thoughts[number - 1], name)
                    assert np.array_equal(one.cells, expected[i])
                    assert one.probability.shape == (4, 4, 5)
                    assert one.hidden.shape == (17, 32)
            q_halt = model.halting_logits(state)[0].numpy()
            np.testing.assert_allclose(thought.halt_logit, q_halt)
            np.testing.assert_allclose(thought.halting_probability, 1 / (1 + np.exp(-q_halt)))
            assert np.array_equal(thought.changed, (old[0] != cells[0]) | (old[1] != cells[1]))
            proposal = np.where(cells[0] == agent.family.undecided, 0, cells[0])
            assert np.array_equal(thought.z_H.action, proposal)
            assert np.array_equal(thought.z_H.answer, proposal)
            assert np.array_equal(thought.solved, agent.family.is_solved(batch.puzzle, proposal))
            assert np.array_equal(thought.conflicts, conflicts(agent.family, batch.puzzle, proposal))
            for layer, maps in zip(thought.attention(), attention_maps(model, letter, before, x), strict=True):
                assert layer.shape == (3, 2, 16, 16)
                assert (layer.sum(-1) <= 1 + 1e-6).all()
                np.testing.assert_allclose(layer / layer.sum(-1, keepdims=True), maps.numpy(), atol=1e-6)
            other = "H" if letter == "L" else "L"
            (layer,), (maps,) = thought.attention(other), attention_maps(model, other, before, x)
            np.testing.assert_allclose(layer / layer.sum(-1, keepdims=True), maps.numpy(), atol=1e-6)
    one = singles[0][-1]
    assert isinstance(one.halt_logit, float)
    assert isinstance(one.halting_probability, float)
    assert isinstance(one.solved, bool)
    assert one.attention()[0].shape == (2, 16, 16)
    assert one.changed.shape == one.conflicts.shape == one.z_H.action.shape == (4, 4)


def test_compiled_blocks_attend_alike(agent: AIRAgent, batch: puzzles.Puzzles) -> None:
    compiled = untrained()
    for block in compiled.model.f:
        block.compile(backend="eager")
    x, state = agent.model.embed(agent.tokens(batch.puzzle), agent.dtype), agent.initial_state(3)
    before = compiled.model.update("L", state, x)  # compiles
    assert torch.equal(before.z_L, agent.model.update("L", state, x).z_L)
    maps = [attention_maps(each.model, "H", before, x) for each in (agent, compiled)]
    assert len(maps[1]) == agent.model.config.layers
    assert all(torch.equal(one, other) for one, other in zip(*maps, strict=True))


def decoded(model: AIR, z: torch.Tensor) -> np.ndarray:
    """Decode by hand: token 0 is padding, which is one more than the highest cell value; a cell is its token less 1."""
    tokens = model.decode(z).argmax(-1).detach().numpy().reshape(-1, 4, 4)
    return np.where(tokens == 0, 5, tokens - 1).astype(np.uint8)


def test_solved_and_answers_of_mazes(maze_dataset: Path) -> None:
    agent = knowing("maze-7x5")
    rows = Dataset(maze_dataset).split("test").take(slice(6))
    *_, last = agent.think({"puzzle": rows.puzzle}, 2)
    assert last.solved.all()
    assert np.array_equal(last.z_H.answer == PATH, rows.solution == PATH)
    assert not last.conflicts.any()
    first = next(iter(agent.think({"puzzle": rows.puzzle[0]}, 1)))
    assert first.conflicts.sum() == 2, "neither end has a way"


def test_nothing_is_decoded_before_it_is_asked_for(
    agent: AIRAgent, batch: puzzles.Puzzles, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: dict[str, int] = {"decode": 0, "halting_logits": 0}

    def counting(name: str) -> Any:
        method = getattr(agent.model, name)

        def call(*args: Any) -> Any:
            calls[name] += 1
            return method(*args)

        return call

    for name in calls:
        monkeypatch.setattr(agent.model, name, counting(name))
    thoughts = list(agent.think({"puzzle": batch.puzzle}, 2))
    assert calls == {"decode": 0, "halting_logits": 0}
    thoughts[-1].z_H.cells  # noqa: B018
    thoughts[-1].z_H.confidence  # noqa: B018
    assert calls["decode"] == 1
    for thought in thoughts:
        assert np.array_equal(thought.halt_logit, thought.halt_logit)
        assert thought.z_L.cells is thought.z_L.cells
    assert calls == {"decode": 1 + 8, "halting_logits": 1 + 4}, "once per update of z_L and of z_H, and as it starts"


def test_going_on_after_a_thought_equals_one_run(agent: AIRAgent, batch: puzzles.Puzzles) -> None:
    observation = {"puzzle": batch.puzzle[0]}
    whole = list(agent.think(observation, 3))
    for cut in (0, 1, 6, 8):
        rest = list(agent.think(observation, 3, after=whole[cut]))
        assert [thought.update for thought in rest] == list(range(cut + 2, 19))
        assert [thought.act_step for thought in rest] == [thought.act_step for thought in whole[cut + 1 :]]
        for found, expected in zip(rest, whole[cut + 1 :], strict=True):
            assert torch.equal(found.state.z_H, expected.state.z_H)
            assert torch.equal(found.state.z_L, expected.state.z_L)
            assert np.array_equal(found.changed, expected.changed)
    start = agent.before_thinking(observation)
    assert (start.update, start.act_step, start.letter, start.changed.any()) == (0, 0, "", False)
    assert torch.equal(next(agent.think(observation, after=start)).state.z_L, whole[0].state.z_L)


def test_a_branch_equals_a_run_with_the_same_interference(agent: AIRAgent, batch: puzzles.Puzzles) -> None:
    """A program, a state and a puzzle that change in mid-thought, against the updates run by hand."""
    one, other = batch.puzzle[0], batch.puzzle[1]
    moment = list(agent.think({"puzzle": one}, 2))[6]
    elsewhere = list(agent.think({"puzzle": other}, 2))[3]
    branch = list(
        agent.think({"puzzle": other}, 2, freeze("LLHLLH", "H"), after=moment.with_state(z_L=elsewhere.state.z_L))
    )
    assert "".join(thought.letter for thought in branch) == "L-LL-"
    model = agent.model
    x = model.embed(torch.from_numpy(other.reshape(1, 16) + 1), torch.float64)
    state = State(moment.state.z_H, elsewhere.state.z_L)
    with torch.no_grad():
        state = model.run("LLL", state, x)
    torch.testing.assert_close(branch[-1].state.z_L, state.z_L, rtol=1e-12, atol=1e-12)
    assert torch.equal(branch[-1].state.z_H, moment.state.z_H)
    assert not branch[-1].changed.any(), "a frozen update changes nothing"
    again = list(agent.think({"puzzle": one}, 2, after=moment))
    assert torch.equal(again[-1].state.z_H, list(agent.think({"puzzle": one}, 2))[-1].state.z_H), "the trunk stays"


def test_freezing_equals_skipping(agent: AIRAgent, batch: puzzles.Puzzles) -> None:
    for letter, kept in (("H", "LLLL"), ("L", "HH")):
        *_, frozen = agent.think({"puzzle": batch.puzzle}, 2, freeze("LLHLLH", letter))
        *_, skipped = agent.think({"puzzle": batch.puzzle}, 2, kept)
        assert torch.equal(frozen.state.z_H, skipped.state.z_H)
        assert torch.equal(frozen.state.z_L, skipped.state.z_L)


def test_attention_needs_a_letter_and_a_model_that_attends(agent: AIRAgent, batch: puzzles.Puzzles) -> None:
    observation = {"puzzle": batch.puzzle[0]}
    frozen = next(agent.think(observation, 1, "-L"))
    with pytest.raises(ValueError, match="attention of update '-', expected 'L' or 'H'"):
        frozen.attention()
    assert len(frozen.attention("H")) == 1
    torch.manual_seed(0)
    mlp = AIRAgent(AIR(dataclasses.replace(TINY, mixer="mlp")))
    with pytest.raises(ValueError, match="mixes positions by 'mlp'"):
        next(mlp.think(observation)).attention()


def test_heads_of_units_see_their_units_alone(batch: puzzles.Puzzles) -> None:
    torch.manual_seed(0)
    agent = AIRAgent(AIR(dataclasses.replace(TINY, mixer="units", heads=3, hidden=36)))
    (maps,) = next(agent.think({"puzzle": batch.puzzle[0]})).attention()
    row, column, box = (place[:, None] == place for place in agent.family.coordinates.T)
    for head, unit in zip(maps, (row, column, box), strict=True):
        assert (head[unit] > 0).all()
        assert (head[~unit] == 0).all()


def test_conflicts_of_sudokus() -> None:
    family = puzzles.family("sudoku-4x4")
    puzzle = family.parse("12..............")
    answer = family.parse("13..1...........")
    found = conflicts(family, puzzle[None], answer[None])[0]
    assert np.argwhere(found).tolist() == [[0, 0], [0, 1], [1, 0]], "1 repeats in column and box; 2 was given, not 3"
    assert not conflicts(family, puzzle[None], puzzle[None]).any()


def test_conflicts_of_mazes() -> None:
    family = puzzles.family("maze-3x4")
    puzzle = family.parse("S  G # #    ".replace(" ", family.cells[1]).replace("#", family.cells[0]))
    straight = puzzle.copy()
    straight[0, 1:3] = PATH
    detour = straight.copy()
    detour[1, 0] = PATH
    wall = straight.copy()
    wall[1, 1] = PATH
    gap = straight.copy()
    gap[0, 2] = puzzle[0, 2]
    expected = {
        "straight": [],
        "detour": [[0, 0], [1, 0]],
        "wall": [[0, 1], [1, 1]],
        "gap": [[0, 1], [0, 3]],
    }
    for name, answer in {"straight": straight, "detour": detour, "wall": wall, "gap": gap}.items():
        assert np.argwhere(conflicts(family, puzzle[None], answer[None])[0]).tolist() == expected[name], name


def test_solutions_have_no_conflicts_and_other_families_no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sudoku-6x6", "maze-9x9", "maze-8x11"):
        family = puzzles.family(name)
        data = family.generate(np.arange(20, dtype=np.uint64))
        assert not conflicts(family, data.puzzle, family.read_answer(data.puzzle, data.solution)).any()
    monkeypatch.setattr("agents.thinking.conflicts._RULES", {})
    assert not conflicts(family, data.puzzle, data.puzzle).any()
    register("maze", lambda family, puzzle, answer: answer == PATH)
    assert np.array_equal(conflicts(family, data.puzzle, data.solution), data.solution == PATH)
