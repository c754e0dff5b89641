"""Recordings equal what was recorded, replay without torch, and are refused when they are not whole."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from agents.watching import (
    EditClue,
    Freeze,
    Noise,
    Recording,
    RecordingError,
    Session,
    SetCell,
    TakeFrom,
    TakeState,
    load_recording,
    save_recording,
)
from agents.watching.branches import Cursor
from puzzles.dataset import layout
from tests.agents.cli.test_commands import fails
from tests.agents.watching.conftest import assert_same_branch, assert_same_moment, puzzle_of, watched

HALF = 2**-11
"""Half the distance of neighbouring float16 numbers below 1."""


def story(name: str) -> Session:
    """Three branches with interventions of all kinds."""
    session = watched(name, 4, title="a täst → one")
    session.go(2)
    session.interfere(SetCell("H", 1, 1, 2))
    session.interfere(Noise(0.2))
    session.go(4)
    session.go(1)
    session.interfere(Freeze("L"))
    session.interfere(TakeFrom("H", watched(name, 1), 0, 0))
    session.interfere(TakeState("L", 0, 3))
    row, column = np.argwhere(session.moment.puzzle == 0)[0].tolist()
    session.interfere(EditClue(row, column, 1) if name == "maze-9x9" else EditClue(*filled(session), 0))
    session.go(3)
    return session


def filled(session: Session) -> list[int]:
    return np.argwhere(session.moment.puzzle != 0)[0].tolist()


@pytest.fixture(scope="module")
def session() -> Session:
    return story("untrained")


@pytest.fixture(scope="module")
def path(session: Session, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_recording(session, tmp_path_factory.mktemp("recordings") / "story.h5")


@pytest.mark.parametrize("name", ["untrained", "sudoku-6x6", "maze-9x9", "sudoku-extreme"])
def test_a_recording_equals_what_was_recorded(name: str, tmp_path: Path) -> None:
    live = story(name)
    found = load_recording(save_recording(live, tmp_path / "new" / "story.h5"))
    assert isinstance(found, Recording)
    assert not found.live
    for attribute in ("family", "title", "program", "model_name", "act_steps", "most_updates"):
        assert getattr(found, attribute) == getattr(live, attribute), attribute
    assert found.title == "a täst → one"
    assert len(found.branches) == len(live.branches) == 3
    for one, other in zip(found.branches, live.branches, strict=True):
        assert (one.name, one.parent, one.start) == (other.name, other.parent, other.start)
        assert one.interventions == other.interventions
        assert_same_branch(one, other, HALF)
    assert {made.kind for branch in found.branches for made in branch.interventions} == {
        "SetCell", "Noise", "Freeze", "TakeFrom", "TakeState", "EditClue"
    }  # fmt: skip


def test_a_recording_is_walked_through_as_a_session(session: Session, path: Path) -> None:
    found = load_recording(path)
    assert found.cursor == Cursor(0, 0)
    session.choose(0)
    session.home()
    steps = 0
    while found.step():
        steps += 1
        session.step()
        assert_same_moment(found.moment, session.moment, HALF)
    assert steps == found.last_update == 4
    assert found.back()
    assert found.moment.update == 3
    found.choose(2)
    assert found.cursor == Cursor(2, 3)
    assert found.moment.notes == ()
    found.go(1)
    assert len(found.moment.notes) == 4
    found.home()
    assert not found.back()
    found.end()
    assert not found.step()
    with pytest.raises(ValueError, match="branch C: update 4, expected 0 to 3"):
        found.go(4)
    with pytest.raises(ValueError, match="a recording can't be interfered with"):
        found.interfere(Freeze("H"))
    assert found.attention_shape is None
    assert found.attention("L", 0, None, (0, 0)) is None


def test_recordings_of_recordings(path: Path, tmp_path: Path) -> None:
    one = load_recording(path)
    two = load_recording(save_recording(one, tmp_path / "again.h5"))
    for found, expected in zip(two.branches, one.branches, strict=True):
        assert_same_branch(found, expected)
        assert found.interventions == expected.interventions


def test_states_of_a_recording_cannot_be_taken(path: Path) -> None:
    with pytest.raises(ValueError, match="a recording holds no states, expected a live session"):
        watched("untrained").interfere(TakeFrom("H", load_recording(path)))


def test_a_replay_imports_no_torch(path: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from agents.watching import load_recording
from agents.watching.film import frames
recording = load_recording({str(path)!r})
while recording.step():
    recording.moment.z_H.confidence
frames(recording)
assert "torch" not in sys.modules, "torch"
"""
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr


