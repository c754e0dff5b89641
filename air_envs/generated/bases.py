"""``Bases``: the base puzzles of one pool, generated when they are drawn, or ahead of that on an idle core.

Base i depends on the pool and on i alone. A call generates the bases that it misses itself; it never waits for the
thread that generates further ones in order. The thread has a low priority (on Linux) and ends once it is far enough
ahead; a later call starts it again. Where one thread is asked for (``PUZZLES_THREADS``, ``NUMBA_NUM_THREADS``), or one
core is usable, there is no such thread. It is stopped before a fork and at the interpreter's exit. A forked child keeps
the bases and starts a thread of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from puzzles import Grids, PuzzleFamily, Puzzles
from puzzles.compiling import njit
from puzzles.errors import GenerationError
from puzzles.random import ahead, seeded
from puzzles.threads import alone, stopped_by, threads

_CHUNK_SECONDS, _MOST_IN_CHUNK = 0.05, 256
_CHUNKS_TO_START = 4
"""Chunks of work that a thread is started for."""
_NICENESS = 10


class BaseNotFound(Exception):
    """The generator found no puzzle for a base."""

    def __init__(self, base: int, reason: str):
        super().__init__(base, reason)
        self.base, self.reason = base, reason


class _Table(NamedTuple):
    """Rows are written before ``known`` says so, and never again: who reads known rows needs no lock."""

    puzzle: Grids
    solution: Grids
    rating: NDArray[np.int32]
    known: NDArray[np.bool_]


class Bases:
    """The bases of one pool.

    Args:
        family: of the puzzles.
        options: an instance of ``family.Options``.
        pool: its number, 0 <= pool < 2**64.
    """

    def __init__(self, family: PuzzleFamily, options: Any, pool: int):
        self._family, self._options, self._pool = family, options, pool
        time = family.generation_time(options)
        self._chunk = max(1, min(int(_CHUNK_SECONDS / time), _MOST_IN_CHUNK)) if time else _MOST_IN_CHUNK
        self._table = _empty(family, 0)
        self._lock = threading.Lock()
        self._drawn = 0
        self._goal = 0  # the thread generates all bases below it
        self._tried = 0  # and has been through those below this
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        _everyone.add(self)

    def __len__(self) -> int:
        """Return how many bases are generated."""
        return int(self._table.known.sum())

    @property
    def filling(self) -> bool:
        """Whether a thread is generating bases."""
        return self._thread is not None and self._thread.is_alive()

    def take(self, bases: NDArray[np.int64]) -> Puzzles:
        """Return the bases of the numbers ``bases``, (N,) int64, generating those that are not yet there.

        Raises:
            BaseNotFound: the generator found no puzzle for a base.
        """
        table = self._table
        if bases.max(initial=-1) >= len(table.known) or not table.known.take(bases).all():
            unknown = self._unknown(np.unique(bases))
            if len(unknown):  # else another thread has generated them since
                self._generate(unknown)
            table = self._table
        return Puzzles(table.puzzle.take(bases, 0), table.solution.take(bases, 0), table.rating.take(bases))

    def fill_ahead(self, goal: int, drawn: int) -> None:
        """Have the bases below ``goal`` generated in the background.

        Args:
            goal: a number of bases, cut down to twice the puzzles drawn; one below an earlier goal has no effect.
            drawn: how many puzzles were drawn since the last call.
        """
        self._drawn += drawn
        self._goal = max(self._goal, min(goal, 2 * self._drawn))
        if self._goal - self._tried < _CHUNKS_TO_START * self._chunk or not _may_use_a_thread():
            return
        with self._lock:
            if not self.filling:
                self._stop = threading.Event()
                arguments = weakref.ref(self), self._stop
                thread = threading.Thread(target=_fill, args=arguments, name="air-envs-pool", daemon=True)
                thread.start()
                self._thread = thread

    def generate_chunk(self) -> bool:
        """Generate some of the bases below the goal, in order; return False where none is left."""
        goal = self._goal
        chunk = self._unknown(np.arange(self._tried, goal))[: self._chunk]
        if len(chunk) == 0:
            self._tried = goal
            return False
        self._tried = int(chunk[0])
        try:
            self._generate(chunk)
        except BaseNotFound as error:  # raised again where it is drawn
            self._tried = error.base + 1
        return True

    def stop(self) -> None:
        """End the thread, if there is one: after a kernel call at most."""
        thread = self._thread
        if thread is not None:
            self._stop.set()
            thread.join()
            self._thread = None

    def renew_lock(self) -> None:
        """Forget who held the lock: in a forked child, where no other thread lives on."""
        self._lock = threading.Lock()

    def _unknown(self, bases: NDArray[np.int64]) -> NDArray[np.int64]:
        known = self._table.known
        inside = bases < len(known)
        unknown = ~inside
        unknown[inside] = ~known[bases[inside]]
        return bases[unknown]

    def _generate(self, bases: NDArray[np.int64]) -> None:
        seeds = _seeds(np.uint64(self._pool), bases)
        try:
            data = self._family.generate(seeds, self._options)
        except GenerationError as error:
            raise BaseNotFound(int(bases[seeds.tolist().index(error.seed)]), error.reason) from None
        with self._lock:
            if bases[-1] >= len(self._table.known):
                self._table = _grown(self._family, self._table, int(bases[-1]) + 1)
            table = self._table
            new = ~table.known[bases]  # the thread and a call may have generated the same one
            rows = bases[new]
            table.puzzle[rows], table.solution[rows], table.rating[rows] = data.take(new)
            table.known[rows] = True


_everyone: weakref.WeakSet[Bases] = weakref.WeakSet()


def _stop_all() -> None:
    for bases in list(_everyone):
        bases.stop()


def _renew_locks() -> None:
    for bases in list(_everyone):
        bases.renew_lock()


atexit.register(_stop_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_stop_all, after_in_child=_renew_locks)


def _fill(reference: weakref.ref[Bases], stop: threading.Event) -> None:
    """Generate chunks until the goal is reached, the bases are gone or ``stop`` is set."""
    if sys.platform == "linux":  # where a priority belongs to a thread
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS)
    with alone(), stopped_by(stop), contextlib.suppress(CancelledError):
        while not stop.is_set():
            bases = reference()
            if bases is None or not bases.generate_chunk():
                return
            del bases


def _may_use_a_thread() -> bool:
    return min(threads(), numba.config.NUMBA_NUM_THREADS) > 1  # type: ignore[attr-defined]


def _empty(family: PuzzleFamily, count: int) -> _Table:
    puzzle, solution = np.empty((2, count, *family.shape), np.uint8)
    return _Table(puzzle, solution, np.empty(count, np.int32), np.zeros(count, np.bool_))


def _grown(family: PuzzleFamily, table: _Table, least: int) -> _Table:
    """Return a table with the rows of another and room for ``least``, at least twice as many."""
    grown = _empty(family, max(least, 2 * len(table.known)))
    columns: Iterator[tuple[NDArray[Any], NDArray[Any]]] = zip(grown, table, strict=True)
    for column, values in columns:
        column[: len(values)] = values
    return grown


@njit(cache=True, nogil=True)
def _seeds(pool, bases):
    """Return the generator's seed of each base, (N,) uint64: word ``i`` of the pool's own stream for base i."""
    origin = seeded(pool)[0]
    seeds = np.empty(len(bases), np.uint64)
    for i in range(len(bases)):
        seeds[i] = ahead(origin, bases[i])
    return seeds
