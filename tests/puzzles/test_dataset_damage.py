"""Files are whole or absent: writers that fail or are killed, files that are damaged or wrong."""

import os

import h5py
import numpy as np
import pytest

from puzzles import DatasetError
from puzzles.dataset import Dataset, DatasetWriter, layout, verify, write_dataset
from tests.puzzles.dataset_helpers import (
    PROVENANCE,
    edit,
    profiled,
    read_everything,
    same,
    set_attribute,
)

# -- whole or not at all -----------------------------------------------------------------------------------------------


class Boom(Exception):
    pass


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("owner", "name", "fail_at"),
    [
        (h5py.h5g, "create", 1),
        (h5py.Group, "create_dataset", 1),
        (h5py.Group, "create_dataset", 6),
        (h5py.Dataset, "resize", 1),
        (h5py.Dataset, "__setitem__", 6),
        (h5py.AttributeManager, "create", 1),
        (h5py.AttributeManager, "create", 6),
        (h5py.AttributeManager, "create", 18),
        (h5py.File, "close", 1),
        (os, "fsync", 1),
    ],
)
def test_an_exception_leaves_nothing_behind(tmp_path, monkeypatch, sudoku, train, test, owner, name, fail_at, old):
    path = tmp_path / "set.h5"
    if old:
        path.write_text("what stood here before")
    original, calls = getattr(owner, name), []

    def failing(*args, **kwargs):
        calls.append(args)
        if len(calls) == fail_at:
            if owner is h5py.File:  # a file that stays open ends the process when Python ends
                original(*args, **kwargs)
            raise Boom
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing)
        with pytest.raises(Boom):
            write_dataset(path, sudoku, train, test, provenance=PROVENANCE, overwrite=old)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["what stood here before"] * old
    write_dataset(path, sudoku, train, test, provenance=PROVENANCE, overwrite=old)
    assert same(Dataset(path).split("train"), train)


def test_an_interrupt_in_the_with_block_leaves_nothing_behind(tmp_path, sudoku, train):
    def interrupted():
        with DatasetWriter(tmp_path / "set.h5", sudoku, provenance=PROVENANCE) as writer:
            writer.append("train", train)
            assert len(list(tmp_path.iterdir())) == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())


def test_a_kill_at_any_moment_leaves_the_whole_file_or_none(tmp_path, sudoku, train, test):
    path = tmp_path / "set.h5"
    steps = killed_at(None, path, sudoku, train, test)
    assert steps > 1000
    whole = path.read_bytes()
    moments = np.sort(np.random.default_rng(0).integers(1, steps, 40))
    absent = 0
    for moment in [*moments, *range(steps - 40, steps, 4)]:
        path.unlink(missing_ok=True)
        end = killed_at(int(moment), path, sudoku, train, test)
        assert end in (
            0,
            9,
        )  # how often two threads wait for each other varies: the last moments may lie behind the end
        if path.exists() or end == 0:
            assert path.read_bytes() == whole
        absent += not path.exists()
    assert 30 < absent < 50  # both happened: killed before the file took its name, and after


def killed_at(moment, *arguments):
    """Write in a forked process that dies at call number ``moment``; return its exit code, or count the calls."""
    if moment is None:
        calls = [0]
        with profiled(lambda *_: calls.__setitem__(0, calls[0] + 1)):
            write_dataset(*arguments, provenance=PROVENANCE)
        return calls[0]
    process = os.fork()
    if process == 0:
        left = [moment]

        def count(*_):
            left[0] -= 1
            if left[0] <= 0:
                os._exit(9)

        with profiled(count):
            write_dataset(*arguments, provenance=PROVENANCE)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


# -- damage ------------------------------------------------------------------------------------------------------------


def is_original(found, original):
    return found[:4] == original[:4] and all(same(found[4][split], original[4][split]) for split in original[4])


def damaged(path, content, original):
    """Return whether the damage was noticed; wrong content or another exception fails the test."""
    path.write_bytes(content)
    try:
        found = read_everything(path)
    except DatasetError as error:
        return str(error).startswith(str(path)) or pytest.fail(f"no path in {error}")
    assert is_original(found, original)
    return False


def test_a_flipped_bit_is_noticed_or_harmless(path, tmp_path):
    original = read_everything(path)
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    noticed = 0
    for position in rng.integers(0, len(content), 500):
        broken = bytearray(content)
        broken[position] ^= 1 << rng.integers(8)
        noticed += damaged(tmp_path / "broken.h5", broken, original)
    assert noticed > 300
    # Every byte that holds a word of the attributes is guarded.
    for word in (b"sudoku-6x6", b"a test", b'"clues": 7', b"canonical", b"computed", b"guesses", b"python -m tests"):
        broken = bytearray(content)
        broken[content.index(word)] ^= 1
        assert damaged(tmp_path / "broken.h5", broken, original)


@pytest.mark.slow
def test_every_flipped_byte_and_many_truncations_are_noticed_or_harmless(path, tmp_path):
    original, content = read_everything(path), path.read_bytes()
    rng, broken = np.random.default_rng(4), tmp_path / "broken.h5"
    noticed = 0
    for position in range(len(content)):
        flipped = bytearray(content)
        flipped[position] ^= int(rng.integers(1, 256))
        noticed += damaged(broken, flipped, original)
    assert noticed > 0.6 * len(content)
    for length in rng.choice(len(content), 2000, replace=False):
        assert damaged(broken, content[:length], original)


