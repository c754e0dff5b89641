import subprocess
import sys
import time

import imageio.v3 as imageio
import numpy as np
import pytest

from air_envs.drawing import DARK, LIGHT
from air_envs.drawing.board import to_array
from air_envs.play import App
from air_envs.sources import GeneratedPuzzles

pygame = pytest.importorskip("pygame")


@pytest.fixture
def app():
    """A window whose clock stands still: what it shows does not depend on when it is looked at."""
    app = App(GeneratedPuzzles("sudoku-6x6"), seed=4, size=(800, 600), clock=lambda: 0.0)
    app.open()
    app.update()
    yield app
    app.close()


@pytest.fixture
def maze():
    app = App(GeneratedPuzzles("maze-9x9"), seed=1, clock=lambda: 0.0)
    app.open()
    app.update()
    yield app
    app.close()


def post(app, type, **fields):
    pygame.event.post(pygame.event.Event(type, window=app._window._window, **fields))


def press(app, key, typed="", mod=0):
    post(app, pygame.KEYDOWN, key=key, unicode=typed, mod=mod)
    app.update()


def letter(app, name, mod=0):
    press(app, ord(name), name, mod)


def click(app, x, y):
    post(app, pygame.MOUSEBUTTONDOWN, button=1, pos=(int(x), int(y)))
    post(app, pygame.MOUSEBUTTONUP, button=1, pos=(int(x), int(y)))
    app.update()


def click_on(app, label):
    left, top, width, height = app.screen.rect_of(label)
    click(app, left + width / 2, top + height / 2)


def until(app, happened, seconds=60):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "nothing happened"
        app.update()
        time.sleep(0.01)


def window(app):
    return app._window.read().astype(int)


