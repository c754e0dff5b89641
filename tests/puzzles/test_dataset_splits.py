"""Three splits, the source of each row, and validation that is set aside; older files are as they always were."""

import pickle

import h5py
import numpy as np
import pytest

import puzzles
from puzzles import DatasetError, PuzzleError, Puzzles
from puzzles.build import build_dataset
from puzzles.dataset import Dataset, DatasetWriter, layout, split_keys, verify, with_validation, write_dataset
from puzzles.sudoku import SudokuOptions
from tests.puzzles.dataset_helpers import PROVENANCE, edit, generate, same, set_attribute, symmetric

NAMES = ("forum", "unbiased", "17 clues")
ENDS = {"train": slice(0, 70), "validation": slice(70, 90), "test": slice(90, 120)}


@pytest.fixture
def three(tmp_path, sudoku, batch):
    """A file of 70 train, 20 validation and 30 test puzzles."""
    train, validation, test = (batch.take(rows) for rows in ENDS.values())
    write_dataset(tmp_path / "set.h5", sudoku, train, test, provenance=PROVENANCE, validation=validation)
    return tmp_path / "set.h5"


@pytest.fixture
def numbers():
    """A source for each of 30 test rows."""
    return (np.arange(30) % 3).astype(np.uint8)


@pytest.fixture
def sourced(tmp_path, sudoku, train, test, numbers):
    """A file whose test rows, and no others, have a source."""
    with DatasetWriter(tmp_path / "set.h5", sudoku, provenance=PROVENANCE, sources=NAMES) as writer:
        writer.append("test", test, source=numbers)
        writer.append("train", train)
    return tmp_path / "set.h5"


def joined(blocks):
    return [np.concatenate(arrays) for arrays in zip(*blocks, strict=True)]


# -- three splits ------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read(three, batch):
    dataset = Dataset(three)
    assert dataset.counts == {"train": 70, "validation": 20, "test": 30}
    assert dataset.splits == ("train", "validation", "test")
    for split, rows in ENDS.items():
        assert same(dataset.split(split), batch.take(rows))
        assert same(joined(dataset.blocks(split, 7)), batch.take(rows))
        assert same(dataset.split_view(split)[[3, 0]], batch.take(rows).take([3, 0]))
    assert "70 train, 20 validation and 30 test puzzles" in dataset.describe()
    report = verify(three, progress=False)
    assert report.counts == {"train": 70, "validation": 20, "test": 30}
    assert "70 train, 20 validation and 30 test puzzles of sudoku-6x6 are whole" in str(report)
    with h5py.File(three) as file:
        assert layout.get_value(file, "format_version") == 3


def test_blocks_do_not_show_in_the_bytes(tmp_path, three, sudoku, batch):
    with DatasetWriter(tmp_path / "cut.h5", sudoku, provenance=PROVENANCE) as writer:
        for split in ("test", "validation", "train"):
            for row in range(ENDS[split].start, ENDS[split].stop):
                writer.append(split, batch.take([row]))
        assert writer.counts == {"train": 70, "validation": 20, "test": 30}
    assert (tmp_path / "cut.h5").read_bytes() == three.read_bytes()


@pytest.mark.parametrize(("one", "other"), [("train", "validation"), ("train", "test"), ("validation", "test")])
def test_no_canonical_form_is_in_two_splits(tmp_path, sudoku, batch, one, other):
    parts = {split: batch.take(rows) for split, rows in ENDS.items()}
    leaked = symmetric(sudoku, parts[one].take([4, 2]))
    parts[other] = Puzzles(*joined([parts[other], leaked]))
    first = len(parts[other].rating) - 2
    path = tmp_path / "set.h5"
    with pytest.raises(PuzzleError) as caught:
        write_dataset(
            path, sudoku, parts["train"], parts["test"], provenance=PROVENANCE, validation=parts["validation"]
        )
    assert str(caught.value) == (
        f"{path}: {one} and {other} share puzzles: {one}[2] and {other}[{first + 1}] are equal up to symmetry "
        "(split rule 'canonical'); 2 such pairs, expected none"
    )
    assert not path.exists()


def test_verify_proves_that_validation_is_apart(three, sudoku, batch):
    copy = symmetric(sudoku, batch.take([75]))

    def leak(file):
        for name in layout.ARRAYS:
            file[f"train/{name}"][8] = getattr(copy, name)[0]

    edit(three, leak, hashes=True)
    with pytest.raises(
        DatasetError, match=r"train and validation share puzzles: train\[8\] and validation\[5\] are eq"
    ):
        verify(three, progress=False)


