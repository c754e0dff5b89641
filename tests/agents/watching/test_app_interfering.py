"""Interfering by keys and mouse."""

from pathlib import Path

import numpy as np
import pytest

from air_envs.drawing.thinking.page import ANSWER, Z_H, Z_L, Choice
from tests.agents.watching.conftest import watched
from tests.agents.watching.windows import Driver, blank_cell


@pytest.mark.parametrize(("key", "letter"), [("f", "H"), ("g", "L")])
def test_freezing_and_thawing(app: Driver, key: str, letter: str) -> None:
    app.press("right")
    app.press(key)
    assert app.story.moment.frozen == letter
    for _ in range(4):
        app.press("right")
    skipped = [moment.letter == "-" for moment in app.story.branch.moments[2:]]
    assert skipped == [app.story.program[k % len(app.story.program)] == letter for k in range(1, 5)]
    app.press(key)
    assert app.story.moment.frozen == ""


@pytest.mark.parametrize(("board", "name"), [(Z_H, "z_H"), (Z_L, "z_L")])
def test_typing_into_a_cell_sets_it(app: Driver, board: int, name: str) -> None:
    for _ in range(4):
        app.press("right")
    cell = blank_cell(app)
    old = int(getattr(app.story.moment, name).cells[cell])
    new = old % 6 + 1
    app.click(*app.cell(board, cell))
    assert app.desk.choice == Choice(board, cell)
    assert app.desk.message == f"{name}, row {cell[0] + 1}, column {cell[1] + 1}: type 0 to 6; Esc lets go"
    app.press(str(new))
    assert getattr(app.story.moment, name).cells[cell] == new
    assert app.desk.choice is None
    assert len(app.story.branches) == 1, "at the end of a branch it changes in place"


def test_typing_names_into_a_maze() -> None:
    with Driver(watched("maze-9x9", 2)) as app:
        for value, key in enumerate("wosgp"):
            app.click(*app.cell(Z_H, (4, 4)))
            app.press(key)
            assert app.story.moment.z_H.cells[4, 4] == value
        assert app.desk.saver.folder == Path(), "S is a value while a cell is chosen: nothing was saved"


def test_interfering_in_the_past_makes_a_branch_with_a_row_of_its_own(app: Driver) -> None:
    for _ in range(6):
        app.press("right")
    app.press("left")
    app.press("left")
    rows = len(app.screen.scale.lanes)
    app.press("x")
    assert (len(app.story.branches), app.story.cursor) == (2, (1, 4))
    assert len(app.screen.scale.lanes) == rows + 1
    app.press("right")
    assert app.story.branches[0].last_update == 6
    assert app.story.branches[1].last_update == 5
    app.press("tab", "\t")
    assert app.story.cursor == (0, 5)
    app.press("tab", "\t")
    assert app.story.cursor == (1, 5)
    app.press("1")
    assert app.story.cursor == (0, 5)
    app.press("2")
    assert app.story.cursor == (1, 5)
    app.press("3")
    assert (app.desk.message, app.desk.wrong) == ("no branch 3, expected 1 to 2", True)
    scale = app.screen.scale
    app.click(scale.middle(6), scale.top + scale.high / 2)
    assert app.story.cursor == (0, 6)


def test_shift_and_click_edits_a_clue(app: Driver) -> None:
    app.press("right")
    row, column = np.argwhere(app.story.moment.puzzle > 0)[0].tolist()
    app.click(*app.cell(ANSWER, (row, column)))
    assert app.desk.choice is None
    assert "Shift+click" in app.desk.message
    app.click(*app.cell(ANSWER, (row, column)), shift=True)
    app.press("backspace")
    assert app.story.moment.puzzle[row, column] == 0
    app.click(*app.cell(ANSWER, (row, column)), shift=True)
    puzzle = app.story.moment.puzzle
    app.press(str(max(puzzle[row].max(), puzzle[:, column].max())))
    assert app.desk.wrong
    assert "twice" in app.desk.message
    assert app.story.moment.puzzle[row, column] == 0
    assert app.desk.choice is not None, "another value may be typed"


def test_states_are_taken_from_another_moment(app: Driver) -> None:
    app.press("v", ctrl=True)
    assert app.desk.message == "nothing is remembered: Ctrl+C remembers a moment"
    app.press("right")
    app.press("c", ctrl=True)
    remembered = app.story.moment
    for _ in range(5):
        app.press("right")
    app.press("v", ctrl=True)
    assert np.array_equal(app.story.moment.z_H.probability, remembered.z_H.probability)
    assert np.array_equal(app.story.moment.z_L.probability, remembered.z_L.probability)
    assert len(app.story.moment.notes) == 2


def test_one_cell_is_taken_from_another_puzzle(app: Driver) -> None:
    for _ in range(3):
        app.press("right")
    app.press("c", ctrl=True)
    there = app.story.moment
    app.press("right")
    other = app.story
    app.press("n")
    app.until(lambda: app.story is not other)
    app.press("right")
    before = app.story.moment
    app.click(*app.cell(Z_L, (2, 2)))
    app.press("v", ctrl=True)
    after = app.story.moment
    assert np.allclose(after.z_L.probability[2, 2], there.z_L.probability[2, 2], atol=1e-6)
    assert np.array_equal(after.z_L.probability[0, 0], before.z_L.probability[0, 0])
    assert np.array_equal(after.z_H.probability, before.z_H.probability)


def test_escape_lets_go_before_it_closes(app: Driver) -> None:
    app.click(*app.cell(Z_H, (0, 0)))
    app.press("escape", "\x1b")
    assert app.desk.choice is None
    assert not app.viewer.closed
    app.press("escape", "\x1b")
    assert app.viewer.closed


def test_escape_asks_before_it_loses_branches(app: Driver) -> None:
    app.press("right")
    app.press("right")
    app.press("left")
    app.press("x")
    assert len(app.story.branches) == 2
    for other in ("d", "d"):
        app.press("escape", "\x1b")
        assert not app.viewer.closed
        assert app.desk.message == "Esc again closes the window, without its branches. R saves them."
        app.press(other)
    app.press("escape", "\x1b")
    app.press("escape", "\x1b")
    assert app.viewer.closed
