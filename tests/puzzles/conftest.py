"""What tests of dataset files and importers share: a small dataset of 6x6 Sudoku, and lists of puzzles."""

import os
from pathlib import Path

import pytest

import puzzles
from puzzles.dataset import write_dataset
from tests.puzzles.dataset_helpers import PROVENANCE, generate
from tests.puzzles.importer_helpers import puzzles_of


@pytest.fixture(scope="session")
def sudoku():
    return puzzles.family("sudoku-6x6")


@pytest.fixture(scope="session")
def batch(sudoku):
    return generate(sudoku, 120)


@pytest.fixture(scope="session")
def train(batch):
    return batch.take(slice(0, 90))


@pytest.fixture(scope="session")
def test(batch):
    return batch.take(slice(90, 120))


@pytest.fixture
def path(tmp_path, sudoku, train, test):
    write_dataset(tmp_path / "set.h5", sudoku, train, test, provenance=PROVENANCE)
    return tmp_path / "set.h5"


@pytest.fixture(scope="session")
def reports() -> Path:
    """The folder of files that users have reported, which are not part of the project; tests skip without it."""
    cases = Path(os.environ.get("AIR_ENVS_CASES", Path(__file__).parents[3] / "shared" / "cases"))
    if not (cases / "reports").is_dir():
        pytest.skip(f"no folder {cases / 'reports'}: set AIR_ENVS_CASES to the folder above it")
    return cases / "reports"


@pytest.fixture(scope="session")
def sudokus():
    return puzzles_of("sudoku-6x6", 60)


@pytest.fixture(scope="session")
def mazes():
    return puzzles_of("maze-6x6", 60)


@pytest.fixture
def output(tmp_path):
    """The file to write, alone in its folder."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "set.h5"