def test_a_file_without_validation_is_as_it_always_was(tmp_path):
    options = SudokuOptions(clues=14)
    dataset = build_dataset(tmp_path / "a.h5", "sudoku-6x6", options, train=60, test=20, seed=5, progress=False)
    assert dataset.counts["validation"] == 0
    assert dataset.attributes["format_version"] == 2
    with h5py.File(dataset.path) as file:
        assert set(file) == {"train", "test"}
        assert layout.get_value(file, "counts") == '{"test": 20, "train": 60}'
        assert "source_names" not in file.attrs
        # What the release before format version 3 wrote for this seed.
        assert layout.get_value(file["train/puzzle"], "sha256").startswith("ab6051fdc44f46fb")
        assert layout.get_value(file["test/puzzle"], "sha256").startswith("ec5d8edcb1084cdc")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_attribute("counts", '{"train": 70, "test": 30}'), "counts {'train': 70, 'test': 30}, expected a whole"),
        (set_attribute("format_version", 2), "counts {'test': 30, 'train': 70, 'validation': 20}, expected a whole"),
        (set_attribute("format_version", 4), "format version 4, expected 2 or 3: made by a newer release"),
        (set_attribute("source_names", "[]"), "0 source_names, expected 1 to 256, all different"),
        (set_attribute("source_names", '["a", "a"]'), "2 source_names, expected 1 to 256, all different"),
        (set_attribute("source_names", '{"a": 1}'), "source_names {'a': 1}, expected a list of names"),
        (set_attribute("source_names", '["a", ""]'), "source_names ['a', ''], expected a list of names"),
    ],
)
def test_a_wrong_file_is_refused(three, change, message):
    edit(three, change)
    with pytest.raises(DatasetError) as caught:
        Dataset(three)
    assert str(caught.value).startswith(f"{three}: {message}")


# -- sources -----------------------------------------------------------------------------------------------------------


def test_sources_are_read_where_they_are_kept(sourced, test, numbers):
    dataset = Dataset(sourced)
    assert dataset.source_names == NAMES
    assert dataset.source("test").dtype == np.uint8
    assert np.array_equal(dataset.source("test"), numbers)
    assert dataset.source("train") is None
    assert same(dataset.split("test"), test)
    assert "\nsource      test: 10 forum, 10 unbiased, 10 17 clues\n" in dataset.describe()
    assert dataset.counts["validation"] == 0
    verify(sourced, progress=False)
    with pytest.raises(DatasetError, match=r"no split 'validation', expected one of \['train', 'test'\]"):
        dataset.source("validation")


def test_a_file_without_sources_has_none(path):
    assert Dataset(path).source_names == ()
    assert Dataset(path).source("test") is None


def test_blocks_do_not_show_in_the_bytes_of_sources(tmp_path, sourced, sudoku, train, test, numbers):
    with DatasetWriter(tmp_path / "cut.h5", sudoku, provenance=PROVENANCE, sources=NAMES) as writer:
        for first, last in ((0, 1), (1, 19), (19, 30)):
            writer.append("test", test.take(slice(first, last)), source=numbers[first:last])
        writer.append("train", train)
    assert (tmp_path / "cut.h5").read_bytes() == sourced.read_bytes()


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([(np.zeros(30, np.uint8) + 3)], "test: source 3, expected one of ['forum', 'unbiased', '17 clues']"),
        ([np.zeros(29, np.uint8)], "test: source uint8 of shape (29,), expected uint8 of shape (30,)"),
        ([np.zeros(30, np.int64)], "test: source int64 of shape (30,), expected uint8 of shape (30,)"),
        ([np.zeros(30, np.uint8), None], "a source for some rows of test, expected one for all of them or none"),
        ([None, np.zeros(30, np.uint8)], "a source for some rows of test, expected one for all of them or none"),
    ],
)
def test_sources_that_cannot_be(tmp_path, sudoku, batch, sources, message):
    def write():
        with DatasetWriter(tmp_path / "set.h5", sudoku, provenance=PROVENANCE, sources=NAMES) as writer:
            for start, source in zip((0, 30), sources, strict=False):
                writer.append("test", batch.take(slice(start, start + 30)), source=source)

    with pytest.raises(PuzzleError) as caught:
        write()
    assert str(caught.value) == f"{tmp_path / 'set.h5'}: {message}"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("names", [("a", "a"), ("a", ""), [str(number) for number in range(257)]])
def test_names_of_sources_that_cannot_be(tmp_path, sudoku, names):
    with pytest.raises(PuzzleError, match="expected at most 256 different names"):
        DatasetWriter(tmp_path / "set.h5", sudoku, provenance=PROVENANCE, sources=names)


def test_damaged_sources_are_noticed(sourced):
    whole = sourced.read_bytes()

    def change(file):
        file["test/source"][3] = 1

    edit(sourced, change)
    for read in (lambda: Dataset(sourced).source("test"), lambda: verify(sourced, progress=False)):
        with pytest.raises(DatasetError, match=r"set\.h5: test/source has sha256"):
            read()
    sourced.write_bytes(whole)
    edit(sourced, set_attribute("source_names", '["a", "b"]'))
    with pytest.raises(DatasetError, match=r"set\.h5: test/source\[2\] is 2, expected 0 to 1"):
        verify(sourced, progress=False)
    sourced.write_bytes(whole)
    with h5py.File(sourced, "r+") as file:
        del file["test/source"]
    with pytest.raises(DatasetError, match=r"set\.h5: checksum of the attributes"):
        Dataset(sourced)


