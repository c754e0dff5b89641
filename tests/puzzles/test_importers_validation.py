"""Where the validation split of an imported dataset comes from, and what it leaves as it was."""

import numpy as np
import pytest

from puzzles.dataset import Dataset, verify
from puzzles.importers.hub import PATTERNS
from tests.puzzles.dataset_helpers import same, symmetric
from tests.puzzles.importer_helpers import refused, rows_of, run, write_csv, write_npy, write_text


@pytest.fixture
def listed(tmp_path, sudokus):
    return write_text(tmp_path / "list.txt", *sudokus)


@pytest.fixture
def folder(tmp_path, sudokus):
    """45 train and 15 test puzzles, as CSV."""
    family, batch = sudokus
    (tmp_path / "csv").mkdir()
    write_csv(tmp_path / "csv" / "train.csv", family, batch.take(slice(45)))
    write_csv(tmp_path / "csv" / "test.csv", family, batch.take(slice(45, 60)))
    return tmp_path / "csv"


def splits(output):
    return {split: rows_of(Dataset(output), split) for split in Dataset(output).splits}


def test_a_list_is_split_in_three(listed, output):
    report = run(listed, output, validation=9)
    assert report.counts == {"train": 45, "validation": 9, "test": 6}
    assert "45 train, 9 validation and 6 test puzzles of sudoku-6x6 from text" in str(report)
    assert len(set().union(*splits(output).values())) == 60
    assert Dataset(output).provenance.parameters["validation"] == 9
    assert Dataset(output).provenance.command.endswith("rating_convention='guesses-to-solution', validation=9)")
    verify(output, progress=False)


def test_validation_changes_neither_the_test_nor_what_train_draws(listed, folder, output):
    for source in (listed, folder):
        run(source, output, train=20, test=10)
        without = splits(output)
        for validation in (1, 9):
            run(source, output, train=20, test=10, validation=validation)
            found = splits(output)
            assert len(found.pop("validation")) == validation
            assert found == without
        run(source, output, test=10, validation=9)
        few = splits(output)["validation"]
        run(source, output, test=10, validation=15)
        assert few < splits(output)["validation"]


def test_by_default_there_is_none(listed, folder, output):
    for source, counts in ((listed, {"train": 54, "test": 6}), (folder, {"train": 45, "test": 15})):
        assert run(source, output).counts == counts
        assert Dataset(output).attributes["format_version"] == 2
        assert "validation" not in Dataset(output).provenance.parameters


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        ({}, {"train": 36, "validation": 9, "test": 15}),
        ({"train": 40}, {"train": 40, "validation": 5, "test": 15}),
        ({"train": 45}, {"train": 45, "test": 15}),
        ({"train": 7}, {"train": 7, "validation": 9, "test": 15}),
        ({"train": 0}, {"train": 0, "test": 15}),
        ({"validation": 2}, {"train": 43, "validation": 2, "test": 15}),
        ({"validation": 0}, {"train": 45, "test": 15}),
    ],
)
def test_a_share_of_the_training_puzzles(folder, output, arguments, counts):
    assert run(folder, output, validation_share=0.2, **arguments).counts == counts


def test_the_order_of_the_source_is_kept(folder, output, sudokus):
    _, batch = sudokus
    run(folder, output, validation=9)
    place = {puzzle.tobytes(): row for row, puzzle in enumerate(batch.puzzle)}
    for split in ("train", "validation"):
        rows = [place[puzzle.tobytes()] for puzzle in Dataset(output).split(split).puzzle]
        assert rows == sorted(rows)


@pytest.mark.parametrize("format", ["csv", "text", "npy"])
def test_a_source_with_its_own_keeps_it(tmp_path, output, sudokus, format):
    family, batch = sudokus
    parts = {"train": slice(40), "validation": slice(40, 48), "test": slice(48, 60)}
    source = tmp_path / "in"
    source.mkdir()
    for split, rows in parts.items():
        if format == "npy":
            write_npy(tmp_path / split, family, batch.take(rows), batch.take(rows))
            (tmp_path / split / "train").rename(source / split)
        else:
            write = write_csv if format == "csv" else write_text
            write(source / f"{split}.{'csv' if format == 'csv' else 'txt'}", family, batch.take(rows))
    for arguments in ({}, {"validation_share": 0.1}):
        assert run(source, output, **arguments).counts == {"train": 40, "validation": 8, "test": 12}
        assert all(same(Dataset(output).split(split), batch.take(rows)) for split, rows in parts.items())
    assert run(source, output, validation=3).counts == {"train": 40, "validation": 3, "test": 12}
    assert splits(output)["validation"] < {puzzle.tobytes() for puzzle in batch.puzzle[40:48]}
    assert run(source, output, validation=0).counts == {"train": 40, "test": 12}


def test_a_puzzle_of_two_splits_stays_in_the_first_of_test_validation_and_train(tmp_path, output, sudokus):
    family, batch = sudokus
    (tmp_path / "in").mkdir()
    repeats = symmetric(family, batch.take([50, 45]))  # one of the test, one of validation
    for split, rows in (("train", np.arange(40)), ("validation", np.arange(40, 48)), ("test", np.arange(48, 60))):
        write_csv(tmp_path / "in" / f"{split}.csv", family, batch.take(rows))
    text = write_csv(tmp_path / "repeats.csv", family, repeats).read_text().splitlines()[1:]
    for split, line in (("validation", text[0]), ("train", text[1])):
        with (tmp_path / "in" / f"{split}.csv").open("a") as file:
            file.write(f"{line}\n")
    assert "2 puzzles are equal up to symmetry to an earlier one" in refused(tmp_path / "in", output)
    report = run(tmp_path / "in", output, on_duplicate="drop")
    assert report.counts == {"train": 40, "validation": 8, "test": 12}


def test_what_cannot_be_drawn(tmp_path, listed, folder, output, sudokus):
    assert "45 different puzzles for validation, expected 46" in refused(folder, output, validation=46)
    assert "36 different puzzles for train, expected 40" in refused(folder, output, validation=9, train=40)
    assert refused(listed, output, validation=-1) == "validation -1, expected 0 or more"
    assert refused(listed, output, validation_share=1) == "validation_share 1, expected 0 or more and less than 1"
    (folder / "train.csv").unlink()
    assert "no train or validation split, expected one to take 5 puzzles from" in refused(folder, output, validation=5)
    write_csv(folder / "validation.csv", sudokus[0], sudokus[1].take(slice(10)))
    assert run(folder, output, validation=5).counts == {"train": 0, "validation": 5, "test": 15}
    output.unlink()
    (folder / "test.csv").unlink()
    message = "no file 'train.csv' or 'test.csv', expected one or both"
    assert message in refused(folder, output, format="csv")


def test_validation_files_of_the_hub_are_fetched():
    assert {"validation.csv", "validation.txt", "validation/dataset.json"} <= set(PATTERNS)
