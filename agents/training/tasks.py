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
        name: of its validation split in the run's log.
        carry: the batch being worked on.
    """

    def __init__(self, config: TrainConfig, dataset: Dataset, model: AIR, average: AIR | None, name: str):
        self.config, self.dataset, self.model, self.average, self.name = config, dataset, model, average, name
        self.rows = Processes.current().rows(config.batch)
        try:
            train, device = dataset.split("train"), model.H_init.device
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


def open_tasks(config: TrainConfig, model: AIR, average: AIR | None) -> list[Task]:
    """Open the run's dataset, and those of ``config.also`` with the same weights on their grids.

    Args:
        config: of the run, its dtype chosen.
        model: on its device.
        average: of the model's weights, or None.

    Raises:
        ValueError: a dataset is of another family than the model, or the weights don't fit it, a batch can't be shared
            out, or mazes are labelled otherwise than their symmetry copies would be.
        DatasetError: a damaged dataset, or one without a split to train on or to measure.
    """
    dataset = with_validation(open_dataset(config.dataset, config.model.family), config.seed)
    tasks = [Task(config, dataset, model, average, VALIDATION)]
    for path, batch in config.also:
        dataset = with_validation(Dataset(path), config.seed)
        family = dataset.family.name
        try:
            tied, tied_average = model.resized(family, tied=True), average and average.resized(family, tied=True)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        theirs = dataclasses.replace(config.model, family=family, hidden=tied.config.hidden)
        own = dataclasses.replace(config, dataset=path, batch=batch, model=theirs, also=())
        tasks.append(Task(own, dataset, tied, tied_average, other_validation(path)))
    return tasks
