"""Films show every moment of a branch; recording without a display runs to the halt and writes by suffix."""

import sys
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

from agents.watching import Noise, Session, load_recording, record, save_film, save_recording
from agents.watching.film import frames
from air_envs.drawing.files import save_mp4
from tests.agents.thinking.conftest import knowing
from tests.agents.watching.conftest import puzzle_of, watched


def test_frames_are_the_moments_of_a_branch() -> None:
    session = watched("sudoku-6x6", 8)
    session.go(3)
    session.interfere(Noise(1.0))
    session.go(6)
    for branch, last in ((0, 8), (1, 6)):
        found = frames(session, branch)
        assert [frame.update for frame in found] == list(range(last + 1))
        for update, frame in enumerate(found):
            moment = session.branches[branch].moment(update)
            assert np.array_equal(frame.z_h, moment.z_H.cells)
            assert np.array_equal(frame.z_l, moment.z_L.cells)
            assert np.array_equal(frame.z_h_candidates, moment.z_H.probability[..., 1:])
            assert np.array_equal(frame.puzzle, moment.puzzle)
            assert frame.letter == moment.letter
            assert (frame.act_step, frame.halt) == (moment.act_step, moment.halt if update else None)
            steps = update // 4 * 4
            answer = session.branches[branch].moment(steps).z_H.cells if steps else None
            assert np.array_equal(frame.answer, answer) if steps else frame.answer is None
    assert len(frames(session)) == 7, "the present branch"


def test_films_of_all_kinds(tmp_path: Path) -> None:
    session = watched("maze-9x9", 4)
    gif, png, mp4 = (
        save_film(session, tmp_path / f"film{suffix}", ms_per_update=500) for suffix in (".gif", ".png", ".mp4")
    )
    pictures = imageio.imread(gif)
    assert len(pictures) == 5
    assert imageio.imread(png).ndim == 3
    film = imageio.imread(mp4, plugin="FFMPEG")
    assert len(film) == 5 + 3, "the last picture stays for 2 s"
    assert imageio.immeta(mp4, plugin="FFMPEG")["fps"] == 2
    height, width = pictures.shape[1:3]
    assert film.shape[1:3] == (height + height % 2, width + width % 2)
    apart = np.abs(film[0, :height, :width].astype(int) - pictures[0, ..., :3].astype(int))
    assert apart.mean() < 4, "it shows the same, as closely as the codec and the palette do"


def test_mp4_of_odd_sizes_and_of_what_is_no_picture(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [np.full((31, 45, 3), value, np.uint8) for value in (0, 200)]
    path = save_mp4(tmp_path / "odd.mp4", iter(pictures), ms_per_frame=100, last_ms=100)
    film = imageio.imread(path, plugin="FFMPEG")
    assert film.shape == (2, 32, 46, 3)
    assert film[0].max() < 20
    assert film[1].min() > 180
    for wrong, message in (
        ([], "no frames, expected 1 or more"),
        ([pictures[0], rng.random((31, 45, 3))], "a frame of shape"),
        ([pictures[0], pictures[1][:30]], "a frame of shape"),
    ):
        with pytest.raises(ValueError, match=message):
            save_mp4(tmp_path / "wrong.mp4", wrong)
    assert [file.name for file in tmp_path.iterdir()] == ["odd.mp4"], "nothing half-written"


# -- without a display -------------------------------------------------------------------------------------------------


def thinking(seed: int = 0) -> Session:
    """A session of a model that knows the answer after one to three H-updates, and its halting head a while later."""
    agent = knowing("sudoku-4x4", max_steps=9)
    return Session(agent, puzzle_of(agent, seed))


def test_a_recording_ends_where_the_model_halts_with_the_right_answer(tmp_path: Path) -> None:
    session = thinking()
    path = record(session, tmp_path / "story.h5")
    moments = load_recording(path).branch.moments
    ends = [moment for moment in moments if moment.update and moment.update % 6 == 0]
    assert ends[-1] is moments[-1]
    assert ends[-1].solved
    assert ends[-1].halt > 0.5
    assert all(not moment.solved or moment.halt <= 0.5 for moment in ends[:-1])


def test_a_model_that_doubts_is_followed_for_a_while(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    session = thinking()
    halting_logits = session.agent.model.halting_logits
    monkeypatch.setattr(session.agent.model, "halting_logits", lambda state: (halting_logits(state)[0] - 99, None))
    record(session, tmp_path / "story.h5")
    right = [moment.solved for moment in session.branch.moments if moment.update and moment.update % 6 == 0]
    assert right[-3:] == [True] * 3
    assert sum(right) == 3


def test_without_an_answer_it_runs_to_the_maximum(tmp_path: Path) -> None:
    session = watched("untrained", act_steps=3)
    record(session, tmp_path / "story.h5")
    assert session.last_update == 18


def test_recordings_become_pictures(tmp_path: Path) -> None:
    path = save_recording(watched("sudoku-6x6", 3), tmp_path / "story.h5")
    assert len(imageio.imread(record(load_recording(path), tmp_path / "story.gif"))) == 4
    copy = load_recording(record(load_recording(path), tmp_path / "copy.h5"))
    assert copy.last_update == 3


def test_nothing_is_thought_in_vain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = watched("untrained")
    there = tmp_path / "there.gif"
    there.write_text("mine")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(ValueError, match=r"film.avi: suffix '.avi', expected one of .h5, .gif, .png, .mp4"):
        record(session, tmp_path / "film.avi")
    with pytest.raises(FileExistsError, match="a file is there"):
        record(session, there)
    with pytest.raises(ModuleNotFoundError, match=r"MP4 films need imageio-ffmpeg: pip install 'air-envs\[video\]'"):
        record(session, tmp_path / "film.mp4")
    assert session.last_update == 0
    record(session, there, overwrite=True)
    assert len(imageio.imread(there)) == 13
    with pytest.raises(ValueError, match=r"suffix '.h5', expected one of .gif, .png, .mp4"):
        save_film(session, tmp_path / "story.h5")
