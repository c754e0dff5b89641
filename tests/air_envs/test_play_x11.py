"""A real window on a virtual X11 screen, played with xdotool's keys and mouse."""

import os
import shutil
import subprocess
import sys
import time

import imageio.v3 as imageio
import numpy as np
import pytest

from air_envs.drawing import DARK, LIGHT
from tests.conftest import window_of

pytestmark = pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")),
    reason="needs Xvfb and xdotool",
)


@pytest.fixture
def play(display, tmp_path):
    environment = os.environ | {"DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
    code = f"import os, sys; sys.path.insert(0, {os.getcwd()!r}); from agents.cli import main; main(sys.argv[1:])"
    started = []

    def start(*arguments):
        program = subprocess.Popen(
            [sys.executable, "-c", code, "play", *arguments], env=environment, cwd=tmp_path, stderr=subprocess.PIPE
        )
        started.append(program)
        window = window_of(program, environment)

        def tell(*words):
            subprocess.run(["xdotool", *(w.replace("WINDOW", window) for w in words)], env=environment, check=True)
            time.sleep(0.2)

        tell("windowfocus", "--sync", window)
        return program, tell

    yield start
    for program in started:
        program.kill()
        program.communicate()


def picture(tell, path):
    """The window, as F12 saves it."""
    path.unlink(missing_ok=True)
    tell("key", "F12")
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end, "no picture"
        time.sleep(0.05)
    return imageio.imread(path)


def test_a_window_is_played_resized_and_closed(play, tmp_path):
    program, tell = play("sudoku", "--size", "4", "--seed", "5")
    path = tmp_path / "sudoku-4x4-5.png"
    first = picture(tell, path)
    assert first.shape == (700, 960, 3)
    tell("key", "i")
    hinted = picture(tell, path)
    assert (hinted == LIGHT.good).all(axis=2).sum() > 100 > (first == LIGHT.good).all(axis=2).sum()

    tell("mousemove", "--window", "WINDOW", "500", "500", "click", "1")
    ring = np.argwhere((picture(tell, path) == LIGHT.entry).all(axis=2))
    assert (abs(ring.mean(axis=0) - 500) < 80).all()  # around a cell of 150 pixels

    tell("key", "t")
    tell("windowsize", "--sync", "WINDOW", "600", "820")
    tall = picture(tell, path)
    assert tall.shape == (820, 600, 3)
    assert tuple(tall[0, 0]) == DARK.page

    tell("key", "ctrl+q")
    assert program.wait(30) == 0
    assert [line for line in program.stderr if b"compiling for this machine" not in line] == []


def test_a_maze_is_walked_with_the_mouse(play, tmp_path):
    from air_envs.play import App
    from air_envs.sources import GeneratedPuzzles

    app = App(GeneratedPuzzles("maze-9x9"), seed=1)  # the same puzzle, to know where its cells lie
    app.draw()
    game, layout = app.game, app.screen.layout
    program, tell = play("maze", "--seed", "1")
    x, y = (str(int(at)) for at in layout.centre(*game.agent))
    tell("mousemove", "--window", "WINDOW", x, y, "mousedown", "1")
    while not game.solved:
        game.hint()
        x, y = (str(int(at)) for at in layout.centre(*game.agent))
        tell("mousemove", "--window", "WINDOW", x, y)
    tell("mouseup", "1")
    assert (picture(tell, tmp_path / "maze-9x9-1.png") == LIGHT.good).all(axis=2).sum() > 5000  # the banner
    tell("key", "ctrl+q")
    assert program.wait(30) == 0
    app.close()
