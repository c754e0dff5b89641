"""Kernels compile where their cache cannot be kept, and say where they cannot compile."""

import os
import shutil
from pathlib import Path

import pytest

from puzzles.random import words
from tests.limits import ROOT, run_limited

KERNEL = "from puzzles.random import words; print(words(3, 0, 2))"
NOTICE = "air-envs: compiling for this machine: up to a minute, once; `air-envs warmup` does all of it ahead\n"
EXPECTED = f"{words(3, 0, 2)}\n"


@pytest.fixture
def installed(tmp_path):
    """A folder with ``puzzles`` in it, compiled kernels left out."""
    folder = tmp_path / "installed"
    shutil.copytree(ROOT / "puzzles", folder / "puzzles", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def without_home(folder):
    return {"HOME": str(folder), "XDG_CACHE_HOME": None, "NUMBA_CACHE_DIR": None, "PYTHONDONTWRITEBYTECODE": "1"}


def allow(folder: Path, mode: int):
    for place, _, _ in os.walk(folder):
        os.chmod(place, mode)


def test_a_read_only_installation_without_a_home_compiles_in_each_process(installed):
    allow(installed, 0o555)
    try:
        run = run_limited(KERNEL, folder=installed, environment=without_home(installed))
    finally:
        allow(installed, 0o755)
    assert (run.returncode, run.stdout) == (0, EXPECTED), run.stderr
    assert run.stderr == (
        "air-envs: compiling for this process: up to a minute; no folder for numba's cache can be written, "
        "NUMBA_CACHE_DIR names one\n"
    )
    assert not list(installed.rglob("*.nb?"))


def test_a_cache_that_cannot_be_written_or_read_costs_time_alone(installed, tmp_path):
    def run(cached=False, **limits):
        done = run_limited(KERNEL, folder=installed, environment=without_home(tmp_path), **limits)
        assert (done.returncode, done.stdout) == (0, EXPECTED)
        assert done.stderr == ("" if cached else NOTICE)
        return sorted(installed.rglob("*.nbi"))

    assert not run(file_bytes=10)  # as on a full disk
    indexes = run()
    assert indexes
    for index in indexes:
        index.write_bytes(index.read_bytes()[:20])  # as after a power failure
    run()
    assert run(cached=True) == indexes
    assert all(index.stat().st_size > 20 for index in indexes)


def test_without_a_compiler_one_line_says_so():
    code = "from agents.cli import main; main(['data', 'build', 'sudoku-4x4', '--train', '2', '--test', '1'])"
    run = run_limited(code, environment={"NUMBA_DISABLE_JIT": "1"})
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("air-envs: error: NUMBA_DISABLE_JIT is set, expected it unset: ")
    assert run.stderr.count("\n") == 1


def test_importing_asks_for_no_compiler():
    run = run_limited("import puzzles, air_envs", environment={"NUMBA_DISABLE_JIT": "1"})
    assert (run.returncode, run.stderr) == (0, "")
