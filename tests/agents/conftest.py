from pathlib import Path

import pytest
import torch

import puzzles
from agents.config.model import AIRConfig
from agents.config.training import TrainConfig
from agents.training.trainer import Trainer
from puzzles.build import build_dataset

# Tiny tensors gain nothing from threads, and lose much where another process keeps the cores busy.
torch.set_num_threads(1)

TINY = AIRConfig(family="sudoku-4x4", hidden=32, heads=2, layers=1, max_steps=4, position="structured")


def small_dataset(path: Path, family: str, train: int = 30, test: int = 20, validation: int = 20) -> Path:
    """Generate a dataset and return its path."""
    build_dataset(path, puzzles.family(family), train=train, test=test, validation=validation, progress=False)
    return path


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 training and 40 test puzzles of 4x4 Sudoku."""
    return small_dataset(tmp_path_factory.mktemp("data") / "sudoku-4x4.h5", "sudoku-4x4", 60, 40)


@pytest.fixture(scope="session")
def maze_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_dataset(tmp_path_factory.mktemp("data") / "maze-7x5.h5", "maze-7x5")


def tiny_config(dataset: Path, output: Path, **changes: object) -> TrainConfig:
    values: dict = {
        "dataset": dataset,
        "output": output,
        "model": TINY,
        "steps": 12,
        "batch": 8,
        "warmup": 4,
        "lr": 1e-3,
        "ema": 0.9,
        "dtype": "float32",
        "device": "cpu",
        "log_every": 3,
        "eval_every": 6,
        "eval_puzzles": 16,
        "checkpoint_every": 6,
    }
    return TrainConfig(**values | changes)


@pytest.fixture(scope="session")
def run(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short finished run."""
    output = tmp_path_factory.mktemp("runs") / "tiny"
    Trainer(tiny_config(dataset, output)).train(progress=False)
    return output
