import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest

import air_envs  # noqa: F401
import puzzles
from air_envs.drawing import board_image
from air_envs.drawing.viewer import Viewer
from puzzles.maze.cells import GOAL, OPEN, START, WALL

SUDOKU, MAZE = puzzles.family("sudoku-4x4"), puzzles.family("maze-3x5")
SOLUTION = np.array([[1, 2, 3, 4], [3, 4, 1, 2], [2, 1, 4, 3], [4, 3, 2, 1]])
PUZZLE = np.where(np.eye(4), SOLUTION, 0)  # the diagonal is given
BEND = np.array([[START, OPEN, WALL, OPEN, OPEN], [WALL, OPEN, OPEN, OPEN, WALL], [OPEN, OPEN, WALL, OPEN, GOAL]])


@pytest.mark.parametrize("id", ["air_envs/Sudoku-v0", "air_envs/Maze-v0"])
def test_the_window_shows_what_rgb_array_returns(id):
    still, shown = gym.make(id, render_mode="rgb_array"), gym.make(id, render_mode="human")
    for env in (still, shown):
        env.action_space.seed(0)
        env.reset(seed=0)
        env.step(env.action_space.sample())
    assert np.array_equal(still.render(), shown.unwrapped.viewer.screen())
    shown.close()
    assert shown.unwrapped.viewer.screen() is None


def test_two_windows_at_once_and_closing_one():
    import pygame

    viewers = [Viewer(SUDOKU, fps=0), Viewer(MAZE, fps=0, theme="dark")]
    grids = [SOLUTION, BEND]
    for viewer, grid in zip(viewers, grids, strict=True):
        viewer.show(grid)
    for viewer, grid in zip(viewers, grids, strict=True):
        assert np.array_equal(viewer.screen(), viewer.rgb_array(grid))
    first = viewers[0]._window._window
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_a, window=viewers[1]._window._window))
    pygame.event.post(pygame.event.Event(pygame.WINDOWCLOSE, window=first))
    viewers[1].show(BEND)  # hears all events, and keeps its own
    assert [e.key for e in viewers[1].events if e.type == pygame.KEYDOWN] == [pygame.K_a]
    viewers[0].show(SOLUTION)
    assert viewers[0].closed
    assert viewers[0].screen() is None
    viewers[0].show(SOLUTION)  # stays closed
    assert viewers[0].screen() is None
    assert not viewers[1].closed
    assert viewers[1].screen() is not None
    for viewer in viewers:
        viewer.close()
        viewer.close()
    assert not pygame.display.get_init()


def test_an_episode_goes_on_after_the_window_was_closed():
    import pygame

    env = gym.make("air_envs/Maze-v0", render_mode="human").unwrapped
    env.metadata = env.metadata | {"render_fps": 1000}
    env.reset(seed=0)
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    for _ in range(3):
        env.step(0)
    assert env.viewer.closed
    env.reset()
    env.close()


def test_windows_survive_another_environment_that_quits_pygame():
    import pygame

    viewer = Viewer(SUDOKU, fps=0)
    viewer.show(SOLUTION)
    pygame.quit()
    assert viewer.screen() is None
    viewer.show(PUZZLE)
    assert np.array_equal(viewer.screen(), viewer.rgb_array(PUZZLE))
    viewer.close()
    pygame.quit()
    assert board_image(SUDOKU, SOLUTION, pixels=333).shape == (333, 333, 3)


def test_frames_are_not_shown_faster_than_asked():
    import time

    viewer = Viewer(SUDOKU, fps=50)
    viewer.show(SOLUTION)
    start = time.monotonic()
    for _ in range(5):
        viewer.show(SOLUTION)
    assert time.monotonic() - start >= 0.08
    viewer.close()


@pytest.mark.parametrize("mode", ["rgb_array", "human"])
def test_a_program_that_never_closes_ends_well(mode):
    code = (
        "import gymnasium, air_envs;"
        f"env = gymnasium.make('air_envs/Maze-v0', render_mode='{mode}'); env.reset(seed=0); env.render();"
        "import pygame; print(pygame.display.get_init())"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (answer.returncode, answer.stdout.split()[-1]) == (0, str(mode == "human"))


def test_missing_pygame_is_named(monkeypatch):
    from air_envs.drawing import sprites

    sprites.load_pygame.cache_clear()
    monkeypatch.setitem(sys.modules, "pygame", None)
    env = gym.make("air_envs/Sudoku-v0", size=4, render_mode="rgb_array").unwrapped
    env.reset(seed=0)
    with pytest.raises(gym.error.DependencyNotInstalled, match="pip install pygame"):
        env.render()
    sprites.load_pygame.cache_clear()
