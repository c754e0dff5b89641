"""Other puzzles and models, recordings, films and pictures, by keys."""

from pathlib import Path

import imageio.v3 as imageio
import numpy as np

from agents.watching import load_recording, save_recording
from agents.watching.window.sheets import AskModel, AskPuzzle
from air_envs.drawing.board import to_array
from air_envs.drawing.thinking.page import Z_H
from tests.agents.watching.conftest import puzzle_of, watched
from tests.agents.watching.windows import SIZE, Driver, blank_cell


def test_next_and_previous_puzzle(app: Driver) -> None:
    first = app.story
    for key, typed, number in (("n", "n", 0), ("page down", "", 1), ("p", "p", 0)):
        before = app.story
        app.press(key, typed)
        app.until(lambda before=before: app.story is not before)
        assert app.story.title == f"sudoku-6x6, seed {number}"
        assert app.update == 0
        assert app.story.agent is first.agent
        assert app.story.act_steps == 2
    before = app.story
    app.press("page up", "")
    app.until(lambda: app.desk.wrong)
    assert app.desk.message == "no puzzle before that of seed 0, found seed -1"
    assert app.story is before


def test_typing_a_puzzle(app: Driver) -> None:
    before, text = app.story, "".join(map(str, puzzle_of(app.story.agent, 7).ravel()))
    app.press("t")
    assert isinstance(app.desk.sheet, AskPuzzle)
    app.type("12x")
    app.press("return", "\r")
    assert app.desk.sheet.error
    assert "\n" not in app.desk.sheet.error
    assert app.desk.page().sheet.wrong
    for _ in range(3):
        app.press("backspace", "\x08")
    assert app.desk.page().sheet.entry == ""
    app.type(text)
    assert app.update == 0, "digits are typed, no branch is chosen"
    app.press("return", "\r")
    assert app.desk.sheet is None
    app.until(lambda: app.story is not before)
    assert "".join(map(str, app.story.moment.puzzle.ravel())) == text


def test_contradicting_givens_are_refused_and_escape_leaves(app: Driver) -> None:
    app.press("t")
    app.type("11" + "0" * 34)
    app.press("return", "\r")
    assert app.desk.sheet.error == "puzzle 0: row 1, column 1: 1 stands twice in its row"
    app.press("escape", "\x1b")
    assert app.desk.sheet is None
    assert not app.viewer.closed


def test_pasting_a_puzzle_of_another_kind_loads_a_model_that_plays_it(app: Driver) -> None:
    from pygame import scrap

    maze = "\n".join(["S..", ".#.", "..G"]).replace(".", " ")
    scrap.init()
    scrap.put("text/plain;charset=utf-8", maze.encode())
    before = app.story
    app.press("t")
    app.press("v", ctrl=True)
    assert app.desk.sheet.text == maze
    app.press("return", "\r")
    assert app.desk.message == "sudoku-6x6 does not play maze-3x3: loading maze-any ..."
    app.until(lambda: app.story is not before)
    assert app.story.family.name == "maze-3x3"
    assert app.story.model_name == "maze-any"


def test_choosing_a_model(app: Driver) -> None:
    app.press("right")
    before = app.story
    app.press("m")
    assert isinstance(app.desk.sheet, AskModel)
    lines = app.desk.page().sheet.lines
    assert ("1", "sudoku-6x6, the present one") in lines
    key = next(key for key, name in lines if name == "sudoku-6x6-minimal")
    app.press(key.lower())
    app.until(lambda: app.story is not before)
    assert app.story.model_name == "sudoku-6x6-minimal"
    assert np.array_equal(app.story.moment.puzzle, before.moment.puzzle)
    app.press("m")
    app.press("escape", "\x1b")
    assert app.desk.sheet is None


def test_screenshots_recordings_and_films(app: Driver, tmp_path: Path) -> None:
    for _ in range(3):
        app.press("right")
    app.press("s")
    app.press("s")
    assert imageio.imread(tmp_path / "sudoku-6x6.png").shape == (SIZE[1], SIZE[0], 3)
    assert (tmp_path / "sudoku-6x6-2.png").exists()
    app.press("r")
    assert app.desk.message == f"Saved {tmp_path / 'sudoku-6x6.h5'}"
    assert load_recording(tmp_path / "sudoku-6x6.h5").last_update == 3
    app.press("v")
    app.press("right")
    assert app.update == 4, "the window goes on while it films"
    app.until(lambda: app.desk.message.startswith("Saved"))
    assert len(imageio.imread(tmp_path / "sudoku-6x6.gif", index=None)) == 4
    app.press("v", "V", shift=True)
    app.press("v")
    assert app.desk.message == "sudoku-6x6.mp4 is being made, expected to film after that"
    app.until(lambda: (tmp_path / "sudoku-6x6.mp4").exists())


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Driver(watched("sudoku-6x6"), tmp_path / "file") as app:
        for key in "sr":
            app.press(key)
            assert app.desk.wrong


def test_a_recording_replays_in_the_same_window_and_refuses_interference(tmp_path: Path) -> None:
    session = watched("sudoku-6x6", 6)
    with Driver(session) as app:
        app.press("left")
        app.press("f")
        app.press("right")
        live = to_array(app.viewer.draw())
    path = save_recording(session, tmp_path / "kept.h5")
    with Driver(load_recording(path), tmp_path) as app:
        assert app.update == 0
        app.press("2")
        app.press("end")
        assert app.story.moment.frozen == "H"
        replayed = to_array(app.viewer.draw())
        left, top, width, height = app.screen.regions.boards
        boards = np.s_[top : top + height, left : left + width]
        assert (replayed[boards] != live[boards]).any(axis=2).mean() < 0.01, "the same but for float16"
        for key, ctrl in (("f", False), ("g", False), ("x", False)):
            app.press(key, ctrl=ctrl)
            assert app.desk.message == "a recording can't be interfered with: that takes the model, in a live session"
            assert app.desk.wrong
        app.click(*app.cell(Z_H, blank_cell(app)))
        app.press("1")
        assert app.desk.wrong
        app.press("escape", "\x1b")
        for key in "netpm":
            app.press(key)
            assert app.desk.message == "A recording holds no model: air-envs watch MODEL opens one"
        app.press("right")
        assert app.desk.message == "The end of the recording"
        app.move(*app.cell(Z_H, (0, 0)))
        assert app.desk.page().inside.caption.startswith("A recording holds no attention")
        app.press("r")
        assert load_recording(tmp_path / "sudoku-6x6.h5").branches[1].last_update == 6
