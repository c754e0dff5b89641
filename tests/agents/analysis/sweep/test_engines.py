"""Several processes and a Ray cluster record what one process does, also where a worker is killed."""

import dataclasses
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.analysis.sweep import experiments
from agents.analysis.sweep.engines import RETRIES, run_all
from agents.analysis.sweep.experiments import Experiment
from agents.analysis.sweep.records import read_record
from agents.cli import main
from tests.agents.analysis.sweep.conftest import planned, untimed
from tests.agents.cli.test_commands import fails


def test_two_processes_find_the_same(tiny: Experiment, done: Path, tmp_path: Path) -> None:
    todo = [dataclasses.replace(job, measured=6) for job in planned(tiny, tmp_path)[:2]]
    for job, record in run_all(todo, 2):
        theirs = json.loads((done / "records" / "tiny" / job.record.name).read_text())
        assert untimed(json.loads(job.record.read_text())) == untimed(record) == untimed(theirs)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"at_once": 0}, "jobs 0, expected at least 1"),
        ({"engine": "steam"}, "engine 'steam', expected one of local, ray"),
        ({"address": "10.0.0.1:6379"}, "address 10.0.0.1:6379 with engine local, expected engine ray"),
    ],
)
def test_engines_that_cannot_be(tiny: Experiment, tmp_path: Path, how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        list(run_all(planned(tiny, tmp_path), **how))


def test_without_ray_its_engine_says_what_to_install(
    tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", tiny)
    folders = ["--runs", str(tmp_path / "runs"), "--records", str(tmp_path / "records")]
    assert "pip install 'air-envs[ray]'" in fails(["ablate", "tiny", *folders, "--engine", "ray"], capsys)
    assert not list(tmp_path.iterdir())


# -- with Ray itself, which takes seconds to start ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster of two CPUs on this machine, which this process is connected to."""
    ray = pytest.importorskip("ray")
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()


def test_ray_finds_the_same_without_a_shared_disk(
    cluster: Any, tiny: Experiment, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    todo = [dataclasses.replace(job, measured=6) for job in planned(tiny, tmp_path)]
    found = {job.record.name for job, _ in run_all(todo, engine="ray")}
    assert found == {job.record.name for job in todo}
    for job in todo:
        theirs = json.loads((done / "records" / "tiny" / job.record.name).read_text())
        assert untimed(read_record(job.record, job.config) or {}) == untimed(theirs)
    assert [path.name for path in tmp_path.iterdir()] == ["records"], "runs stay where their workers are"
    assert cluster.is_initialized(), "a cluster that was there before stays"


def test_a_killed_worker_loses_no_record(cluster: Any, tiny: Experiment, tmp_path: Path) -> None:
    longer = dataclasses.replace(tiny, config=dataclasses.replace(tiny.config, steps=300, eval_every=150))
    (job, *_) = planned(longer, tmp_path)
    killed: list[int] = []
    thread = threading.Thread(target=lambda: killed.append(kill_worker()))
    thread.start()
    ((_, record),) = run_all([dataclasses.replace(job, measured=6)], engine="ray")
    thread.join()
    assert len(killed) == 1
    assert [point["step"] for point in record["curve"]] == [150, 300]
    assert read_record(job.record, job.config) == record


def test_what_a_run_raises_on_ray_is_raised_here(cluster: Any, tiny: Experiment, tmp_path: Path) -> None:
    job = dataclasses.replace(planned(tiny, tmp_path)[0], measured=0)
    with pytest.raises(ValueError, match=r"^\S.*expected at least 1$") as caught:
        list(run_all([job], engine="ray"))
    assert "\n" not in str(caught.value)
    assert not job.record.exists()


def test_a_run_that_kills_its_workers_ends_with_one_line(
    cluster: Any, tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.analysis.sweep.engines.run_elsewhere", dies)
    with pytest.raises(ValueError, match=rf"^tiny, Lx_H, seed 0: no worker ended it in {1 + RETRIES} tries: .+$"):
        list(run_all(planned(tiny, tmp_path)[:1], engine="ray"))


def test_the_command_on_ray(
    cluster: Any,
    tiny: Experiment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", tiny)
    folders = ["--runs", str(tmp_path / "runs"), "--records", str(tmp_path / "records")]
    main(["ablate", "tiny", *folders, "--engine", "ray", "--seeds", "1"])
    out = capsys.readouterr().out
    assert "2 of 2 runs to do, on Ray" in out
    assert (tmp_path / "records" / "tiny" / "L2x_H2x-0.json").exists()


def dies(job: Any, dataset: bytes) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_worker(seconds: float = 120) -> int:
    """Kill the first Ray worker below this process that is running a job, a moment after it has begun."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for path in Path("/proc").glob("[0-9]*"):
            if "run_elsewhere" in _read(path / "cmdline") and os.getpid() in _ancestors(path):
                time.sleep(0.5)
                os.kill(int(path.name), signal.SIGKILL)
                return int(path.name)
        time.sleep(0.05)
    raise TimeoutError("no worker has begun")


def _ancestors(process: Path) -> set[int]:
    found: set[int] = set()
    while (status := _read(process / "status")) and "PPid:" in status:
        parent = int(status.split("PPid:")[1].split()[0])
        if parent in (0, *found):
            break
        found.add(parent)
        process = process.with_name(str(parent))
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has ended
        return ""
