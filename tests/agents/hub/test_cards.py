"""Saving, loading and pushing models, and what their cards say."""

import dataclasses
import json
import shlex
import shutil
from pathlib import Path

import pytest
import torch
import tyro
from huggingface_hub import ModelCard
from safetensors.torch import load_file, save_file

from agents.checkpoints.folder import rewind, save_model
from agents.cli import main
from agents.config.model import AIRConfig
from agents.config.presets import PRESETS
from agents.config.training import TrainConfig
from agents.hub.cards import MARK, training_command, write_card
from agents.models.air import AIR
from agents.pretrained import find
from agents.thinking.agent import AIRAgent
from agents.training.trainer import Trainer
from puzzles.importers import import_puzzles
from tests.agents.conftest import TINY, tiny_config

EVALUATION = {
    "dataset": "data/sudoku-extreme-1k.h5",
    "split": "test",
    "puzzles": 1000,
    "act_steps": 16,
    "dtype": "float32",
    "exact_accuracy": 0.601,
    "exact_accuracy_interval_95": [0.57, 0.631],
    "cell_accuracy": 0.8,
}


def save_run(folder: Path, config: TrainConfig) -> Path:
    torch.manual_seed(0)
    save_model(AIR(config.model), folder)
    (folder / "train.json").write_text(json.dumps(dataclasses.asdict(config), default=str))
    return folder


def test_the_card_of_a_run_tells_dataset_variant_accuracy_and_command(run: Path) -> None:
    """A finished run, without ``air-envs eval``: the training's own last evaluation counts."""
    card = ModelCard.load(write_card(run))
    data = card.data.to_dict()
    assert data["library_name"] == "air-envs"
    assert {"sudoku", "Lx_H"} <= set(data["tags"])
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    last = [line for line in lines if line["split"] == "validation"][-1]
    assert [result.metric_value for result in card.data.eval_results] == [round(last["exact_accuracy"], 6)]
    assert f"{last['exact_accuracy']:.1%} of 16 validation puzzles of `sudoku-4x4` exactly right" in card.text
    assert "air-envs train --dataset" in card.text
    assert "AIRAgent.from_pretrained" in card.text
    assert '"position": "structured"' in card.text


def published(folder: Path) -> Path:
    """A dataset that was fetched from the hub, as ``air-envs data import --hub`` writes it."""
    source, output = folder / "list.txt", folder / "sudoku-extreme-1k.h5"
    source.write_text("5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36..\n")
    import_puzzles(source, output, train=1, test=0, notes={"hub": "sapientinc/sudoku-extreme"}, progress=False)
    return output


def test_an_evaluation_of_its_own_comes_first(tmp_path: Path) -> None:
    dataset = published(tmp_path)
    config = tiny_config(dataset, tmp_path, model=AIRConfig.variant("TRM", hidden=32, heads=2))
    save_run(tmp_path, config)
    (tmp_path / "eval.json").write_text(json.dumps(EVALUATION))
    card = ModelCard.load(write_card(tmp_path))
    assert card.data.datasets == ["sapientinc/sudoku-extreme"]
    assert str(dataset.parent) not in card.content
    (result,) = card.data.eval_results
    assert (result.metric_value, result.dataset_name, result.dataset_split) == (0.601, "sudoku-extreme-1k", "test")
    assert "60.1% of 1,000 test puzzles of `sudoku-extreme-1k`" in card.text
    assert "(95 % interval 57.0% to 63.1%)" in card.text
    assert "# AIR TRM, sudoku-9x9" in card.text


def test_generated_puzzles_claim_no_data_set_of_the_hub(run: Path) -> None:
    assert ModelCard.load(write_card(run)).data.datasets is None


def test_weights_without_a_training_of_ours_get_no_licence(tmp_path: Path) -> None:
    save_model(AIR(AIRConfig.variant("TRM", family="sudoku-4x4", hidden=32, heads=2)), tmp_path)
    card = ModelCard.load(write_card(tmp_path))
    assert card.data.license is None
    assert "The weights: as their authors say." in card.text


def test_evaluating_renews_the_card(tmp_path: Path, run: Path, dataset: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    main(["eval", str(folder), str(dataset), "--puzzles", "7", "--no-episodes", "--halt-at", "0.5"])
    assert "of 7 test puzzles of `sudoku-4x4`" in (folder / "README.md").read_text()


def test_training_on_forgets_what_was_measured_before(tmp_path: Path, dataset: Path) -> None:
    config = tiny_config(dataset, tmp_path / "run", steps=4, checkpoint_every=2)
    Trainer(config).train(progress=False)
    (config.output / "eval.json").write_text(json.dumps(EVALUATION))
    rewind(config.output, 2)
    assert not (config.output / "eval.json").exists()
    (config.output / "eval.json").write_text(json.dumps(EVALUATION))
    Trainer.resume(config.output).train(progress=False)
    assert "60.1%" not in write_card(config.output).read_text()


def test_the_card_of_a_model_that_was_given_away_stays(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(find("sudoku-6x6"), tmp_path / "given"))
    before = (folder / "README.md").read_text()
    assert MARK not in before
    main(["data", "build", "sudoku-6x6", "--train", "0", "--test", "2", "--output", str(tmp_path / "a.h5")])
    main(["eval", str(folder), str(tmp_path / "a.h5"), "--no-episodes", "--halt-at", "0.5", "--act-steps", "1"])
    assert (folder / "README.md").read_text() == before


def test_a_card_is_renewed_but_never_one_that_someone_wrote(tmp_path: Path) -> None:
    save_run(tmp_path, tiny_config(Path("data/sudoku-4x4.h5"), tmp_path))
    path = write_card(tmp_path)
    assert "Accuracy" not in path.read_text()
    (tmp_path / "eval.json").write_text(json.dumps(EVALUATION))
    assert "60.1%" in write_card(tmp_path).read_text()
    path.write_text(path.read_text().replace(MARK, "") + "My own words.")
    before = path.read_text()
    write_card(tmp_path)
    assert path.read_text() == before


@pytest.mark.parametrize("name", PRESETS)
def test_the_training_command_starts_the_same_run(name: str) -> None:
    config = dataclasses.replace(PRESETS[name], output=Path("runs/with space"), ema=None)
    program, command, *args = shlex.split(training_command(config))
    assert (program, command) == ("air-envs", "train")
    assert tyro.cli(TrainConfig, args=args) == config


def test_the_mixin_saves_and_loads_every_variant(tmp_path: Path) -> None:
    small = {"family": "sudoku-4x4", "hidden": 32, "heads": 2, "layers": 1}
    for name in ("HRM", "TRM-MLP", "L2x_H2x+prepend-persist", "nonlinear"):
        torch.manual_seed(0)
        model = AIR(AIRConfig.variant(name, **small))
        model.save_pretrained(tmp_path / name)
        again = AIR.from_pretrained(tmp_path / name)
        assert again.config == model.config
        assert all(torch.equal(again.state_dict()[key], value) for key, value in model.state_dict().items())


def test_loading_is_strict(tmp_path: Path) -> None:
    """The mixin alone would leave the missing weight at its random start."""
    AIR(TINY).save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["f.0.mixer.out.weight"]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(RuntimeError, match=r"f\.0\.mixer\.out\.weight"):
        AIR.from_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"f\.0\.mixer\.out\.weight"):
        AIRAgent.from_pretrained(tmp_path)
