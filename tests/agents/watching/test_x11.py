"""A real window on a virtual X11 screen, watched with xdotool's keys and mouse."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import imageio.v3 as imageio
import pytest

from tests.conftest import window_of

pytestmark = pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool")


def test_a_window_opens_runs_steps_and_closes(display: str, tmp_path: Path) -> None:
    environment = os.environ | {"DISPLAY": display, "SDL_VIDEODRIVER": "x11"}
    code = f"import os, sys; sys.path.insert(0, {os.getcwd()!r}); from agents.cli import main; main(sys.argv[1:])"
    words = ["watch", "sudoku-6x6", "--seed", "3", "--size", "800x500", "--ms-per-update", "60000"]
    program = subprocess.Popen([sys.executable, "-c", code, *words], env=environment, cwd=tmp_path)
    try:
        window = window_of(program, environment)

        def press(key: str) -> None:
            subprocess.run(["xdotool", "key", key], env=environment, check=True)

        def saved(key: str, name: str) -> Path:
            press(key)
            end = time.monotonic() + 60
            while not (tmp_path / name).exists():
                assert time.monotonic() < end, f"no {name}"
                time.sleep(0.05)
            return tmp_path / name

        subprocess.run(["xdotool", "windowfocus", "--sync", window], env=environment, check=True)
        first = imageio.imread(saved("s", "sudoku-6x6-seed-3.png"))
        assert first.shape == (500, 800, 3)
        for key in ("space", "Right", "Right", "Right"):
            press(key)
        second = imageio.imread(saved("s", "sudoku-6x6-seed-3-2.png"))
        assert (first != second).any()
        press("d")
        dark = imageio.imread(saved("s", "sudoku-6x6-seed-3-3.png"))
        assert dark[0, 0].max() < 60 < second[0, 0].min()
        saved("r", "sudoku-6x6-seed-3.h5")
        press("q")
        assert program.wait(30) == 0
        from agents.watching import load_recording

        # One update is made when the window opens, which Space then stops.
        assert load_recording(tmp_path / "sudoku-6x6-seed-3.h5").last_update == 4
    finally:
        program.kill()
        program.wait()
