"""Bases generated ahead: threads that end, forks, interrupts and exits."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import air_envs
from air_envs.generated.bases import Bases
from puzzles import family
from puzzles.errors import GenerationError

ROOT = Path(__file__).parents[2]
FOUR, NINE = family("sudoku-4x4"), family("sudoku-9x9")
EXTREME = NINE.Options(level="extreme")


@pytest.fixture(autouse=True)
def _two_threads(monkeypatch):
    monkeypatch.setenv("PUZZLES_THREADS", "2")
    monkeypatch.setattr("numba.config.NUMBA_NUM_THREADS", 2)


def wait_for_the_end(bases, seconds=60):
    """Wait until no thread fills ``bases``."""
    deadline = time.monotonic() + seconds
    while bases.filling:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_thread_generates_ahead_and_ends():
    bases = Bases(FOUR, FOUR.Options(), 0)
    bases.fill_ahead(goal=1100, drawn=600)
    assert bases.filling
    wait_for_the_end(bases)
    assert len(bases) == 1100
    alone = Bases(FOUR, FOUR.Options(), 0)
    for ahead, here in zip(bases.take(np.arange(1100)), alone.take(np.arange(1100)), strict=True):
        np.testing.assert_array_equal(ahead, here)


def test_never_more_than_twice_as_many_as_were_drawn():
    bases = Bases(FOUR, FOUR.Options(), 0)
    for drawn in (600, 1200):
        bases.fill_ahead(goal=10_000, drawn=600)
        wait_for_the_end(bases)
        assert len(bases) == 2 * drawn
    bases.fill_ahead(goal=10_000, drawn=1)  # too little work for a thread
    assert not bases.filling


def test_a_base_that_another_thread_generates_in_the_meantime():
    class Overtaken(Bases):
        """Another thread generates what a call misses, just before the call looks for what to generate."""

        others = 0

        def _unknown(self, bases):
            if not self.others:
                self.others += 1
                thread = threading.Thread(target=self.take, args=(bases,))
                thread.start()
                thread.join()
            return super()._unknown(bases)

    bases, numbers = Overtaken(FOUR, FOUR.Options(), 0), np.array([3, 1, 3])
    taken = bases.take(numbers)
    assert bases.others == 1
    for overtaken, alone in zip(taken, Bases(FOUR, FOUR.Options(), 0).take(numbers), strict=True):
        np.testing.assert_array_equal(overtaken, alone)


@pytest.mark.parametrize("variable", ["PUZZLES_THREADS", "NUMBA_NUM_THREADS"])
def test_where_one_thread_is_asked_for_there_is_no_other(variable, monkeypatch):
    if variable == "PUZZLES_THREADS":
        monkeypatch.setenv(variable, "1")
    else:
        monkeypatch.setattr("numba.config.NUMBA_NUM_THREADS", 1)
    bases = Bases(FOUR, FOUR.Options(), 0)
    bases.fill_ahead(goal=10_000, drawn=10_000)
    assert not bases.filling


def test_bases_that_nobody_uses_any_more_are_not_filled():
    bases = Bases(NINE, EXTREME, 0)
    bases.fill_ahead(goal=10_000, drawn=10_000)
    thread = bases._thread
    assert thread.is_alive()
    del bases
    thread.join(timeout=60)
    assert not thread.is_alive()


def test_a_base_that_is_not_found_ends_no_thread():
    """It is left to whoever draws it; the thread goes on behind it."""

    class Partly(type(FOUR)):
        """Finds no puzzle for an odd seed."""

        def generate(self, seeds, options=None):
            odd = seeds[seeds % 2 == 1]
            if len(odd):
                raise GenerationError(int(odd[0]), "odd")
            return super().generate(seeds, options)

        def generation_time(self, options):
            return 0.1

    bases = Bases(Partly(4, 4), FOUR.Options(), 0)
    bases.fill_ahead(goal=40, drawn=40)
    wait_for_the_end(bases)
    assert 5 < len(bases) < 35


def _puzzles(pool, connection):
    connection.send(pool.load(np.arange(0, 1 << 63, 1 << 57, dtype=np.uint64)).puzzle.tobytes())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_draws_the_same_puzzles():
    pool = air_envs.PooledPuzzles("sudoku-9x9", level="expert")
    pool.load(np.arange(0, 1 << 63, 1 << 58, dtype=np.uint64))  # a thread starts
    ours, theirs = multiprocessing.get_context("fork").Pipe()
    child = multiprocessing.get_context("fork").Process(target=_puzzles, args=(pool, theirs))
    child.start()
    assert ours.poll(60)
    found = ours.recv()
    child.join(60)
    assert child.exitcode == 0
    _puzzles(pool, theirs)
    assert found == ours.recv()


def run(code):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PUZZLES_THREADS": "2", "NUMBA_NUM_THREADS": "2"}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)


def test_the_interpreter_ends_at_once():
    """While a thread has minutes of work left."""
    code = """
import atexit, threading, time
import numpy as np
from air_envs.generated.bases import Bases
from puzzles import family

nine = family("sudoku-9x9")
bases = Bases(nine, nine.Options(level="extreme"), 0)
bases.take(np.arange(1))
bases.fill_ahead(10_000, 10_000)
atexit.register(lambda start=time.monotonic(): print(bases.filling))
"""
    start = time.monotonic()
    answer = run(code)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "True\n", "")
    assert time.monotonic() - start < 60


def test_an_interrupt_is_heard_while_bases_are_generated():
    """And what comes after it works."""
    code = """
import os, signal, threading
import gymnasium as gym
import air_envs

one, many = gym.make("air_envs/SudokuExtreme-v0"), gym.make_vec("air_envs/SudokuExtreme-v0", num_envs=1024)
first = one.reset(seed=5)[0]["puzzle"]  # everything is compiled
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    many.reset(seed=0)
except KeyboardInterrupt:
    print("interrupted")
print((one.reset(seed=5)[0]["puzzle"] == first).all())
"""
    answer = run(code)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "interrupted\nTrue\n", "")