# -- files -------------------------------------------------------------------------------------------------------------


def test_what_the_file_says(session: Session, path: Path) -> None:
    with h5py.File(path) as file:
        attributes = dict(file.attrs)
        assert sorted(file) == ["A", "B", "C"]
        assert file["B/z_H_probability"].shape == (3, 4, 4, 5)
        assert file["B/z_H_probability"].dtype == np.float16
        assert file["A/puzzle"].compression == "gzip"
        assert all(array.fletcher32 for array in file["A"].values())
        (made, noise) = json.loads(file["B/interventions"][...].tobytes())
    assert made["kind"] == "SetCell"
    assert noise["parameters"] == {"std": 0.2, "seed": 0}
    assert attributes["format"] == b"air-envs recording"
    assert attributes["format_version"] == 1
    assert attributes["family"] == b"sudoku-4x4"
    assert attributes["program"] == b"LLHLLH"
    assert attributes["model"] == b"untrained"
    assert "air-envs" in json.loads(attributes["versions"])
    assert attributes["date"].endswith(b"+00:00")


def test_nothing_is_replaced_unasked(session: Session, path: Path, tmp_path: Path) -> None:
    there = tmp_path / "story.h5"
    there.write_text("mine")
    with pytest.raises(FileExistsError, match="a file is there; nothing is replaced without overwrite"):
        save_recording(session, there)
    assert there.read_text() == "mine"
    save_recording(session, there, overwrite=True)
    assert load_recording(there).title == session.title
    assert os.listdir(tmp_path) == ["story.h5"]


