"""The window, driven by posted events: every key does what the help says."""

from collections.abc import Iterator
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

import puzzles
from agents.watching import Session, load_recording, save_recording
from agents.watching.app import Viewer, open_viewer
from agents.watching.commands import ACTS, COMMANDS, FOOT, HELP
from agents.watching.desk import FASTEST, SLOWEST, Desk
from agents.watching.sheets import AskModel, AskPuzzle, Keys
from air_envs.drawing.board import to_array
from air_envs.drawing.theme import DARK, LIGHT
from air_envs.drawing.thinking.page import ANSWER, Z_H, Z_L, Choice
from tests.agents.thinking.conftest import knowing
from tests.agents.watching.conftest import model, puzzle_of, watched
from tests.agents.watching.windows import SIZE, Driver


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Driver]:
    """A Sudoku of 6x6, before the first update."""
    with Driver(watched("sudoku-6x6"), tmp_path) as driver:
        yield driver


def blank_cell(app: Driver) -> tuple[int, int]:
    row, column = np.argwhere(app.story.moment.puzzle == 0)[0].tolist()
    return row, column


# -- time --------------------------------------------------------------------------------------------------------------


def test_the_window_shows_the_picture(app: Driver) -> None:
    assert app.picture().shape == (SIZE[1], SIZE[0], 3)
    assert np.array_equal(app.picture(), to_array(app.viewer.draw()))
    before = app.picture()
    app.press("right")
    assert (app.picture() != before).any()
    assert np.array_equal(app.picture(), to_array(app.viewer.draw()))


def test_space_runs_and_stops_one_update_per_due_frame(app: Driver) -> None:
    app.wait(1)
    assert app.update == 0
    app.press("space", " ")
    assert (app.desk.running, app.update) == (True, 1)
    app.watch()
    app.wait(0.1)
    assert app.update == 1
    app.wait(0.25)
    assert app.update == 2
    app.wait(10)
    assert app.update == 3, "at most one per frame, however late"
    app.press("space", " ")
    app.wait(10)
    assert (app.desk.running, app.update) == (False, 3)


def test_it_stops_at_the_maximum_and_goes_on_when_extended(app: Driver) -> None:
    app.press("space", " ")
    for _ in range(20):
        app.wait(1)
        app.desk.running = True
    assert app.update == 8
    assert app.desk.message == "2 ACT steps, the maximum: E allows one more"
    app.press("right")
    assert app.update == 8
    app.press("e")
    app.press("right")
    assert app.update == 9


def test_running_stops_where_the_puzzle_is_solved() -> None:
    agent = knowing("sudoku-4x4")
    with Driver(Session(agent, puzzle_of(agent, 1), act_steps=6)) as app:
        app.press("space", " ")
        while app.desk.running:
            app.wait(1)
        moment = app.story.moment
        assert moment.solved
        assert moment.halt > 0.5
        assert moment.update % len(app.story.program) == 0
        assert app.desk.message.startswith(f"Solved in ACT step {moment.act_step}")
        solved = app.update
        app.press("space", " ")
        while app.desk.running:
            app.wait(1)
        assert app.update == app.story.most_updates > solved


def test_arrows_home_and_end_step_and_keep_what_was_thought(app: Driver) -> None:
    for _ in range(5):
        app.press("right")
    moments = list(app.story.branch.moments)
    app.press("left")
    app.press("left")
    assert app.update == 3
    app.press("home")
    assert app.update == 0
    app.press("left")
    assert app.update == 0
    app.press("end")
    assert app.update == 5
    assert all(one is two for one, two in zip(app.story.branch.moments, moments, strict=True))


def test_speed_doubles_and_halves_within_bounds(app: Driver) -> None:
    app.press("=", "+")
    assert app.desk.interval == 0.125
    app.press("-")
    app.press("-")
    assert app.desk.interval == 0.5
    for _ in range(20):
        app.press("=")
    assert app.desk.interval == FASTEST
    for _ in range(20):
        app.press("-")
    assert app.desk.interval == SLOWEST


def test_click_and_drag_on_the_timeline_land_on_the_update_under_the_mouse(app: Driver) -> None:
    for _ in range(8):
        app.press("right")
    scale = app.screen.scale
    y = scale.top + scale.high / 2
    app.click(scale.middle(3), y)
    assert app.update == 3
    app.click(app.screen.scale.middle(6), scale.area[1] + 5, hold=True)
    assert app.update == 6
    for update in (5, 2, 4):
        app.move(app.screen.scale.middle(update), y)
        assert app.update == update
    app.move(-50, y)
    assert app.update == 0
    app.move(5000, y)
    assert app.update == 8
    app.release()
    app.move(app.screen.scale.middle(1), y)
    assert app.update == 8


# -- interference ------------------------------------------------------------------------------------------------------


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


# -- looking -----------------------------------------------------------------------------------------------------------


def test_the_mouse_chooses_the_cell_that_is_looked_into(app: Driver) -> None:
    app.press("right")
    app.move(*app.cell(Z_H, (1, 4)))
    inside = app.desk.page().inside
    assert inside.cell == (1, 4)
    assert inside.values == ["blank", "1", "2", "3", "4", "5", "6"]
    moments = app.story.branch.moments
    assert np.array_equal(inside.z_h, [moment.z_H.probability[1, 4] for moment in moments])
    assert np.array_equal(inside.z_l, [moment.z_L.probability[1, 4] for moment in moments])
    assert inside.now == 1
    app.move(3, 3)
    assert app.desk.page().inside.cell == (1, 4), "it stays when the mouse leaves the boards"


