"""Choosing: draws, repeats, splits, and the published files."""

import numpy as np
import pytest

from puzzles import Puzzles
from puzzles.dataset import Dataset, verify
from puzzles.importers import import_puzzles
from tests.puzzles.dataset_helpers import same, symmetric
from tests.puzzles.importer_helpers import (
    refused,
    rows_of,
    run,
    write_csv,
    write_npy,
    write_text,
)


def test_a_random_split_depends_on_the_seed_alone(tmp_path, output, sudokus):
    family, batch = sudokus
    source = write_text(tmp_path / "list.txt", family, batch)
    position = {puzzle.tobytes(): row for row, puzzle in enumerate(batch.puzzle)}

    def chosen(**arguments):
        run(source, output, family=family, **arguments)
        dataset = Dataset(output)
        rows = {
            split: [position[puzzle.tobytes()] for puzzle in dataset.split(split).puzzle] for split in dataset.splits
        }
        assert all(own == sorted(own) for own in rows.values())
        return rows

    default = chosen()
    assert {split: len(rows) for split, rows in default.items()} == {"train": 54, "test": 6}
    assert sorted(default["train"] + default["test"]) == list(range(60))
    assert chosen() == default
    assert chosen(seed=1)["test"] != default["test"]
    assert default["test"] != list(range(6))
    assert set(chosen(test=3)["test"]) < set(default["test"]) < set(chosen(test=30)["test"])
    few = chosen(test=10, train=20)
    assert {split: len(rows) for split, rows in few.items()} == {"train": 20, "test": 10}
    assert not set(few["train"]) & set(few["test"])
    assert list(chosen(test=0)) == ["train"]
    assert list(chosen(train=0)) == ["test"]


def test_drawing_from_a_source_with_its_own_split(tmp_path, output, sudokus):
    family, batch = sudokus
    folder = tmp_path / "csv"
    folder.mkdir()
    write_csv(folder / "train.csv", family, batch.take(slice(40)))
    write_csv(folder / "test.csv", family, batch.take(slice(40, 60)))

    def chosen(**arguments):
        run(folder, output, family=family, **arguments)
        return {split: rows_of(Dataset(output), split) for split in Dataset(output).splits}

    everything, ten, five = chosen(), chosen(train=10, seed=3), chosen(train=5, test=4, seed=3)
    assert (len(ten["train"]), len(ten["test"])) == (10, 20)
    assert ten["train"] < everything["train"]
    assert five["train"] < ten["train"]
    assert five["test"] < everything["test"]
    assert len(five["test"]) == 4
    assert chosen(train=10, seed=3) == ten
    assert chosen(train=10, seed=4) != ten
    output.unlink()
    assert refused(folder, output, family=family, train=41) == f"{folder}: 40 different puzzles for train, expected 41"


def test_repeats_in_a_list(tmp_path, output, sudokus):
    family, batch = sudokus
    doubled = Puzzles(
        *(np.concatenate(pair) for pair in zip(batch, symmetric(family, batch.take([4, 9])), strict=True))
    )
    source = write_text(tmp_path / "list.txt", family, doubled)
    message = refused(source, output, family=family)
    assert message.startswith(
        f"{source}: 2 puzzles are equal up to symmetry to an earlier one (split rule 'canonical'), "
    )
    pairs = [(5, 61), (10, 62)]
    assert any(f"line {a}" in message and f"line {b};" in message for a, b in pairs + [pair[::-1] for pair in pairs])
    assert message.endswith("; expected none, or on_duplicate='drop'")
    report = run(source, output, family=family, on_duplicate="drop")
    assert report.dropped == 2
    assert sum(report.counts.values()) == 60
    assert "left out 2 repeats, first " in str(report)
    assert Dataset(output).provenance.parameters["dropped"] == 2
    verify(output, progress=False)
    output.unlink()
    assert refused(source, output, family=family, train=60, test=1, on_duplicate="drop") == (
        f"{source}: 59 different puzzles for train, expected 60"
    )


