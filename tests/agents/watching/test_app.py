"""The window, driven by posted events: time, help, theme and size, closing."""

from pathlib import Path

import numpy as np
import pytest

from agents.watching import Session
from agents.watching.app import Viewer, open_viewer
from agents.watching.window.commands import ACTS, COMMANDS, FOOT, HELP
from agents.watching.window.desk import FASTEST, SLOWEST, Desk
from agents.watching.window.sheets import Keys
from air_envs.drawing.board import to_array
from air_envs.drawing.theme import DARK, LIGHT
from tests.agents.thinking.conftest import knowing
from tests.agents.watching.conftest import model, puzzle_of
from tests.agents.watching.windows import SIZE, Driver


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
