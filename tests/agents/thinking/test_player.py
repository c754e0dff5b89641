"""The player of a rollout: what its data hold equals the thoughts, and its HTML loads nothing."""

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.thinking.agent import as_agent
from agents.thinking.ending import until_over
from agents.thinking.player import Player, colours, encoding
from agents.thinking.thoughts import Thought
from agents.watching import Noise, Session, load_recording, save_recording
from air_envs.drawing.theme import DARK, LIGHT
from tests.agents.thinking.conftest import untrained

HALF = 0.5 / 255 + 1e-6


def thoughts_of(name: str = "sudoku-6x6", act_steps: int = 2) -> list[Thought]:
    agent = untrained() if name == "untrained" else as_agent(name)
    puzzle = agent.family.generate(np.array([3], np.uint64)).puzzle[0]
    return list(agent.think({"puzzle": puzzle}, act_steps))


def arrays(data: dict[str, Any]) -> dict[str, np.ndarray]:
    """Read the bytes as the script does."""
    content = np.frombuffer(zlib.decompress(base64.b64decode(data["data"])), np.uint8)
    family, frames = data["family"], data["frames"]
    cells = family["rows"] * family["columns"]
    maps = max(frames["attention"]) + 1
    shapes = {
        "cells": (data["readings"], cells),
        "probability": (data["readings"], cells, family["values"]),
        "marks": (len(frames["update"]), cells),
        "attention": (maps, data["layers"], cells, cells),
    }
    found, start = {}, 0
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        found[name] = content[start : start + size].reshape(shape)
        start += size
    assert start == len(content)
    return found


@pytest.mark.parametrize("name", ["sudoku-6x6", "maze-9x9", "sudoku-extreme"])
def test_the_data_are_the_thoughts(name: str) -> None:
    thoughts = thoughts_of(name, 1)
    data = Player(thoughts, "a title").data
    found, frames = arrays(data), data["frames"]
    assert data["title"] == "a title"
    assert data["puzzle"] == thoughts[0].subject.puzzle[0].ravel().tolist()
    assert frames["letter"] == [thought.letter for thought in thoughts]
    for number, thought in enumerate(thoughts):
        for state in ("z_H", "z_L"):
            place, decoded = frames[state][number], getattr(thought, state)
            assert np.array_equal(found["cells"][place], decoded.cells.ravel())
            odds = found["probability"][place].reshape(decoded.probability.shape) / 255
            np.testing.assert_allclose(odds, decoded.probability, rtol=0, atol=HALF)
        assert np.array_equal(found["marks"][number] & 1, thought.changed.ravel())
        assert np.array_equal(found["marks"][number] >> 1, thought.conflicts.ravel())
        assert frames["halt"][number] == pytest.approx(thought.halting_probability, abs=1e-4)
        if not data["layers"]:
            continue
        mean = np.stack([layer.mean(0) for layer in thought.attention()])
        shown = found["attention"][frames["attention"][number]].astype(float)
        np.testing.assert_allclose(shown, 255 * np.sqrt(mean), rtol=0, atol=0.5 + 1e-4)
    assert (data["layers"] == 2) == (name != "sudoku-extreme")


def test_a_state_that_an_update_leaves_alone_is_held_once() -> None:
    thoughts = thoughts_of("sudoku-6x6", 2)
    assert Player(thoughts).data["readings"] == len(thoughts) + 1


def test_large_attention_is_simplified_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    thoughts = thoughts_of("maze-9x9", 1)
    most, kept = 10**9, []
    for words in ("heads", "heads and layers", "heads and layers, the 16 strongest of each cell"):
        monkeypatch.setattr(encoding, "MOST_ATTENTION", most)
        data = Player(thoughts).data
        assert data["attention"] == f"mean over {words}"
        kept.append(arrays(data)["attention"])
        most = len(zlib.compress(kept[-1].tobytes(), 6)) - 1  # too little for these, enough for simpler ones
    assert [maps.shape[1] for maps in kept] == [2, 1, 1]
    strongest = kept[1] > np.sort(kept[1], -1)[..., -17, None]
    assert np.array_equal(kept[2] * strongest, kept[1] * strongest)
    assert 16 <= (kept[2] > 0).sum(-1).mean() < 17, "equal weights are kept together"
    monkeypatch.setattr(encoding, "MOST_ATTENTION", most)
    data = Player(thoughts).data
    assert (data["attention"], data["layers"]) == ("too large to be shown here", 0)


