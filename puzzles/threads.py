"""Cutting a batch up over threads: the kernels release the interpreter's lock, so threads are all it takes."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

_wanted: int | None = None


class _Here(threading.local):
    """What holds in this thread alone: see ``stopped_by`` and ``alone``."""

    stop: threading.Event | None = None
    alone = False


_here = _Here()


def threads() -> int:
    """Return how many threads ``in_threads`` uses: ``set_threads``, or ``PUZZLES_THREADS``, or the usable cores."""
    if _wanted is not None:
        return _wanted
    asked = os.environ.get("PUZZLES_THREADS")
    if asked is not None:
        return _checked(asked)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_threads(count: int | None) -> None:
    """Use ``count`` threads from now on in this process; None goes back to the default.

    Raises:
        ValueError: a count below 1.
    """
    global _wanted
    _wanted = None if count is None else _checked(count)


def in_threads(work: Callable[[slice], None], count: int, least: int) -> None:
    """Call ``work`` with consecutive slices that cover ``range(count)``, on several threads at once.

    ``work`` writes its results into arrays of the caller's, so they do not depend on how the batch is cut. A batch
    that is no longer than ``least`` is done here in one call.

    Raises:
        Exception: what the first of the slices that failed raised.
    """
    workers = 1 if _here.alone else threads()
    if workers == 1 or count <= least:
        work(slice(0, count))
        return
    size = max(least, -(-count // (8 * workers)))  # eight a thread: the slow slices even out
    slices = [slice(start, min(start + size, count)) for start in range(0, count, size)]
    stop = threading.Event()
    try:
        for _ in _pool(os.getpid(), workers).map(stopped_by(stop)(work), slices):
            pass
    finally:
        stop.set()


def in_batches(work: Callable[[slice], None], count: int, size: int) -> None:
    """Call ``work`` with slices of at most ``size`` that cover ``range(count)``, over threads; see ``in_threads``.

    Between two slices an interrupt is heard: kernels hear none.
    """

    def pieces(part: slice) -> None:
        for first in range(part.start, part.stop, size):
            check_stopped()
            work(slice(first, min(first + size, part.stop)))

    in_threads(pieces, count, size)


def map_rows(kernel: Callable[..., Any], least: int, *arrays: NDArray[Any]) -> Any:
    """Return ``kernel(*arrays)``, computed in slices of their first axis as ``in_threads`` cuts them.

    ``kernel`` returns an array, or a tuple of arrays, of as many rows, each of which depends on its own row alone.
    """
    parts: dict[int, Any] = {}

    def work(part: slice) -> None:
        parts[part.start] = kernel(*(array[part] for array in arrays))

    in_threads(work, len(arrays[0]), least)
    if len(parts) == 1:
        return parts[0]
    ordered = [parts[start] for start in sorted(parts)]
    if isinstance(ordered[0], tuple):
        return tuple(np.concatenate(column) for column in zip(*ordered, strict=True))
    return np.concatenate(ordered)


def check_stopped() -> None:
    """Raise ``CancelledError`` if nobody waits any longer for what this thread does.

    An interrupt reaches the main thread alone. Long work asks here, between two kernels, whether to continue.
    """
    if _here.stop is not None and _here.stop.is_set():
        raise CancelledError


@contextlib.contextmanager
def stopped_by(stop: threading.Event) -> Iterator[None]:
    """Let ``check_stopped``, called from this thread, raise once ``stop`` is set; decorates a function as well."""
    before, _here.stop = _here.stop, stop
    try:
        yield
    finally:
        _here.stop = before


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let ``in_threads``, called from this thread, do its work in it: for work that is one of many pieces itself."""
    before, _here.alone = _here.alone, True
    try:
        yield
    finally:
        _here.alone = before


@functools.lru_cache(maxsize=1)
def _pool(process: int, workers: int) -> ThreadPoolExecutor:
    """Return the pool of this process: a fork inherits no threads."""
    return ThreadPoolExecutor(workers, thread_name_prefix="puzzles")


def _checked(count: int | str) -> int:
    if not str(count).isdecimal() or int(count) < 1:
        raise ValueError(f"threads: found {count!r}, expected an integer of 1 or more")
    return int(count)
