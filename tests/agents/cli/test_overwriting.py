"""No command replaces what it finds unless it is called with --overwrite; and then only what it writes itself."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from agents.checkpoints.folder import load_model
from agents.checkpoints.published.reading import load_published
from agents.checkpoints.published.writing import save_published
from agents.cli import main
from agents.config.model import AIRConfig
from agents.models.air import AIR
from tests.agents.cli.test_commands import fails
from tests.agents.training.test_run_folder import contents

WAY = "choose another output, or replace it with --overwrite"


@pytest.fixture
def own(run: Path, tmp_path: Path) -> Path:
    """A copy of a run, to write into."""
    return Path(shutil.copytree(run, tmp_path / "run"))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in the authors' layout."""
    folder = tmp_path_factory.mktemp("published")
    torch.manual_seed(0)
    save_published(AIR(AIRConfig("sudoku-4x4", hidden=32, heads=2, layers=1)), folder)
    return folder


def test_eval(own: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = str(shutil.copy(dataset, tmp_path / "other.h5"))
    command = ["eval", str(own), str(dataset), "--puzzles", "4", "--no-episodes", "--halt-at", "0.5"]
    main(command)
    before = contents(own)
    again = ["eval", str(own), other, *command[3:]]
    assert f"{own}/eval.json: is there already; {WAY}" in fails(again, capsys)
    assert contents(own) == before
    main([*again, "--overwrite"])
    assert json.loads((own / "eval.json").read_text())["dataset"] == other
    main([*again, "--output", str(tmp_path / "elsewhere.json")])
    (tmp_path / "elsewhere.json").unlink()
    picture = contents(tmp_path)["elsewhere.png"]
    assert "elsewhere.png: is there already" in fails([*again, "--output", str(tmp_path / "elsewhere.json")], capsys)
    assert contents(tmp_path)["elsewhere.png"] == picture


def test_analyze(own: Path, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["analyze", str(own), str(dataset), "--puzzles", "2", "--pictures", "0", "--what", "freeze"]
    main(command)
    before = contents(own)
    assert f"{own}/analysis/report.md: is there already; {WAY}" in fails(command, capsys)
    assert contents(own) == before
    main([*command, "--overwrite"])


def test_pack(own: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = tmp_path / "given"
    command = ["pack", str(own), "--output", str(given), "--dataset", str(dataset)]
    main(command)
    before = contents(given)
    assert f"{given}: holds a packed model already; {WAY}" in fails(command, capsys)
    assert contents(given) == before
    main([*command, "--overwrite", "--generator", '{"clues": 12}'])
    assert json.loads((given / "generator.json").read_text()) == {"clues": 12}
    for options, message in [
        ('{"clues": "few"}', "clues 'few', expected an integer"),
        ('{"walls": 3}', "unknown field 'walls'"),
        ("[]", r"configuration [], expected an object"),
        ("{", "generator {: not JSON"),
    ]:
        assert message in fails([*command, "--overwrite", "--generator", options], capsys)
    assert json.loads((given / "generator.json").read_text()) == {"clues": 12}
    before = contents(own)
    message = f"{own}: holds a run already; expected a new folder"
    assert message in fails(["pack", str(own), "--output", str(own), "--overwrite"], capsys)
    assert contents(own) == before


def test_import_checkpoint(own: Path, published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "imported"
    command = ["import-checkpoint", str(published), "--output"]
    main([*command, str(output)])
    assert f"{output}: holds a checkpoint already; {WAY}" in fails([*command, str(output)], capsys)
    (output / "eval.json").write_text("{}")
    main([*command, str(output), "--overwrite"])
    assert not (output / "eval.json").exists(), "which was measured of the model before"
    load_model(output)
    before = contents(own)
    assert "holds a run already; expected a new folder" in fails([*command, str(own), "--overwrite"], capsys)
    assert contents(own) == before


def test_export_checkpoint(own: Path, published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["import-checkpoint", str(published), "--output", str(tmp_path / "model")])
    output = tmp_path / "exported"
    command = ["export-checkpoint", str(tmp_path / "model"), "--output"]
    main([*command, str(output)])
    assert {path.name for path in output.iterdir()} == {"step_0", "all_config.yaml", "manifest.json"}
    assert f"{output}: holds a model in the authors' layout already; {WAY}" in fails([*command, str(output)], capsys)
    main([*command, str(output), "--overwrite"])
    assert torch.equal(load_published(output).embedding, load_published(published).embedding)
    before = contents(own)
    assert "holds a run already; expected a new folder" in fails([*command, str(own), "--overwrite"], capsys)
    assert contents(own) == before


def test_train(own: Path, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", "--preset", "sudoku-4x4", "--dataset", str(dataset), "--output", str(own), "--steps", "2"]
    small = ["--model.hidden", "16", "--model.layers", "1", "--model.max-steps", "1", "--batch", "4", "--device", "cpu"]
    before = contents(own)
    assert f"{own}: holds a run already; {WAY}" in fails(command + small, capsys)
    assert contents(own) == before
    main([*command, *small, "--overwrite"])
    assert load_model(own).config.hidden == 16


def test_runs_of_both_ways_of_training_never_mix(own: Path, dataset: Path, tmp_path: Path, capsys: Any) -> None:
    agent = tmp_path / "agent"
    learn = [
        "train-rl",
        "sudoku-4x4",
        "--num-envs",
        "2",
        "--n-steps",
        "2",
        "--batch",
        "4",
        "--steps",
        "4",
        "--overwrite",
    ]
    main([*learn, "--eval-puzzles", "1", "--output", str(agent)])
    before = contents(agent), contents(own)
    train = ["train", "--dataset", str(dataset), "--overwrite", "--output", str(agent)]
    assert f"{agent}: holds a run of air-envs train-rl already; expected a new folder" in fails(train, capsys)
    resume = f"{agent}: holds a run of air-envs train-rl; air-envs train-rl --resume {agent} continues it"
    assert resume in fails(["train", "--resume", str(agent)], capsys)
    assert f"{own}: holds a run, expected a new folder" in fails([*learn, "--output", str(own)], capsys)
    assert (contents(agent), contents(own)) == before
