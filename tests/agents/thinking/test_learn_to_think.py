"""The learning experiment end to end at a tiny size, and what its curves count."""

import json
from pathlib import Path

import numpy as np
import pytest

from agents import AIRAgent
from examples.learn_to_think import Point, Settings, curves, draw, main, point, stop
from puzzles.dataset import Dataset
from tests.agents.thinking.conftest import knowing


def test_a_tiny_run(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings((str(run),), seeds=(0, 1), prices=(0.01,), steps=256, train=30, test=12, num_envs=16,
                        output=tmp_path / "out")  # fmt: skip
    results = main(settings)
    assert len(list((tmp_path / "out").glob("*.png"))) == 1
    written = json.loads((tmp_path / "out" / "learn_to_think.json").read_text())
    assert written["settings"]["seeds"] == [0, 1]
    found = written["models"][str(run)]
    assert found == json.loads(json.dumps(results[str(run)]))
    assert found["updates"] == 24
    assert len(found["program_cut"]) == 24
    assert [one["seed"] for one in found["learned"]] == [0, 1]
    for one in found["learned"]:
        assert 0 <= one["updates"] <= 25
        assert one["by_letter"]["L"] + one["by_letter"]["H"] == pytest.approx(one["updates"])
    assert "canonical_accuracy" in capsys.readouterr().out
    again = main(settings)
    for one, other in zip(results[str(run)]["learned"], again[str(run)]["learned"], strict=True):
        assert {**one, "seconds": 0} == {**other, "seconds": 0}, "a seed fixes everything"


def test_stopping_points() -> None:
    """Three puzzles over the program LLH, twice: right at the end of the first pass, of the second, and never."""
    solves = np.zeros((3, 6), bool)
    solves[0, 2:5] = True  # and wrong again at the end
    solves[1, 5] = True
    after_h = np.array([False, False, True] * 2)
    assert stop(solves, after_h).tolist() == [3, 6, 6]
    assert point(solves, stop(solves, after_h)) == Point(5.0, pytest.approx(2 / 3))
    assert point(solves, np.full(3, 4)) == Point(4.0, pytest.approx(1 / 3))
    assert stop(np.ones((3, 6), bool), after_h).tolist() == [3, 3, 3], "asked after H-updates alone"


def test_curves_of_a_model_that_is_known(dataset: Path, tmp_path: Path) -> None:
    agent: AIRAgent = knowing("sudoku-4x4")
    data = Dataset(dataset)
    needed = 1 + (data.split("test").puzzle.astype(int) + 1).sum((1, 2)) % 3
    found = curves(agent, data, batch=7)
    updates = 3 * needed  # an H-update comes after every two of L
    assert found["oracle"] == {"updates": updates.mean(), "accuracy": 1.0}
    assert found["canonical"] == {"updates": 24.0, "accuracy": 1.0}
    assert [one["accuracy"] for one in found["program_cut"]] == [(updates <= k).mean() for k in range(1, 25)]
    sure = {one["threshold"]: one for one in found["halting"]}
    assert sure[0.5]["updates"] == updates.mean(), "the head is right"
    assert sure[0.9]["updates"] == (updates + 3).mean(), "sure of it an H-update later"
    assert sure[0.1]["updates"] == np.maximum(updates - 3, 3).mean()
    found |= {"learned": [], "summary": {"learned_by_price": {}}}
    assert draw({"known": found}, tmp_path / "figure.png").stat().st_size > 5000