# -- setting aside -----------------------------------------------------------------------------------------------------


def test_a_share_of_train_is_set_aside(path, train, test):
    dataset = with_validation(Dataset(path), seed=0, share=0.1)
    rows = [4, 7, 13, 15, 32, 34, 38, 51, 64]  # which no release of NumPy changes
    others = np.setdiff1d(np.arange(90), rows)
    assert dataset.counts == {"train": 81, "validation": 9, "test": 30}
    assert dataset.splits == ("train", "validation", "test")
    expected = {"train": train.take(others), "validation": train.take(rows), "test": test}
    for data in (dataset, pickle.loads(pickle.dumps(dataset))):
        for split, puzzles_of_split in expected.items():
            assert same(data.split(split), puzzles_of_split)
            assert same(joined(data.blocks(split, 8)), puzzles_of_split)
            assert same(data.split_view(split)[:], puzzles_of_split)
    assert dataset.set_aside == (f"{path}: no validation split; 9 of 90 train puzzles are set aside for it (seed 0)")
    assert dataset.describe().endswith(dataset.set_aside)
    assert "81 train, 9 validation and 30 test puzzles" in dataset.describe()
    assert (dataset.path, dataset.family, dataset.split_rule) == (path, Dataset(path).family, "canonical")
    assert Dataset(path).counts == {"train": 90, "test": 30}


def test_what_is_set_aside_depends_on_the_seed_and_the_share(path):
    def aside(**arguments):
        return {grid.tobytes() for grid in with_validation(Dataset(path), **arguments).split("validation").puzzle}

    assert aside(seed=1) == aside(seed=1)
    assert aside(seed=1) != aside(seed=2)
    assert aside(seed=1) < aside(seed=1, share=0.5)
    assert len(aside(seed=1, share=0.5)) == 45
    assert len(aside(share=0.001)) == 1
    assert len(aside(share=0.999)) == 89
    assert len(aside(share=0.5, most=7)) == 7


def test_a_file_with_validation_is_left_alone(three):
    dataset = Dataset(three)
    assert with_validation(dataset) is dataset
    assert dataset.set_aside == ""


def test_setting_aside_twice_is_setting_aside_once(path):
    dataset = with_validation(Dataset(path))
    assert with_validation(dataset, seed=5) is dataset


def test_sources_follow_their_rows(tmp_path, sudoku, train):
    numbers = (np.arange(90) % 3).astype(np.uint8)
    with DatasetWriter(tmp_path / "a.h5", sudoku, provenance=PROVENANCE, sources=NAMES, allow_empty=True) as writer:
        writer.append("train", train, source=numbers)
    dataset = with_validation(Dataset(tmp_path / "a.h5"))
    source_of = {grid.tobytes(): number for grid, number in zip(train.puzzle, numbers, strict=True)}
    for split in ("train", "validation"):
        assert dataset.source(split).tolist() == [source_of[grid.tobytes()] for grid in dataset.split(split).puzzle]
    with pytest.raises(DatasetError, match="no split 'test'"):
        dataset.split("test")


def test_under_the_exact_rule_symmetric_puzzles_may_be_on_both_sides(tmp_path):
    family = puzzles.family("sudoku-4x4")
    rows = generate(family, 20)
    rows = Puzzles(*joined([rows, symmetric(family, rows)]))
    write_dataset(tmp_path / "a.h5", family, rows, rows.take(slice(0)), provenance=PROVENANCE, allow_empty=True)
    dataset = with_validation(Dataset(tmp_path / "a.h5"), share=0.5)
    for rule, common in (("exact", False), ("canonical", True)):
        train, validation = (
            {key.tobytes() for key in split_keys(family, *dataset.split(split)[:2], rule)}
            for split in ("train", "validation")
        )
        assert bool(train & validation) == common


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"share": 0}, "share 0, expected more than 0 and less than 1"),
        ({"share": 1.0}, "share 1.0, expected more than 0 and less than 1"),
        ({"most": 0}, "most 0, expected 1 or more"),
        ({"seed": -1}, "seed -1, expected 0 <= seed"),
    ],
)
def test_arguments_that_cannot_be(path, arguments, message):
    with pytest.raises(PuzzleError) as caught:
        with_validation(Dataset(path), **arguments)
    assert str(caught.value).startswith(message)


def test_one_puzzle_cannot_be_set_aside(tmp_path, sudoku, train, test):
    write_dataset(tmp_path / "a.h5", sudoku, train.take([0]), test, provenance=PROVENANCE)
    with pytest.raises(PuzzleError, match=r"a\.h5: 1 train puzzles, expected 2 or more to set one aside for valid"):
        with_validation(Dataset(tmp_path / "a.h5"))