def test_until_over_ends_where_the_picture_does() -> None:
    agent = as_agent("sudoku-6x6")
    puzzle = agent.family.generate(np.array([3], np.uint64)).puzzle[0]
    length = len(agent.model.config.program)
    shown = list(until_over(agent.think({"puzzle": puzzle}), length))
    assert len(shown) % length == 0
    assert shown[-1].solved
    assert not any(
        thought.solved and thought.halting_probability > 0.5 for thought in shown[:-length][length - 1 :: length]
    )


def test_html_escapes_its_title_and_loads_nothing() -> None:
    html = Player(thoughts_of("untrained", 1), "</script><b>&")._repr_html_()
    assert "<b>" not in html
    assert "&lt;/script&gt;&lt;b&gt;&amp;" in html
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    assert json.loads(data)["title"] == "</script><b>&"
    assert not re.findall(r"(?:src|href)\s*=|url\(|@import|fetch\(", html)
    assert [word for word in re.findall(r"https?://[^\s\"'<]+", html) if word != "http://www.w3.org/2000/svg"] == []


def test_what_cannot_be_shown_is_refused() -> None:
    agent = untrained()
    puzzle = agent.family.generate(np.arange(2, dtype=np.uint64)).puzzle
    with pytest.raises(ValueError, match="a batch of 2 puzzles, expected those of one"):
        Player(agent.think({"puzzle": puzzle}, 1))
    with pytest.raises(ValueError, match="no thoughts, expected at least one"):
        Player([])


def shown_by(story: Any) -> dict[str, Any]:
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', story._repr_html_(), re.DOTALL)
    return json.loads(data)


def test_sessions_and_recordings_show_their_branch(tmp_path: Path) -> None:
    agent = as_agent("sudoku-6x6")
    puzzle = agent.family.generate(np.array([3], np.uint64)).puzzle[0]
    session = Session(agent, puzzle, title="mine")
    session.go(3)
    session.interfere(Noise(0.1, seed=1))
    session.go(5)
    data = shown_by(session)
    assert data["frames"]["update"] == [0, 1, 2, 3, 4, 5]
    assert data["frames"]["notes"][3] == list(session.branch.moment(3).notes) != []
    assert data["frames"]["attention"] == [-1, 0, 1, 2, 3, 4]
    plain = list(agent.think({"puzzle": puzzle}, 1))
    for update in (1, 2, 3):
        mean = np.stack([layer.mean(0) for layer in plain[update - 1].attention()])
        shown = arrays(data)["attention"][update - 1].astype(float)
        np.testing.assert_allclose(shown, 255 * np.sqrt(mean), rtol=0, atol=0.5 + 1e-4)

    recording = load_recording(save_recording(session, tmp_path / "story.h5"))
    replayed = shown_by(recording)
    assert replayed["frames"]["attention"] == [-1] * 6
    assert replayed["attention"] == "not recorded"
    assert np.array_equal(arrays(replayed)["cells"], arrays(data)["cells"])


def test_networks_of_unlike_depth_are_averaged_over_layers() -> None:
    agent = untrained(layers=1, h_layers=2)
    puzzle = agent.family.generate(np.array([3], np.uint64)).puzzle[0]
    assert Player(agent.think({"puzzle": puzzle}, 1)).data["layers"] == 1


def test_the_colours_are_those_of_the_drawings() -> None:
    css = colours(":root")
    assert "--accent-l:#{:02x}{:02x}{:02x};".format(*LIGHT.accent_l) in css
    assert "@media (prefers-color-scheme:dark)" in css
    assert "--accent-l:#{:02x}{:02x}{:02x};".format(*DARK.accent_l) in css
