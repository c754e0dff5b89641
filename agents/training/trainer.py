"""Training with supervised targets, from a dataset to a checkpoint (AIR paper, training section)."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from agents.checkpoints.chain import CHAIN, link, write_chain
from agents.checkpoints.folder import save_best, save_checkpoint
from agents.checkpoints.kinds import TRAINING
from agents.config.training import VALIDATION, TrainConfig, json_values
from agents.evaluation import Evaluation, evaluate, merge
from agents.thinking.agent import AIRAgent
from agents.training.learner import Learner
from agents.training.runs.best import NOTHING, score
from agents.training.runs.divergence import DivergenceWatch
from agents.training.runs.folder import held, resumed, saved_config
from agents.training.runs.interrupts import Interrupts, deferred_interrupt
from agents.training.runs.log import RunLog, open_log, read_metrics
from agents.training.runs.state import CONFIG_FIELD, moved, require_state
from agents.training.tasks import Task
from agents.training.transfer import chain_of

SHOWN = {"loss": "loss", "exact_accuracy": "exact", "steps": "ACT steps", "puzzles_per_second": "puzzles/s"}
"""Metrics shown with the progress bar, and their names there."""


class Trainer(Learner):
    """Trains one model as one ``TrainConfig`` says and keeps the run's folder: log, checkpoints, best weights.

    Of several processes the main one writes.

    Args:
        config: of the run.
        fresh: initialise from the model that ``config.init_from`` names; False where ``load_state`` follows.
        former: the run is from before there were validation splits, and continues with every train row.

    Raises:
        ValueError: as ``Learner``.
        DatasetError: a damaged dataset, or one without a split to train on or to measure.
    """

    def __init__(self, config: TrainConfig, fresh: bool = True, former: bool = False):
        super().__init__(config, fresh, former)
        self.watch = DivergenceWatch(config.output, (task.dataset.family for task in self.tasks))
        self.seconds = 0.0
        self.best = NOTHING
        self._saved = self._logged = 0.0  # seconds of training at the last checkpoint, at the last line of metrics
        self._begun = False  # whether the output folder holds this run

    @classmethod
    def resume(cls, run: Path, **changes: Any) -> Trainer:
        """Go on where the last checkpoint of a run left off: bit for bit on a CPU, as near as its kernels on a GPU.

        A run killed before its first checkpoint begins again. On another kind of device than that of the checkpoint it
        continues with other random numbers. A run from before there were validation splits continues with every train
        row.

        Args:
            run: folder of the run.
            changes: fields of its configuration that are to be others from now on, those in
                ``agents.config.training.MAY_CHANGE``: more ``steps`` extend a run.

        Raises:
            CheckpointError: the folder holds no run, a damaged one or an earlier version's, its configuration is not
                the one that the checkpoint was trained with, or the dataset is another than then.
            ValueError: a change that a resumed run can't make.
        """
        config, state = resumed(run, changes)
        # Every run since has written its chain at step 0.
        trainer = cls(config, fresh=state is None, former=state is not None and not (run / CHAIN).is_file())
        trainer._begun = True
        if state is not None:
            require_state(state, trainer, run / TRAINING)
            trainer.load_state(moved(state, trainer.device))
        return trainer

    @property
    def is_finished(self) -> bool:
        """Whether every step is taken and evaluated where it should be: ``train`` would only evaluate once more."""
        return self.step >= self.config.steps and not self._lacks_evaluation()

    def train(self, progress: bool = True, overwrite: bool = False) -> Evaluation:
        """Train to the last step, checkpointing on the way, and return the last evaluation, on ``config.dataset``.

        Ctrl-C finishes the step, saves a checkpoint and then raises ``KeyboardInterrupt``. It breaks off an evaluation,
        which the resumed run makes first. Several processes stop together at their next line of metrics.

        Args:
            progress: show a bar.
            overwrite: replace the run or model that the output folder holds.

        Raises:
            OccupiedError: the output folder holds another run, a model or a pack, which is not to be overwritten.
            CheckpointError: another process trains in it.
            OSError: the system refused a write, on a full disk for instance; the message names the last checkpoint.
            TrainingDiverged: the loss or a weight is not finite, or the loss far above that of a guess.
        """
        is_main, evaluation = self.processes.is_main, None
        folder = held(self.config, self.step, self._begun, overwrite) if is_main else contextlib.nullcontext()
        with folder, self._open_log() as log, self._progress_bar(progress) as bar:
            self._begun = True
            if self._lacks_evaluation():
                evaluation = self._measure(log, bar, Interrupts())
            with deferred_interrupt() as interrupts:
                while self.step < self.config.steps:
                    evaluation = self._advance(log, bar, interrupts) or evaluation
        return evaluation or self.evaluate(self.tasks[0])

    def _advance(self, log: RunLog, bar: tqdm, interrupts: Interrupts) -> Evaluation | None:
        """Take one step and do what is due after it; return the evaluation, if that was."""
        config, evaluation = self.config, None
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
            evaluation = self._measure(log, bar, interrupts)
        interrupted, late = self._anywhere(bool(interrupts)), self._anywhere(self._minutes_are_over())
        if self._due(config.checkpoint_every) or interrupted or late:
            log.flush()
            self.save()
        if interrupted:
            _say(bar, f"interrupted at step {self.step}; checkpoint saved in {config.output}")
            raise KeyboardInterrupt
        return evaluation

    def evaluate(self, task: Task) -> Evaluation:
        """Measure the trained model on the validation split of a task, each process on its share.

        Raises:
            TrainingDiverged: it says nothing finite.
        """
        agent = AIRAgent(task.trained_model, self.dtype)
        shard = self.processes.rank, self.processes.world
        part = evaluate(agent, task.dataset, VALIDATION, self.config.eval_puzzles, progress=False, shard=shard)
        found = merge(self.processes.collect(part))
        if not np.isfinite(found.q_halt).all():
            raise self.watch.diverged("a halting logit is not finite", self.step)
        return found

    def save(self) -> None:
        """Write the checkpoint.

        Raises:
            TrainingDiverged: a weight is not finite; the folder is left as it was.
        """
        self.watch.check_weights(self.model, self.step)
        state = self.state()
        if self.processes.is_main:
            state[CONFIG_FIELD] = saved_config(self.config)
            run, keep, every = self.config.output, self.config.keep, self.config.checkpoint_every
            save_checkpoint(self.trained_model, state, run, self.step, keep, every)
        self._saved = self.seconds

    def state(self) -> dict[str, Any]:
        """Everything that decides how training continues, of all processes together."""
        return super().state() | {"seconds": self.seconds, "best": self.best}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what ``state`` returned."""
        super().load_state(state)
        self.seconds = self._saved = self._logged = state["seconds"]
        self.best = tuple(state["best"])
        self.watch.sound_step = self.step

    def _measure(self, log: RunLog, bar: tqdm, interrupts: Interrupts) -> Evaluation | None:
        """Evaluate on every dataset, keep the best weights, and return what was found on the first one.

        Ctrl-C breaks it off where no other process takes part; then nothing is kept or returned.
        """

        def evaluate_all() -> list[Evaluation]:
            return [self.evaluate(task) for task in self.tasks]

        evaluations = evaluate_all() if self.processes.world > 1 else interrupts.unless_pressed(evaluate_all)
        if evaluations is None:
            return None
        found = score(evaluations)
        if found > self.best:
            self.best = found
            if self.processes.is_main:
                save_best(self.trained_model, {"step": self.step, **evaluations[0].summary()}, self.config.output)
        for task, evaluation in zip(self.tasks, evaluations, strict=True):
            log.write(self.step, task.name, {"seconds": self.seconds, **evaluation.summary()})
            where = task.config.dataset.stem
            _say(bar, f"step {self.step}, {self.seconds:.0f} s of training, {where}: {evaluation}")
        return evaluations[0]

    def _lacks_evaluation(self) -> bool:
        """Whether the evaluation of this step was broken off before the run was resumed."""
        if not self.step or not self._due(self.config.eval_every) or self.processes.world > 1:
            return False
        return all(line["step"] != self.step for line in read_metrics(self.config.output, VALIDATION))

    def _due(self, every: int) -> bool:
        return self.step % every == 0 or self.step == self.config.steps

    def _minutes_are_over(self) -> bool:
        minutes = self.config.checkpoint_minutes
        return minutes is not None and self.seconds - self._saved >= 60 * minutes

    def _anywhere(self, wish: bool) -> bool:
        """Whether it holds in some process; several processes ask only where they wait for each other anyway."""
        if self.processes.world > 1 and not self._due(self.config.log_every):
            return False
        return self.processes.any(wish)

    def _means(self) -> dict[str, float]:
        means = self.meter.means(self.processes)
        self.watch.check_losses(means, self.step)
        return {**means, "lr": self.config.lr_at(self.step - 1)}

    def _timed(self, means: dict[str, float]) -> dict[str, float]:
        rate = means["puzzles"] / (self.seconds - self._logged)
        self._logged = self.seconds
        return {**means, "seconds": self.seconds, "puzzles_per_second": rate}

    def _open_log(self) -> RunLog:
        """Open the run's log; only the main process writes one."""
        if not self.processes.is_main:
            return RunLog()
        config, run = self.config, self.config.output
        if self.step == 0:
            origin = chain_of(config.init_from) if config.init_from else []
            write_chain(run, [*origin, link(run.name, (task.dataset for task in self.tasks))])
        return open_log(run, self.step, config.wandb, json_values(config))

    def _progress_bar(self, progress: bool) -> tqdm:
        return tqdm(
            total=self.config.steps,
            initial=self.step,
            desc="training",
            unit="step",
            disable=not (progress and self.processes.is_main),
            smoothing=0.05,
        )


def _say(bar: tqdm, line: str) -> None:
    """Write a line above the bar, where there is one."""
    if not bar.disable:
        bar.write(line)
