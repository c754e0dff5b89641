import numpy as np
import pytest

from puzzles import DatasetError, PuzzleError
from puzzles.dataset import Dataset, Provenance, layout, split_keys, verify, write_dataset
from puzzles.dataset.proof import Repeats
from tests.puzzles.dataset_helpers import (
    edit,
    read_everything,
    set_attribute,
    symmetric,
)


def put(name, row, value):
    def change(file):
        file[name][row] = value

    return change


def test_verify_says_what_it_proved(path):
    report = verify(path, progress=False)
    assert report.counts == {"train": 90, "test": 30}
    assert (report.split_rule, report.unique_solutions, report.ratings_computed) == ("canonical", True, True)
    assert "90 train and 30 test puzzles of sudoku-6x6" in str(report)


def test_verify_catches_tampering_that_keeps_the_checksums_right(path, sudoku, train):
    content = path.read_bytes()
    copy = symmetric(sudoku, train.take([17]))
    for changes, message in (
        ([put("train/solution", 7, train.solution[8])], "train[7]: the solution is wrong by the rules of sudoku-6x6"),
        ([put("train/puzzle", 7, np.full((6, 6), 9))], "train[7]: row 1, column 1: 9, expected 0 to 6"),
        ([put("train/puzzle", 7, np.eye(6))], "train[7]: row"),
        ([put("train/puzzle", 7, np.zeros((6, 6)))], "train[7]: several solutions, expected one"),
        ([put("test/rating", 29, 999)], "test[29]: rating 999 guesses, expected"),
        (
            [put(f"test/{name}", 4, getattr(copy, name)[0]) for name in layout.ARRAYS],
            "train and test share puzzles: train[17] and test[4] are equal up to symmetry",
        ),
        (
            [put(f"train/{name}", 80, getattr(copy, name)[0]) for name in layout.ARRAYS],
            "a puzzle is stored twice: train[17] and train[80] are equal up to symmetry",
        ),
        ([set_attribute("split_rule", "exact")], "split_rule 'exact', expected 'canonical' of sudoku-6x6"),
        ([set_attribute("rating_unit", "stars")], "rating_unit 'stars', expected 'guesses' of sudoku-6x6"),
        ([set_attribute("rating_convention", "stars")], "rating_convention 'stars', expected 'guesses-to-solution'"),
    ):
        path.write_bytes(content)
        for change in changes:
            edit(path, change, hashes=True)
        read_everything(path)  # for the reader the file is whole
        with pytest.raises(DatasetError) as caught:
            verify(path, progress=False)
        assert str(caught.value).startswith(f"{path}: {message}")


def test_verify_finds_damage(path):
    edit(path, put("train/solution", 7, np.zeros((6, 6))))
    with pytest.raises(DatasetError, match=r"set\.h5: train/solution has sha256"):
        verify(path, progress=False)


def test_imported_ratings_are_taken_as_they_are(tmp_path, sudoku, train, test):
    rated = train._replace(rating=train.rating + 1000)
    for source in ("imported", "computed"):
        write_dataset(
            tmp_path / f"{source}.h5", sudoku, rated, test, provenance=Provenance("a test", rating_source=source)
        )
    assert not verify(tmp_path / "imported.h5", progress=False).ratings_computed
    with pytest.raises(DatasetError, match=r"computed\.h5: train\[0\]: rating 10\d\d guesses, expected"):
        verify(tmp_path / "computed.h5", progress=False)


def test_verify_shows_its_progress(path, capsys):
    verify(path)
    assert "120/120" in capsys.readouterr().err


def test_ratings_are_proved_by_the_convention_that_the_file_names(tmp_path, sudoku, train, test):
    for convention in sudoku.rating_conventions:
        rated = [batch._replace(rating=sudoku.rate(batch.puzzle, convention)) for batch in (train, test)]
        path = tmp_path / f"{convention}.h5"
        write_dataset(path, sudoku, *rated, provenance=Provenance("a test", rating_convention=convention))
        assert Dataset(path).provenance.rating_convention == convention
        assert f"computed, {convention}" in Dataset(path).describe()
        assert verify(path, progress=False).ratings_computed
    first, last = sudoku.rating_conventions[0], sudoku.rating_conventions[-1]
    differ = [sudoku.rate(batch.puzzle, first) != sudoku.rate(batch.puzzle, last) for batch in (train, test)]
    if any(map(np.any, differ)):
        edit(path, set_attribute("rating_convention", first))
        with pytest.raises(DatasetError, match=rf"\[\d+\]: rating \d+ {sudoku.rating_unit}, expected"):
            verify(path, progress=False)


def test_an_unknown_convention_is_not_written(tmp_path, sudoku, train, test):
    with pytest.raises(PuzzleError, match="rating convention 'stars', expected one of"):
        write_dataset(
            tmp_path / "a.h5", sudoku, train, test, provenance=Provenance("a test", rating_convention="stars")
        )
    assert not list(tmp_path.iterdir())


def test_repeats_are_found_whatever_the_order_of_the_blocks(sudoku, train, test):
    keys = {"train": split_keys(sudoku, *train[:2]).copy(), "test": split_keys(sudoku, *test[:2]).copy()}
    keys["test"][20] = keys["train"][50]
    keys["train"][80] = keys["train"][3]
    repeats = Repeats("canonical")
    for split, first, last in (("test", 0, 10), ("train", 0, 60), ("test", 10, 30), ("train", 60, 90)):
        repeats.add(split, first, keys[split][first:last])
    with pytest.raises(PuzzleError, match=r"^train and test share puzzles: train\[50\] and test\[20\] .*; 1 such"):
        repeats.check()
    repeats = Repeats("exact")
    for first in (0, 30, 60):
        repeats.add("train", first, keys["train"][first : first + 30])
    with pytest.raises(PuzzleError, match=r"^a puzzle is stored twice: train\[3\] and train\[80\] are equal \(split"):
        repeats.check()
