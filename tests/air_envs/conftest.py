from pathlib import Path

import pytest

from puzzles.build import build_dataset


@pytest.fixture(scope="session")
def sudoku_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 training and 20 test puzzles of 4x4 Sudoku."""
    path = tmp_path_factory.mktemp("data") / "sudoku.h5"
    build_dataset(path, "sudoku-4x4", train=30, test=20, progress=False)
    return path


@pytest.fixture(scope="session")
def maze_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 training and 20 test mazes of 5x7 cells."""
    path = tmp_path_factory.mktemp("data") / "maze.h5"
    build_dataset(path, "maze-5x7", train=30, test=20, progress=False)
    return path
