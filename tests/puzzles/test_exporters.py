"""Exports are read back by the importers, and equal the published folders byte by byte."""

import csv
import json

import numpy as np
import pytest

import puzzles
from puzzles import DatasetError, PuzzleError
from puzzles.dataset import Dataset, DatasetWriter, Provenance, split_keys, verify, write_dataset
from puzzles.exporters import export_csv, export_npy
from puzzles.importers import import_puzzles
from tests.puzzles.dataset_helpers import generate, same


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture(params=["sudoku-9x9", "maze-6x6", "maze-4x7"])
def stored(request, tmp_path):
    """A dataset of 40 training and 10 test puzzles."""
    family = puzzles.family(request.param)
    batch = generate(family, 50)
    write_dataset(
        tmp_path / "in.h5", family, batch.take(slice(40)), batch.take(slice(40, 50)), provenance=Provenance("me, again")
    )
    return Dataset(tmp_path / "in.h5")


def test_csv_round_trip(tmp_path, stored):
    assert export_csv(stored, tmp_path / "csv", progress=False) == tmp_path / "csv"
    assert names(tmp_path / "csv") == ["test.csv", "train.csv"]
    with (tmp_path / "csv" / "test.csv").open(newline="") as file:
        header, first, *_ = csv.reader(file)
    assert header == ["source", "question", "answer", "rating"]
    row, family = stored.split_view("test")[0], stored.family
    assert first == ["me, again", family.format(row.puzzle), family.format(row.solution), str(row.rating)]
    import_puzzles(tmp_path / "csv", tmp_path / "out.h5", family, progress=False)
    for split in stored.splits:
        assert same(Dataset(tmp_path / "out.h5").split(split), stored.split(split))


@pytest.mark.parametrize("copies", [0, 7])
def test_npy_round_trip(tmp_path, stored, copies):
    export_npy(stored, tmp_path / "npy", copies, seed=3, progress=False)
    import_puzzles(tmp_path / "npy", tmp_path / "out.h5", stored.family, progress=False)
    for split in stored.splits:
        assert same(Dataset(tmp_path / "out.h5").split(split), stored.split(split))
    assert Dataset(tmp_path / "out.h5").provenance.parameters["symmetry_copies_left_out"] == 40 * copies
    verify(tmp_path / "out.h5", progress=False)


def test_npy_layout(tmp_path, stored):
    export_npy(stored, tmp_path / "npy", copies=4, seed=3, progress=False)
    assert names(tmp_path / "npy") == ["identifiers.json", "test", "train"]
    assert json.loads((tmp_path / "npy" / "identifiers.json").read_text()) == ["<blank>"]
    for split, groups, copies in (("train", 40, 4), ("test", 10, 0)):
        place, count, cells = (
            tmp_path / "npy" / split,
            groups * (1 + copies),
            stored.family.rows * stored.family.columns,
        )
        arrays = {path.name: np.load(path) for path in place.glob("*.npy")}
        assert {name: (array.dtype, array.shape) for name, array in arrays.items()} == {
            "all__inputs.npy": (np.uint8, (count, cells)),
            "all__labels.npy": (np.uint8, (count, cells)),
            "all__puzzle_identifiers.npy": (np.int32, (count,)),
            "all__puzzle_indices.npy": (np.int32, (count + 1,)),
            "all__group_indices.npy": (np.int32, (groups + 1,)),
        }
        assert not arrays["all__puzzle_identifiers.npy"].any()
        assert arrays["all__puzzle_indices.npy"].tolist() == list(range(count + 1))
        assert arrays["all__group_indices.npy"].tolist() == list(range(0, count + 1, 1 + copies))
        assert json.loads((place / "dataset.json").read_text()) == {
            "pad_id": 0,
            "ignore_label_id": 0,
            "blank_identifier_id": 0,
            "vocab_size": stored.family.vocabulary_size,
            "seq_len": cells,
            "num_puzzle_identifiers": 1,
            "total_groups": groups,
            "total_puzzles": groups,
            "mean_puzzle_examples": 1.0,
            "sets": ["all"],
        }


def test_symmetry_copies(tmp_path, stored, monkeypatch):
    family = stored.family
    export_npy(stored, tmp_path / "npy", copies=9, seed=3, progress=False)
    grids = [
        np.load(tmp_path / "npy" / "train" / f"all__{name}.npy").reshape(40, 10, *family.shape) - np.uint8(1)
        for name in ("inputs", "labels")
    ]
    assert same([array[:, 0].copy() for array in grids], stored.split("train")[:2])
    for copy in range(10):
        puzzle, solution = (np.ascontiguousarray(array[:, copy]) for array in grids)
        assert family.is_solved(puzzle, solution).all()
        keys = split_keys(family, puzzle, solution, "canonical")
        assert np.array_equal(keys, split_keys(family, *stored.split("train")[:2], "canonical"))
    assert all(len(np.unique(group.reshape(10, -1), axis=0)) > 1 for group in grids[0])
    inputs = (tmp_path / "npy" / "train" / "all__inputs.npy").read_bytes()
    monkeypatch.setattr("puzzles.exporters.npy_folder.BLOCK_GRIDS", 30)
    export_npy(stored, tmp_path / "again", copies=9, seed=3, progress=False)
    assert (tmp_path / "again" / "train" / "all__inputs.npy").read_bytes() == inputs
    export_npy(stored, tmp_path / "other", copies=9, seed=4, progress=False)
    assert (tmp_path / "other" / "train" / "all__inputs.npy").read_bytes() != inputs


