"""Sessions: every field against the model run by hand, going back and forth, branches, and what cells attend to."""

import dataclasses

import numpy as np
import pytest
import torch

from agents import AIR, AIRAgent
from agents.config.program import freeze
from agents.thinking.conflicts import conflicts
from agents.watching import Branch, Freeze, Made, Noise, Session, SetCell, TakeState, Thaw, interventions
from agents.watching.branches import Cursor, branch_name
from puzzles.errors import PuzzleError
from tests.agents.conftest import TINY
from tests.agents.watching.conftest import MODELS, assert_same_branch, assert_same_moment, puzzle_of, watched


@pytest.mark.parametrize("name", MODELS)
def test_every_field_of_a_moment_against_the_model_by_hand(name: str) -> None:
    steps = 1 if name == "sudoku-extreme" else 2
    session = watched(name, act_steps=steps)
    agent, family, puzzle = session.agent, session.family, session.moment.puzzle
    net, program = agent.model, agent.model.config.program
    x = net.embed(torch.from_numpy(puzzle.reshape(1, -1) + 1), agent.dtype)
    state, letter, old = net.initial_state(1, agent.dtype), "", None
    for update in range(steps * len(program) + 1):
        if update:
            assert session.step()
            letter = program[(update - 1) % len(program)]
            with torch.no_grad():
                state = net.update(letter, state, x)
        moment = session.moment
        assert (moment.update, moment.letter) == (update, letter)
        assert moment.act_step == -(-update // len(program))
        assert (moment.frozen, moment.notes) == ("", ())
        assert np.array_equal(moment.puzzle, puzzle)
        cells = []
        for reading, z in zip((moment.z_H, moment.z_L), state, strict=True):
            with torch.no_grad():
                p = net.decode(z).double().softmax(-1).numpy().reshape(*family.shape, -1)
            token = p.argmax(-1)
            cells.append(np.where(token == 0, family.undecided, token - 1).astype(np.uint8))
            assert np.array_equal(reading.cells, cells[-1])
            np.testing.assert_allclose(reading.probability, p[..., 1:], atol=2e-6)
            np.testing.assert_allclose(reading.confidence, p.max(-1), atol=2e-6)
            entropy = -(p * np.log(np.maximum(p, 1e-300))).sum(-1) / np.log(p.shape[-1])
            np.testing.assert_allclose(reading.entropy, entropy, atol=1e-5)
            assert (reading.probability.dtype, reading.entropy.dtype) == (np.float32, np.float32)
            assert (reading.cells.dtype, reading.confidence.dtype) == (np.uint8, np.float32)
        old = old or cells
        assert np.array_equal(moment.changed, (old[0] != cells[0]) | (old[1] != cells[1]))
        answer = family.read_answer(puzzle[None], np.where(cells[0] == family.undecided, 0, cells[0])[None])
        assert np.array_equal(moment.conflicts, conflicts(family, puzzle[None], answer)[0])
        assert moment.solved == bool(family.is_solved(puzzle[None], answer)[0])
        with torch.no_grad():
            assert moment.halt == pytest.approx(float(net.halting_logits(state)[0].double().sigmoid()), abs=1e-7)
        old = cells
    assert not session.step(), "the maximum of ACT steps"


def test_what_a_session_is() -> None:
    session = watched("sudoku-6x6")
    assert session.live
    assert (session.title, session.model_name) == ("sudoku-6x6", "sudoku-6x6")
    assert (session.program, session.act_steps, session.most_updates) == ("LHLH", 2, 8)
    assert (session.cursor, session.last_update, session.branch.name) == (Cursor(0, 0), 0, "A")
    agent = session.agent
    puzzle = puzzle_of(agent)
    other = Session(agent, puzzle, "mine")
    assert (other.title, other.act_steps) == ("mine", agent.model.config.max_steps)
    before = puzzle.copy()
    puzzle[0, 0] = 9
    assert np.array_equal(other.moment.puzzle, before), "a session keeps a copy of its puzzle"
    with pytest.raises(PuzzleError, match="row 1, column 1: 9, expected 0 to 6"):
        Session(agent, puzzle)
    with pytest.raises(ValueError, match="ACT steps 0, expected at least 1"):
        Session(agent, before, act_steps=0)


# -- back and forth ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_back_and_forth_equals_forth(name: str) -> None:
    plain = watched(name, 4)
    session = watched(name, 3)
    assert session.back()
    assert session.moment.update == 2
    session.home()
    assert session.moment.update == 0
    assert not session.back()
    session.end()
    assert session.moment.update == 3
    session.go(1)
    for _ in range(3):
        assert session.step()
    assert_same_branch(session.branch, plain.branch)
    for update in range(plain.last_update + 1):
        for found, expected in zip(session.thought(0, update).state, plain.thought(0, update).state, strict=True):
            assert torch.equal(found, expected)


def test_nothing_is_computed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    session = watched("untrained", act_steps=2)
    calls, update = [], AIR.update
    monkeypatch.setattr(AIR, "update", lambda self, *args: calls.append(args[0]) or update(self, *args))
    session.go(7)
    assert len(calls) == 7
    for there in (0, 5, 2, 7):
        session.go(there)
    session.home()
    for _ in range(7):
        session.step()
    assert len(calls) == 7
    session.step()
    assert len(calls) == 8
    session.go(4)
    session.interfere(Noise(0.1))
    session.go(6)
    assert len(calls) == 10
    session.choose(0)
    session.end()
    assert len(calls) == 10


def test_the_maximum_can_be_extended() -> None:
    session = watched("sudoku-6x6", 4, act_steps=1)
    assert not session.step()
    session.extend()
    assert session.step()
    assert (session.moment.update, session.moment.act_step) == (5, 2)
    longer = watched("sudoku-6x6", 5, act_steps=2)
    assert_same_branch(session.branch, longer.branch)
    with pytest.raises(ValueError, match="ACT steps 0, expected at least 1"):
        session.extend(0)


def test_places_that_are_none_are_refused() -> None:
    session = watched("sudoku-6x6", 2)
    for update in (-1, 9):
        with pytest.raises(ValueError, match=f"update {update}, expected 0 to 8"):
            session.go(update)
    with pytest.raises(ValueError, match="branch 1, expected 0 to 0"):
        session.choose(1)
    with pytest.raises(ValueError, match="branch A: update 3, expected 0 to 2"):
        session.branch.moment(3)
    with pytest.raises(ValueError, match="branch 1, expected 0 to 0"):
        session.thought(1, 0)
    assert session.cursor == Cursor(0, 2)


# -- branches ----------------------------------------------------------------------------------------------------------


def test_an_intervention_in_the_past_leaves_a_branch_and_both_stay() -> None:
    plain = watched("sudoku-6x6", 8)
    session = watched("sudoku-6x6", 8)
    session.go(3)
    session.interfere(SetCell("H", 0, 0, 2))
    assert session.cursor == Cursor(1, 3)
    branch = session.branch
    assert (branch.name, branch.parent, branch.start, branch.last_update) == ("B", 0, 3, 3)
    assert session.moment.z_H.cells[0, 0] == 2
    assert branch.moment(2) is session.branches[0].moment(2), "what they share is kept once"
    (made,) = branch.interventions
    assert (made.update, made.kind) == (3, "SetCell")
    assert made.parameters == {"state": "H", "row": 0, "column": 0, "value": 2}
    assert session.moment.notes == (made.note,)
    assert made.note == "z_H at row 1, column 1 moved along lm_head until it decodes to 2"
    session.end()
    while session.step():
        pass
    assert_same_branch(session.branches[0], plain.branch)
    assert not torch.equal(session.thought(1, 8).state.z_H, session.thought(0, 8).state.z_H)


def test_an_intervention_at_the_end_is_made_in_place() -> None:
    session = watched("sudoku-6x6", 3)
    before = session.moment
    session.interfere(Freeze("L"))
    session.interfere(Noise(0.5, seed=1))
    assert len(session.branches) == 1
    assert (session.cursor, session.last_update) == (Cursor(0, 3), 3)
    assert session.moment.notes == (
        "z_L frozen from here on",
        "noise of standard deviation 0.5 added to both states, seed 1",
    )
    assert [made.kind for made in session.branch.interventions] == ["Freeze", "Noise"]
    assert not np.array_equal(session.moment.z_L.probability, before.z_L.probability)


def test_a_freeze_leaves_what_the_moment_shows() -> None:
    session = watched("sudoku-6x6", 3)
    before = session.moment
    session.interfere(Freeze("L"))
    assert before.changed.any()
    assert_same_moment(session.moment, before, frozen="L", notes=("z_L frozen from here on",))


def test_branches_of_branches() -> None:
    session = watched("sudoku-6x6", 8)
    session.go(5)
    session.interfere(Noise(0.1))
    session.go(7)
    session.go(2)
    session.interfere(Freeze("H"))
    assert session.cursor == Cursor(2, 2)
    branch = session.branch
    assert (branch.name, branch.parent, branch.start) == ("C", 1, 2)
    assert branch.moment(1) is session.branches[0].moment(1)
    session.go(4)
    session.choose(1)
    assert session.cursor == Cursor(1, 4)
    session.end()
    session.choose(2)
    assert session.cursor == Cursor(2, 4), "C has no update 7 yet"
    session.go(3)
    session.interfere(Thaw("H"))
    assert (session.branch.name, session.branch.parent) == ("D", 2)
    assert session.moment.frozen == ""
    assert [session.branch.moment(update).frozen for update in range(4)] == ["", "", "H", ""]
    assert [moment.letter for moment in session.branches[2].moments] == ["H", "L", "-"]


@pytest.mark.parametrize("seed", range(3))
def test_every_branch_of_a_random_walk_can_be_made_anew(seed: int) -> None:
    """Walks and interferes at random; what was made, made again in a fresh session, gives the same moments."""
    rng = np.random.default_rng(seed)
    session = watched("untrained", 3, act_steps=3)
    for _ in range(40):
        act = rng.integers(6)
        if act < 3:
            session.step()
        elif act == 3:
            session.go(int(rng.integers(session.last_update + 1)))
        elif act == 4:
            session.choose(int(rng.integers(len(session.branches))))
        else:
            frozen = session.moment.frozen
            session.interfere(
                Thaw(frozen[0])
                if frozen and rng.random() < 0.5
                else [
                    Noise(0.3),
                    SetCell("HL"[rng.integers(2)], *rng.integers(4, size=2).tolist(), int(rng.integers(1, 5))),
                    Thaw("L") if "L" in frozen else Freeze("L"),
                ][rng.integers(3)]
            )
    assert len(session.branches) > 2
    for branch in session.branches:
        fresh = watched("untrained", act_steps=3)
        for made in made_on_the_way(session, branch):
            fresh.go(made.update)
            fresh.interfere(getattr(interventions, made.kind)(**made.parameters))
        fresh.go(branch.last_update)
        assert len(fresh.branches) == 1
        assert_same_branch(branch, fresh.branch)


def made_on_the_way(session: Session, branch: Branch) -> list[Made]:
    """Return the interventions that a branch has gone through, those of its parents among them."""
    if branch.parent is None:
        return branch.interventions
    inherited = made_on_the_way(session, session.branches[branch.parent])
    return [made for made in inherited if made.update <= branch.start] + branch.interventions


def test_an_intervention_that_is_refused_leaves_no_trace() -> None:
    session = watched("sudoku-6x6", 4)
    session.go(2)
    for intervention, message in (
        (SetCell("H", 6, 0, 1), "row 7, column 1, expected rows 1 to 6 and columns 1 to 6"),
        (SetCell("H", 0, 0, 7), "cell value 7, expected 0 to 6"),
        (Thaw("H"), "z_H is not frozen"),
        (TakeState("H", 1, 0), "branch 1, expected 0 to 0"),
        (TakeState("H", 0, 5), "update 5, expected 0 to 4"),
    ):
        with pytest.raises(ValueError, match=message):
            session.interfere(intervention)
    assert len(session.branches) == 1
    assert session.cursor == Cursor(0, 2)
    assert session.moment.notes == ()
    assert session.branch.interventions == []


def test_names_of_branches() -> None:
    names = [branch_name(index) for index in (0, 1, 25, 26, 27, 51, 52, 701, 702)]
    assert names == ["A", "B", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA"]


# -- freezing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["H", "L"])
def test_freezing_equals_skipping(letter: str) -> None:
    session = watched("sudoku-6x6")
    session.interfere(Freeze(letter))
    session.go(8)
    program = freeze(session.program, letter)
    assert [moment.letter for moment in session.branch.moments] == ["", *program * 2]
    skipped = list(session.agent.think({"puzzle": session.moment.puzzle}, 2, program))
    for thought in skipped:
        found = session.thought(0, thought.update)
        assert torch.equal(found.state.z_H, thought.state.z_H)
        assert torch.equal(found.state.z_L, thought.state.z_L)
        assert np.array_equal(session.branch.moment(thought.update).changed, thought.changed)
    start, end = (getattr(session.thought(0, update).state, f"z_{letter}") for update in (0, 8))
    assert torch.equal(start, end), "bit for bit"


def test_freezing_in_the_middle_and_thawing() -> None:
    session = watched("untrained", 4)
    session.interfere(Freeze("H"))
    session.go(9)
    session.interfere(Thaw("H"))
    session.go(12)
    assert "".join(moment.letter for moment in session.branch.moments) == "LLHLL-LL-LLH"
    assert [moment.frozen for moment in session.branch.moments] == [*[""] * 4, *["H"] * 5, *[""] * 4]
    agent, state = session.agent, session.thought(0, 0).state
    x = agent.model.embed(torch.from_numpy(session.moment.puzzle.reshape(1, 16) + 1), agent.dtype)
    with torch.no_grad():
        state = agent.model.run("LLHLLLLLLH", state, x)
    assert torch.equal(session.thought(0, 12).state.z_H, state.z_H)
    assert torch.equal(session.thought(0, 12).state.z_L, state.z_L)


def test_both_states_can_be_frozen() -> None:
    session = watched("sudoku-6x6", 2)
    session.interfere(Freeze("L"))
    session.interfere(Freeze("H"))
    assert session.moment.frozen == "HL"
    session.go(6)
    assert {moment.letter for moment in session.branch.moments[3:]} == {"-"}
    with pytest.raises(ValueError, match="z_H is frozen already"):
        session.interfere(Freeze("H"))


# -- attention ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["untrained", "sudoku-6x6", "maze-9x9"])
def test_attention_is_that_of_the_update_that_led_here(name: str) -> None:
    session = watched(name, 3)
    rows, columns = session.family.shape
    layers, heads = session.attention_shape or (0, 0)
    config = session.agent.model.config
    assert (layers, heads) == (config.layers, config.heads)
    thought = session.thought(0, 3)
    for letter in "LH":
        maps = thought.attention(letter)
        for layer in range(layers):
            for cell in ((0, 0), (2, 1)):
                expected = maps[layer][:, cell[0] * columns + cell[1]].reshape(heads, rows, columns)
                for head in range(heads):
                    found = session.attention(letter, layer, head, cell)
                    assert found.dtype == np.float32
                    np.testing.assert_allclose(found, expected[head], atol=1e-7)
                mean = session.attention(letter, layer, None, cell)
                np.testing.assert_allclose(mean, expected.mean(0), atol=1e-7)
                assert 0 < mean.sum() <= 1 + 1e-6
    session.go(4)
    moved = session.attention("L", 0, 0, (2, 1))
    np.testing.assert_allclose(
        moved, session.thought(0, 4).attention("L")[0][0, 2 * columns + 1].reshape(rows, columns), atol=1e-7
    )


def test_attention_of_a_frozen_update_and_of_none() -> None:
    session = watched("sudoku-6x6")
    session.interfere(Freeze("L"))
    first = session.attention("H", 0, 0, (0, 0))
    session.step()
    assert session.moment.letter == "-"
    assert np.array_equal(session.attention("H", 0, 0, (0, 0)), first), "neither update 0 nor 1 has changed a state"


def test_models_that_do_not_attend_show_no_attention() -> None:
    session = watched("sudoku-extreme", 1)
    assert session.attention_shape is None
    assert session.attention("L", 0, None, (0, 0)) is None


def test_two_networks_attend_each_in_its_updates() -> None:
    torch.manual_seed(0)
    agent = AIRAgent(AIR(dataclasses.replace(TINY, layers=2, h_layers=1)))
    session = Session(agent, puzzle_of(agent))
    session.go(2)
    assert session.attention_shape == (1, 2)
    for letter in "LH":
        expected = session.thought(0, 2).attention(letter)[0][1, 5].reshape(4, 4)
        np.testing.assert_allclose(session.attention(letter, 0, 1, (1, 1)), expected, atol=1e-7)


def test_attention_that_is_not_there_is_refused() -> None:
    session = watched("sudoku-6x6", 1)
    for asked, message in (
        (("-", 0, 0, (0, 0)), "attention of update '-', expected 'L' or 'H'"),
        (("L", 2, 0, (0, 0)), "layer 2, expected 0 to 1"),
        (("L", 0, 6, (0, 0)), "head 6, expected 0 to 5"),
        (("L", 0, None, (6, 0)), "row 6, expected 0 to 5"),
        (("L", 0, None, (0, -1)), "column -1, expected 0 to 5"),
    ):
        with pytest.raises(ValueError, match=message):
            session.attention(*asked)