def test_a_truncated_file_is_noticed(path, tmp_path):
    original = read_everything(path)
    content = path.read_bytes()
    for length in [0, 1, 7, 8, 47, 48, 511, len(content) - 1, *np.random.default_rng(2).integers(0, len(content), 52)]:
        assert damaged(tmp_path / "broken.h5", content[:length], original)


def delete(name):
    return lambda file: file.__delitem__(name)


def replace_array(name, array):
    def change(file):
        digest = layout.get_value(file[name], "sha256")
        del file[name]
        file[name] = array
        layout.set_value(file[name], "sha256", digest)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_attribute("format_version", 1), "format version 1, expected 2 or 3: build or import it again"),
        (set_attribute("family", "kakuro-9x9"), "unknown family 'kakuro-9x9', expected"),
        (set_attribute("family", "sudoku-7x7"), "no Sudoku of 7x7, expected"),
        (
            set_attribute("family", "sudoku-4x4"),
            "train/puzzle is uint8 of shape (90, 6, 6), expected uint8 of shape (90, 4,",
        ),
        (set_attribute("split_rule", "loose"), "split_rule 'loose', expected one of ('canonical', 'exact')"),
        (
            set_attribute("rating_source", "guessed"),
            "rating_source 'guessed', expected one of ('computed', 'imported')",
        ),
        (set_attribute("counts", '{"train": 90, "test": -1}'), "counts {'train': 90, 'test': -1}, expected a whole"),
        (set_attribute("counts", '{"train": 90}'), "counts {'train': 90}, expected a whole number for each"),
        (set_attribute("counts", "ninety"), "damaged, or no HDF5 file"),
        (set_attribute("seed", "7"), "attribute 'seed' is '7', expected int"),
        (set_attribute("family", 6), "attribute 'family' is 6, expected text"),
        (lambda file: file.attrs.__delitem__("command"), "no attribute 'command', expected"),
        (lambda file: file.attrs.__delitem__("checksum"), "no attribute 'checksum', expected"),
        (delete("test"), "no array 'test/puzzle', expected puzzle, solution, rating in test"),
        (delete("train/rating"), "no array 'train/rating', expected puzzle, solution, rating in train"),
        (
            replace_array("train/rating", np.zeros(90, np.int64)),
            "train/rating is int64 of shape (90,), expected int32 of shape (90,)",
        ),
        (
            replace_array("test/solution", np.zeros((29, 6, 6), np.uint8)),
            "test/solution is uint8 of shape (29, 6, 6), expected uint8 of shape (30, 6, 6)",
        ),
        (replace_array("test/solution", np.zeros((30, 6, 6), np.uint8)), "test/solution has sha256"),
    ],
)
def test_a_wrong_file_is_refused(path, change, message):
    edit(path, change)
    with pytest.raises(DatasetError) as caught:
        read_everything(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_an_attribute_of_another_type_is_refused(path):
    edit(path, lambda file: file.attrs.__setitem__("family", 0.5), attributes=False)
    with pytest.raises(
        DatasetError, match=r"set\.h5: .*attribute 'family' is float64, expected text or a whole number"
    ):
        Dataset(path)


def test_changed_attributes_are_noticed(path):
    edit(path, set_attribute("seed", 5), attributes=False)
    with pytest.raises(DatasetError, match=r"set\.h5: checksum of the attributes is \w{64}, expected \w{64}"):
        Dataset(path)


def test_not_a_dataset(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such dataset: .*missing\.h5"):
        Dataset(tmp_path / "missing.h5")
    with pytest.raises(FileNotFoundError, match=r"missing\.h5"):
        verify(tmp_path / "missing.h5", progress=False)
    with pytest.raises(DatasetError, match="a folder, expected an HDF5 file"):
        Dataset(tmp_path)
    (tmp_path / "text.h5").write_text("puzzle,solution\n" * 100)
    with pytest.raises(DatasetError, match=r"text\.h5: damaged, or no HDF5 file"):
        Dataset(tmp_path / "text.h5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["train"] = np.zeros(3)
    with pytest.raises(DatasetError, match=r"foreign\.h5: no attribute 'format_version', expected"):
        Dataset(tmp_path / "foreign.h5")


def test_a_file_that_vanishes(path):
    dataset = Dataset(path)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"set\.h5"):
        dataset.split("train")


def test_a_file_that_is_replaced_by_another_is_not_mixed_up(path, sudoku, train, test):
    dataset = Dataset(path)
    write_dataset(path, sudoku, test, train, provenance=PROVENANCE, overwrite=True)
    with pytest.raises(
        DatasetError, match=r"train/puzzle is uint8 of shape \(30, 6, 6\), expected uint8 of shape \(90"
    ):
        dataset.split("train")
    write_dataset(path, sudoku, train.take(slice(None, None, -1)), test, provenance=PROVENANCE, overwrite=True)
    with pytest.raises(DatasetError, match="train/puzzle has sha256"):
        dataset.split("train")
