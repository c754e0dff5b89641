"""Files that declare more than they hold are refused; healthy ones are read whatever else has them open."""

import os
import time
from pathlib import Path

import h5py
import pytest

from agents.cli import main
from puzzles import DatasetError
from puzzles.dataset import Dataset, layout, verify, write_dataset
from tests.limits import run_limited
from tests.puzzles.dataset_helpers import PROVENANCE, edit, read_everything, same

# -- declared, not held ------------------------------------------------------------------------------------------------


def refused(path, capsys):
    """Return the message with which opening, and each command, refuses a file at once."""
    begin = time.perf_counter()
    with pytest.raises(DatasetError) as caught:
        Dataset(path)
    for words in (["inspect", path], ["verify", path], ["export", path, "--format", "csv", "--output", f"{path}.csv"]):
        with pytest.raises(SystemExit) as ended:
            main(["data", *map(str, words)])
        assert ended.value.code == 2
        assert capsys.readouterr().err == f"air-envs: error: {caught.value}\n"
    assert time.perf_counter() - begin < 5
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def declare(rows):
    """Let every array of the train split declare ``rows`` rows of zeros, none of which is stored."""

    def change(file):
        for name in layout.ARRAYS:
            shape = layout.array_shape(name, rows, (6, 6))
            del file[f"train/{name}"]
            array = file["train"].create_dataset(
                name, shape, layout.ARRAYS[name], chunks=layout.array_shape(name, 1024, (6, 6)), compression="gzip"
            )
            layout.set_value(array, "sha256", "0" * 64)
        layout.set_value(file, "counts", layout.to_json({"test": 30, "train": rows}))

    return change


def replace_puzzles(make):
    """Let ``make(group, content)`` create ``train/puzzle`` anew; its hash is that of what then is read."""

    def change(file):
        content = file["train/puzzle"][...]
        del file["train/puzzle"]
        array = make(file["train"], content)
        layout.set_value(array, "sha256", layout.hashlib.sha256(array[...].tobytes()).hexdigest())

    return change


@pytest.mark.parametrize("rows", [10**12, 2 * 10**6])
def test_rows_without_storage_are_refused_at_once(path, capsys, rows):
    edit(path, declare(rows))
    size = path.stat().st_size
    message = f"train/puzzle declares {36 * rows:,} bytes, more than a file of {size:,} bytes can hold"
    assert refused(path, capsys) == message


def test_few_rows_without_storage_are_refused(path, capsys):
    edit(path, declare(5000))
    assert refused(path, capsys) == "train/puzzle holds 0 of 5 chunks, expected all of them"


def test_a_missing_chunk_is_refused(path, capsys):
    def make(group, content):
        array = group.create_dataset("puzzle", content.shape, "u1", chunks=(32, 6, 6), compression="gzip")
        array[:32], array[64:] = content[:32], content[64:]
        return array

    edit(path, replace_puzzles(make))
    assert refused(path, capsys) == "train/puzzle holds 2 of 3 chunks, expected all of them"


def test_an_array_in_one_piece_without_storage_is_refused(path, capsys):
    edit(path, replace_puzzles(lambda group, content: group.create_dataset("puzzle", content.shape, "u1")))
    assert refused(path, capsys) == "train/puzzle holds 0 of 3,240 bytes, expected all of them"


def test_rows_in_other_files_are_refused(path, tmp_path, capsys):
    content = path.read_bytes()

    def external(group, puzzles):
        (tmp_path / "rows").write_bytes(puzzles.tobytes())
        rows = [(str(tmp_path / "rows"), 0, puzzles.nbytes)]
        return group.create_dataset("puzzle", puzzles.shape, "u1", external=rows)

    def virtual(group, puzzles):
        with h5py.File(tmp_path / "other.h5", "w") as other:
            other["puzzle"] = puzzles
        rows = h5py.VirtualLayout(puzzles.shape, "u1")
        rows[...] = h5py.VirtualSource(tmp_path / "other.h5", "puzzle", puzzles.shape)
        return group.create_virtual_dataset("puzzle", rows)

    for make in (external, virtual):
        path.write_bytes(content)
        edit(path, replace_puzzles(make))
        assert refused(path, capsys) == "train/puzzle keeps its rows in other files, expected them in this one"


