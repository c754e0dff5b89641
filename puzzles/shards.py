"""Generating candidates in shards, on the threads of this process or on a Ray cluster, and yielding them in order.

Threads and not processes: kernels release the interpreter's lock, and a thread shares the compiled kernels, sends
no arrays and cannot be left behind by a kill. A shard is as many candidates as take about ``SHARD_SECONDS``, so that
slow generators lose little to an interruption and fast ones little to overhead. How candidates are cut up shows nowhere
in what is yielded but in the length of the pieces.
"""

from __future__ import annotations

import collections
import contextlib
import os
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puzzles.dataset.journal import Shard
from puzzles.dataset.proof import split_keys
from puzzles.errors import GenerationError, PuzzleError, check_seed
from puzzles.family import PuzzleFamily
from puzzles.random import words
from puzzles.threads import alone, stopped_by, threads

ENGINES = ("local", "ray")
SHARD_SECONDS = 0.5
SHARD_BYTES = 1 << 22
"""Bytes of grids in a shard at most."""

Submit = Callable[..., "Future[tuple[Shard, float]]"]


def candidate_seeds(seed: int, start: int, count: int) -> NDArray[np.uint64]:
    """Return the seeds of candidates ``start`` to ``start + count - 1``: (count,) uint64, the stream of ``seed``.

    Raises:
        PuzzleError: a seed outside 0 <= seed < 2**64.
    """
    check_seed(seed)
    return words(np.uint64(seed), start, count)


def make_shard(family: PuzzleFamily, options: Any, seed: int, start: int, count: int) -> tuple[Shard, float]:
    """Return candidates ``start`` to ``start + count - 1`` and the seconds it took to generate them on one thread.

    Raises:
        GenerationError: no puzzle was found for a candidate; it names the seed and the candidate.
    """
    begin = time.perf_counter()
    seeds = candidate_seeds(seed, start, count)
    with alone():
        try:
            puzzles = family.generate(seeds, options)
        except GenerationError as error:  # it names the candidate's seed, which nobody gave
            candidate = start + seeds.tolist().index(error.seed)
            raise GenerationError(seed, f"candidate {candidate}: {error.reason}") from None
        keys = split_keys(family, puzzles.puzzle, puzzles.solution)
    return Shard(start, puzzles, keys), time.perf_counter() - begin


def make_shards(
    family: PuzzleFamily,
    options: Any,
    seed: int,
    start: int,
    wanted: Callable[[], int],
    engine: str = "local",
    workers: int | None = None,
    size: int | None = None,
) -> Generator[Shard, None, None]:
    """Yield the candidates from ``start`` on, in order, for as long as the caller iterates.

    Args:
        family: of the candidates.
        options: of its generator.
        seed: of the build.
        start: the number of the first candidate.
        wanted: says, after each shard that was yielded, how many more candidates the caller expects to need.
        engine: ``"local"``, threads of this process, or ``"ray"``.
        workers: shards at a time; None means every core that may be used.
        size: candidates in a shard; None adapts it to the time they take.

    Raises:
        PuzzleError: the options cannot be met, or Ray is not installed.
    """
    largest = max(1, SHARD_BYTES // (2 * family.rows * family.columns))
    adapted = 1  # the pace is not known yet, and an interrupt waits for the shards under way
    waiting: collections.deque[Future[tuple[Shard, float]]] = collections.deque()
    in_flight = 0
    with _pool(engine, workers) as (submit, at_once):
        while True:
            while len(waiting) < 2 * at_once and (need := wanted() - in_flight) > 0:
                count = size or min(adapted, -(-need // at_once))  # shorter towards the end: no worker idles long
                waiting.append(submit(make_shard, family, options, seed, start, count))
                start += count
                in_flight += count
            shard, seconds = waiting.popleft().result()
            count = len(shard.keys)
            in_flight -= count
            fitting = int(count * SHARD_SECONDS / max(seconds, 1e-6))
            adapted = max(1, min(fitting, 4 * max(count, adapted // 4), largest))
            yield shard


@contextlib.contextmanager
def _pool(engine: str, workers: int | None) -> Iterator[tuple[Submit, int]]:
    """Yield what runs a function elsewhere, and how many of them at once."""
    if engine == "ray":
        with _ray(workers) as pool:
            yield pool
        return
    workers = workers or threads()
    executor = ThreadPoolExecutor(workers, thread_name_prefix="shards")
    stop = threading.Event()
    try:
        yield lambda function, *arguments: executor.submit(stopped_by(stop)(function), *arguments), workers
    finally:
        stop.set()
        executor.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _ray(workers: int | None) -> Iterator[tuple[Submit, int]]:
    """Use the cluster that this process is connected to, or that ``RAY_ADDRESS`` names, or a local one for a while.

    What is unfinished in the end, which nobody waits for any longer, is cancelled: a running task hears an interrupt.
    """
    try:
        import ray
    except ImportError:
        raise PuzzleError("engine 'ray': Ray is not installed, expected: pip install 'air-envs[ray]'") from None
    ours = not ray.is_initialized()
    if ours:
        ray.init(num_cpus=workers if "RAY_ADDRESS" not in os.environ else None, include_dashboard=False)
    try:
        remote = ray.remote(num_cpus=1)(make_shard)
        at_once = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        unfinished: set[Any] = set()

        def submit(_: Any, *arguments: Any) -> Future[tuple[Shard, float]]:
            task = remote.remote(*arguments)
            unfinished.add(task)
            future = task.future()
            future.add_done_callback(lambda _: unfinished.discard(task))
            return future

        try:
            yield submit, at_once
        finally:
            for task in list(unfinished):
                ray.cancel(task)
    finally:
        if ours:
            ray.shutdown()
