"""``air-envs train --variant``: the paper's other models, by name."""

import dataclasses
from pathlib import Path

import pytest

from agents.checkpoints.folder import load_model
from agents.cli import main
from agents.cli.train import _configure
from agents.config.presets import PRESETS
from agents.config.training import read_train_config
from tests.agents.cli.test_commands import fails

BASE = PRESETS["sudoku-4x4"]


def test_trm_is_the_papers_with_its_training() -> None:
    config = _configure("sudoku-4x4", "TRM", [])
    model = config.model
    assert model.variant_name == "TRM"
    assert (model.program, model.gradient) == (3 * "LLLLLLH", "LLLLLLH")
    assert (model.layers, model.prefix, model.q_continue, model.position) == (2, 16, False, "rope")
    assert config.ema == 0.999
    assert config.output == Path("runs/sudoku-4x4-TRM")
    assert dataclasses.replace(config, model=BASE.model, output=BASE.output, ema=BASE.ema) == BASE


def test_names_are_joined_by_plus() -> None:
    config = _configure("sudoku-4x4", "L2x_H2x+addition", [])
    assert config.model == dataclasses.replace(BASE.model, inject_l=2, inject_h=2, level_token="addition")
    assert dataclasses.replace(config, model=BASE.model, output=BASE.output) == BASE


def test_hrm_has_two_networks_as_deep_as_the_presets_one() -> None:
    model = _configure("sudoku-4x4", "HRM", []).model
    assert (model.layers, model.h_layers) == (2, 2)


def test_a_flag_comes_after_the_variant() -> None:
    config = _configure("sudoku-4x4", "TRM", ["--ema", "0.9", "--model.layers", "3", "--output", "runs/mine"])
    assert (config.ema, config.model.layers, config.model.prefix, config.output) == (0.9, 3, 16, Path("runs/mine"))


def test_weights_of_another_model_are_not_taken_over() -> None:
    assert PRESETS["maze-20x20"].init_from is not None
    assert _configure("maze-20x20", "subtract", []).init_from is None
    assert _configure("maze-20x20", "subtract", ["--init-from", "mine"]).init_from == "mine"


def test_without_a_preset_the_rest_is_the_papers() -> None:
    config = _configure(None, "TRM-MLP", ["--dataset", "a.h5", "--output", "b"])
    assert (config.model.hidden, config.model.mixer, config.model.prefix) == (512, "mlp", 16)
    assert (config.ema, config.lr, config.optimizer) == (0.999, 1e-4, "adam_atan2")
    with pytest.raises(SystemExit):
        _configure(None, "TRM-MLP", ["--output", "b"])


def test_it_trains(dataset: Path, tmp_path: Path) -> None:
    small = "--steps 2 --batch 4 --model.hidden 16 --model.max-steps 1 --eval-puzzles 2 --device cpu"
    words = ["train", "--variant", "HRM", "--preset", "sudoku-4x4", "--dataset", str(dataset)]
    main([*words, "--output", str(tmp_path / "run"), *small.split()])
    assert load_model(tmp_path / "run").config.variant_name == "HRM"
    config = read_train_config(tmp_path / "run")
    assert config is not None
    assert config.model.h_layers == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--preset sudoku-4x4 --variant XYZ", "variant 'XYZ', expected one of L_Hx, Lx_H,"),
        ("--preset sudoku-4x4 --variant TRM+HRM", "variant 'TRM+HRM': HRM sets layers a second time"),
        ("--preset sudoku-4x4 --variant L_Hx+hadamard", "inject_h 1, expected 0: hadamard multiplies in the L-update"),
        ("--variant TRM --resume .", "--resume takes the run's own configuration, found also TRM"),
    ],
)
def test_what_is_no_variant_is_said(words: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in fails(["train", *words.split()], capsys)