def test_symmetry_copies_of_mazes_are_labelled_by_the_rule(tmp_path):
    family = puzzles.family("maze-8x8")
    data = family.generate(np.arange(20, dtype=np.uint64), family.Options(generator="percolation"))
    write_dataset(tmp_path / "in.h5", family, data, data.take(slice(0)), provenance=Provenance("me"), allow_empty=True)
    export_npy(Dataset(tmp_path / "in.h5"), tmp_path / "npy", copies=7, progress=False)
    tokens = (np.load(tmp_path / "npy" / "train" / f"all__{name}.npy") for name in ("inputs", "labels"))
    puzzle, solution = (array.reshape(-1, *family.shape) - np.uint8(1) for array in tokens)
    assert len(np.unique(puzzle, axis=0)) > 60
    assert np.array_equal(solution, family.solve(puzzle))


def test_the_published_folder_comes_back_byte_by_byte(tmp_path, real_data):
    published = real_data / "maze-30x30-hard-1k"
    import_puzzles(published, tmp_path / "a.h5", progress=False)
    export_npy(Dataset(tmp_path / "a.h5"), tmp_path / "npy", progress=False)
    files = [path.relative_to(published) for path in published.rglob("*") if path.is_file()]
    assert len(files) == 13
    for file in files:
        ours = (tmp_path / "npy" / file).read_bytes()
        if file.name == "dataset.json":  # ours has one key more, for TRM
            ours = json.dumps(
                {key: value for key, value in json.loads(ours).items() if key != "total_puzzles"}
            ).encode()
        assert ours == (published / file).read_bytes(), file


@pytest.mark.parametrize("export", [export_csv, export_npy])
def test_an_export_is_whole_or_absent(tmp_path, stored, export):
    (tmp_path / "there").mkdir()
    export(stored, tmp_path / "there", progress=False)  # an empty folder is as good as none
    with pytest.raises(FileExistsError, match="is there already, expected a new folder"):
        export(stored, tmp_path / "there", progress=False)
    content = bytearray(stored.path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4000] = bytes(4000)
    stored.path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"in\.h5: "):
        export(stored, tmp_path / "new", progress=False)
    assert names(tmp_path) == ["in.h5", "there"]


def test_copies_that_cannot_be(tmp_path, stored):
    for copies in (-1, 2**31):
        with pytest.raises(PuzzleError, match=rf"{copies} copies of 40 puzzles, expected"):
            export_npy(stored, tmp_path / "npy", copies, progress=False)
    assert names(tmp_path) == ["in.h5"]


@pytest.mark.parametrize(
    ("export", "files"), [(export_csv, ["train.csv"]), (export_npy, ["identifiers.json", "train"])]
)
def test_a_split_that_is_not_there_is_not_exported(tmp_path, sudoku, train, export, files):
    write_dataset(tmp_path / "a.h5", sudoku, train, train.take(slice(0)), provenance=Provenance("me"), allow_empty=True)
    export(Dataset(tmp_path / "a.h5"), tmp_path / "folder", progress=False)
    assert names(tmp_path / "folder") == files
    import_puzzles(tmp_path / "folder", tmp_path / "b.h5", sudoku, progress=False)
    assert Dataset(tmp_path / "b.h5").splits == ("train",)
    assert same(Dataset(tmp_path / "b.h5").split("train"), train)


@pytest.mark.parametrize(("export", "file"), [(export_csv, "validation.csv"), (export_npy, "validation")])
def test_validation_comes_back(tmp_path, sudoku, batch, export, file):
    train, validation, test = (batch.take(slice(*ends)) for ends in ((0, 70), (70, 90), (90, 120)))
    write_dataset(tmp_path / "a.h5", sudoku, train, test, provenance=Provenance("me"), validation=validation)
    stored = Dataset(tmp_path / "a.h5")
    how = {"copies": 2} if export is export_npy else {}
    export(stored, tmp_path / "folder", progress=False, **how)
    assert file in names(tmp_path / "folder")
    import_puzzles(tmp_path / "folder", tmp_path / "b.h5", sudoku, progress=False)
    for split in ("train", "validation", "test"):
        assert same(Dataset(tmp_path / "b.h5").split(split), stored.split(split))
    if export is export_npy:
        lengths = [len(np.load(tmp_path / "folder" / split / "all__inputs.npy")) for split in stored.splits]
        assert lengths == [210, 20, 30]  # only training puzzles are copied


def test_csv_names_the_source_of_each_row(tmp_path, sudoku, train, test):
    numbers = (np.arange(30) % 2).astype(np.uint8)
    with DatasetWriter(tmp_path / "a.h5", sudoku, provenance=Provenance("me"), sources=["forum", "a, b"]) as writer:
        writer.append("test", test, source=numbers)
        writer.append("train", train)
    export_csv(Dataset(tmp_path / "a.h5"), tmp_path / "csv", progress=False)
    for split, expected in (("train", ["me"] * 90), ("test", ["forum", "a, b"] * 15)):
        with (tmp_path / "csv" / f"{split}.csv").open(newline="") as file:
            assert [row["source"] for row in csv.DictReader(file)] == expected


def test_progress(tmp_path, stored, capsys):
    export_csv(stored, tmp_path / "csv")
    export_npy(stored, tmp_path / "npy", copies=1)
    err = capsys.readouterr().err
    assert "50/50" in err
    assert "90/90" in err
