"""Names of models, runs and datasets on the command line, and what is said of those that are not there."""

import dataclasses
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from agents.cli import main
from agents.cli.names import suggestion
from agents.config import recipes
from agents.config.presets import PRESETS
from agents.config.recipes import RECIPES
from puzzles.dataset import Dataset
from tests.agents.cli.test_commands import fails

ERROR = "air-envs: error: "


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory; anything asked of the hub ends the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("agents.pretrained.hub.hf_hub_download", lambda *_, **__: pytest.fail("the hub was asked"))
    return tmp_path


UNKNOWN = "neither a folder nor a shipped model, which air-envs models lists"
MADE = "air-envs train --preset sudoku-6x6 makes runs/sudoku-6x6, and sudoku-6x6 is a shipped model"


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "words",
    [
        ["eval", "runs/sudoku-6x6", "data/sudoku-6x6.h5"],
        ["analyze", "runs/sudoku-6x6", "data/sudoku-6x6.h5"],
        ["watch", "runs/sudoku-6x6"],
        ["export-checkpoint", "runs/sudoku-6x6", "--output", "out"],
        ["export-onnx", "runs/sudoku-6x6", "--output", "out"],
        ["web", "runs/sudoku-6x6", "--output", "out"],
        ["train", "--preset", "sudoku-6x6", "--init-from", "runs/sudoku-6x6"],
    ],
)
def test_a_missing_run_names_what_makes_it(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(words, capsys) == f"{ERROR}runs/sudoku-6x6: {UNKNOWN}; {MADE}"


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "words", [["train", "--resume", "runs/sudoku-4x4"], ["pack", "runs/sudoku-4x4", "--output", "x"]]
)
def test_so_does_one_that_has_to_be_a_run(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    made = "air-envs train --preset sudoku-4x4 makes runs/sudoku-4x4"
    assert fails(words, capsys) == f"{ERROR}runs/sudoku-4x4: no such folder; {made}"


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("name", ["someone/theirs", "sudoku-6x7", "air_envs/nothing"])
def test_a_command_does_not_ask_the_hub_for_a_misspelt_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(["watch", name], capsys) == f"{ERROR}{name}: {UNKNOWN}"


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "words",
    [
        ["eval", "sudoku-6x6", "DATA"],
        ["watch", "sudoku-6x6", "--dataset", "DATA"],
        ["analyze", "sudoku-6x6", "DATA"],
        ["train", "--dataset", "DATA", "--output", "runs/mine"],
        ["play", "sudoku", "--dataset", "DATA", "--screenshot", "a.png"],
        ["data", "inspect", "DATA"],
        ["data", "verify", "DATA"],
        ["data", "export", "DATA", "--format", "csv", "--output", "out"],
        ["data", "mix", "DATA", "--test", "DATA", "--output", "out.h5"],
    ],
)
def test_a_missing_dataset_names_what_makes_it(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    path = "data/sudoku-6x6.h5"
    command = f"air-envs data build sudoku-6x6 --clues 14 --train 100000 --test 1000 --output {path}"
    assert fails([path if word == "DATA" else word for word in words], capsys) == (
        f"{ERROR}{path}: no such dataset; {command} makes it"
    )


def test_the_suggested_command_makes_the_recipes_puzzles(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sudoku-6x6", "maze-20x20"):
        small = dataclasses.replace(RECIPES[name], train=5, test=3)
        monkeypatch.setitem(recipes.RECIPES, name, small)
        hint = suggestion(f"here/{name}.h5")
        assert hint is not None
        main(shlex.split(hint.removesuffix(" makes it"))[1:])
        built, wanted = Dataset(f"here/{name}.h5"), small.build(nowhere / f"wanted-{name}.h5")
        for split in ("train", "test"):
            for one, other in zip(built.split(split), wanted.split(split), strict=True):
                assert np.array_equal(one, other)


def test_every_dataset_of_a_preset_has_a_suggestion_that_makes_it() -> None:
    for config in PRESETS.values():
        for path in config.datasets:
            hint = suggestion(str(path))
            assert hint is not None
            assert hint.endswith(f"--output {path} makes it") or re.fullmatch(
                rf"air-envs train --preset \S+ makes {path} before it trains", hint
            )
            if "--preset" in hint:
                assert path in PRESETS[hint.split()[3]].datasets


def test_what_nothing_is_known_of_has_none() -> None:
    assert suggestion("data/mine.h5") is None
    assert suggestion("runs/mine") is None
    assert suggestion("puzzles.txt") is None
    assert suggestion("data/maze-7x9.h5") == "air-envs data build maze-7x9 --output data/maze-7x9.h5 makes one"
    assert suggestion("my data/maze-7x9.h5") == "air-envs data build maze-7x9 --output 'my data/maze-7x9.h5' makes one"
    assert suggestion("data/sudoku-7x7.h5") is None, "there is no such Sudoku"
