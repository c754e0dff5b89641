"""One dataset of several."""

from pathlib import Path

import numpy as np
import pytest

import puzzles
from puzzles.build import GENERATOR, build_dataset
from puzzles.dataset import Dataset, DatasetWriter, Provenance, verify
from puzzles.dataset.proof import split_keys
from puzzles.dataset.writer import write_dataset
from puzzles.errors import DatasetError, PuzzleError
from puzzles.mixing import mix_datasets, sources

FAMILY = puzzles.family("sudoku-4x4")


@pytest.fixture(scope="module")
def data() -> puzzles.Puzzles:
    """Different puzzles."""
    data = FAMILY.generate(np.arange(400, dtype=np.uint64))
    keys = split_keys(FAMILY, data.puzzle, data.solution)
    return data.take(np.sort(np.unique(keys, return_index=True)[1]))


def part(
    path: Path, train: puzzles.Puzzles, test: puzzles.Puzzles, validation: puzzles.Puzzles | None = None
) -> Dataset:
    write_dataset(path, FAMILY, train, test, provenance=Provenance("test"), allow_empty=True, validation=validation)
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
    assert (parameters["test"]["file"], parameters["held_out"][0]["file"]) == ("test.h5", "held-out.h5")
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


def test_validation_comes_with_the_test_split(tmp_path: Path, data: puzzles.Puzzles) -> None:
    none = data.take(slice(0))
    test = part(tmp_path / "test.h5", none, data.take(slice(0, 20)), data.take(slice(20, 30)))
    held_out = part(tmp_path / "held-out.h5", none, data.take(slice(40, 45)), data.take(slice(45, 50)))
    pool = part(tmp_path / "a.h5", data.take(slice(10, 60)), none)
    mixed = mix_datasets(tmp_path / "mixed.h5", [pool], test, [held_out])
    assert mixed.counts == {"train": 20, "validation": 10, "test": 20}
    np.testing.assert_array_equal(mixed.split("validation").puzzle, data.puzzle[20:30])
    np.testing.assert_array_equal(mixed.split("train").puzzle, data.puzzle[np.r_[30:40, 50:60]])
    (source,) = sources(mixed, "validation")
    assert source["file"] == "test.h5"
    verify(mixed.path)


def test_validation_from_elsewhere(tmp_path: Path, data: puzzles.Puzzles) -> None:
    none = data.take(slice(0))
    test = part(tmp_path / "test.h5", none, data.take(slice(0, 20)), data.take(slice(20, 30)))
    held_out = part(tmp_path / "held-out.h5", none, data.take(slice(30, 35)))
    other = part(tmp_path / "other.h5", data.take(slice(90, 95)), none, data.take(slice(15, 40)))
    pool = part(tmp_path / "a.h5", data.take(slice(10, 60)), none)
    mixed = mix_datasets(tmp_path / "mixed.h5", [pool], test, [held_out], validation=other)
    np.testing.assert_array_equal(mixed.split("validation").puzzle, data.puzzle[np.r_[20:30, 35:40]])
    np.testing.assert_array_equal(mixed.split("train").puzzle, data.puzzle[40:60])
    assert [source["file"] for source in sources(mixed, "validation")] == ["other.h5"]
    assert mixed.provenance.command.endswith("held_out=['held-out.h5'], validation='other.h5')")
    known = part(tmp_path / "known.h5", none, data.take(slice(70, 75)), data.take(slice(0, 5)))
    with pytest.raises(PuzzleError, match=r"known\.h5: no validation puzzle is left, expected one that is in no test"):
        mix_datasets(tmp_path / "new.h5", [pool], test, validation=known)
    with pytest.raises(DatasetError, match=r"a\.h5: no split 'validation'"):
        mix_datasets(tmp_path / "new.h5", [pool], test, validation=pool)
    assert not (tmp_path / "new.h5").exists()


def sourced(path: Path, names: list[str], **splits: puzzles.Puzzles) -> Dataset:
    """Write a file whose rows, all of them, have the first and the last of the sources in turn."""
    with DatasetWriter(path, FAMILY, provenance=Provenance("test"), allow_empty=True, sources=names) as writer:
        for split, rows in splits.items():
            turns = np.arange(len(rows.rating)) % 2 * (len(names) - 1)
            writer.append(split, rows, source=turns.astype(np.uint8))
    return Dataset(path)


def test_sources_are_kept_where_all_rows_have_one(tmp_path: Path, data: puzzles.Puzzles) -> None:
    test = sourced(tmp_path / "test.h5", ["forum", "easy"], test=data.take(slice(0, 6)))
    first = sourced(tmp_path / "a.h5", ["easy", "hard"], train=data.take(slice(4, 10)))
    second = part(tmp_path / "b.h5", data.take(slice(10, 14)), data.take(slice(0)))
    mixed = mix_datasets(tmp_path / "mixed.h5", [first], test)
    assert mixed.source_names == ("forum", "easy", "hard")
    assert mixed.source("test").tolist() == [0, 1, 0, 1, 0, 1]
    assert mixed.source("train").tolist() == [1, 2, 1, 2]  # rows 4 and 5 are in the test split
    mixed = mix_datasets(tmp_path / "other.h5", [first, second], test)
    assert mixed.source_names == ("forum", "easy")
    assert mixed.source("test").tolist() == [0, 1, 0, 1, 0, 1]
    assert mixed.source("train") is None
    verify(mixed.path)


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
