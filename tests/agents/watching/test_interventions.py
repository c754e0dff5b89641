"""Every intervention against the model run by hand, and against a fresh run with the same one."""

import numpy as np
import pytest
import torch

from agents import AIRAgent
from agents.models.air import State
from agents.watching import EditClue, Freeze, Noise, Session, SetCell, TakeFrom, TakeState, Thaw
from agents.watching.applying import MARGIN, readout
from agents.watching.interventions import Intervention
from puzzles.errors import PuzzleError
from puzzles.maze.cells import GOAL, OPEN, START, WALL
from tests.agents.watching.conftest import MODELS, assert_same_branch, model, puzzle_of, watched

INTERVENTIONS = [
    Freeze("H"),
    Freeze("L"),
    SetCell("H", 1, 2, 3),
    SetCell("L", 0, 0, 1),
    TakeState("H", 0, 0),
    TakeState("L", 0, 0, 1, 1),
    Noise(0.3, seed=5),
]
CASES = [("sudoku-6x6", intervention) for intervention in INTERVENTIONS] + [
    ("maze-9x9", Freeze("H")),
    ("maze-9x9", SetCell("L", 0, 0, 4)),
    ("sudoku-extreme", SetCell("H", 1, 2, 3)),
    ("sudoku-extreme", Noise(0.3, seed=5)),
]


@pytest.mark.parametrize(("name", "intervention"), CASES, ids=str)
def test_a_branch_equals_a_fresh_run_with_the_same_intervention(name: str, intervention: Intervention) -> None:
    session = watched(name, 5, act_steps=3)
    session.go(2)
    session.interfere(intervention)
    session.go(5)
    fresh = watched(name, 2, act_steps=3)
    fresh.interfere(intervention)
    fresh.go(5)
    assert (session.branch.name, session.branch.start) == ("B", 2)
    assert fresh.branch.name == "A"
    assert_same_branch(session.branch, fresh.branch)
    for update in (2, 5):
        found, expected = session.thought(1, update).state, fresh.thought(0, update).state
        assert torch.equal(found.z_H, expected.z_H)
        assert torch.equal(found.z_L, expected.z_L)
    plain, branched = session.thought(0, 5).state, session.thought(1, 5).state
    assert not (torch.equal(branched.z_H, plain.z_H) and torch.equal(branched.z_L, plain.z_L)), "it makes a difference"


# -- cells -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["H", "L"])
@pytest.mark.parametrize("name", MODELS)
def test_a_cell_decodes_to_the_value_and_all_else_stays(name: str, state: str) -> None:
    session = watched(name, 4)
    session.go(3)
    agent, family = session.agent, session.family
    rows, _ = readout(agent.model)
    least = 1 if name == "sudoku-extreme" else 0  # candidates answer digits alone
    for value in range(least, family.cell_values):
        row, column = divmod(7 * value % (family.rows * family.columns), family.columns)
        at = agent.model.config.first_cell + row * family.columns + column
        session.choose(0)
        session.go(3)
        before = session.thought(0, 3).state
        session.interfere(SetCell(state, row, column, value))
        after = session.thought(*session.cursor).state
        reading = getattr(session.moment, f"z_{state}")
        assert reading.cells[row, column] == value
        other = "L" if state == "H" else "H"
        assert getattr(after, f"z_{other}") is getattr(before, f"z_{other}")
        old, new = (getattr(one, f"z_{state}")[0] for one in (before, after))
        moved = (old != new).any(-1)
        assert moved.nonzero().flatten().tolist() in ([at], []), "one position, or none where it decodes so already"
        with torch.no_grad():
            logits = agent.model.decode(new[None])[0].reshape(*family.shape, -1)[row, column]
        best, next_best = logits.topk(2).values.tolist()
        assert int(logits.argmax()) == value + 1
        assert best - next_best >= MARGIN - 1e-3
        # The move lies in the span of lm_head's rows.
        step = (new - old)[at].double()
        torch.testing.assert_close(torch.linalg.pinv(rows) @ (rows @ step), step, atol=1e-4, rtol=0)


def test_the_move_is_the_least_that_puts_the_value_ahead() -> None:
    """Between two values, along the difference of their rows, to the margin."""
    session = watched("untrained", 3)
    agent = session.agent
    old = session.thought(0, 3).state.z_H[0, agent.model.config.first_cell]
    with torch.no_grad():
        logits = agent.model.lm_head(old)
    first, second = logits.topk(2).indices.tolist()
    session.interfere(SetCell("H", 0, 0, second - 1))
    step = session.thought(0, 3).state.z_H[0, agent.model.config.first_cell] - old
    along = (agent.model.lm_head.weight[second] - agent.model.lm_head.weight[first]).detach()
    expected = (MARGIN + logits[first] - logits[second]) / along.square().sum() * along
    torch.testing.assert_close(step, expected, rtol=2e-3, atol=1e-6)


