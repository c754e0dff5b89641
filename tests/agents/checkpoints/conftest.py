"""A run and a pack so small that they are loaded in hundredths of a second."""

import shutil
from pathlib import Path

import pytest

from agents.config.model import AIRConfig
from agents.config.training import TrainConfig
from agents.hub.packing import pack
from agents.training.trainer import Trainer

SMALL = AIRConfig(
    "sudoku-4x4", hidden=8, heads=1, layers=1, expansion=1.0, mixer="candidates", position="none", max_steps=2
)


def small_config(dataset: Path, output: Path, **changes: object) -> TrainConfig:
    values: dict = {
        "dataset": dataset,
        "output": output,
        "model": SMALL,
        "steps": 4,
        "batch": 4,
        "warmup": 2,
        "lr": 1e-3,
        "ema": 0.9,
        "device": "cpu",
        "dtype": "float32",
        "log_every": 2,
        "eval_every": 2,
        "eval_puzzles": 4,
        "checkpoint_every": 2,
    }
    return TrainConfig(**values | changes)


@pytest.fixture(scope="session")
def small_run(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of 4 steps, with checkpoints at 2 and 4."""
    output = tmp_path_factory.mktemp("runs") / "small"
    Trainer(small_config(dataset, output)).train(progress=False)
    return output


@pytest.fixture(scope="session")
def small_pack(small_run: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("packs") / "small"
    pack(small_run, output, dataset)
    return output


@pytest.fixture
def model(small_pack: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_pack, tmp_path / "model"))


@pytest.fixture
def run(small_run: Path, tmp_path: Path) -> Path:
    """A run that has no other checkpoint to fall back to."""
    return Path(shutil.copytree(small_run, tmp_path / "run", ignore=shutil.ignore_patterns("checkpoints", "events*")))
