"""The datasets that one run trains on: each a task, with the model on grids of its shape and the batch worked on."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from agents.config.training import VALIDATION, TrainConfig, other_validation
from agents.data.batches import PuzzleBatches, open_dataset
from agents.models.air import AIR, Output, State
from agents.training.act import initial_carry
from agents.training.processes import Processes
from puzzles.dataset import Dataset, with_validation
from puzzles.errors import PuzzleError


class Task:
    """One dataset of a run.

    Attributes:
        config: the run's, with the dataset, batch and model of this task.
        dataset: opened.
        model: trained on it.
        average: the moving average of the model's weights, or None.
        rows: this process's of the batch.
        note: one line on train rows that are set aside for validation; "" where there are none.
        name: of its validation split in the run's log.
        carry: the batch being worked on.
    """

    def __init__(
        self, config: TrainConfig, whole: Dataset, model: AIR, average: AIR | None, name: str, former: bool = False
    ):
        self.config, self.model, self.average, self.name = config, model, average, name
        self.dataset = dataset = with_validation(whole, config.seed)
        self.note = _former_note(whole, dataset) if former and dataset.set_aside else dataset.set_aside
        self.rows = Processes.current().rows(config.batch)
        try:
            train, device = (whole if former else dataset).split("train"), model.H_init.device
            order = config.data_order, config.copies, config.seed
            self.batches = PuzzleBatches(dataset.family, train, device, config.symmetry, *order)
        except PuzzleError as error:
            raise ValueError(f"{config.dataset}: {error}; train without them, --no-symmetry") from error
        self.carry = initial_carry(model, self.rows.stop - self.rows.start, getattr(torch, config.dtype))

    @property
    def trained_model(self) -> AIR:
        """The model to evaluate: the moving average where there is one."""
        return self.average or self.model


class TaskForwards(nn.Module):
    """The forward of each task's model, as one module: what processes share the gradient of."""

    def __init__(self, forwards: Iterable[nn.Module]):
        super().__init__()
        self.forwards = nn.ModuleList(forwards)

    def forward(self, task: int, tokens: Tensor, state: State) -> tuple[State, Output]:
        """Take one ACT step with the model of a task."""
        return self.forwards[task](tokens, state)


def open_tasks(config: TrainConfig, model: AIR, average: AIR | None, former: bool = False) -> list[Task]:
    """Open the run's dataset, and those of ``config.also`` with the same weights on their grids.

    Args:
        config: of the run, its dtype chosen.
        model: on its device.
        average: of the model's weights, or None.
        former: train on rows that are set aside for validation too, as the run has done so far.

    Raises:
        ValueError: a dataset is of another family than the model, or the weights don't fit it, a batch can't be shared
            out, or mazes are labelled otherwise than their symmetry copies would be.
        DatasetError: a damaged dataset, or one without a split to train on or to measure.
    """
    dataset = open_dataset(config.dataset, config.model.family)
    tasks = [Task(config, dataset, model, average, VALIDATION, former)]
    for path, batch in config.also:
        dataset = Dataset(path)
        family = dataset.family.name
        try:
            tied, tied_average = model.resized(family, tied=True), average and average.resized(family, tied=True)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        theirs = dataclasses.replace(config.model, family=family, hidden=tied.config.hidden)
        own = dataclasses.replace(config, dataset=path, batch=batch, model=theirs, also=())
        tasks.append(Task(own, dataset, tied, tied_average, other_validation(path), former))
    return tasks


def _former_note(whole: Dataset, dataset: Dataset) -> str:
    """Say what a run from before there were validation splits continues with."""
    return (
        f"{whole.path}: no validation split; the run is from before there were any and continues with all "
        f"{whole.counts['train']:,} train puzzles; {dataset.counts['validation']:,} of them are measured as validation"
    )
