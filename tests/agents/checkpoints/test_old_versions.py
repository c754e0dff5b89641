"""What was written before checkpoints had a manifest: a dataset, a run, a pack; kept here, and loaded for ever."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import load_model, load_training
from agents.checkpoints.kinds import checkpoint_steps
from agents.checkpoints.manifest import read_manifest
from agents.evaluation import evaluate
from agents.hub.generator import generator_options
from agents.thinking.agent import AIRAgent
from agents.training.runs.log import read_metrics
from agents.training.trainer import Trainer
from puzzles.dataset import Dataset
from tests.agents.training.runs import same

DATA = Path(__file__).parents[1] / "data"
DATASET = DATA / "dataset-of-version-0.h5"


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    """A run of 8 steps, interrupted at step 4."""
    return Path(shutil.copytree(DATA / "run-of-version-0", tmp_path / "run"))


def test_its_models_are_loaded_and_measure_what_they_did(old_run: Path) -> None:
    for folder in (old_run, old_run / "best", old_run / "checkpoints" / "step-4", DATA / "pack-of-version-0"):
        assert read_manifest(folder) is None
        found, stored = load_model(folder).state_dict(), load_file(folder / "model.safetensors")
        assert all(torch.equal(value, stored[name].float()) for name, value in found.items())
    *_, measured = read_metrics(old_run, "test")
    cells = evaluate(AIRAgent.from_pretrained(old_run), Dataset(DATASET), progress=False).cells[-1]
    assert float(cells) == pytest.approx(measured["cell_accuracy"], abs=0.05), "a near tie may go the other way"
    assert generator_options(DATA / "pack-of-version-0") == {"level": None, "clues": 12, "clues_max": None}


def test_its_run_goes_on_and_is_of_this_version_then(old_run: Path) -> None:
    state = torch.load(old_run / "training.pt", weights_only=True)
    trainer = Trainer.resume(old_run, dataset=DATASET)
    assert trainer.step == 4
    for name in ("model", "average", "carries", "generator", "window", "seconds"):
        assert same(trainer.state()[name], state[name])
    assert same(
        [each["state"] for each in trainer.state()["optimizers"]], [each["state"] for each in state["optimizers"]]
    )
    trainer.train(progress=False)
    assert checkpoint_steps(old_run) == [8]
    assert read_manifest(old_run).keys() == {"config.json", "model.safetensors", "training.pt"}
    assert json.loads((old_run / "config.json").read_text())["format"] == 1
    assert Trainer.resume(old_run).step == 8
    (old_run / "manifest.json").unlink()
    shutil.rmtree(old_run / "checkpoints")
    with pytest.raises(CheckpointError, match=r"no manifest\.json"):
        load_model(old_run)


def test_what_it_can_tell_of_damage_it_does(old_run: Path) -> None:
    shutil.rmtree(old_run / "checkpoints")
    for name, load in [("config.json", load_model), ("model.safetensors", load_model), ("training.pt", load_old)]:
        whole = (old_run / name).read_bytes()
        (old_run / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(CheckpointError, match=rf"run/{name}: "):
            load(old_run)
        (old_run / name).write_bytes(whole)


def load_old(run: Path) -> None:
    load_training(run, "cpu")
