"""A seed is 0 <= seed < 2**64 wherever one is given."""

import pytest
import torch

import puzzles
from agents.cli import main
from agents.config.training import TrainConfig
from puzzles.build import build_dataset, candidate_seeds
from puzzles.dataset import Dataset
from puzzles.exporters import export_npy

LAST = 2**64 - 1


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return build_dataset(tmp_path_factory.mktemp("data") / "a.h5", "sudoku-4x4", train=9, test=3, progress=False).path


@pytest.mark.parametrize("seed", [2**64, -1])
@pytest.mark.parametrize(
    "words",
    [
        ["data", "build", "sudoku-4x4", "--output", "OUT"],
        ["data", "import", "DATA", "--output", "OUT"],
        ["data", "export", "DATA", "--format", "npy", "--output", "OUT"],
        ["data", "export", "DATA", "--format", "minari", "--output", "OUT"],
        ["train", "--dataset", "DATA", "--output", "OUT"],
        ["play", "sudoku", "--size", "4"],
        ["watch", "sudoku-6x6", "--output", "OUT"],
    ],
    ids=" ".join,
)
def test_a_seed_that_is_none_is_named(words, seed, dataset, tmp_path, capsys):
    places = {"DATA": str(dataset), "OUT": str(tmp_path / "out")}
    with pytest.raises(SystemExit) as ended:
        main([*(places.get(word, word) for word in words), "--seed", str(seed)])
    assert ended.value.code == 2
    err = capsys.readouterr().err
    message = f"seed {seed}, expected 0 <= seed < 2**64"
    if words[0] == "train":  # a recent tyro draws a box around what is wrong with a configuration
        assert message in " ".join(err.split())
    else:
        assert err == f"air-envs: error: {message}\n"


def test_the_last_seed_is_one(dataset, tmp_path):
    assert candidate_seeds(LAST, 0, 2).shape == (2,)
    built = build_dataset(tmp_path / "a.h5", "sudoku-4x4", train=2, test=1, seed=LAST, progress=False)
    assert built.provenance.seed == LAST
    export_npy(Dataset(dataset), tmp_path / "npy", copies=1, seed=LAST, progress=False)
    assert TrainConfig(dataset, tmp_path / "run", seed=LAST).seed == LAST
    assert torch.manual_seed(LAST).initial_seed() == LAST
    assert puzzles.family("maze-5x5").generate(candidate_seeds(LAST, 0, 1)).puzzle.shape == (1, 5, 5)
