import multiprocessing
import os
import pickle
import sys
import time

import h5py
import numpy as np
import pytest

import puzzles
from puzzles import DatasetError, PuzzleError, Puzzles
from puzzles.dataset import Dataset, DatasetWriter, Provenance, layout, split_keys, verify, write_dataset

PROVENANCE = Provenance("a test", {"clues": 7, "nested": {"list": [1, 2]}}, 2**64 - 1, "python -m tests 'a b' …")


def generate(family, count, start=0):
    """Return ``count`` puzzles, no two equal by the split rule."""
    many = family.generate(np.arange(start, start + 4 * count, dtype=np.uint64))
    _, first = np.unique(split_keys(family, many.puzzle, many.solution), return_index=True)
    assert len(first) >= count
    return many.take(np.sort(first)[:count])


def symmetric(family, batch, seed=0):
    """Return a random symmetry copy of each puzzle, none equal to its original."""
    uniform = np.random.default_rng(seed).random((len(batch.puzzle), family.symmetry_dim))
    order, relabel = family.symmetries(uniform)
    copy = Puzzles(*(family.transform(grid, order, relabel) for grid in batch[:2]), batch.rating)
    assert (copy.puzzle != batch.puzzle).any(axis=(1, 2)).all()
    return copy


def same(one, other):
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def sudoku():
    return puzzles.family("sudoku-6x6")


@pytest.fixture(scope="module")
def batch(sudoku):
    return generate(sudoku, 120)


@pytest.fixture(scope="module")
def train(batch):
    return batch.take(slice(0, 90))


@pytest.fixture(scope="module")
def test(batch):
    return batch.take(slice(90, 120))


@pytest.fixture
def path(tmp_path, sudoku, train, test):
    write_dataset(tmp_path / "set.h5", sudoku, train, test, provenance=PROVENANCE)
    return tmp_path / "set.h5"


# -- round trip --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sudoku-4x4", "sudoku-9x9", "maze-5x7", "maze-8x8"])
def test_what_is_written_is_read(tmp_path, name):
    family = puzzles.family(name)
    batch = generate(family, 50)
    write_dataset(tmp_path / "a.h5", family, batch.take(slice(40)), batch.take(slice(40, 50)), provenance=PROVENANCE)
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
    assert attributes["format_version"] == 1
    assert attributes["rating_unit"] == "guesses"
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
        with DatasetWriter(tmp_path / "cut.h5", family, provenance=PROVENANCE) as writer:
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


def test_rows_one_by_one(path, train):
    view = Dataset(path).split_view("train")
    assert len(view) == 90
    puzzle, solution, rating = view[-1]
    assert np.array_equal(puzzle, train.puzzle[89])
    assert np.array_equal(solution, train.solution[89])
    assert rating == train.rating[89]
    assert same(view[[3, 1]], train.take([3, 1]))
    assert [row.puzzle.tolist() for row in view] == train.puzzle.tolist()  # ends with IndexError, as iteration needs
    with pytest.raises(DatasetError, match="no split 'valid', expected one of"):
        Dataset(path).split_view("valid")


def test_pickled_and_forked(path, train):
    dataset = Dataset(path)
    view = dataset.split_view("train")
    assert same(view[:], train)
    assert same(pickle.loads(pickle.dumps(dataset)).split("train"), train)
    assert len(pickle.dumps(view)) < 4000  # without the rows it has read
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    processes = [context.Process(target=read_here, args=(dataset, view, results)) for _ in range(3)]
    for process in processes:
        process.start()
    assert same(dataset.split("train"), train)
    for process in processes:
        process.join(timeout=30)
        assert process.exitcode == 0
    assert all(same(results.get(), train) for _ in range(6))


def read_here(dataset, view, results):
    results.put(dataset.split("train"))
    results.put(view[:])


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
        f"{tmp_path / 'set.h5'}: train and test share puzzles: train[17] and test[30] are equal up to symmetry "
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
        PuzzleError, match=r"train\[5\] and test\[0\] are equal up to symm.*; 1 such pairs, expected none"
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
        write_dataset(tmp_path / "set.h5", family, train, train.take([3]), provenance=PROVENANCE)


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


# -- whole or not at all -----------------------------------------------------------------------------------------------


class Boom(Exception):
    pass


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize(
    ("owner", "name", "fail_at"),
    [
        (h5py.Group, "create_group", 1),
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
            raise Boom
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, failing)
        with pytest.raises(Boom):
            write_dataset(path, sudoku, train, test, provenance=PROVENANCE)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["what stood here before"] * old
    write_dataset(path, sudoku, train, test, provenance=PROVENANCE)
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
        assert killed_at(int(moment), path, sudoku, train, test) == 9
        if path.exists():
            assert path.read_bytes() == whole
        absent += not path.exists()
    assert 30 < absent < 50  # both happened: killed before the file took its name, and after


def killed_at(moment, *arguments):
    """Write in a forked process that dies at call number ``moment``; return its exit code, or count the calls."""
    if moment is None:
        calls = [0]
        sys.setprofile(lambda *_: calls.__setitem__(0, calls[0] + 1))
        try:
            write_dataset(*arguments, provenance=PROVENANCE)
        finally:
            sys.setprofile(None)
        return calls[0]
    process = os.fork()
    if process == 0:
        left = [moment]

        def count(*_):
            left[0] -= 1
            if left[0] == 0:
                os._exit(9)

        sys.setprofile(count)
        write_dataset(*arguments, provenance=PROVENANCE)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


# -- damage ------------------------------------------------------------------------------------------------------------


def read_everything(path):
    dataset = Dataset(path)
    content = {split: dataset.split(split) for split in dataset.splits}
    return dataset.attributes, dataset.provenance, dataset.family.name, dataset.counts, content


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


def test_a_truncated_file_is_noticed(path, tmp_path):
    original = read_everything(path)
    content = path.read_bytes()
    for length in [0, 1, 7, 8, 47, 48, 511, len(content) - 1, *np.random.default_rng(2).integers(0, len(content), 52)]:
        assert damaged(tmp_path / "broken.h5", content[:length], original)


def edit(path, change, attributes=True, hashes=False):
    """Change a file through h5py; then make the checksum over the attributes, and that of each array, right again."""
    with h5py.File(path, "r+") as file:
        change(file)
        found = {}
        for split in layout.SPLITS:
            for name in layout.ARRAYS:
                if isinstance(array := file.get(f"{split}/{name}"), h5py.Dataset):
                    if hashes:
                        layout.set_value(array, "sha256", layout.hashlib.sha256(array[...].tobytes()).hexdigest())
                    found[f"{split}/{name}"] = layout.get_value(array, "sha256")
        if attributes and "checksum" in file.attrs:
            layout.set_value(file, "checksum", layout.checksum(layout.raw_attributes(file), found))


def set_attribute(name, value):
    return lambda file: layout.set_value(file, name, value)


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
        (set_attribute("format_version", 2), "format version 2, expected 1"),
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
    write_dataset(path, sudoku, test, train, provenance=PROVENANCE)
    with pytest.raises(
        DatasetError, match=r"train/puzzle is uint8 of shape \(30, 6, 6\), expected uint8 of shape \(90"
    ):
        dataset.split("train")
    write_dataset(path, sudoku, train.take(slice(None, None, -1)), test, provenance=PROVENANCE)
    with pytest.raises(DatasetError, match="train/puzzle has sha256"):
        dataset.split("train")


# -- verify ------------------------------------------------------------------------------------------------------------


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
