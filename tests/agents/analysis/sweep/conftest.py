"""A tiny experiment, and what its runs record when they are computed one after the other."""

import dataclasses
import signal
from pathlib import Path

import pytest

from agents.analysis.sweep.engines import run_all
from agents.analysis.sweep.experiments import Experiment
from agents.analysis.sweep.runs import Job, jobs
from agents.evaluation import Evaluation
from agents.training.tasks import Task
from agents.training.trainer import Trainer
from tests.agents.conftest import tiny_config


@pytest.fixture(scope="package")
def tiny(dataset: Path) -> Experiment:
    config = tiny_config(
        dataset, Path("unused"), steps=4, log_every=2, eval_every=2, checkpoint_every=2, keep=8, ema=None
    )
    return Experiment("tiny", "injection", ("Lx_H", "L2x_H2x"), 2, config)


@pytest.fixture(scope="package")
def done(tiny: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished tiny experiment: runs and records."""
    folder = tmp_path_factory.mktemp("tiny")
    todo = [dataclasses.replace(job, measured=6) for job in planned(tiny, folder)]
    assert [str(job) for job, _ in run_all(todo)] == [
        "tiny, Lx_H, seed 0",
        "tiny, L2x_H2x, seed 0",
        "tiny, Lx_H, seed 1",
        "tiny, L2x_H2x, seed 1",
    ]
    return folder


def press_ctrl_c_in_the_last_evaluation(patch: pytest.MonkeyPatch) -> None:
    """Let every run be interrupted there, until the patch is undone."""
    evaluate = Trainer.evaluate

    def interrupted(trainer: Trainer, task: Task) -> Evaluation:
        if trainer.step == trainer.config.steps:
            signal.raise_signal(signal.SIGINT)
        return evaluate(trainer, task)

    patch.setattr(Trainer, "evaluate", interrupted)


def planned(experiment: Experiment, folder: Path) -> list[Job]:
    return jobs(experiment, experiment.chosen(), folder / "runs", folder / "records")


def untimed(record: dict) -> dict:
    curve = [{key: value for key, value in point.items() if key != "seconds"} for point in record["curve"]]
    return {key: value for key, value in record.items() if key != "seconds"} | {"curve": curve}
