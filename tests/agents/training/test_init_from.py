"""Training that is initialised from the weights of another model."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

import puzzles
from agents.analysis.sweep.members import member_run
from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import load_model, save_model
from agents.config.model import AIRConfig, to_json
from agents.config.presets import PRESETS
from agents.config.training import TRAIN_CONFIG, TrainConfig
from agents.models.air import AIR
from agents.pretrained import load_pretrained
from agents.training.trainer import Trainer
from puzzles.build import build_dataset
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


def test_candidates_go_on_with_another_side(dataset: Path, tmp_path: Path) -> None:
    model = dataclasses.replace(TINY, mixer="candidates", position="none", hidden=16)
    saved(dataclasses.replace(model, family="sudoku-6x6", hidden=24), tmp_path / "larger")
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", model=model, init_from=str(tmp_path / "larger")))
    expected = load_model(tmp_path / "larger").resized(model.family).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in trainer.model.state_dict().items())


def test_heads_matter_to_attention_alone(dataset: Path, tmp_path: Path) -> None:
    model = dataclasses.replace(TINY, mixer="candidates", position="none", hidden=12, heads=5)  # 3 channels a digit
    weights = saved(dataclasses.replace(model, heads=1), tmp_path / "other")
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", model=model, init_from=str(tmp_path / "other")))
    assert all(torch.equal(value, weights[name]) for name, value in trainer.model.state_dict().items())
    assert trainer.model.resized("sudoku-9x9").config.hidden == 27


def test_attention_goes_on_inside_units(maze_dataset: Path, tmp_path: Path) -> None:
    weights = saved(MAZE, tmp_path / "attention")
    model = dataclasses.replace(MAZE, family="maze-7x5", mixer="units")
    trainer = Trainer(tiny_config(maze_dataset, tmp_path / "run", model=model, init_from=str(tmp_path / "attention")))
    assert trainer.model.config.mixer == "units"
    assert all(torch.equal(value, weights[name]) for name, value in trainer.model.state_dict().items())


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
        (dataclasses.replace(TINY, hidden=64), "made for another model, of hidden 32, expected 64"),
        (
            dataclasses.replace(TINY, heads=1, operator="subtract"),
            "of heads 2, expected 1, operator 'add', expected 's",
        ),
        (dataclasses.replace(TINY, family="sudoku-6x6"), "these weights fit sudoku-4x4 alone"),
    ],
)
def test_weights_of_another_model_are_refused(run: Path, tmp_path: Path, model: AIRConfig, message: str) -> None:
    path = build_dataset(tmp_path / "data.h5", puzzles.family(model.family), train=2, test=2, progress=False).path
    config = tiny_config(path, tmp_path / "next", init_from=str(run), model=model)
    with pytest.raises(ValueError, match=f"init_from {run}: .*{message}"):
        Trainer(config)


def test_program_and_halting_may_be_others(run: Path, dataset: Path, tmp_path: Path) -> None:
    model = dataclasses.replace(TINY, h_cycles=1, l_cycles=3, gradient="LLLH", q_continue=False, max_steps=9)
    trainer = Trainer(tiny_config(dataset, tmp_path / "next", init_from=str(run), model=model))
    assert trainer.model.config == model
    assert torch.equal(trainer.model.embedding, load_model(run).embedding)


def test_a_run_killed_before_its_first_checkpoint_begins_again(run: Path, dataset: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / TRAIN_CONFIG).write_text(to_json(tiny_config(dataset, folder, init_from=str(run))))
    assert torch.equal(Trainer.resume(folder).model.embedding, load_model(run).embedding)


def test_ablations_are_initialised_at_random(run: Path, dataset: Path, tmp_path: Path) -> None:
    assert member_run(tiny_config(dataset, tmp_path, init_from=str(run)), "Lx_Hx", 0).init_from is None


@pytest.mark.parametrize("name", [name for name, config in PRESETS.items() if config.init_from])
def test_presets_are_initialised_from_shipped_weights_that_fit(name: str) -> None:
    config = PRESETS[name]
    start = load_pretrained(config.init_from)
    assert load_pretrained(config.init_from.removeprefix("air_envs/")).config == start.config
    AIR(config.model).load_state_dict(start.resized(config.model.family).state_dict())


def test_a_model_that_is_not_there_is_named(dataset: Path, tmp_path: Path) -> None:
    config: TrainConfig = tiny_config(dataset, tmp_path / "next", init_from="nothing")
    with pytest.raises(CheckpointError, match="nothing: neither a folder nor a shipped model"):
        Trainer(config)
