"""The runs of an experiment: which are to be done, and one of them trained and measured along the way."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch

from agents.analysis.sweep.experiments import Experiment
from agents.analysis.sweep.measures import measure_frozen_changes, measure_split
from agents.analysis.sweep.records import (
    Record,
    read_record,
    read_same_run,
    record_path,
    require_same,
    settings,
    steps_to_half,
)
from agents.analysis.sweep.resuming import trainer_of
from agents.analysis.weights import Weights, use_weights
from agents.checkpoints.folder import load_model
from agents.checkpoints.kinds import checkpoint_folder, checkpoint_steps
from agents.config.recipes import RECIPES
from agents.config.training import VALIDATION, TrainConfig
from agents.data.batches import open_dataset
from agents.evaluation import evaluate
from agents.evaluation.selection import Selection, select
from agents.models.air import AIR
from agents.models.compiling import compiled
from agents.thinking.agent import AIRAgent
from agents.training.runs.divergence import TrainingDiverged
from agents.training.runs.log import read_metrics

MEASURED = 100
"""Test puzzles, the first ones, on which each checkpoint is measured."""
_CURVE = ("step", "seconds", "exact_accuracy", "cell_accuracy")


@dataclass(frozen=True)
class Job:
    """One run of an experiment, ready to be sent to another process."""

    experiment: str
    member: str
    seed: int
    config: TrainConfig
    record: Path
    measured: int = MEASURED

    def __str__(self) -> str:
        return f"{self.experiment}, {self.member}, seed {self.seed}"


def jobs(experiment: Experiment, chosen: list[tuple[str, int]], runs: Path, output: Path) -> list[Job]:
    """Return those of the chosen runs that have no record yet.

    Args:
        experiment: that they are of.
        chosen: (member, seed), in order.
        runs: folder of the training runs.
        output: folder of the records.

    Raises:
        ValueError: the output holds records of runs with other settings.
    """
    found = []
    for member, seed in chosen:
        config = experiment.run(member, seed, runs)
        path = record_path(output, experiment.name, member, seed)
        if read_record(path, config) is None:
            found.append(Job(experiment.name, member, seed, config, path))
    return found


def make_dataset(config: TrainConfig) -> None:
    """Generate the dataset of an experiment where it is not there.

    Raises:
        FileNotFoundError: it has no recipe's name, so that nothing says what to generate.
    """
    if config.dataset.exists():
        return
    if config.dataset.stem not in RECIPES:
        raise FileNotFoundError(errno.ENOENT, "no such dataset", str(config.dataset))
    RECIPES[config.dataset.stem].build(config.dataset)


def same_run(job: Job) -> Record | None:
    """Return the record of a run that another experiment of the same output has done; None where there is none.

    It says whose run it was.

    Raises:
        ValueError: a damaged record.
    """
    found = read_same_run(job.record, job.config, _checksum(job.config), job.measured)
    return found and {"same_run_as": found["experiment"], **found, "experiment": job.experiment}


def run_job(job: Job) -> Record:
    """Train a run to its end from wherever it is, measure its checkpoints, and return its record.

    A run that diverges is recorded as such. One thread computes: runs do not depend on how many there are at once.

    Raises:
        ValueError: its folder holds a run with other settings, or what training raises.
    """
    torch.set_num_threads(1)
    config = job.config
    trainer = trainer_of(config)
    require_same(config.output, trainer.config, config)
    record: Record = {"experiment": job.experiment, "member": job.member, "seed": job.seed, "config": settings(config)}
    record |= {"dataset": _checksum(config), "compile": trainer.config.compile}
    try:
        if not trainer.is_finished:
            trainer.train(progress=False)
    except TrainingDiverged as error:
        record["diverged"] = str(error)
    record["seconds"] = round(trainer.seconds, 1)
    curve = [{name: line[name] for name in _CURVE} for line in read_metrics(config.output, VALIDATION)]
    record |= {"curve": curve, "steps_to_half": steps_to_half(curve)}
    if "diverged" not in record:
        agent = AIRAgent(trainer.trained_model, trainer.dtype)
        record["test"] = _tested(agent, config)
    record["measured_puzzles"] = job.measured
    record["checkpoints"] = _measured(config, trainer.dtype, job.measured)
    return record


def _checksum(config: TrainConfig) -> str:
    return str(open_dataset(config.dataset, config.model.family).attributes["checksum"])


def _tested(agent: AIRAgent, config: TrainConfig) -> dict[str, Any]:
    dataset = open_dataset(config.dataset, config.model.family)
    found = evaluate(agent, dataset, "test", batch=config.batch, progress=False).summary()
    names = ("puzzles", "exact_accuracy", "exact_accuracy_interval_95", "cell_accuracy", "exact_accuracy_by_step")
    return {name: found[name] for name in names}


def _measured(config: TrainConfig, dtype: torch.dtype, count: int) -> list[dict[str, Any]]:
    """Measure each planned checkpoint of a run, in the order of steps; that of an interruption is none of them."""
    dataset = open_dataset(config.dataset, config.model.family)
    found = []
    for step in checkpoint_steps(config.output):
        if step % config.checkpoint_every and step != config.steps:
            continue
        folder = checkpoint_folder(config.output, step)
        agent = AIRAgent(_model(folder, config), dtype)
        selection = select(agent, dataset, "test", count)
        found.append({"step": step, **measure_split(agent, selection)})
        if config.ema is not None:
            found[-1]["by_weights"] = _by_weights(folder, config, selection)
    return found


def _model(folder: Path, config: TrainConfig) -> AIR:
    """Load the model of a checkpoint, its blocks compiled where those of the run were."""
    model = load_model(folder)
    compiled(model, config.compile)
    return model


def _by_weights(folder: Path, config: TrainConfig, selection: Selection) -> dict[str, dict[str, float | None]]:
    """Measure the raw and the averaged weights of a checkpoint, each in both precisions."""
    found = {}
    for weights in get_args(Weights):
        for dtype in (torch.float32, torch.bfloat16):
            agent = AIRAgent(_model(folder, config), dtype)
            use_weights(agent, folder, weights)
            found[f"{weights}, {str(dtype).removeprefix('torch.')}"] = measure_frozen_changes(agent, selection)
    return found
