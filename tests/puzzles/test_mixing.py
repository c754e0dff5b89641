"""One dataset of several."""

from pathlib import Path

import numpy as np
import pytest

import puzzles
from puzzles.build import GENERATOR, build_dataset
from puzzles.dataset import Dataset, Provenance, verify
from puzzles.dataset.proof import split_keys
from puzzles.dataset.writer import write_dataset
from puzzles.errors import PuzzleError
from puzzles.mixing import mix_datasets, sources

FAMILY = puzzles.family("sudoku-4x4")


@pytest.fixture(scope="module")
def data() -> puzzles.Puzzles:
    """Different puzzles."""
    data = FAMILY.generate(np.arange(400, dtype=np.uint64))
    keys = split_keys(FAMILY, data.puzzle, data.solution)
    return data.take(np.sort(np.unique(keys, return_index=True)[1]))


def part(path: Path, train: puzzles.Puzzles, test: puzzles.Puzzles) -> Dataset:
    write_dataset(path, FAMILY, train, test, provenance=Provenance("test"), allow_empty=True)
    return Dataset(path)


def test_nothing_to_train_on_is_tested_or_there_twice(tmp_path: Path, data: puzzles.Puzzles) -> None:
    none = data.take(slice(0))
    test = part(tmp_path / "test.h5", none, data.take(slice(0, 20)))
    held_out = part(tmp_path / "held-out.h5", none, data.take(slice(20, 40)))
    pools = [
        part(tmp_path / "a.h5", data.take(slice(10, 60)), none),
        part(tmp_path / "b.h5", data.take(slice(50, 90)), none),
    ]
    mixed = mix_datasets(tmp_path / "mixed.h5", pools, test, [held_out], "a command")
    assert mixed.counts == {"train": 50, "test": 20}
    np.testing.assert_array_equal(mixed.split("train").puzzle, data.puzzle[40:90])
    np.testing.assert_array_equal(mixed.split("test").puzzle, data.puzzle[:20])
    assert mixed.provenance.command == "a command"
    parameters = mixed.provenance.parameters
    assert [source["file"] for source in parameters["train"]] == ["a.h5", "b.h5"]
    assert (parameters["test"]["file"], parameters["held_out"]) == ("test.h5", ["held-out.h5"])
    verify(mixed.path)


def test_a_mixture_knows_its_sources(tmp_path: Path) -> None:
    options = FAMILY.Options(clues=6)
    parts = [
        build_dataset(tmp_path / f"{seed}.h5", FAMILY, options, train=3, test=3, seed=seed, progress=False)
        for seed in (1, 2)
    ]
    mixed = mix_datasets(tmp_path / "mixed.h5", parts, parts[0])
    for data, split, seeds in ((mixed, "train", [1, 2]), (mixed, "test", [1]), (parts[1], "train", [2])):
        found = sources(data, split)
        assert [source["seed"] for source in found] == seeds
        assert {source["generator"] for source in found} == {GENERATOR}
        assert all(source["generator_parameters"]["clues"] == 6 for source in found)
    assert mixed.provenance.command == "mix_datasets(train=['1.h5', '2.h5'], test='1.h5', held_out=[])"


def test_imported_ratings_stay_imported(tmp_path: Path, data: puzzles.Puzzles) -> None:
    path, rated = tmp_path / "rated.h5", data.take(slice(0, 9))._replace(rating=np.arange(9, dtype=np.int32) + 70)
    provenance = Provenance("test", rating_source="imported")
    write_dataset(path, FAMILY, rated, rated.take(slice(0)), provenance=provenance, allow_empty=True)
    test = part(tmp_path / "test.h5", data.take(slice(0)), data.take(slice(20, 25)))
    mixed = mix_datasets(tmp_path / "mixed.h5", [Dataset(path)], test)
    assert mixed.provenance.rating_source == "imported"
    np.testing.assert_array_equal(mixed.split("train").rating, rated.rating)
    verify(mixed.path)


def test_nothing_left_to_train_on_is_refused(tmp_path: Path, data: puzzles.Puzzles) -> None:
    both = part(tmp_path / "both.h5", data.take(slice(0, 5)), data.take(slice(5, 9)))
    same = part(tmp_path / "same.h5", data.take(slice(5, 9)), data.take(slice(0, 5)))
    for train in ([], [same]):
        with pytest.raises(PuzzleError, match="train"):
            mix_datasets(tmp_path / "mixed.h5", train, both)
    assert not (tmp_path / "mixed.h5").exists()


def test_one_family(tmp_path: Path, data: puzzles.Puzzles) -> None:
    mazes = build_dataset(tmp_path / "mazes.h5", puzzles.family("maze-5x5"), train=2, test=0, progress=False)
    test = part(tmp_path / "test.h5", data.take(slice(0)), data.take(slice(0, 5)))
    with pytest.raises(PuzzleError, match=r"holds maze-5x5, expected sudoku-4x4, as .*test\.h5 does"):
        mix_datasets(tmp_path / "mixed.h5", [mazes], test)
    assert not (tmp_path / "mixed.h5").exists()