def test_repeats_in_a_list_without_a_test_split(tmp_path, output, sudokus):
    family, batch = sudokus
    source = write_text(tmp_path / "list.txt", family, batch.take([0, 1, 2, 0]))
    message = refused(source, output, family=family, test=0)
    assert message.startswith(f"{source}: 1 puzzles are equal up to symmetry to an earlier one")
    assert f"{source} line 1" in message
    assert f"{source} line 4" in message
    assert run(source, output, family=family, test=0, on_duplicate="drop").counts == {"train": 3, "test": 0}
    assert rows_of(Dataset(output), "train") == {puzzle.tobytes() for puzzle in batch.puzzle[:3]}


def test_leakage_in_a_source_with_its_own_split(tmp_path, output, sudokus):
    family, batch = sudokus
    train, test = batch.take(slice(40)), batch.take(slice(40, 60))
    leaked = Puzzles(*(np.concatenate(pair) for pair in zip(train, symmetric(family, test.take([7, 2])), strict=True)))
    folder = write_npy(tmp_path / "npy", family, leaked, test)
    place = folder / "train" / "all__inputs.npy"
    assert refused(folder, output) == (
        f"{folder}: 2 puzzles are equal up to symmetry to an earlier one (split rule 'canonical'), "
        f"first {place} row 40 to {folder / 'test' / 'all__inputs.npy'} row 7; expected none, or on_duplicate='drop'"
    )
    report = run(folder, output, on_duplicate="drop")
    assert report.counts == {"train": 40, "test": 20}
    assert report.dropped == 2
    assert same(Dataset(output).split("test"), test)  # the published test set stays whole
    assert same(Dataset(output).split("train"), train)


def test_sources_and_arguments_that_cannot_be(tmp_path, output, sudokus):
    family, batch = sudokus
    source = write_text(tmp_path / "list.txt", family, batch)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no such source of puzzles: .*missing\.txt"):
        run(tmp_path / "missing.txt", output)
    assert refused(tmp_path / "empty", output).startswith(
        f"{tmp_path / 'empty'}: expected one of ['train/dataset.json'"
    )
    assert refused(source, output, format="npy") == f"{source}: a file, expected the folder of the NPY layout"
    assert refused(source, output, format="xml") == "format 'xml', expected one of ('text', 'csv', 'npy')"
    assert refused(source, output, on_duplicate="ask") == "on_duplicate 'ask', expected one of ('error', 'drop')"
    assert refused(source, output, train=-1) == "train -1, expected 0 or more"
    with pytest.raises(FileExistsError, match="a folder is there, expected the name of a file"):
        run(source, tmp_path / "empty")
    assert refused(source, output, family="sudoku-7x7").startswith("no Sudoku of 7x7")
    assert refused(source, output, family=family, test=60) == f"{output}: no puzzle in train, expected at least one"


def test_progress(tmp_path, output, sudokus, capsys):
    family, batch = sudokus
    import_puzzles(write_text(tmp_path / "list.txt", family, batch), output, family)
    assert "60 puzzles" in capsys.readouterr().err


# -- the public files --------------------------------------------------------------------------------------------------


def test_real_text_lists(real_data, output):
    report = run(real_data / "sudoku" / "forum_hardest_1106.txt", output)
    assert report.counts == {"train": 169, "test": 18}
    report = run(real_data / "sudoku" / "magictour_top1465.txt", output, train=500, test=100, seed=2)
    assert report.counts == {"train": 500, "test": 100}
    report = run(real_data / "sudoku" / "17_clue.txt", output, train=1000, test=100)
    assert report.counts == {"train": 1000, "test": 100}
    assert (np.count_nonzero(Dataset(output).split("train").puzzle, axis=(1, 2)) == 17).all()
    verify(output, progress=False)


def test_real_maze_hard(real_data, output):
    report = run(real_data / "maze-30x30-hard-1k", output)
    assert (report.family, report.counts, report.dropped) == ("maze-30x30", {"train": 1000, "test": 500}, 0)
    train = Dataset(output).split("train")
    inputs = np.load(real_data / "maze-30x30-hard-1k" / "train" / "all__inputs.npy", allow_pickle=False)
    assert np.array_equal(train.puzzle.reshape(1000, 900) + 1, inputs)
    assert train.rating.min() >= 109
    verify(output, progress=False)
