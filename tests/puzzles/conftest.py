"""A small dataset of 6x6 Sudoku that the tests of dataset files share: 90 training and 30 test puzzles."""

import pytest

import puzzles
from puzzles.dataset import write_dataset
from tests.puzzles.dataset_helpers import PROVENANCE, generate


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