def test_a_cell_decodes_to_the_value_in_bfloat16() -> None:
    agent = AIRAgent(model("sudoku-6x6").model, torch.bfloat16)
    session = Session(agent, puzzle_of(agent), act_steps=1)
    session.go(3)
    for value in range(1, 7):
        session.interfere(SetCell("H", 0, 0, value))
        assert session.moment.z_H.cells[0, 0] == value
        assert session.thought(0, 3).state.z_H.dtype == torch.bfloat16


def test_readout_is_what_decode_says() -> None:
    for name in MODELS:
        agent = model(name)
        net = agent.model
        torch.manual_seed(1)
        z = torch.randn(1, net.positions, net.config.hidden, dtype=torch.float64)
        rows, offset = readout(net)
        with torch.no_grad():
            expected = net.decode(z.to(agent.dtype)).double()
        torch.testing.assert_close(z[:, net.config.first_cell :] @ rows.T + offset, expected, atol=1e-4, rtol=1e-5)


def test_candidates_are_never_blank() -> None:
    session = watched("sudoku-extreme", 1)
    with pytest.raises(ValueError, match="cell value 0: this model answers symbols alone, expected 1 or more"):
        session.interfere(SetCell("H", 0, 0, 0))
    assert session.moment.notes == ()


# -- states of other moments and other puzzles -------------------------------------------------------------------------


def test_a_state_taken_from_another_moment() -> None:
    session = watched("sudoku-6x6", 6)
    session.interfere(TakeState("H", 0, 2))
    assert torch.equal(session.thought(0, 6).state.z_H, session.thought(0, 2).state.z_H)
    assert session.moment.notes == ("z_H taken from branch A, update 2",)
    taken = session.moment.z_H
    assert np.array_equal(taken.probability, session.branch.moment(2).z_H.probability)
    assert session.moment.halt == session.branch.moment(2).halt, "the halting head reads z_H"


def test_one_cell_taken_from_another_branch() -> None:
    session = watched("sudoku-6x6", 6)
    session.go(3)
    session.interfere(Noise(0.5))
    session.choose(0)
    session.go(6)
    before = session.thought(0, 6).state.z_L
    session.interfere(TakeState("L", 1, 3, 2, 4))
    after, at = session.thought(0, 6).state.z_L, 1 + 2 * 6 + 4
    assert (before != after).any(-1)[0].nonzero().flatten().tolist() == [at]
    assert torch.equal(after[0, at], session.thought(1, 3).state.z_L[0, at])
    assert session.moment.notes == ("z_L at row 3, column 5 taken from branch B, update 3",)


def test_a_state_taken_from_another_puzzle() -> None:
    session = watched("sudoku-6x6", 6)
    other = Session(session.agent, puzzle_of(session.agent, 1), "the other")
    other.go(4)
    session.interfere(TakeFrom("L", other))
    assert session.thought(0, 6).state.z_L is other.thought(0, 4).state.z_L
    session.interfere(TakeFrom("H", other, 0, 1))
    at = 2
    assert torch.equal(session.thought(0, 6).state.z_H[0, at], other.thought(0, 4).state.z_H[0, at])
    assert session.moment.notes[-1] == "z_H at row 1, column 2 taken from another puzzle: the other"
    assert session.branch.interventions[0].parameters == {
        "state": "L",
        "source": "the other",
        "row": None,
        "column": None,
    }
    again = watched("maze-9x9", 1)
    with pytest.raises(ValueError, match="sudoku-6x6: a state of another model, expected the same model"):
        again.interfere(TakeFrom("H", session))


# -- the puzzle --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["untrained", "sudoku-6x6", "sudoku-extreme"])
def test_an_edited_clue_equals_a_run_with_the_puzzle_embedded_anew(name: str) -> None:
    session = watched(name, 3)
    agent, puzzle = session.agent, session.moment.puzzle
    row, column = np.argwhere(puzzle != 0)[0].tolist()
    before = session.thought(0, 3).state
    session.interfere(EditClue(row, column, 0))
    assert session.moment.notes == (f"the puzzle at row {row + 1}, column {column + 1} changed to blank",)
    edited = puzzle.copy()
    edited[row, column] = 0
    assert np.array_equal(session.moment.puzzle, edited)
    assert np.array_equal(session.branch.moment(2).puzzle, puzzle)
    assert session.thought(0, 3).state is before
    session.go(6)
    x = agent.model.embed(torch.from_numpy(edited.reshape(1, -1) + 1), agent.dtype)
    with torch.no_grad():
        program = (session.program * 2)[3:6]
        state = agent.model.run(program, State(*before), x)
    assert torch.equal(session.thought(0, 6).state.z_H, state.z_H)
    assert torch.equal(session.thought(0, 6).state.z_L, state.z_L)
    answer = agent.family.read_answer(edited[None], session.moment.z_H.cells[None])
    assert session.moment.solved == bool(agent.family.is_solved(edited[None], answer)[0])


