"""Where the runs of an experiment are computed: in this process, in several, or on a Ray cluster; one thread each.

An engine yields every run with its record, which this process has written, in the order in which they end.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import multiprocessing
import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, get_args

from agents.analysis.sweep.experiments import Engine
from agents.analysis.sweep.records import Record
from agents.analysis.sweep.runs import Job, run_job, same_run
from agents.config.extras import require
from puzzles.files import write_json

RETRIES = 3
"""How often Ray starts a run again whose worker or machine died."""


def run_all(
    todo: list[Job], at_once: int = 1, engine: Engine = "local", address: str | None = None
) -> Iterator[tuple[Job, Record]]:
    """Run jobs and yield each with its record as soon as it is written.

    A run that another experiment of the same output has done is not repeated: its record is copied.

    Args:
        todo: from ``jobs``.
        at_once: how many at once; 1 runs them in this process. A Ray cluster that is running already takes as many as
            it has CPUs instead.
        engine: ``"local"`` resumes interrupted runs from their last checkpoint. ``"ray"`` makes each run a task of one
            CPU, in a temporary folder of its worker. Workers need air-envs and no shared disk: they get the dataset and
            return the record. A run whose worker dies is started again, ``RETRIES`` times at most.
        address: of the Ray cluster; None takes the one that ``RAY_ADDRESS`` names, else starts one on this machine.

    Raises:
        ValueError: less than 1 at once, no such engine, an address without Ray, no cluster there, a run that lost its
            worker too often, or what training raises.
        ModuleNotFoundError: Ray is not installed.
    """
    if at_once < 1:
        raise ValueError(f"jobs {at_once}, expected at least 1")
    if engine not in get_args(Engine):
        raise ValueError(f"engine {engine!r}, expected one of {', '.join(get_args(Engine))}")
    if address is not None and engine != "ray":
        raise ValueError(f"address {address} with engine {engine}, expected engine ray")
    rest = []
    for job in todo:
        if (same := same_run(job)) is None:
            rest.append(job)
        else:
            write_json(job.record, same)
            yield job, same
    if not rest:
        return
    found = _on_ray(rest, at_once, address) if engine == "ray" else _here(rest, at_once)
    with contextlib.closing(found):
        for job, record in found:
            write_json(job.record, record)
            yield job, record


def _here(todo: list[Job], processes: int) -> Generator[tuple[Job, Record], None, None]:
    if processes == 1:
        for job in todo:
            yield job, run_job(job)
        return
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(processes, context) as pool:
        running = {pool.submit(run_job, job): job for job in todo}
        try:
            for done in concurrent.futures.as_completed(running):
                yield running[done], done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _on_ray(todo: list[Job], cpus: int, address: str | None) -> Generator[tuple[Job, Record], None, None]:
    require("ray")
    import ray

    with _cluster(cpus, address):
        run = ray.remote(num_cpus=1, max_retries=RETRIES)(run_elsewhere)
        datasets = {path: ray.put(path.read_bytes()) for path in {job.config.dataset for job in todo}}
        running: dict[Any, Job] = {run.remote(job, datasets[job.config.dataset]): job for job in todo}
        try:
            while running:
                (done,), _ = ray.wait(list(running))
                job = running.pop(done)
                yield job, _result(job, done)
        finally:
            for task in running:
                ray.cancel(task)


def run_elsewhere(job: Job, dataset: bytes) -> Record:
    """Run a job in a temporary folder of this machine, and return its record.

    Args:
        job: whose paths are another machine's.
        dataset: the file's content.
    """
    with tempfile.TemporaryDirectory(prefix="air-envs-") as name:
        here = Path(name) / job.config.dataset.name
        here.write_bytes(dataset)
        config = dataclasses.replace(job.config, dataset=here, output=Path(name) / "run")
        return run_job(dataclasses.replace(job, config=config))


@contextlib.contextmanager
def _cluster(cpus: int, address: str | None) -> Iterator[None]:
    """Use the cluster that this process is connected to, or connect to one, or start one for a while."""
    import ray

    ours = not ray.is_initialized()
    if ours:
        address = address or os.environ.get("RAY_ADDRESS")
        try:
            ray.init(
                address or "local", num_cpus=None if address else cpus, include_dashboard=False, log_to_driver=False
            )
        except (ConnectionError, RuntimeError) as error:
            raise ValueError(f"address {address}: no Ray cluster there: {str(error).splitlines()[0]}") from error
    try:
        yield
    finally:
        if ours:
            ray.shutdown()


def _result(job: Job, task: Any) -> Record:
    """Return the record of a task that has ended; raise what it raised."""
    import ray

    try:
        record: Record = ray.get(task)
    except ray.exceptions.RayTaskError as error:  # its message is a traceback
        raise error.cause from error
    except ray.exceptions.RayError as error:
        raise ValueError(f"{job}: no worker ended it in {1 + RETRIES} tries: {str(error).splitlines()[0]}") from error
    return record
