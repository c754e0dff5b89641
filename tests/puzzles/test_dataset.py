import os
import time

import h5py
import numpy as np
import pytest

import puzzles
from puzzles import DatasetError, PuzzleError, Puzzles
from puzzles.dataset import Dataset, DatasetWriter, Provenance, layout, split_keys, verify, write_dataset
from tests.puzzles.dataset_helpers import (
    PROVENANCE,
    generate,
    same,
    symmetric,
)

# -- round trip --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sudoku-4x4", "sudoku-9x9", "maze-5x7", "maze-8x8"])
def test_what_is_written_is_read(tmp_path, name):
    family = puzzles.family(name)
    batch = generate(family, 50)
    provenance = Provenance("a test")
    write_dataset(tmp_path / "a.h5", family, batch.take(slice(40)), batch.take(slice(40, 50)), provenance=provenance)
    dataset = Dataset(tmp_path / "a.h5")
    assert dataset.family == family
    assert dataset.counts == {"train": 40, "test": 10}
    assert dataset.splits == ("train", "test")
    assert dataset.split_rule == family.split_rule
    assert same(dataset.split("train"), batch.take(slice(40)))
    assert same(dataset.split("test"), batch.take(slice(40, 50)))
    assert verify(tmp_path / "a.h5", progress=False).counts == {"train": 40, "test": 10}


def test_the_file_explains_itself_without_this_package(path, train):
    with h5py.File(path) as file:
        assert set(file["train"]) == {"puzzle", "solution", "rating"}
        puzzle, rating = file["train/puzzle"], file["train/rating"]
        assert (puzzle.shape, puzzle.dtype) == ((90, 6, 6), np.uint8)
        assert (rating.shape, rating.dtype) == ((90,), np.int32)
        assert puzzle.compression == "gzip"
        assert puzzle.shuffle
        assert puzzle.fletcher32
        assert puzzle.chunks == (1024, 6, 6)
        assert np.array_equal(puzzle[...], train.puzzle)
        attributes = {name: layout.get_value(file, name) for name in file.attrs}
    assert attributes["family"] == "sudoku-6x6"
    assert attributes["format_version"] == 2
    assert attributes["rating_unit"] == "guesses"
    assert attributes["rating_convention"] == "guesses-to-solution"
    assert attributes["split_rule"] == "canonical"


def test_provenance_is_complete(path):
    dataset = Dataset(path)
    assert dataset.provenance == PROVENANCE
    assert dataset.attributes["versions"].keys() == {"air-envs", "h5py", "hdf5", "numba", "numpy", "python"}
    assert dataset.attributes["versions"]["numpy"] == np.__version__
    assert dataset.attributes["counts"] == {"train": 90, "test": 30}
    text = dataset.describe()
    for part in (
        str(path),
        "sudoku-6x6",
        "90 train and 30 test",
        "a test",
        str(2**64 - 1),
        "tests 'a b' …",
        '"clues": 7',
    ):
        assert part in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed -1, expected 0 <= seed < 2**64"),
        ({"seed": 2**64}, "seed 18446744073709551616, expected"),
        ({"rating_source": "guessed"}, "rating_source 'guessed', expected one of"),
    ],
)
def test_provenance_refuses_what_cannot_be_stored(arguments, message):
    with pytest.raises(ValueError, match="expected") as caught:
        Provenance("a test", **arguments)
    assert message in str(caught.value)


def test_text_that_utf8_cannot_hold_is_escaped(tmp_path, sudoku, train, test):
    command = "run " + os.fsdecode(b"\xff")  # what Python makes of such a byte on a command line
    provenance = Provenance("a test", command=command)
    write_dataset(tmp_path / "set.h5", sudoku, train, test, provenance=provenance)
    assert Dataset(tmp_path / "set.h5").provenance.command == "run \\udcff"


def test_equal_input_gives_equal_bytes(tmp_path, path, sudoku, train, test):
    time.sleep(1.1)  # a time stamp of a second's resolution would show
    write_dataset(tmp_path / "other.h5", sudoku, train, test, provenance=PROVENANCE)
    assert path.read_bytes() == (tmp_path / "other.h5").read_bytes()


