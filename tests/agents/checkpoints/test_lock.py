"""One trainer in a run's folder."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from agents.checkpoints import lock as locks
from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import rewind
from agents.checkpoints.lock import LOCK, locked
from agents.training.runs.log import read_metrics
from agents.training.trainer import Trainer
from tests.agents.checkpoints.conftest import small_config
from tests.agents.forked import forked


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with locked(run):
        for _ in range(2):
            with (
                pytest.raises(CheckpointError, match=rf"^{run}: process {os.getpid()} on \S+ is writing into this run"),
                locked(run),
            ):
                pass
    with locked(run):
        assert (run / LOCK).exists()
    assert not list(run.iterdir())


def test_a_lock_left_by_a_dead_process_holds_nobody(tmp_path: Path) -> None:
    def die() -> None:
        with locked(tmp_path):
            os.kill(os.getpid(), signal.SIGKILL)

    assert forked(die).code == -signal.SIGKILL
    assert (tmp_path / LOCK).exists()
    with locked(tmp_path):
        pass


def test_many_processes_take_turns(tmp_path: Path) -> None:
    """Also while others give the lock back and remove its file."""
    run, count = tmp_path / "run", tmp_path / "count"
    count.write_text("0")

    def add() -> None:
        left = 20
        while left:
            try:
                with locked(run):
                    count.write_text(str(int(count.read_text()) + 1))
                    left -= 1
            except CheckpointError:
                pass

    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            try:
                add()
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert count.read_text() == "60"


def test_two_trainers_do_not_write_into_one_folder(dataset: Path, tmp_path: Path) -> None:
    config = small_config(dataset, tmp_path / "run", steps=8)
    trainer, other = Trainer(config), Trainer(config)
    step = trainer.train_step

    def meet() -> None:
        step()
        if trainer.step == 5:
            message = rf"run: process {os.getpid()} on \S+ is writing"
            with pytest.raises(CheckpointError, match=message):
                Trainer.resume(config.output)
            with pytest.raises(CheckpointError, match=message):
                rewind(config.output, 2)
            with pytest.raises(CheckpointError, match=r"holds a run already|is writing"):
                other.train(progress=False)

    trainer.train_step = meet  # type: ignore[method-assign]
    trainer.train(progress=False)
    assert [line["step"] for line in read_metrics(config.output, "train")] == [2, 4, 6, 8]


def test_a_run_that_has_gone_on_is_not_overwritten_by_one_that_was_resumed_before(
    small_run: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(small_run, tmp_path / "run"))
    early = Trainer.resume(run, steps=6)
    Trainer.resume(run, steps=8).train(progress=False)
    with pytest.raises(CheckpointError, match="run: has continued to step 8 meanwhile; resume it again"):
        early.train(progress=False)
    assert Trainer.resume(run).step == 8


def test_without_locks_training_goes_on_and_says_so(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "fcntl", None)
    with (
        pytest.warns(UserWarning, match=r"run: no file locks here .*; start one trainer only"),
        locked(tmp_path / "run"),
    ):
        assert not list((tmp_path / "run").iterdir())