@pytest.mark.parametrize("options", [{}, {"chunks": (7, 6, 6)}, {"chunks": (32, 3, 6), "compression": "lzf"}])
def test_however_the_rows_are_stored_they_are_read(path, train, options):
    edit(path, replace_puzzles(lambda group, content: group.create_dataset("puzzle", data=content, **options)))
    assert same(Dataset(path).split("train"), train)


def test_a_dataset_without_rows_can_be_opened_and_does_not_verify(tmp_path, sudoku, train, capsys):
    path, none = tmp_path / "set.h5", train.take(slice(0))
    write_dataset(path, sudoku, none, none, provenance=PROVENANCE, allow_empty=True)
    assert Dataset(path).splits == ()
    with pytest.raises(DatasetError, match=r"set\.h5: no puzzle in any split, expected at least one"):
        verify(path, progress=False)


# -- held open by others -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["r", "r+"])
@pytest.mark.parametrize("locking", [None, True, False, "best-effort"])
def test_a_file_that_this_process_holds_open_is_read(path, mode, locking, train):
    expected = read_everything(path)
    with h5py.File(path, mode, locking=locking) as held:
        assert read_everything(path)[:4] == expected[:4]
        assert same(Dataset(path).split("train"), train)
        assert [len(block.rating) for block in Dataset(path).blocks("train", 60)] == [60, 30]
        assert verify(path, progress=False).counts["train"] == 90
        assert held["train/rating"].shape == (90,)  # it is still open
    assert same(Dataset(path).split("train"), train)


def test_a_change_that_this_process_has_under_way_is_named(path):
    dataset = Dataset(path)
    with h5py.File(path, "r+") as held:
        held["train/rating"][7] = 10**6
        for read in (lambda: dataset.split("train"), lambda: list(dataset.blocks("train")), lambda: verify(path)):
            with pytest.raises(DatasetError) as caught:
                read()
            assert str(caught.value).startswith(
                f"{path}: this process has it open for writing and has changed it: train/rating has sha256"
            )


def test_a_file_that_another_program_has_open_for_writing_is_not_called_damaged(path):
    code = "import h5py, os, sys; file = h5py.File(sys.argv[1], 'r+'); os._exit(0)"
    assert run_limited(code, path).returncode == 0
    with pytest.raises(DatasetError) as caught:
        Dataset(path)
    assert str(caught.value) == (
        f"{path}: marked as open for writing, expected it closed; if the program that wrote it has died, "
        "h5clear --status removes the mark"
    )


# -- what the operating system refuses ---------------------------------------------------------------------------------


def test_a_disk_that_cannot_be_read_is_not_a_damaged_file():
    if not Path("/proc/self/mem").exists():
        pytest.skip("no file here that cannot be read")
    with pytest.raises(OSError, match="Input/output error: '/proc/self/mem'"):  # its first page is never there
        Dataset("/proc/self/mem")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DatasetError, match="pipe: no regular file, expected an HDF5 file"):
        Dataset(tmp_path / "pipe")


def test_a_file_that_may_not_be_read_is_not_damaged(path):
    path.chmod(0)
    code = "import sys; from agents.cli import main; main(['data', 'inspect', sys.argv[1]])"
    run = run_limited(code, path)
    assert (run.returncode, run.stderr) == (2, f"air-envs: error: {path}: Permission denied\n")


def test_errors_of_a_path_with_a_line_break_are_one_line(tmp_path, capsys):
    path = tmp_path / "two\nlines.h5"
    path.write_bytes(b"no dataset")
    for words in (["inspect", path], ["verify", tmp_path / "none\n.h5"]):
        with pytest.raises(SystemExit):
            main(["data", *map(str, words)])
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert r"\n" in err