def test_attention_is_shown_by_layer_and_head(app: Driver) -> None:
    app.press("right")
    app.move(*app.cell(Z_H, (0, 0)))

    def shown() -> tuple[str, np.ndarray, np.ndarray]:
        inside = app.desk.page().inside
        return inside.caption, inside.attention_l, inside.attention_h

    caption, attention_l, attention_h = shown()
    assert caption == "layer 1 of 2 · mean of 6 heads"
    assert np.array_equal(attention_l, app.story.attention("L", 0, None, (0, 0)))
    assert np.array_equal(attention_h, app.story.attention("H", 0, None, (0, 0)))
    app.press("]")
    app.press(".")
    caption, attention_l, _ = shown()
    assert caption == "layer 2 of 2 · head 1 of 6"
    assert np.array_equal(attention_l, app.story.attention("L", 1, 0, (0, 0)))
    app.press(",")
    app.press("[")
    assert shown()[0] == "layer 1 of 2 · mean of 6 heads"
    app.press("[")
    app.press(",")
    assert shown()[0] == "layer 2 of 2 · head 6 of 6"
    app.press("a")
    assert app.desk.page().inside.attention_l is None
    app.press("a")
    assert app.desk.page().inside.attention_l is not None


def test_slow_attention_waits_until_nothing_changes(app: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, attention = [], Session.attention

    def slow(session: Session, *arguments: object) -> np.ndarray:
        asked.append(arguments)
        app.now += 1.0
        return attention(session, *arguments)

    monkeypatch.setattr(Session, "attention", slow)
    app.move(*app.cell(Z_H, (0, 0)))
    assert len(asked) == 2
    app.press("right")
    assert len(asked) == 2, "updates are not held up"
    assert "when updates stop" in app.desk.page().inside.caption
    app.wait(0.3)
    assert len(asked) == 4
    app.press("space", " ")
    app.wait(1.0)
    app.wait(1.0)
    assert len(asked) == 4


def test_models_that_do_not_attend_say_so() -> None:
    agent = model("sudoku-any").for_family(puzzles.family("sudoku-4x4"))
    with Driver(Session(agent, puzzle_of(agent))) as app:
        app.move(*app.cell(Z_H, (0, 0)))
        inside = app.desk.page().inside
        assert inside.attention_l is None
        assert inside.caption.startswith("This model mixes positions without attention")
        app.press("]")
        assert app.desk.wrong
        assert app.desk.message == inside.caption


# -- the window itself -------------------------------------------------------------------------------------------------


def test_the_theme_and_the_size_change_everything(app: Driver) -> None:
    assert tuple(app.picture()[0, 0]) == LIGHT.page
    app.press("d")
    assert tuple(app.picture()[0, 0]) == DARK.page
    app.press("d")
    assert tuple(app.picture()[0, 0]) == LIGHT.page
    for size in ((1400, 900), (500, 800), (320, 200)):
        app.viewer._window._window.size = size
        app.watch()
        assert app.picture().shape == (size[1], size[0], 3)
        assert np.array_equal(app.picture(), to_array(app.viewer.draw()))


def test_help_is_made_of_the_table_that_the_window_obeys(app: Driver) -> None:
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys)) == len(ACTS)
    shown = [(command.label, command.help) for command in COMMANDS if command.label]
    assert shown == HELP
    silent = [command for command in COMMANDS if command.act is not None and not command.label]
    assert {key for command in silent for key in command.keys} == {*"123456789", "]", "."}
    before = app.picture()
    app.press("h")
    assert isinstance(app.desk.sheet, Keys)
    assert app.desk.page().sheet.lines == HELP
    assert (app.picture() != before).any()
    app.press("right")
    assert app.desk.sheet is None
    assert app.update == 0, "a key closes the sheet and does nothing else"
    for name, typed in (("h", "?"), ("f1", "")):
        app.press(name, typed)
        assert isinstance(app.desk.sheet, Keys)
        app.click(500, 300)
        assert app.desk.sheet is None
    assert app.desk.choice is None
    assert app.desk.page().keys == FOOT


def test_the_page_about_it_lists_the_same_keys() -> None:
    page = (Path(__file__).parents[3] / "docs" / "watch.md").read_text(encoding="utf-8")
    assert "".join(f"| {label} | {what} |\n" for label, what in HELP) in page


@pytest.mark.parametrize("how", ["q", "ctrl", "button"])
def test_closing(app: Driver, how: str) -> None:
    if how == "button":
        app.post(app.pygame.WINDOWCLOSE)
    else:
        app.press("q", ctrl=how == "ctrl")
    assert app.viewer.closed


def test_without_a_screen_it_runs_to_its_end_and_closes() -> None:
    agent = model("sudoku-6x6")
    session = Session(agent, puzzle_of(agent), act_steps=1)
    Viewer(Desk(session, interval=FASTEST, running=True), size=(400, 300)).run()
    assert session.cursor.update == 4
    open_viewer(agent, puzzle_of(agent), "a title", act_steps=1, interval=FASTEST, theme="dark", size=(400, 300))


# -- puzzles and models ------------------------------------------------------------------------------------------------


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
    assert app.desk.message == "sudoku-6x6 does not play maze-3x3: loading maze-15x15 ..."
    app.until(lambda: app.story is not before)
    assert app.story.family.name == "maze-3x3"
    assert app.story.model_name == "maze-15x15"


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


# -- files -------------------------------------------------------------------------------------------------------------


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
