"""Disks that are full, limits on files, read-only folders, interrupts: one line, and what was there stays whole."""

import _thread
import contextlib
import gc
import os
import resource
import threading

import h5py
import numpy as np
import pytest

import puzzles
from puzzles.build import build_dataset
from puzzles.dataset import Dataset, split_keys, write_dataset
from puzzles.exporters import export_csv, export_npy
from puzzles.files import new_folder, replacing
from puzzles.importers import import_puzzles
from tests.limits import run_limited
from tests.puzzles.dataset_helpers import PROVENANCE, same
from tests.puzzles.importer_helpers import write_text

COMMAND = "import sys; from agents.cli import main; main(['data', *sys.argv[1:]])"


@contextlib.contextmanager
def longest_file(size):
    """Let this process write no more than ``size`` bytes to a file; as on a full disk, writes take a part or fail."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def open_files():
    gc.collect()  # what other tests have left to it
    return h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture(scope="module")
def many():
    """Several chunks of small puzzles."""
    family = puzzles.family("sudoku-4x4")
    batch = family.generate(np.arange(6000, dtype=np.uint64))
    _, first = np.unique(split_keys(family, batch.puzzle, batch.solution), return_index=True)
    return family, batch.take(first[:2600]), batch.take(first[2600:4000])


# -- HDF5 --------------------------------------------------------------------------------------------------------------


def test_a_write_that_fails_anywhere_ends_in_one_error_and_not_the_process(tmp_path, many):
    path, new = tmp_path / "set.h5", tmp_path / "new" / "set.h5"
    write_dataset(path, *many, provenance=PROVENANCE)
    whole, before = path.read_bytes(), open_files()
    for size in [*np.linspace(0, len(whole) - 1, 60, dtype=int), len(whole) - 5]:
        target = new if size % 2 else path
        with longest_file(size), pytest.raises(OSError, match="File too large") as caught:
            write_dataset(target, *many, provenance=PROVENANCE, overwrite=True)
        assert caught.value.filename == str(target)
        assert names(tmp_path) in (["set.h5"], ["new", "set.h5"])
        assert not new.parent.exists() or not names(new.parent)
    assert path.read_bytes() == whole
    assert open_files() == before
    with longest_file(len(whole)):
        write_dataset(new, *many, provenance=PROVENANCE)
    assert new.read_bytes() == whole


def test_interrupts_while_hdf5_writes_end_in_an_interrupt(tmp_path, many):
    interrupts, before = 0, open_files()
    for delay in np.linspace(0.001, 0.06, 30):
        timer = threading.Timer(delay, _thread.interrupt_main)
        try:
            timer.start()
            write_dataset(tmp_path / "set.h5", *many, provenance=PROVENANCE, overwrite=True)
            timer.join()
            threading.Event().wait(1)  # an interrupt that came too late is raised here
        except KeyboardInterrupt:
            interrupts += 1
        timer.join()
        assert names(tmp_path) in ([], ["set.h5"])
    assert interrupts == 30
    assert open_files() == before
    write_dataset(tmp_path / "set.h5", *many, provenance=PROVENANCE, overwrite=True)
    assert same(Dataset(tmp_path / "set.h5").split("train"), many[1])


# -- what builds on it -------------------------------------------------------------------------------------------------


def test_a_build_on_a_full_disk_says_so_and_goes_on_when_there_is_room(tmp_path):
    arguments = {"train": 3, "test": 2, "progress": False, "shard": 2}
    build_dataset(tmp_path / "whole.h5", "sudoku-4x4", **arguments)
    whole = (tmp_path / "whole.h5").read_bytes()
    path, journal = tmp_path / "set.h5", tmp_path / ".set.h5.journal"
    for size, name in ((300, journal), (len(whole) - 1, path)):  # so few puzzles take less in the journal
        with longest_file(size), pytest.raises(OSError, match=f"File too large: '{name}'"):
            build_dataset(path, "sudoku-4x4", **arguments)
        assert names(tmp_path) == [".set.h5.journal", "whole.h5"]
    build_dataset(path, "sudoku-4x4", **arguments)
    assert path.read_bytes() == whole
    assert names(tmp_path) == ["set.h5", "whole.h5"]


def test_imports_and_exports_on_a_full_disk_leave_nothing(tmp_path, path, sudokus):
    source = write_text(tmp_path / "list.txt", *sudokus)
    before = names(tmp_path)
    for size in (0, 100, 2000):
        with longest_file(size):
            for write, target in (
                (lambda: import_puzzles(source, tmp_path / "new.h5", progress=False), "new.h5"),
                (lambda: export_csv(Dataset(path), tmp_path / "csv", progress=False), "csv"),
                (lambda: export_npy(Dataset(path), tmp_path / "npy", copies=2, progress=False), "npy"),
            ):
                with pytest.raises(OSError, match=f"File too large: '{tmp_path / target}'"):
                    write()
        assert names(tmp_path) == before


def test_the_command_ends_with_one_line_and_exit_code_2(tmp_path, path):
    content = path.read_bytes()
    for words in (
        ["build", "sudoku-6x6", "--train", 40, "--test", 10, "--output", path, "--overwrite"],
        ["export", path, "--format", "csv", "--output", tmp_path / "csv"],
    ):
        run = run_limited(COMMAND, *words, file_bytes=1000)
        assert run.returncode == 2
        error = run.stderr.splitlines()[-1]
        assert error.startswith(f"air-envs: error: {tmp_path}/")
        assert error.endswith(": File too large")
        assert "Traceback" not in run.stderr
    assert path.read_bytes() == content


def test_a_folder_that_may_not_be_written_is_named(tmp_path, path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    for words, name in (
        (["build", "sudoku-6x6", "--train", 4, "--test", 1, "--output", locked / "a.h5"], ".a.h5.journal"),
        (["mix", path, "--test", path, "--output", locked / "a.h5"], "a.h5"),
        (["export", path, "--format", "npy", "--output", locked / "npy"], "npy"),
    ):
        run = run_limited(COMMAND, *words)
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr.splitlines()[-1] == f"air-envs: error: {locked / name}: Permission denied"
    assert not names(locked)


def test_a_full_standard_output_is_named(path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no device here that is always full")
    code = f"import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); {COMMAND}"
    for unbuffered in ("1", None):  # the error comes with a line, or at the end
        run = run_limited(code, "inspect", path, environment={"PYTHONUNBUFFERED": unbuffered})
        assert (run.returncode, run.stderr) == (2, "air-envs: error: standard output: No space left on device\n")


# -- which file an error names -----------------------------------------------------------------------------------------


def test_errors_of_temporary_files_name_what_was_to_be_written(tmp_path):
    def raise_in(manager, error):
        with manager as place:
            raise error(place)

    for manager, error, expected in (
        (replacing, lambda place: OSError(28, "full"), "set"),
        (replacing, lambda place: OSError(28, "full", str(place)), "set"),
        (new_folder, lambda place: OSError(28, "full"), "set"),
        (new_folder, lambda place: OSError(28, "full", str(place / "train" / "a.npy")), "set/train/a.npy"),
        (replacing, lambda place: OSError(28, "full", "elsewhere"), None),
    ):
        with pytest.raises(OSError, match="full") as caught:
            raise_in(manager(tmp_path / "set"), error)
        assert caught.value.filename == ("elsewhere" if expected is None else str(tmp_path / expected))
    with pytest.raises(OSError, match="too long") as caught, replacing(tmp_path / ("a" * 250)):
        pass
    assert caught.value.filename == str(tmp_path / ("a" * 250))
