"""Two processes under torchrun train what one trains."""

import dataclasses
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from agents.checkpoints.folder import load_training
from agents.config.model import to_json
from agents.config.training import TrainConfig
from agents.training.processes import Processes, joined
from agents.training.runs.log import read_metrics
from agents.training.trainer import Trainer
from tests.agents.conftest import TINY, small_dataset, tiny_config
from tests.agents.precision import FACTOR
from tests.agents.training.nudged import assert_weights_alike, train_nudged

WORKER = """
import sys
from pathlib import Path
import torch
from agents.config.training import train_config_from_json
from agents.training.processes import joined
from agents.training.trainer import Trainer

torch.set_num_threads(1)
with joined():
    Trainer(train_config_from_json(Path(sys.argv[1]).read_text())).train(progress=False)
"""

STEADY = {"early_halting": False, "random_act_steps": 1}


def start_torchrun(folder: Path, config: TrainConfig) -> subprocess.Popen:
    """Start a run on two processes as a user does."""
    (folder / "worker.py").write_text(WORKER)
    (folder / "config.json").write_text(to_json(config))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*launch, str(folder / "worker.py"), str(folder / "config.json")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def on_two_processes(work: Callable[[], object]) -> None:
    """Do the work in two processes as torchrun would start them, forked, which spares them the imports."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(rank: int) -> None:
        group = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_PORT": port}
        os.environ.update({name: str(value) for name, value in group.items()})
        os.environ.update({"MASTER_ADDR": "127.0.0.1", "TORCHELASTIC_RUN_ID": "test"})
        with joined():
            work()

    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=run, args=(rank,)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]


def assert_alike(one: Path, two: Path, nudged: Path) -> None:
    """The same up to rounding, as far as ``nudged`` shows: metrics and weights; exactly: the sequences worked on."""
    exact, found, rounded = (numbers(run) for run in (one, two, nudged))
    assert len(exact) == len(found) == len(rounded) > 4
    for name in exact[0].keys() - {"seconds", "puzzles_per_second"}:
        lines = [i for i, line in enumerate(exact) if name in line]
        distance = max(abs(rounded[i][name] - exact[i][name]) for i in lines)
        for i in lines:
            assert found[i][name] == pytest.approx(exact[i][name], rel=1e-6, abs=FACTOR * distance), name
    states = [load_training(run, "cpu") for run in (one, two, nudged)]
    assert_weights_alike(*(torch.cat([value.flatten() for value in state["model"].values()]) for state in states))
    assert torch.equal(states[0]["generator"], states[1]["generator"])
    for carries in zip(states[0]["carries"], states[1]["carries"], strict=True):
        for a, b in zip(*(carry[2:] for carry in carries), strict=True):
            assert torch.equal(a, b)


def numbers(run: Path) -> list[dict[str, float]]:
    return [{k: v for k, v in line.items() if isinstance(v, int | float)} for line in read_metrics(run)]


@pytest.fixture(scope="module")
def config(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """With the continue target, parameters out of the gradient's reach, clipping and random ACT steps.

    Without early halting, since rounding can decide it, and with it which puzzles are trained on.
    """
    model = dataclasses.replace(TINY, gradient="H")
    folder = tmp_path_factory.mktemp("one") / "run"
    return tiny_config(dataset, folder, model=model, clip=1.0, **STEADY)


@pytest.fixture(scope="module")
def alone(config: TrainConfig) -> Path:
    Trainer(config).train(progress=False)
    return config.output


@pytest.fixture(scope="module")
def nudged(config: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_nudged(config, tmp_path_factory.mktemp("nudged") / "run")


def test_two_processes_train_what_one_trains(config: TrainConfig, alone: Path, nudged: Path, tmp_path: Path) -> None:
    two = dataclasses.replace(config, output=tmp_path / "run")
    on_two_processes(lambda: Trainer(two).train(progress=False))
    assert_alike(alone, two.output, nudged)
    assert json.loads((two.output / "best" / "evaluation.json").read_text())["puzzles"] == 16
    assert len(list(two.output.glob("events.out.tfevents.*"))) == 1, "only the first process writes"


def test_two_processes_train_what_one_trains_on_several_datasets(maze_dataset: Path, tmp_path: Path) -> None:
    other = small_dataset(tmp_path / "maze-5x9.h5", "maze-5x9")
    model = dataclasses.replace(TINY, family="maze-7x5", position="none", convolution=3)
    one = tiny_config(maze_dataset, tmp_path / "one", model=model, also=((other, 4),), **STEADY)
    two = dataclasses.replace(one, output=tmp_path / "two")
    Trainer(one).train(progress=False)
    on_two_processes(lambda: Trainer(two).train(progress=False))
    assert_alike(one.output, two.output, train_nudged(one, tmp_path / "nudged"))


def test_a_run_may_go_on_with_another_number_of_processes(
    config: TrainConfig, alone: Path, nudged: Path, tmp_path: Path
) -> None:
    first = Trainer(dataclasses.replace(config, output=tmp_path / "run"))
    save = first.save

    def save_then_die() -> None:
        save()
        raise SystemExit("killed")

    first.save = save_then_die
    with pytest.raises(SystemExit):
        first.train(progress=False)
    on_two_processes(lambda: Trainer.resume(tmp_path / "run").train(progress=False))
    assert load_training(tmp_path / "run", "cpu")["step"] == 12
    assert_alike(alone, tmp_path / "run", nudged)


def test_ctrl_c_stops_all_processes_at_one_step(config: TrainConfig, tmp_path: Path) -> None:
    output = tmp_path / "run"
    endless = dataclasses.replace(config, output=output, steps=100_000, log_every=2, eval_every=100_000)
    process = start_torchrun(tmp_path, endless)
    deadline = time.monotonic() + 60
    while not list(read_metrics(output)) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    state = load_training(output, "cpu")
    assert state["step"] % 2 == 0
    assert len(state["carries"][0][0]) == config.batch
    assert [line["step"] for line in read_metrics(output)] == list(range(2, state["step"] + 1, 2))


def test_a_batch_must_be_shared_out_evenly() -> None:
    assert Processes(1, 2).rows(8) == slice(4, 8)
    with pytest.raises(ValueError, match="batch 9, expected a multiple of the 2 processes"):
        Processes(1, 2).rows(9)


def test_alone_nothing_is_communicated() -> None:
    alone, rows = Processes(), torch.arange(6).view(3, 2)
    assert alone.is_main
    assert alone.rows(5) == slice(0, 5)
    assert alone.gather(rows) is rows
    assert alone.sum(rows) is rows
    assert alone.collect("x") == ["x"]
    assert not alone.any(False)
