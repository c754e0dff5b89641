"""Training that begins with the weights of another model."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from agents.checkpoint import CheckpointError, load_model, save_model
from agents.config import AIRConfig
from agents.model import AIR
from agents.presets import PRESETS
from agents.pretrained import load_pretrained
from agents.train_config import TrainConfig
from agents.trainer import Trainer
from tests.agents.conftest import TINY, tiny_config

MAZE = AIRConfig("maze-9x9", hidden=32, heads=2, layers=1, position="none", convolution=3, max_steps=4)


def saved(model: AIRConfig, folder: Path) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    weights = AIR(model)
    save_model(weights, folder)
    return weights.state_dict()


def test_the_weights_are_those_of_the_other_model(run: Path, dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(dataset, tmp_path / "next", init_from=str(run)))
    for name, value in load_model(run).state_dict().items():
        assert torch.equal(trainer.model.state_dict()[name], value), name
        assert torch.equal(trainer.average.state_dict()[name], value), name
    assert trainer.step == 0
    trainer.train_step()
    assert not torch.equal(trainer.model.embedding, load_model(run).embedding)


def test_another_grid_shape_will_do(maze_dataset: Path, tmp_path: Path) -> None:
    weights = saved(MAZE, tmp_path / "square")
    config = tiny_config(
        maze_dataset,
        tmp_path / "run",
        model=dataclasses.replace(MAZE, family="maze-7x5"),
        init_from=str(tmp_path / "square"),
    )
    model = Trainer(config).model
    assert model.config.family == "maze-7x5"
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_a_run_goes_on_with_its_own_weights(run: Path, dataset: Path, tmp_path: Path) -> None:
    """Whatever has become of those it started with."""
    start = shutil.copytree(run, tmp_path / "start")
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", init_from=str(start)))
    trainer.train(progress=False)
    shutil.rmtree(start)
    resumed = Trainer.resume(tmp_path / "run")
    assert resumed.config.init_from == str(start)
    assert all(torch.equal(a, b) for a, b in zip(trainer.model.parameters(), resumed.model.parameters(), strict=True))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (dataclasses.replace(TINY, hidden=64), "size mismatch for embedding"),
        (dataclasses.replace(TINY, level_token="addition"), "Missing key.*level_tokens"),
        (dataclasses.replace(TINY, position="none"), "Unexpected key.*position.vectors"),
    ],
)
def test_weights_of_another_model_are_refused(
    run: Path, dataset: Path, tmp_path: Path, model: AIRConfig, message: str
) -> None:
    config = tiny_config(dataset, tmp_path / "next", init_from=str(run), model=model)
    with pytest.raises(ValueError, match=f"(?s)init_from {run}: .*{message}"):
        Trainer(config)


@pytest.mark.parametrize("name", [name for name, config in PRESETS.items() if config.init_from])
def test_presets_begin_with_shipped_weights_that_fit(name: str) -> None:
    config = PRESETS[name]
    start = load_pretrained(config.init_from)
    assert load_pretrained(config.init_from.removeprefix("air_envs/")).config == start.config
    AIR(config.model).load_state_dict(start.resized(config.model.family).state_dict())


def test_a_model_that_is_not_there_is_named(dataset: Path, tmp_path: Path) -> None:
    config: TrainConfig = tiny_config(dataset, tmp_path / "next", init_from="nothing")
    with pytest.raises(CheckpointError, match="nothing: neither a checkpoint folder nor a shipped model"):
        Trainer(config)
