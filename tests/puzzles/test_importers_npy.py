"""The NPY layout of HRM, TRM and AIR."""

import shutil

import numpy as np
import pytest

from puzzles.dataset import Dataset, verify
from tests.puzzles.dataset_helpers import same
from tests.puzzles.importer_helpers import (
    puzzles_of,
    refused,
    run,
    write_npy,
)


@pytest.mark.parametrize("name", ["sudoku-9x9", "maze-6x6"])
@pytest.mark.parametrize("copies", [0, 3])
def test_npy_layout(tmp_path, output, name, copies):
    family, batch = puzzles_of(name, 40)
    train, test = batch.take(slice(30)), batch.take(slice(30, 40))
    report = run(write_npy(tmp_path / "npy", family, train, test, copies), output)
    assert (report.format, report.family, report.counts) == ("npy", name, {"train": 30, "test": 10})
    dataset = Dataset(output)
    assert same(dataset.split("train"), train)
    assert same(dataset.split("test"), test)
    parameters = dataset.provenance.parameters
    assert parameters["symmetry_copies_left_out"] == 40 * copies
    assert len(parameters["files"]) == 12
    verify(output, progress=False)


def test_npy_family_that_cannot_be_deduced(tmp_path, output):
    family, batch = puzzles_of("sudoku-4x4", 20)  # a maze of 4x4 has the same length and vocabulary
    folder = write_npy(tmp_path / "npy", family, batch.take(slice(10)), batch.take(slice(10, 20)))
    assert refused(folder, output) == (
        f"{folder / 'train' / 'dataset.json'}: ['maze-4x4', 'sudoku-4x4'] with seq_len 16 and vocab_size 6, "
        "expected exactly one: name the family"
    )
    assert run(folder, output, family="sudoku-4x4").counts == {"train": 10, "test": 10}
    output.unlink()
    assert refused(folder, output, family="sudoku-6x6") == (
        f"{folder / 'train' / 'dataset.json'}: seq_len 16, expected 36 for sudoku-6x6"
    )
    meta = folder / "train" / "dataset.json"
    meta.write_text(meta.read_text().replace("16", "17"))
    assert "no family with seq_len 17 and vocab_size 6, expected exactly one" in refused(folder, output)


def test_npy_with_one_split(tmp_path, output, sudokus):
    family, batch = sudokus
    folder = write_npy(tmp_path / "npy", family, batch.take(slice(40)), batch.take(slice(40, 60)), copies=2)
    shutil.rmtree(folder / "train")
    assert refused(folder, output, family=family, train=5) == (
        f"{folder}: no train split, expected one to take 5 puzzles from"
    )
    assert run(folder, output, family=family).counts == {"train": 0, "test": 20}
    assert same(Dataset(output).split("test"), batch.take(slice(40, 60)))
    output.unlink()
    shutil.rmtree(folder / "test")
    assert refused(folder, output, format="npy") == f"{folder}: no folder 'train' or 'test', expected the NPY layout"


def save(array, value):
    return lambda place: np.save(place / f"all__{array}.npy", value)


def edit(array, row, column, value):
    def change(place):
        content = np.load(place / f"all__{array}.npy")
        content[row, column] = value
        np.save(place / f"all__{array}.npy", content)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda place: (place / "all__labels.npy").unlink(),
            ": no file 'test/all__labels.npy', expected the NPY layout",
        ),
        (lambda place: (place / "dataset.json").unlink(), ": no file 'test/dataset.json', expected the NPY layout"),
        (lambda place: (place / "dataset.json").write_text("{"), "/test/dataset.json: no JSON: "),
        (lambda place: (place / "dataset.json").write_text("[]"), "/test/dataset.json: no whole number 'pad_id'"),
        (
            lambda place: (place / "dataset.json").write_text('{"pad_id": 0, "seq_len": 36, "vocab_size": 11}'),
            "/test/dataset.json: vocab_size 11, expected 6 for maze-6x6",
        ),
        (lambda place: (place / "all__inputs.npy").write_bytes(b""), "/test/all__inputs.npy: damaged, or no NPY file"),
        (lambda place: (place / "all__inputs.npy").write_bytes(b"x" * 99), "/test/all__inputs.npy: damaged, or no NPY"),
        (save("inputs", np.array([{}])), "/test/all__inputs.npy: damaged, or no NPY file"),
        (save("inputs", np.ones((10, 36))), "/test/all__inputs.npy: float64 of shape (10, 36), expected whole numbers"),
        (save("inputs", np.ones(36, int)), "/test/all__inputs.npy: int64 of shape (36,), expected whole numbers in 2"),
        (
            save("inputs", np.ones((10, 35), int)),
            "/test/all__inputs.npy: shape (10, 35), expected (10, 36) for maze-6x6",
        ),
        (save("labels", np.ones((9, 36), int)), "/test/all__labels.npy: shape (9, 36), expected (10, 36) for maze-6x6"),
        (edit("inputs", 3, 5, 0), "/test/all__inputs.npy row 3, position 5: token 0, expected 1 to 5"),
        (edit("labels", 3, 5, 6), "/test/all__labels.npy row 3, position 5: token 6, expected 1 to 5"),
        (edit("inputs", 3, 5, 5), "/test/all__inputs.npy row 3: row 1, column 6: a path cell"),
        (
            edit("labels", 3, slice(None), 1),
            "/test/all__inputs.npy row 3: the solution is wrong by the rules of maze-6x6",
        ),
        (save("puzzle_identifiers", np.zeros(9, int)), "/test/all__puzzle_identifiers.npy: shape (9,), expected (10,)"),
        (
            save("puzzle_indices", np.arange(10)),
            "/test/all__puzzle_indices.npy: expected offsets that rise from 0 to 10",
        ),
        (
            save("puzzle_indices", np.array([0, 5, 10])),
            "/test/all__puzzle_indices.npy: several examples a puzzle, expected",
        ),
        (save("group_indices", np.array([0, 5, 5, 10])), "/test/all__group_indices.npy: expected offsets that rise"),
    ],
)
def test_npy_errors_name_the_file(tmp_path, output, mazes, change, message):
    family, batch = mazes
    folder = write_npy(tmp_path / "npy", family, batch.take(slice(10)), batch.take(slice(10, 20)))
    change(folder / "test")
    assert refused(folder, output).startswith(f"{folder}{message}")