def test_the_solved_verdict_follows_the_puzzle() -> None:
    """A clue that the answer contradicts makes a solved puzzle unsolved, at once."""
    session = watched("sudoku-extreme", act_steps=4)
    while not session.moment.solved:
        assert session.step()
    puzzle, answer = session.moment.puzzle, session.moment.z_H.cells
    row, column = np.argwhere(puzzle == 0)[0].tolist()
    for digit in set(range(1, 10)) - {int(answer[row, column])}:
        try:
            session.interfere(EditClue(row, column, digit))
        except PuzzleError:
            continue
        break
    assert session.moment.puzzle[row, column] != 0
    assert not session.moment.solved
    assert session.moment.conflicts[row, column]
    assert np.array_equal(session.moment.z_H.cells, answer)


def test_edits_that_make_no_puzzle_are_refused() -> None:
    session = watched("sudoku-6x6", 1)
    puzzle = session.moment.puzzle
    row, column = np.argwhere(puzzle != 0)[0].tolist()
    free = int(np.flatnonzero(puzzle[row] == 0)[0])
    with pytest.raises(PuzzleError, match="stands twice in its"):
        session.interfere(EditClue(row, free, int(puzzle[row, column])))
    with pytest.raises(PuzzleError, match=f"row {row + 1}, column {column + 1}: 7, expected 0 to 6"):
        session.interfere(EditClue(row, column, 7))
    with pytest.raises(ValueError, match="it has that value already"):
        session.interfere(EditClue(row, column, int(puzzle[row, column])))
    with pytest.raises(ValueError, match="row 7, column 1, expected rows 1 to 6"):
        session.interfere(EditClue(6, 0, 1))
    assert np.array_equal(session.moment.puzzle, puzzle)


def test_walls_and_ends_of_a_maze_are_edited() -> None:
    session = watched("maze-9x9", 2)
    puzzle = session.moment.puzzle
    wall, way = (tuple(np.argwhere(puzzle == value)[0].tolist()) for value in (WALL, OPEN))
    start = tuple(np.argwhere(puzzle == START)[0].tolist())
    session.interfere(EditClue(*wall, OPEN))
    assert session.moment.puzzle[wall] == OPEN
    session.interfere(EditClue(*way, START))
    assert session.moment.puzzle[way] == START
    assert session.moment.puzzle[start] == OPEN, "there is one start: it has moved"
    assert session.moment.notes[-1] == f"the puzzle at row {way[0] + 1}, column {way[1] + 1} changed to start"
    goal = tuple(np.argwhere(puzzle == GOAL)[0].tolist())
    with pytest.raises(PuzzleError, match="0 goal cells, expected 1"):
        session.interfere(EditClue(*goal, WALL))
    with pytest.raises(PuzzleError, match="a path cell, only answers have one"):
        session.interfere(EditClue(*wall, 4))


# -- noise -------------------------------------------------------------------------------------------------------------


def test_noise_is_seeded() -> None:
    def noisy(seed: int | None, first: int = 0) -> list[State]:
        session = watched("sudoku-6x6", 3, seed=first)
        session.interfere(Noise(0.25, seed))
        session.interfere(Noise(0.25, seed))
        return [session.thought(0, 3).state]

    before = watched("sudoku-6x6", 3).thought(0, 3).state
    (one,), (same,), (other,) = noisy(3), noisy(3), noisy(4)
    for z, again, different, old in zip(one, same, other, before, strict=True):
        assert torch.equal(z, again)
        assert not torch.equal(z, different)
        noise = (z - old).double() / 2  # twice the same seed adds twice the same noise
        assert float(noise.std()) == pytest.approx(0.25, rel=0.05)
        assert abs(float(noise.mean())) < 0.02
    assert not torch.equal(one[0] - before[0], one[1] - before[1]), "each state has its own"


def test_noise_without_a_seed_takes_the_next_of_the_session() -> None:
    session = watched("sudoku-6x6", 3, seed=7)
    for _ in range(2):
        session.interfere(Noise(0.1))
    assert [made.parameters["seed"] for made in session.branch.interventions] == [7, 8]
    explicit = watched("sudoku-6x6", 3)
    for seed in (7, 8):
        explicit.interfere(Noise(0.1, seed))
    assert torch.equal(session.thought(0, 3).state.z_H, explicit.thought(0, 3).state.z_H)


# -- what is none ------------------------------------------------------------------------------------------------------


def test_interventions_that_are_none_are_refused() -> None:
    for make, message in (
        (lambda: Freeze("X"), "state 'X', expected 'H' for z_H or 'L' for z_L"),
        (lambda: Thaw(""), "state '', expected"),
        (lambda: SetCell("z_H", 0, 0, 1), "state 'z_H', expected"),
        (lambda: TakeState("H", 0, 0, row=1), "row 1, column None: expected both, or neither"),
        (lambda: TakeFrom("H", watched("untrained"), column=1), "row None, column 1: expected both, or neither"),
        (lambda: Noise(0), "standard deviation 0, expected a number above 0"),
        (lambda: Noise(float("nan")), "standard deviation nan, expected a number above 0"),
        (lambda: Noise(0.1, 2**70), f"seed {2**70}, expected 0 <= seed"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    with pytest.raises(TypeError, match="Intervention, expected one of agents"):
        watched("untrained").interfere(Intervention())