def test_blocks_do_not_show_in_the_bytes(tmp_path):
    family = puzzles.family("sudoku-4x4")
    batch = generate(family, 2600)
    train, test = batch.take(slice(2300)), batch.take(slice(2300, 2600))
    write_dataset(tmp_path / "whole.h5", family, train, test, provenance=PROVENANCE)
    for cuts in ([1, 2, 3], [1023, 1024, 1025], [0, 2048, 2299]):
        with DatasetWriter(tmp_path / "cut.h5", family, provenance=PROVENANCE, overwrite=True) as writer:
            writer.append("test", test)
            for start, end in zip([0, *cuts], [*cuts, 2300], strict=True):
                writer.append("train", train.take(slice(start, end)))
            assert writer.counts == {"train": 2300, "test": 300}
        assert (tmp_path / "cut.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
    assert same(Dataset(tmp_path / "whole.h5").split("train"), train)


def test_each_chunk_is_written_once(tmp_path, monkeypatch):
    family = puzzles.family("sudoku-4x4")
    batch = generate(family, 2100)
    written = []
    original = h5py.Dataset.__setitem__

    def watching(array, rows, values):
        written.append((array.name, rows.start, rows.stop))
        original(array, rows, values)

    monkeypatch.setattr(h5py.Dataset, "__setitem__", watching)
    with DatasetWriter(tmp_path / "set.h5", family, provenance=PROVENANCE, allow_empty=True) as writer:
        for start in range(0, 2100, 100):
            writer.append("train", batch.take(slice(start, start + 100)))
    expected = [(0, 1024), (1024, 2048), (2048, 2100)]
    assert written == [(f"/train/{name}", *rows) for rows in expected for name in layout.ARRAYS]


def test_a_split_may_be_left_out_if_asked(tmp_path, sudoku, train):
    nothing = train.take(slice(0))
    with pytest.raises(PuzzleError, match=r"set\.h5: no puzzle in test, expected at least one"):
        write_dataset(tmp_path / "set.h5", sudoku, train, nothing, provenance=PROVENANCE)
    assert not list(tmp_path.iterdir())
    write_dataset(tmp_path / "set.h5", sudoku, train, nothing, provenance=PROVENANCE, allow_empty=True)
    dataset = Dataset(tmp_path / "set.h5")
    assert dataset.splits == ("train",)
    assert dataset.counts == {"train": 90, "test": 0}
    assert verify(tmp_path / "set.h5", progress=False).counts == {"train": 90, "test": 0}
    with pytest.raises(DatasetError, match=r"set\.h5: no split 'test', expected one of \['train'\]"):
        dataset.split("test")


# -- what the writer refuses -------------------------------------------------------------------------------------------


def changed(batch, row, **cells):
    """Return a copy of the batch in which an array has another value at (row, 0, 0)."""
    copy = Puzzles(*(array.copy() for array in batch))
    for name, value in cells.items():
        getattr(copy, name)[row].flat[0] = value
    return copy


def test_refuses_a_wrong_solution(tmp_path, sudoku, train, test):
    wrong = changed(train, 17, solution=train.solution[17, 0, 0] % 6 + 1)
    with pytest.raises(PuzzleError, match=r"set\.h5: train\[17\]: the solution is wrong by the rules of sudoku-6x6"):
        write_dataset(tmp_path / "set.h5", sudoku, wrong, test, provenance=PROVENANCE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("row", [0, 1, 44, 88, 89])
def test_refuses_a_malformed_puzzle(tmp_path, sudoku, train, test, row):
    wrong = changed(train, row, puzzle=7)
    with pytest.raises(PuzzleError, match=rf"set\.h5: train\[{row}\]: row 1, column 1: 7, expected 0 to 6$"):
        write_dataset(tmp_path / "set.h5", sudoku, wrong, test, provenance=PROVENANCE)
    assert not list(tmp_path.iterdir())


def test_the_row_is_counted_from_the_start_of_the_split(tmp_path, sudoku, train):
    wrong = changed(train, 50, puzzle=7)

    def write():
        with DatasetWriter(tmp_path / "set.h5", sudoku, provenance=PROVENANCE) as writer:
            for start in range(0, 90, 20):
                writer.append("train", wrong.take(slice(start, start + 20)))

    with pytest.raises(PuzzleError, match=r"set\.h5: train\[50\]: row 1, column 1: 7"):
        write()
    assert not list(tmp_path.iterdir())


def test_refuses_wrong_types_and_shapes(tmp_path, sudoku, train, test):
    for wrong, message in (
        (train._replace(puzzle=train.puzzle.astype(np.int64)), "puzzle int64 of shape (90, 6, 6), expected uint8"),
        (train._replace(solution=train.solution[:, :5]), "solution uint8 of shape (90, 5, 6), expected uint8 of shape"),
        (train._replace(rating=train.rating[:1]), "rating int32 of shape (1,), expected int32 of shape (90,)"),
        (train._replace(rating=train.rating.astype(float)), "rating float64 of shape (90,), expected int32"),
    ):
        with pytest.raises(PuzzleError) as caught:
            write_dataset(tmp_path / "set.h5", sudoku, wrong, test, provenance=PROVENANCE)
        assert message in str(caught.value)
    with (
        pytest.raises(PuzzleError, match=r"set\.h5: split 'valid', expected one of"),
        DatasetWriter(tmp_path / "set.h5", sudoku, provenance=PROVENANCE) as writer,
    ):
        writer.append("valid", train)
    assert not list(tmp_path.iterdir())


def test_appending_needs_the_with_block(tmp_path, sudoku, train):
    writer = DatasetWriter(tmp_path / "set.h5", sudoku, provenance=PROVENANCE)
    with pytest.raises(RuntimeError, match="inside its `with` block"):
        writer.append("train", train)
    assert not list(tmp_path.iterdir())


def test_refuses_leakage_up_to_symmetry(tmp_path, sudoku, train, test):
    leaked = symmetric(sudoku, train.take([17, 40, 3]))
    test = Puzzles(*(np.concatenate(pair) for pair in zip(test, leaked, strict=True)))
    with pytest.raises(PuzzleError) as caught:
        write_dataset(tmp_path / "set.h5", sudoku, train, test, provenance=PROVENANCE)
    assert str(caught.value) == (
        f"{tmp_path / 'set.h5'}: train and test share puzzles: train[3] and test[32] are equal up to symmetry "
        "(split rule 'canonical'); 3 such pairs, expected none"
    )
    assert not list(tmp_path.iterdir())


def test_refuses_a_puzzle_stored_twice(tmp_path, sudoku, train, test):
    twice = Puzzles(*(np.concatenate(pair) for pair in zip(train, symmetric(sudoku, train.take([5])), strict=True)))
    with pytest.raises(PuzzleError, match=r"a puzzle is stored twice: train\[5\] and train\[90\] are equal up to symm"):
        write_dataset(tmp_path / "set.h5", sudoku, twice, test, provenance=PROVENANCE)
    with pytest.raises(PuzzleError, match=r"a puzzle is stored twice: test\[5\] and test\[90\] are equal up to symm"):
        write_dataset(tmp_path / "set.h5", sudoku, test, twice, provenance=PROVENANCE)
    # Leakage is the worse of the two and comes first.
    with pytest.raises(
        PuzzleError, match=r"train\[5\] and test\[0\] are equal up to symm.*; 2 such pairs, expected none"
    ):
        write_dataset(tmp_path / "set.h5", sudoku, twice, train.take([5]), provenance=PROVENANCE)
    assert not list(tmp_path.iterdir())


def test_the_exact_rule_allows_symmetric_puzzles(tmp_path):
    family = puzzles.family("sudoku-4x4")
    assert family.split_rule == "exact"
    train = generate(family, 20)
    write_dataset(tmp_path / "set.h5", family, train, symmetric(family, train), provenance=PROVENANCE)
    assert verify(tmp_path / "set.h5", progress=False).split_rule == "exact"
    with pytest.raises(PuzzleError, match=r"train\[3\] and test\[0\] are equal \(split rule 'exact'\); 1 such pairs"):
        write_dataset(tmp_path / "new.h5", family, train, train.take([3]), provenance=PROVENANCE)


def test_split_keys(sudoku, train):
    copy = symmetric(sudoku, train)
    keys = split_keys(sudoku, train.puzzle, train.solution)
    assert keys.shape == (90,)
    assert len({key.tobytes() for key in keys}) == 90
    assert all(len(key.tobytes()) == 16 for key in keys)
    assert np.array_equal(keys, split_keys(sudoku, copy.puzzle, copy.solution))
    exact = split_keys(sudoku, train.puzzle, train.solution, "exact")
    assert not np.isin(exact, split_keys(sudoku, copy.puzzle, copy.solution, "exact")).any()
    with pytest.raises(PuzzleError, match="split rule 'loose', expected one of"):
        split_keys(sudoku, train.puzzle, train.solution, "loose")
