"""Training with supervised targets, from a dataset to a checkpoint (AIR paper, training section).

What a compiled step replays as CUDA graphs are the forward pass, the look-ahead and the backward pass, as torch.compile
captures them. Drawing batches, the loss and the optimizer stay outside: they are some two hundred small kernels that
the host launches while the device is still busy, since nothing in a step waits for it. To capture the whole step by
hand would save little more, and would need fixed addresses for every random number, learning rate and moment.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import math
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from agents.checkpoints.folder import (
    BEST,
    BEST_EVALUATION,
    TRAINING,
    CheckpointError,
    checkpoint_folder,
    checkpoint_steps,
    drop_later,
    load_training,
    publish_newest,
    save_checkpoint,
    save_model,
)
from agents.config.model import to_json
from agents.config.training import TRAIN_CONFIG, TrainConfig, read_train_config
from agents.evaluation import Evaluation, evaluate, merge
from agents.models.air import AIR, State
from agents.models.compiling import CUDA_GRAPHS, compiled
from agents.models.devices import pick_device, pick_dtype, prepare
from agents.models.layers import use_float8
from agents.thinking.agent import AIRAgent
from agents.training.act import Carry, Metrics, act_train_step, add_metrics, draw
from agents.training.interrupts import deferred_interrupt
from agents.training.optim import average_weights, build_optimizers, clip_gradients
from agents.training.processes import Processes
from agents.training.run_log import RunLog, open_log
from agents.training.tasks import Steps, Task, open_tasks
from agents.training.transfer import take_weights
from puzzles.files import replacing

SHOWN = {"loss": "loss", "exact_accuracy": "exact", "steps": "ACT steps", "puzzles_per_second": "puzzles/s"}
"""Metrics beside the progress bar, and how they are called there."""
DIVERGED = 3.0
"""A loss of so many times that of a guess, as a mean over a line of metrics, has diverged."""


class TrainingDiverged(ArithmeticError):
    """The loss or a weight is no finite number, or the loss far above that of a guess.

    The message names the last good checkpoint.
    """


class Trainer:
    """Trains one model as one ``TrainConfig`` says, on the datasets it names.

    Inside ``agents.training.processes.joined``, under ``torchrun``, each process trains on its rows of the batch; the
    first one writes. What comes out is the same, up to rounding, whatever their number, and a run may go on with
    another number.

    Args:
        config: of the run.
        fresh: take the weights that ``config.init_from`` names; ``resume``, which has the run's own, does not.

    Raises:
        ValueError: the model's family is not the dataset's, the device is not there, the optimizer is not, a batch
            can't be shared out, device or model don't go with float8, mazes are labelled otherwise than their symmetry
            copies would be, the weights to start with are not there or don't fit the model, or those of the model
            don't fit a dataset.
        DatasetError: a damaged dataset, or one without a split to train on or to measure.
    """

    def __init__(self, config: TrainConfig, fresh: bool = True):
        self.processes = Processes.current()
        self.device = prepare(pick_device(config.device))
        # "auto" may measure, and each process find something else: the first one's choice is everyone's.
        self.dtype = self.processes.collect(pick_dtype(config.dtype, self.device))[0]
        # Written down as it is here: a resume on another machine goes on with it.
        self.config = dataclasses.replace(config, dtype="bfloat16" if self.dtype == torch.bfloat16 else "float32")

        torch.manual_seed(config.seed)
        self.generator = torch.Generator(self.device).manual_seed(config.seed)
        self.model = AIR(config.model_at(0))
        if fresh and config.init_from is not None:
            take_weights(self.model, config.init_from)
        self.model.to(self.device)
        self.average = copy.deepcopy(self.model).requires_grad_(False) if config.ema else None
        self.tasks = open_tasks(self.config, self.model, self.average)
        if config.float8:
            for task in self.tasks:
                use_float8((*task.model.f, *task.model.f_H), self.device)
        self.optimizers = build_optimizers(self.model, config)
        self.look_ahead = Steps(compiled(task.model, config.compile) for task in self.tasks)
        self.forward = self.processes.share(self.look_ahead)
        self.window: Metrics | None = None
        self.step = 0
        self.seconds = 0.0
        self.best = (-1.0, -1.0)
        self._saved = self._logged = 0.0  # seconds at the last checkpoint, at the last line of metrics
        self._sound = 0  # the last step by which the loss was known to be sound

    @classmethod
    def resume(cls, run: Path) -> Trainer:
        """Go on where the last checkpoint of a run left off: bit for bit on a CPU, as near as its kernels on a GPU.

        A run killed before its first checkpoint begins again. On another kind of device than that of the checkpoint it
        goes on with other random numbers.

        Raises:
            CheckpointError: the folder holds no run, a damaged one or an earlier version's, or the dataset is another
                than then.
        """
        try:
            config = read_train_config(run)
        except ValueError as error:
            raise CheckpointError(str(error)) from error
        if config is None:
            raise CheckpointError(f"{run}: no {TRAIN_CONFIG}, not the folder of a training run")
        processes = Processes.current()
        if processes.first:
            publish_newest(run)
        processes.wait()
        fresh = not (run / TRAINING).exists()
        trainer = cls(dataclasses.replace(config, output=run), fresh)
        if not fresh:
            state = load_training(run, trainer.device)
            if "datasets" not in state:
                raise CheckpointError(f"{run}: an earlier version of air-envs began this run; this one cannot go on")
            for task, checksum in zip(trainer.tasks, state["datasets"], strict=True):
                if checksum != task.dataset.attributes["checksum"]:
                    raise CheckpointError(f"{run}: was trained on another dataset than {task.config.dataset} holds now")
            trainer.load_state(state)
        return trainer

    @property
    def trained_model(self) -> AIR:
        """The model to evaluate and save: the moving average where there is one."""
        return self.tasks[0].trained_model

    def train(self, progress: bool = True) -> Evaluation:
        """Train to the last step, checkpointing on the way, and return the last evaluation, on ``config.dataset``.

        Ctrl-C finishes the step, saves a checkpoint and then raises ``KeyboardInterrupt``; several processes stop
        together at their next line of metrics.

        Raises:
            ValueError: the output folder holds another run.
            TrainingDiverged: the loss or a weight is not finite, or the loss far above that of a guess.
        """
        config, run, evaluation = self.config, self.config.output, None
        log = self._open_log()
        with log, self._progress_bar(progress) as bar, deferred_interrupt() as interrupts:
            while self.step < config.steps:
                start = time.perf_counter()
                self.train_step()
                means = self._means() if self._due(config.log_every) else None
                self.seconds += time.perf_counter() - start
                bar.update()
                if means:
                    values = self._timed(means)
                    log.write(self.step, "train", values)
                    bar.set_postfix_str(", ".join(f"{SHOWN[k]} {values[k]:.3g}" for k in SHOWN if k in values))
                if self._due(config.eval_every):
                    evaluation = self._measure(log, bar)
                interrupted, late = self._agreed(bool(interrupts)), self._agreed(self._minutes_are_over())
                if self._due(config.checkpoint_every) or interrupted or late:
                    log.flush()
                    self.save()
                if interrupted:
                    _say(bar, f"interrupted at step {self.step}; checkpoint saved in {run}")
                    raise KeyboardInterrupt
        return evaluation or self.evaluate(self.tasks[0])

    def train_step(self) -> None:
        """Take one optimizer step: one ACT step of the batch of one task, without waiting for the device."""
        self._run_program_of(self.step)
        turn = self.step % len(self.tasks)
        task = self.tasks[turn]
        task.model.train()
        if self.config.compile in CUDA_GRAPHS:
            torch.compiler.cudagraph_mark_step_begin()
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.config.lr_at(self.step)
        draws = draw(task.batches, task.config, self.generator, task.rows)
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
        self.window = metrics if self.window is None else add_metrics(self.window, metrics)

    def evaluate(self, task: Task) -> Evaluation:
        """Measure the trained model on the test split of a task, each process on its share.

        Raises:
            TrainingDiverged: it says nothing finite.
        """
        agent = AIRAgent(task.trained_model, self.dtype)
        shard = self.processes.rank, self.processes.world
        part = evaluate(agent, task.dataset, "test", self.config.eval_puzzles, progress=False, shard=shard)
        found = merge(self.processes.collect(part))
        if not np.isfinite(found.q_halt).all():
            raise self._diverged("a halting logit is not finite")
        return found

    def save(self) -> None:
        """Write the checkpoint.

        Raises:
            TrainingDiverged: a weight is not finite; the folder is left as it was.
        """
        if not all(bool(parameter.isfinite().all()) for parameter in self.model.parameters()):
            raise self._diverged("a weight is not finite")
        state = self.state()
        if self.processes.first:
            save_checkpoint(self.trained_model, state, self.config.output, self.step, self.config.keep)
        self._saved = self.seconds

    def state(self) -> dict[str, Any]:
        """Everything that decides how training goes on, of all processes together."""
        return {
            "datasets": [task.dataset.attributes["checksum"] for task in self.tasks],
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
            "model": self.model.state_dict(),
            "average": self.average.state_dict() if self.average else None,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "carries": [[self.processes.gather(rows) for rows in task.carry.tensors] for task in self.tasks],
            "window": [self.processes.sum(value) for value in self.window] if self.window else None,
            "generator": self.generator.get_state(),
            "device": self.device.type,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self.step, self.seconds, self.best = state["step"], state["seconds"], tuple(state["best"])
        self._run_program_of(max(0, self.step - 1))
        self.model.load_state_dict(state["model"])
        if self.average:
            self.average.load_state_dict(state["average"])
        for optimizer, values in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(values)
        for task, carry in zip(self.tasks, state["carries"], strict=True):
            task.carry = Carry.of(rows[task.rows].clone() for rows in carry)
        if state["window"]:
            mine = 1 if self.processes.first else 0
            self.window = Metrics(*(value * mine for value in state["window"]))
        if state["device"] == self.device.type:
            self.generator.set_state(state["generator"].cpu())
        else:  # which has random numbers of its own
            self.generator.manual_seed(self.config.seed + self.step)
        self._saved = self._logged = self.seconds
        self._sound = self.step

    def _run_program_of(self, step: int) -> None:
        """Let the models run the program that has grown until ``step``; nothing else of them depends on it."""
        for task in self.tasks:
            task.model.config = task.trained_model.config = task.config.model_at(step)

    def _measure(self, log: RunLog, bar: tqdm) -> Evaluation:
        """Evaluate on every dataset, keep the best weights, and return what was found on the first one."""
        evaluations = [self.evaluate(task) for task in self.tasks]
        self._keep_best(evaluations)
        for task, evaluation in zip(self.tasks, evaluations, strict=True):
            log.write(self.step, task.name, {"seconds": self.seconds, **evaluation.summary()})
            where = task.config.dataset.stem
            _say(bar, f"step {self.step}, {self.seconds:.0f} s of training, {where}: {evaluation}")
        return evaluations[0]

    def _keep_best(self, evaluations: Sequence[Evaluation]) -> None:
        """Save the model where it is the best so far: the most puzzles right, then the most cells, in the mean."""
        found = fmean(each.accuracy for each in evaluations), fmean(float(each.cells[-1]) for each in evaluations)
        if found <= self.best:
            return
        self.best = found
        if self.processes.first:
            folder = self.config.output / BEST
            save_model(self.trained_model, folder)
            with replacing(folder / BEST_EVALUATION) as temporary:
                temporary.write_text(json.dumps({"step": self.step, **evaluations[0].summary()}, indent=2) + "\n")

    def _due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def _minutes_are_over(self) -> bool:
        minutes = self.config.checkpoint_minutes
        return minutes is not None and self.seconds - self._saved >= 60 * minutes

    def _agreed(self, wish: bool) -> bool:
        """Whether a process wishes it: alone at once, several where they wait for each other anyway."""
        if self.processes.world > 1 and not self._due(self.config.log_every):
            return False
        return self.processes.any(wish)

    def _means(self) -> dict[str, float]:
        """Reduce the sums since the last line to means; the only place where training waits for the device."""
        assert self.window is not None
        sums = self.processes.sum(torch.stack([value.float() for value in self.window])).tolist()
        total = dict(zip(Metrics._fields, sums, strict=True))
        self.window = None
        sequences, halted = total.pop("sequences"), total.pop("halted")
        means = {name: total.pop(name) / sequences for name in ("loss", "answer_loss")}
        if not math.isfinite(means["loss"]):
            raise self._diverged(f"loss {means['loss']}")
        guess = math.log(max(task.dataset.family.vocabulary_size for task in self.tasks))
        if means["answer_loss"] > DIVERGED * guess:
            raise self._diverged(f"loss {means['answer_loss']:.3g}, where a guess has {guess:.3g},")
        self._sound = self.step
        if halted:
            means |= {name: value / halted for name, value in total.items()}
        return {**means, "lr": self.config.lr_at(self.step - 1), "puzzles": halted}

    def _timed(self, means: dict[str, float]) -> dict[str, float]:
        rate = means["puzzles"] / (self.seconds - self._logged)
        self._logged = self.seconds
        return {**means, "seconds": self.seconds, "puzzles_per_second": rate}

    def _diverged(self, what: str) -> TrainingDiverged:
        run = self.config.output
        good = [step for step in checkpoint_steps(run) if step <= self._sound]
        where = (
            f"the last good checkpoint is {checkpoint_folder(run, good[-1])}" if good else "no good checkpoint is left"
        )
        return TrainingDiverged(f"{what} at step {self.step}; {where}")

    def _open_log(self) -> RunLog:
        """Prepare the output folder; only the first process writes there."""
        config, run = self.config, self.config.output
        if self.step == 0 and (run / TRAINING).exists():
            raise ValueError(f"{run}: holds a run already; resume it, remove it or choose another output")
        if not self.processes.first:
            return RunLog()
        with replacing(run / TRAIN_CONFIG) as temporary:
            temporary.write_text(to_json(config))
        drop_later(run, self.step)
        return open_log(run, self.step, config.wandb, json.loads(to_json(config)))

    def _progress_bar(self, progress: bool) -> tqdm:
        return tqdm(
            total=self.config.steps,
            initial=self.step,
            desc="training",
            unit="step",
            disable=not (progress and self.processes.first),
            smoothing=0.05,
        )


def _say(bar: tqdm, line: str) -> None:
    """Write a line above the bar, where there is one."""
    if not bar.disable:
        bar.write(line)
