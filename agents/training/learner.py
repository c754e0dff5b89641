"""The optimizer steps of one run, without its folder (AIR paper, training section).

What a compiled step replays as CUDA graphs are the forward pass, the look-ahead and the backward pass, as torch.compile
captures them. Drawing batches, the loss and the optimizer stay outside: they are some two hundred small kernels that
the host launches while the device is still busy, since nothing in a step waits for it. To capture the whole step by
hand would save little more, and would need fixed addresses for every random number, learning rate and moment.
"""

from __future__ import annotations

import copy
import dataclasses
from functools import partial
from typing import Any

import torch

from agents.config.training import TrainConfig
from agents.models.air import AIR, State
from agents.models.compiling import CUDA_GRAPHS, compiled
from agents.models.devices import pick_device, pick_dtype, prepare
from agents.models.layers import use_float8
from agents.training.act import Carry, act_train_step, draw
from agents.training.meter import Meter
from agents.training.optim import average_weights, build_optimizers, clip_gradients
from agents.training.processes import Processes
from agents.training.tasks import TaskForwards, open_tasks
from agents.training.transfer import take_weights


class Learner:
    """One model in training: its weights, optimizers, batches and random numbers.

    Inside ``agents.training.processes.joined``, under ``torchrun``, each process trains on its rows of the batch. The
    result is the same up to rounding, whatever the number of processes.

    Args:
        config: of the run.
        fresh: initialise from the model that ``config.init_from`` names; False where ``load_state`` follows.
        former: the run is from before there were validation splits, and continues with every train row.

    Raises:
        ValueError: the model's family is not the dataset's, the device is not there, the optimizer is not, a batch
            can't be shared out, device or model don't support float8, mazes are labelled otherwise than their symmetry
            copies would be, the weights to start with are not there or don't fit the model, or those of the model
            don't fit a dataset.
        DatasetError: a damaged dataset, or one without a split to train on or to measure.
    """

    def __init__(self, config: TrainConfig, fresh: bool = True, former: bool = False):
        self.processes = Processes.current()
        self.device = prepare(pick_device(config.device))
        # "auto" may measure, and each process find something else: the first one's choice is everyone's.
        self.dtype = self.processes.collect(pick_dtype(config.dtype, self.device))[0]
        # Stored as it is here: a resume on another machine keeps it.
        self.config = dataclasses.replace(config, dtype="bfloat16" if self.dtype == torch.bfloat16 else "float32")

        torch.manual_seed(config.seed)
        self.generator = torch.Generator(self.device).manual_seed(config.seed)
        self.model = AIR(config.model)
        if fresh and config.init_from is not None:
            take_weights(self.model, config.init_from)
        self.model.to(self.device)
        self.average = copy.deepcopy(self.model).requires_grad_(False) if config.ema else None
        self.model.store_level_tokens(self.dtype)  # not those of the average, which would stall
        self.tasks = open_tasks(self.config, self.model, self.average, former)
        if config.float8:
            for task in self.tasks:
                use_float8((*task.model.f, *task.model.f_H), self.device)
        self.optimizers = build_optimizers(self.model, config)
        self.look_ahead = TaskForwards(compiled(task.model, config.compile) for task in self.tasks)
        self.forward = self.processes.share(self.look_ahead)
        self.meter = Meter()
        self.step = 0

    @property
    def trained_model(self) -> AIR:
        """The model to evaluate and save: the moving average where there is one."""
        return self.tasks[0].trained_model

    def train_step(self) -> None:
        """Take one optimizer step: one ACT step of the batch of one task, without waiting for the device."""
        steps, turn = divmod(self.step, len(self.tasks))
        task = self.tasks[turn]
        task.model.train()
        if self.config.compile in CUDA_GRAPHS:
            torch.compiler.cudagraph_mark_step_begin()
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.config.lr_at(self.step)
        draws = draw(task.batches, task.config, self.generator, task.rows, steps)
        forward, look_ahead = partial(self.forward, turn), partial(self.look_ahead, turn)
        task.carry, loss, metrics = act_train_step(task.model, forward, task.carry, draws, task.config, look_ahead)
        loss.backward()
        if self.config.compile in CUDA_GRAPHS:  # the next replay writes over what this one has returned
            task.carry = task.carry._replace(state=State(*(z.clone() for z in task.carry.state)))
        clip_gradients(self.model.parameters(), self.config.clip)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if self.average:
            average_weights(self.average, self.model, self.config.ema_at(self.step))
        self.step += 1
        self.meter.add(metrics)

    def state(self) -> dict[str, Any]:
        """Everything that decides how training continues, of all processes together."""
        return {
            "datasets": [task.dataset.attributes["checksum"] for task in self.tasks],
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict() if self.average else None,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "carries": [[self.processes.gather(rows) for rows in task.carry.tensors] for task in self.tasks],
            "window": self.meter.state(self.processes),
            "generator": self.generator.get_state(),
            "device": self.device.type,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self.step = state["step"]
        self.model.load_state_dict(state["model"])
        if self.average:
            self.average.load_state_dict(state["average"])
        for optimizer, values in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(optimizer.state_dict() | {"state": values["state"]})
        for task, carry in zip(self.tasks, state["carries"], strict=True):
            task.carry = Carry.of(rows[task.rows].clone() for rows in carry)
        self.meter.load_state(state["window"], self.processes)
        if state["device"] == self.device.type:
            self.generator.set_state(state["generator"].cpu())
        else:  # which has random numbers of its own
            self.generator.manual_seed((self.config.seed + self.step) % 2**64)
