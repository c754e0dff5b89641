"""Pictures of the environments: those of ``air_envs.drawing``, with what the last step changed."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import imageio.v3 as imageio
import numpy as np
import pytest

from agents.thinking.environment.mind import COMMIT, H, L
from agents.thinking.rollout import rollout_frames
from air_envs.drawing.frame import Frame
from air_envs.drawing.rollout import draw_frame, draw_frames
from tests.agents.thinking.conftest import untrained


def test_pictures_equal_the_rollouts(dataset: Path) -> None:
    """The film of canonical thinking is the film that ``air-envs watch`` draws, but for title and answer."""
    agent = untrained()
    env = gym.make("air_envs/SudokuThinking-v0", model=agent, dataset=str(dataset), render_mode="rgb_array", pixels=160)
    observation, _ = env.reset(options={"index": 1})
    frames = list(rollout_frames(agent, observation, "sudoku-4x4", act_steps=1))
    expected = list(draw_frames(agent.family, frames, panel=160))
    # The rollout's first picture is of the puzzle alone; the environment's shows the initial states.
    for number, action in enumerate((L, L, H, L, L), start=1):
        env.step(action)
        found = env.render()
        assert found.dtype == np.uint8
        if number > 1:
            height, width, _ = expected[number].shape
            assert np.array_equal(found[:height, :width], expected[number])


def test_only_the_last_step_is_highlighted() -> None:
    env = gym.make("air_envs/SudokuThinking-v0", model=untrained(), render_mode="rgb_array", pixels=160, clues=8)
    env.reset(seed=0)
    for action in (L, H, L, H):
        env.step(action)
    changed = env.render()
    assert np.array_equal(changed, env.render()), "drawing changes nothing"
    env.step(COMMIT)
    committed = env.render()
    width = changed.shape[1]
    boards = [slice(width * k // 3, width * (k + 1) // 3) for k in range(3)]
    mind = env.unwrapped.mind
    assert mind.z_H.changed.any()
    assert not np.array_equal(committed[90:, boards[0]], changed[90:, boards[0]]), "the answer appears"
    assert not np.array_equal(committed[90:, boards[1]], changed[90:, boards[1]]), "z_H is no longer highlighted"
    assert np.array_equal(committed[90:180, boards[2]], changed[90:180, boards[2]]), "nothing happened to z_L"


def test_the_strip_shows_the_letters_that_were_played() -> None:
    env = gym.make("air_envs/SudokuThinking-v0", model=untrained(), render_mode="ansi", clues=8)
    env.reset(seed=0)
    strips = []
    for action in (H, H, L, COMMIT, L, L, L, H):
        env.step(action)
        strips.append(env.render().splitlines()[0].split(" · ")[-3].replace(" ", ""))
    assert strips == ["[H]LHLLH", "H[H]HLLH", "HH[L]LLH", "HH[L]LLH", "HHL[L]LH", "HHLL[L]H", "HHLLL[L]", "[H]LHLLH"]


def test_text(dataset: Path) -> None:
    agent = untrained()
    env = gym.make("air_envs/SudokuThinking-v0", model=agent, dataset=str(dataset), render_mode="ansi")
    observation, _ = env.reset(options={"index": 0})
    first = env.render().splitlines()
    assert first[0].startswith("sudoku-4x4 · ACT step 0 · update 0 ·  L  L  H  L  L  H  · halting probability 0.0")
    assert first[1].split("   ") == ["answer so far", "z_H, the proposal", "z_L, the scratchpad", "changed: 0"]
    digits = [c for line in first[2:] for c in line.split("   ")[0] if c in ".1234"]
    assert "".join(digits) == agent.family.format(observation["puzzle"])
    (thought,) = [thought for thought in agent.think(observation, 1) if thought.update == 1]
    env.step(L)
    text = env.render()
    assert f"changed: {thought.changed.sum()}" in text
    assert text.count("*") == thought.changed.sum() > 0
    env.step(COMMIT)
    assert env.render().startswith("sudoku-4x4 · proposal 1 · ACT step 1 · update 1 · [L]")
    assert "changed: 0" in env.render()


@pytest.mark.parametrize("render_mode", ["human", "rgb_array", "ansi", "rgb_array_list"])
def test_every_render_mode(case: Any, render_mode: str) -> None:
    id, agent, arguments = case
    env = gym.make(id, model=agent, render_mode=render_mode, pixels=120, theme="dark", **arguments)
    env.unwrapped.metadata = env.unwrapped.metadata | {"render_fps": 1000}
    env.reset(seed=0)
    env.step(L)
    shown = env.render()
    if render_mode == "human":
        assert shown is None
        assert env.unwrapped.viewer.screen().ndim == 3
    elif render_mode == "rgb_array_list":
        assert [frame.dtype for frame in shown] == [np.uint8] * 2
    else:
        assert isinstance(shown, str if render_mode == "ansi" else np.ndarray)
    env.close()
    assert gym.make(id, model=agent, **arguments).unwrapped.spec.id == id


@pytest.mark.parametrize("render_mode", ["human", "rgb_array", "ansi"])
def test_rows_of_a_vector_environment(case: Any, render_mode: str) -> None:
    id, agent, arguments = case
    kwargs = {"model": agent, "render_mode": render_mode, "pixels": 120, **arguments}
    envs = gym.make_vec(id, 3, render_rows=[2, 0], **kwargs)
    envs.unwrapped.template.metadata = envs.metadata | {"render_fps": 1000}
    envs.reset(seed=5)
    envs.step(np.array([L, H, L]))
    shown = envs.render()
    if render_mode == "human":
        assert shown is None
        assert envs.unwrapped._window.screen().ndim == 3
    else:
        one = gym.make(id, **kwargs)
        one.reset(seed=7)
        one.step(L)
        assert len(shown) == 2
        assert np.array_equal(shown[0], one.render())
        one.close()
    envs.close()


def test_rendering_without_a_mode_warns(case: Any) -> None:
    id, agent, arguments = case
    env = gym.make(id, model=agent, **arguments)
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="render"):
        assert env.unwrapped.render() is None


@pytest.mark.parametrize("pixels", [120, 123])
def test_record_video(case: Any, tmp_path: Path, pixels: int) -> None:
    pytest.importorskip("moviepy", reason="RecordVideo of Gymnasium writes with moviepy, which is not installed")
    id, agent, arguments = case
    env = gym.make(id, model=agent, render_mode="rgb_array", pixels=pixels, **arguments)
    env = gym.wrappers.RecordVideo(
        env, str(tmp_path / "films"), episode_trigger=lambda episode: True, disable_logger=True
    )
    env.reset(seed=0)
    for action in (L, H, H, H, COMMIT):
        _, _, over, *_ = env.step(action)
    assert over
    env.close()
    (film,) = (tmp_path / "films").glob("*.mp4")
    frames = list(imageio.imiter(film, plugin="FFMPEG"))
    assert len(frames) >= 6, "of the reset and of each step"
    shown = env.unwrapped.render()
    assert frames[-1].shape == shown.shape
    assert [side % 2 for side in shown.shape[:2]] == [0, 0]
    assert abs(frames[-1].astype(int) - shown).mean() < 5


def test_frames_are_what_is_drawn() -> None:
    """``draw_frame`` draws the puzzle where nothing was proposed yet, as it draws a grid equal to it."""
    agent = untrained()
    puzzle = agent.family.generate(np.zeros(1, np.uint64)).puzzle[0]
    one, two = (Frame(puzzle, puzzle, puzzle, answer=answer) for answer in (None, puzzle))
    assert np.array_equal(draw_frame(agent.family, one, panel=100), draw_frame(agent.family, two, panel=100))
