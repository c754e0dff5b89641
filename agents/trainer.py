"""Training with supervised targets, from a dataset to a checkpoint (AIR paper, training section)."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from agents.act import Carry, Metrics, act_train_step, add_metrics, initial_carry
from agents.agent import AIRAgent
from agents.batches import PuzzleBatches, open_dataset
from agents.checkpoint import TRAINING, CheckpointError, load_training, save_model, save_training
from agents.config import TrainConfig, to_json, train_config_from_json
from agents.devices import pick_device, pick_dtype
from agents.evaluation import Evaluation, evaluate
from agents.model import AIR, State
from agents.optim import build_optimizers, clip_gradients
from agents.run_log import RunLog
from puzzles.files import replacing

TRAIN_CONFIG = "train.json"
SHOWN = ("loss", "exact_accuracy", "steps")
"""Metrics beside the progress bar."""


class TrainingDiverged(ArithmeticError):
    """The loss or a weight is no longer a finite number. The message names the last good checkpoint."""


class Trainer:
    """Trains one model as one ``TrainConfig`` says, on the dataset it names.

    Raises:
        ValueError: the model's family is not the dataset's, or the device is not there.
        DatasetError: a damaged dataset.
    """

    def __init__(self, config: TrainConfig):
        self.config = config
        self.device = pick_device(config.device)
        self.dtype = pick_dtype(config.dtype)
        self.dataset = open_dataset(config.dataset, config.model.family)
        self.batches = PuzzleBatches(self.dataset.family, self.dataset.split("train"), self.device, config.symmetry)

        torch.manual_seed(config.seed)
        self.generator = torch.Generator(self.device).manual_seed(config.seed)
        self.model = AIR(config.model).to(self.device)
        self.forward = torch.compile(self.model, dynamic=False) if config.compile else self.model
        self.average: AveragedModel | None = None
        if config.ema:
            self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(config.ema))
        self.optimizers = build_optimizers(self.model, config)
        self.carry = initial_carry(self.model, config.batch, self.dtype)
        self.window: Metrics | None = None
        self.step = 0
        self.seconds = 0.0

    @classmethod
    def resume(cls, run: Path) -> Trainer:
        """Go on where the last checkpoint of a run left off, bit for bit on the same device.

        Raises:
            CheckpointError: the folder holds no run or a damaged one, or the dataset is another than then.
        """
        path = run / TRAIN_CONFIG
        if not path.is_file():
            raise CheckpointError(f"{run}: no {TRAIN_CONFIG}, not the folder of a training run")
        try:
            config = train_config_from_json(path.read_text())
        except ValueError as error:
            raise CheckpointError(f"{path}: {error}") from error
        trainer = cls(dataclasses.replace(config, output=run))
        state = load_training(run, trainer.device)
        if state["dataset"] != trainer.dataset.attributes["checksum"]:
            raise CheckpointError(f"{run}: was trained on another dataset than {config.dataset} holds now")
        trainer.load_state(state)
        return trainer

    @property
    def trained_model(self) -> AIR:
        """The model to evaluate and save: the moving average where there is one."""
        return self.average.module if self.average else self.model  # type: ignore[return-value]

    def train(self, progress: bool = True) -> Evaluation:
        """Train to the last step, checkpointing on the way, and return the last evaluation.

        Ctrl-C finishes the step, saves a checkpoint and then raises ``KeyboardInterrupt``.

        Raises:
            ValueError: the output folder holds another run.
            TrainingDiverged: the loss or a weight is not finite.
        """
        config, run = self.config, self.config.output
        if self.step == 0 and (run / TRAINING).exists():
            raise ValueError(f"{run}: holds a run already; resume it, remove it or choose another output")
        with replacing(run / TRAIN_CONFIG) as temporary:
            temporary.write_text(to_json(config))
        evaluation = None
        with RunLog(run, self.step) as log, self._progress_bar(progress) as bar, deferred_interrupt() as interrupted:
            while self.step < config.steps:
                start = time.perf_counter()
                self.train_step()
                if self._due(config.log_every):
                    values = self._means()
                    log.write(self.step, "train", values)
                    bar.set_postfix_str(", ".join(f"{name} {values[name]:.3f}" for name in SHOWN if name in values))
                self.seconds += time.perf_counter() - start
                bar.update()
                if self._due(config.eval_every):
                    evaluation = self.evaluate()
                    log.write(self.step, "test", {"seconds": self.seconds, **evaluation.summary()})
                    bar.write(f"step {self.step}, {self.seconds:.0f} s of training: {evaluation}")
                if self._due(config.checkpoint_every) or interrupted:
                    self.save()
                if interrupted:
                    bar.write(f"interrupted at step {self.step}; checkpoint saved in {run}")
                    raise KeyboardInterrupt
        return evaluation or self.evaluate()

    def train_step(self) -> None:
        """Take one optimizer step: one ACT step of the batch, without waiting for the device."""
        self.model.train()
        factor = lr_factor(self.config, self.step)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.config.lr * factor
        self.carry, loss, metrics = act_train_step(
            self.model, self.forward, self.carry, self.batches, self.config, self.generator
        )
        loss.backward()
        clip_gradients(self.model.parameters(), self.config.clip)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if self.average:
            self.average.update_parameters(self.model)
        self.step += 1
        self.window = metrics if self.window is None else add_metrics(self.window, metrics)

    def evaluate(self) -> Evaluation:
        """Measure the trained model on the test split."""
        agent = AIRAgent(self.trained_model, self.dtype)
        return evaluate(agent, self.dataset, "test", self.config.eval_puzzles, progress=False)

    def save(self) -> None:
        """Write the checkpoint folder.

        Raises:
            TrainingDiverged: a weight is not finite; the folder is left as it was.
        """
        if not all(bool(parameter.isfinite().all()) for parameter in self.model.parameters()):
            raise self._diverged("a weight is not finite")
        save_model(self.trained_model, self.config.output)
        save_training(self.state(), self.config.output)

    def state(self) -> dict[str, Any]:
        """Everything that decides how training goes on."""
        return {
            "dataset": self.dataset.attributes["checksum"],
            "step": self.step,
            "seconds": self.seconds,
            "model": self.model.state_dict(),
            "average": self.average.state_dict() if self.average else None,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "carry": [*self.carry.state, *self.carry[1:]],
            "window": list(self.window) if self.window else None,
            "generator": self.generator.get_state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what ``state`` returned."""
        self.step, self.seconds = state["step"], state["seconds"]
        self.model.load_state_dict(state["model"])
        if self.average:
            self.average.load_state_dict(state["average"])
        for optimizer, values in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(values)
        z_H, z_L, *rest = state["carry"]
        self.carry = Carry(State(z_H, z_L), *rest)
        self.window = Metrics(*state["window"]) if state["window"] else None
        self.generator.set_state(state["generator"].cpu())

    def _due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def _means(self) -> dict[str, float]:
        """Reduce the sums since the last line to means; the only place where training waits for the device."""
        assert self.window is not None
        total = {name: float(value) for name, value in self.window._asdict().items()}
        self.window = None
        sequences, halted = total.pop("sequences"), total.pop("halted")
        means = {name: total.pop(name) / sequences for name in ("loss", "answer_loss")}
        if not math.isfinite(means["loss"]):
            raise self._diverged(f"loss {means['loss']}")
        if halted:
            means |= {name: value / halted for name, value in total.items()}
        lr = self.config.lr * lr_factor(self.config, self.step)
        return {**means, "lr": lr, "puzzles": halted, "seconds": self.seconds}

    def _diverged(self, what: str) -> TrainingDiverged:
        run = self.config.output
        good = f"the last good checkpoint is in {run}" if (run / TRAINING).exists() else "there is no checkpoint yet"
        return TrainingDiverged(f"{what} at step {self.step}; {good}")

    def _progress_bar(self, progress: bool) -> tqdm:
        return tqdm(
            total=self.config.steps,
            initial=self.step,
            desc="training",
            unit="step",
            disable=not progress,
            smoothing=0.05,
        )


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[list[int]]:
    """Collect Ctrl-C in the list yielded instead of raising it anywhere; a second one is raised at once.

    Outside the main thread, where signals can't be handled, nothing changes.
    """
    received: list[int] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if received:
            raise KeyboardInterrupt
        received.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = signal.signal(signal.SIGINT, receive)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, before)


def lr_factor(config: TrainConfig, step: int) -> float:
    """Learning rate at ``step`` (counted from 0) as a fraction of ``config.lr``: linear warm-up, then the schedule."""
    if step < config.warmup:
        return (step + 1) / config.warmup
    if config.schedule == "constant":
        return 1.0
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