def changed(before, after):
    """(top, bottom, left, right) of the pixels that differ."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return rows.min(), rows.max(), columns.min(), columns.max()


def test_the_window_shows_the_picture(app):
    assert np.array_equal(app._window.read(), to_array(app.draw()))
    assert app._window.read().shape == (600, 800, 3)


def test_mouse_and_keys_enter_a_digit_where_it_shows(app):
    row, column = np.argwhere(app.game.puzzle == 0)[7].tolist()
    click(app, *app.screen.layout.centre(row, column))
    assert app.game.selected == (row, column)
    before = window(app)
    digit = int(app.game.solution[row, column])
    letter(app, str(digit))
    assert app.game.grid[row, column] == digit
    left, top, side, _ = app.screen.layout.cell_rect(row, column)
    part = np.s_[top : top + side, left : left + side]
    assert (before[part] != window(app)[part]).any()
    assert (window(app)[part] == LIGHT.entry).all(axis=2).sum() > (before[part] == LIGHT.entry).all(axis=2).sum() + 50
    before = window(app)
    press(app, pygame.K_z, "\x1a", pygame.KMOD_CTRL)
    assert app.game.grid[row, column] == 0
    assert (before[part] != window(app)[part]).any()
    press(app, pygame.K_y, "\x19", pygame.KMOD_CTRL)
    assert app.game.grid[row, column] == digit


@pytest.mark.parametrize(("key", "typed", "mod"), [(pygame.K_3, "#", pygame.KMOD_SHIFT), (pygame.K_3, "3", 0)])
def test_shift_pencils(app, key, typed, mod):
    press(app, key, typed, mod)
    place = app.game.selected
    assert app.game.grid[place] == (0 if mod else 3)
    assert app.game.pencil[place].tolist() == [False, False, bool(mod), False, False, False]


def test_the_keypad_enters_digits(app):
    press(app, pygame.K_KP4, "4")
    assert app.game.grid[app.game.selected] == 4


def test_every_button_does_what_its_key_does(app):
    for label in ("5", "Undo", "Redo", "Erase", "Pencil", "2", "All marks", "Hint", "Check"):
        click_on(app, label)
    assert app.game.pencilling
    assert app.game.hints == 1
    assert app.game.message == "No mistakes so far"
    letter(app, "p")
    assert not app.game.pencilling
    letter(app, "i")
    assert app.game.hints == 2
    letter(app, "m")
    letter(app, "u")
    letter(app, "r")
    letter(app, "v")
    assert app.game.message == "No mistakes so far"


def test_buttons_that_are_off_do_nothing(app):
    before = app.game.grid.copy()
    click_on(app, "Undo")
    letter(app, "u")
    letter(app, "r")
    assert np.array_equal(app.game.grid, before)


def test_solving_says_so_and_a_new_one_begins(app):
    assert not (window(app) == LIGHT.good).all(axis=2).any()
    while not app.game.solved:
        letter(app, "i")
    assert (window(app) == LIGHT.good).all(axis=2).sum() > 1000
    solved = app.game
    letter(app, "n")
    until(app, lambda: app.game is not solved)
    assert app.game.seed == solved.seed + 1
    assert app.game.info["solved"] is False
    assert app.game.hints == 0
    assert app.notice == ""


def test_choosing_another_size(app):
    before = window(app)
    letter(app, "o")
    assert app.card == "options"
    assert (before != window(app)).any()
    old = app.game
    click_on(app, "4x4")
    assert app.card == ""
    until(app, lambda: app.game is not old)
    assert app.game.family.name == "sudoku-4x4"
    assert app.screen.layout.rows == 4


def test_a_puzzle_that_cannot_be_made_leaves_this_one(app):
    old = app.game
    app.new(GeneratedPuzzles("maze-5x5", generator="braided", min_path=16))
    until(app, lambda: app.notice.startswith(f"seed {old.seed + 1}: no braided maze of 5x5"))
    assert app.game is old
    letter(app, "i")
    assert app.notice == ""


def test_a_slow_puzzle_does_not_stop_the_window(app, monkeypatch):
    import threading

    from air_envs.play import app as module

    go, make = threading.Event(), module._make

    def slow(*arguments):
        assert go.wait(30)
        return make(*arguments)

    monkeypatch.setattr(module, "_make", slow)
    old = app.game
    letter(app, "n")
    assert app.notice
    letter(app, "i")
    assert app.game is old
    assert old.hints == 1
    go.set()
    until(app, lambda: app.game is not old)


@pytest.mark.parametrize("close", [lambda app: press(app, pygame.K_ESCAPE), lambda app: letter(app, "?")])
def test_help_lies_over_the_board_and_goes(app, close):
    before = window(app)
    press(app, pygame.K_F1)
    assert app.card == "help"
    top, bottom, left, right = changed(before, window(app))
    assert bottom - top > 300
    assert right - left > 300
    click(app, *app.screen.layout.centre(3, 3))  # closes it, and chooses no cell
    assert app.card == ""
    assert app.game.selected != (3, 3)
    letter(app, "?")
    close(app)
    assert app.card == ""


def test_the_theme_changes_everything(app):
    assert tuple(window(app)[0, 0]) == LIGHT.page
    letter(app, "t")
    assert tuple(window(app)[0, 0]) == DARK.page


@pytest.mark.parametrize("size", [(1500, 1000), (420, 700), (360, 280), (200, 500)])
def test_the_page_is_drawn_anew_at_every_size(app, size):
    app._window._window.size = size
    app.update()
    assert app._window.read().shape == (size[1], size[0], 3)
    assert np.array_equal(app._window.read(), to_array(app.draw()))
    rects = [rect for rect, _ in app.screen.spots]
    assert len(rects) == len(app.items()) + 6
    for left, top, width, height in rects:
        assert left >= 0
        assert top >= 0
        assert left + width <= size[0]
        assert top + height <= size[1]
    layout = app.screen.layout
    assert layout.cell >= 20
    board = layout.left, layout.top, 6 * layout.cell, 6 * layout.cell
    for a in [*rects, board]:  # nothing lies over anything else
        for b in [*rects, board]:
            apart = a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]
            assert a is b or apart


def test_a_window_too_small_for_a_board_shows_none_until_it_grows(app):
    app._window._window.size = (60, 60)
    app.update()
    assert app.screen.layout is None
    click(app, 10, 10)
    app._window._window.size = (600, 500)
    app.update()
    assert app.screen.layout is not None


def test_walking_a_maze_by_keys_and_drag(maze):
    game, layout = maze.game, maze.screen.layout
    solution = game.family.solve(game.puzzle[None])[0]
    before = window(maze)
    place = game.agent
    post(maze, pygame.MOUSEBUTTONDOWN, button=1, pos=tuple(int(v) for v in layout.centre(*place)))
    for _ in range(game.info["optimal_length"]):
        nearer = [
            (place[0] + r, place[1] + c)
            for r, c in ((-1, 0), (0, 1), (1, 0), (0, -1))
            if 0 <= place[0] + r < 9
            and 0 <= place[1] + c < 9
            and game.distances[place[0] + r, place[1] + c] == game.distances[place] - 1
        ]
        place = nearer[0]
        post(maze, pygame.MOUSEMOTION, pos=tuple(int(v) for v in layout.centre(*place)), rel=(0, 0), buttons=(1, 0, 0))
    maze.update()
    assert game.solved
    assert np.array_equal(game.scene().cells, solution)
    assert (window(maze) == LIGHT.path).all(axis=2).sum() > (before == LIGHT.path).all(axis=2).sum() + 100
    post(maze, pygame.MOUSEBUTTONUP, button=1, pos=(0, 0))


def test_a_fast_drag_leaves_no_gap(maze):
    game, layout = maze.game, maze.screen.layout
    row, column = game.agent
    ways = {(row, c) for c in range(9)} | {(r, column) for r in range(9)}
    far = max((p for p in ways if reachable_straight(game, p)), key=lambda p: abs(p[0] - row) + abs(p[1] - column))
    post(maze, pygame.MOUSEBUTTONDOWN, button=1, pos=tuple(int(v) for v in layout.centre(row, column)))
    post(maze, pygame.MOUSEMOTION, pos=tuple(int(v) for v in layout.centre(*far)), rel=(0, 0), buttons=(1, 0, 0))
    maze.update()
    assert game.agent == far != (row, column)


def reachable_straight(game, place):
    (row, column), (r, c) = game.agent, place
    part = game.puzzle[min(row, r) : max(row, r) + 1, min(column, c) : max(column, c) + 1]
    return bool((part > 0).all())


def test_pictures_are_saved(app, tmp_path):
    app.folder = tmp_path
    press(app, pygame.K_F12)
    (path,) = tmp_path.iterdir()
    assert path.name == "sudoku-6x6-4.png"
    assert imageio.imread(path).shape == (600, 800, 3)
    app.folder = tmp_path / "file.txt"
    app.folder.write_text("")
    press(app, pygame.K_F12)
    assert "Saved" not in app.notice


@pytest.mark.parametrize("how", ["button", "keys"])
def test_closing_ends_it(how):
    app = App(GeneratedPuzzles("sudoku-4x4"), seed=0)
    app.open()
    app.update()
    if how == "button":
        post(app, pygame.WINDOWCLOSE)
    else:
        post(app, pygame.KEYDOWN, key=pygame.K_q, unicode="\x11", mod=pygame.KMOD_CTRL)
    app.update()
    assert app.closed
    app.close()
    assert not pygame.display.get_init()


def test_run_plays_until_closed(monkeypatch):
    app = App(GeneratedPuzzles("maze-9x9"), seed=0)
    draw = app.draw

    def draw_and_close():
        pygame.event.post(pygame.event.Event(pygame.QUIT))
        return draw()

    monkeypatch.setattr(app, "draw", draw_and_close)
    app.run()
    assert app.closed


@pytest.mark.parametrize(
    "arguments", [["sudoku", "--size", "4"], ["maze", "--rows", "7", "--columns", "12", "--generator", "percolation"]]
)
def test_the_command_writes_a_picture(tmp_path, arguments):
    from agents.cli import main

    path = tmp_path / "play.png"
    main(["play", *arguments, "--seed", "1", "--theme", "dark", "--screenshot", str(path)])
    assert tuple(imageio.imread(path)[0, 0]) == DARK.page


def test_the_command_plays_a_dataset(tmp_path, sudoku_dataset):
    from agents.cli import main

    path = tmp_path / "play.png"
    main(["play", "sudoku", "--dataset", str(sudoku_dataset), "--screenshot", str(path)])
    assert path.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chess"], "no puzzle 'chess', expected one of maze, sudoku"),
        (["sudoku", "--size", "7"], "no Sudoku of 7x7"),
        (["sudoku", "--clues", "99"], "clues 99"),
        (["sudoku", "--seed", "-1"], "error: seed -1, expected 0 <= seed < 2**64"),
        (["sudoku", "--size", "4", "--screenshot", "."], "error: .: a folder is there"),
        (["maze", "--dataset", "missing.h5"], "missing.h5"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, message, capsys):
    from agents.cli import main

    with pytest.raises(SystemExit) as error:
        main(["play", *arguments])
    assert error.value.code == 2
    assert message in capsys.readouterr().err


def test_playing_loads_no_torch():
    code = "import sys, air_envs.play, agents.cli.play; print('torch' in sys.modules, 'pygame' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]