def test_a_failure_leaves_what_was_there(
    session: Session, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = tmp_path / "story.h5"
    there.write_bytes(path.read_bytes())
    create, calls = h5py.Group.create_dataset, []

    def failing(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 20:
            raise RuntimeError("boom")
        return create(*args, **kwargs)

    monkeypatch.setattr(h5py.Group, "create_dataset", failing)
    with pytest.raises(RuntimeError, match="boom"):
        save_recording(session, there, overwrite=True)
    assert there.read_bytes() == path.read_bytes()
    assert os.listdir(tmp_path) == ["story.h5"]


# -- damage ------------------------------------------------------------------------------------------------------------


def noticed(path: Path, content: bytes, original: Recording) -> bool:
    """Return whether damage is refused; a recording that loads otherwise must be the original."""
    path.write_bytes(content)
    try:
        found = load_recording(path)
    except RecordingError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert refusal.startswith(str(path))
        assert "\n" not in refusal
        return True
    assert (found.title, found.model_name, found.program) == (original.title, original.model_name, original.program)
    for one, other in zip(found.branches, original.branches, strict=True):
        assert one.interventions == other.interventions
        assert_same_branch(one, other)
    return False


def test_a_flipped_bit_is_refused_or_harmless(path: Path, tmp_path: Path) -> None:
    original, content, rng = load_recording(path), path.read_bytes(), np.random.default_rng(1)
    refused = 0
    for position in rng.integers(0, len(content), 40):
        broken = bytearray(content)
        broken[position] ^= 1 << int(rng.integers(8))
        refused += noticed(tmp_path / "broken.h5", bytes(broken), original)
    assert refused > 15
    for word in (b"air-envs recording", b"sudoku-4x4", b"LLHLLH", b"untrained", b'"moments": 3'):
        broken = bytearray(content)
        broken[content.index(word)] ^= 1
        assert noticed(tmp_path / "broken.h5", bytes(broken), original), word


def test_a_truncated_file_is_refused(path: Path, tmp_path: Path) -> None:
    original, content = load_recording(path), path.read_bytes()
    for length in (0, 1, 8, 48, 511, 4096, len(content) // 2, len(content) - 1):
        assert noticed(tmp_path / "broken.h5", content[:length], original), length


def attribute(name: str, value: str | int) -> Any:
    def change(file: h5py.File) -> None:
        del file.attrs[name]
        layout.set_value(file, name, value)

    return change


def array(name: str, value: np.ndarray) -> Any:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = value

    return change


def branches(**changes: Any) -> Any:
    """Change what the root says of the second branch."""

    def change(file: h5py.File) -> None:
        found = json.loads(file.attrs["branches"])
        found[1] |= changes
        attribute("branches", json.dumps(found))(file)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (attribute("format", "air-envs dataset"), "format 'air-envs dataset', expected 'air-envs recording'"),
        (attribute("format_version", 2), "format version 2, expected 1: made by a newer release"),
        (attribute("title", "another"), "checksum is"),
        (attribute("act_steps", "two"), "attribute 'act_steps' is 'two', expected a number"),
        (attribute("family", "kakuro-9x9"), "unknown family 'kakuro-9x9'"),
        (attribute("family", "sudoku-6x6"), "A/puzzle is uint8 of shape (5, 4, 4), expected uint8 of shape (5, 6, 6)"),
        (lambda file: file.attrs.__delitem__("program"), "no attribute 'program', expected those of a recording"),
        (lambda file: file.__delitem__("B"), "no array 'B/act_step'"),
        (array("A/halt", np.zeros(5, np.float32)), "A/halt is float32 of shape (5,), expected float64 of shape (5,)"),
        (branches(parent=1), "expected one that leaves an earlier branch"),
        (branches(start=9), "expected one that leaves an earlier branch"),
        (branches(name="X"), "expected one that leaves an earlier branch"),
        (branches(moments=0), "expected one that leaves an earlier branch"),
        (attribute("branches", "[]"), "no branch, expected at least one"),
        (attribute("branches", "none"), "damaged"),
    ],
)
def test_what_a_file_lacks_or_has_otherwise_is_said(change: Any, message: str, path: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.h5"
    broken.write_bytes(path.read_bytes())
    with h5py.File(broken, "r+") as file:
        change(file)
    with pytest.raises(RecordingError) as raised:
        load_recording(broken)
    assert str(raised.value).startswith(f"{broken}: ")
    assert message in str(raised.value)
    assert ("damaged" in message) == ("damaged" in str(raised.value)), "what is found is said"


def test_other_files_are_refused(tmp_path: Path, dataset: Path) -> None:
    text = tmp_path / "story.h5"
    text.write_text("hello")
    for file, message in (
        (dataset, "format None, expected 'air-envs recording'"),
        (text, "damaged, or no HDF5 file"),
        (tmp_path, "a folder, expected an HDF5 file"),
    ):
        with pytest.raises(RecordingError, match=message):
            load_recording(file)
    with pytest.raises(FileNotFoundError, match="no such recording"):
        load_recording(tmp_path / "none.h5")


def test_a_window_that_cannot_be_is_one_line(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pygame = pytest.importorskip("pygame")
    assert "no window: Window is too large" in fails(["watch", str(path), "--size", "99999x99999"], capsys)
    monkeypatch.setattr(pygame.display, "get_init", lambda: False)

    def init() -> None:
        raise pygame.error("No available video device")  # as SDL says where there is no display

    monkeypatch.setattr(pygame.display, "init", init)
    assert fails(["watch", str(path)], capsys) == "air-envs: error: no window: No available video device"


def test_long_recordings_have_several_chunks(tmp_path: Path) -> None:
    session = watched("untrained", 40, act_steps=7)
    found = load_recording(save_recording(session, tmp_path / "long.h5"))
    assert_same_branch(found.branch, session.branch, HALF)
    assert np.array_equal(found.moment.puzzle, puzzle_of(session.agent))
