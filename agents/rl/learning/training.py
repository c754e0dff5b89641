"""A run from its first step to its last, with Stable-Baselines3's ``learn``."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env import VecMonitor
from tqdm import tqdm

from agents.checkpoints.lock import locked
from agents.config.rl import RLConfig
from agents.config.training import VALIDATION
from agents.rl.building import build_model
from agents.rl.learning.runs import RunState, begin, require_new_run, restore, save, write_config
from agents.rl.measuring import Measured, measure
from agents.rl.saved import SB3Moves, load_weights, saved_air
from agents.training.runs.divergence import TrainingDiverged
from agents.training.runs.interrupts import Interrupts, deferred_interrupt
from agents.training.runs.log import RunLog, open_log, read_metrics
from air_envs.sb3 import SB3VecEnv

EVALUATION_SEED = 1 << 32
"""Of the generated puzzles on which runs are evaluated. ``measure`` has others for any smaller seed."""
SHOWN = {"solved": "solved", "return": "return", "steps_per_second": "steps/s"}
"""Metrics beside the progress bar, and how they are called there."""
LEARNED = {
    "train/entropy_loss": "entropy_loss",
    "train/value_loss": "value_loss",
    "train/policy_gradient_loss": "policy_loss",
    "train/approx_kl": "kl",
    "train/clip_fraction": "clipped",
    "train/explained_variance": "explained_variance",
    "train/learning_rate": "lr",
    "train/loss": "loss",
    "rollout/exploration_rate": "exploration",
}
"""Stable-Baselines3's names of what a line of metrics holds, and ours."""


def train(config: RLConfig, resume: bool = False, progress: bool = True, overwrite: bool = False) -> Measured:
    """Train to the last step, in the folder ``config.output``.

    Ctrl-C or SIGTERM saves a checkpoint after the update under way and then raises ``KeyboardInterrupt``; it breaks off
    an evaluation, which the resumed run makes first. What can't be trained is refused before anything in the folder
    changes.

    Args:
        config: of the run; from ``resumed`` to go on with one.
        resume: go on from its checkpoint.
        progress: show a bar.
        overwrite: replace the run that the folder holds.

    Returns:
        The last evaluation, on unseen puzzles.

    Raises:
        CheckpointError: a damaged checkpoint, one of another configuration or dataset, or another process trains in the
            folder.
        OccupiedError: the folder holds a run, which is neither resumed nor overwritten.
        TrainingDiverged: a weight is not finite; the last checkpoint is kept.
        ValueError: a network that does not fit the environment, or fewer steps than the run has made.
    """
    if not resume:
        require_new_run(config.output, overwrite)
    # What they check are shapes and sums that hold by construction, at a quarter of the time of a small policy.
    torch.distributions.Distribution.set_default_validate_args(False)
    kept = RunState(config.task.make_curriculum(), config.task.checksum())
    envs = VecMonitor(SB3VecEnv(config.make_envs(source=kept.curriculum)))
    model = build_model(config, envs, saved_air(config.output) if resume else None)
    if not resume and config.init_from is not None and config.policy != "air":
        load_weights(model, Path(config.init_from))
    with locked(config.output):
        if resume:
            restore(model, config, kept)
            if model.num_timesteps >= config.steps + config.rollout:  # the last update is whole
                made = f"the run has made {model.num_timesteps:,} steps"
                raise ValueError(f"{config.output}: {made}, expected at most {config.steps:,}")
            write_config(config)
        else:
            begin(config, overwrite)
        return _learn(config, model, kept, progress)


def _learn(config: RLConfig, model: BaseAlgorithm, kept: RunState, progress: bool) -> Measured:
    steps = model.num_timesteps
    bar = tqdm(total=config.steps, initial=steps, desc="training", unit="step", disable=not progress, smoothing=0.05)
    with open_log(config.output, steps, None, {}) as log, bar, deferred_interrupt(signal.SIGTERM) as interrupts:
        keeper = RunKeeper(config, log, bar, interrupts, kept)
        keeper.init_callback(model)
        if keeper.lacks_evaluation():
            keeper.evaluate()
        if steps < config.steps:
            model.set_logger(Logger(None, []))
            left = config.steps - steps
            model.learn(left, callback=keeper, log_interval=None, reset_num_timesteps=False)  # type: ignore[arg-type]
            keeper.finish()
        if interrupts or keeper.measured is None:
            raise KeyboardInterrupt
        return keeper.measured


class RunKeeper(BaseCallback):
    """Keeps a run's folder while Stable-Baselines3 learns: metrics, evaluations and checkpoints, between updates.

    Args:
        config: of the run.
        log: takes the metrics.
        bar: shows the progress.
        interrupts: true once Ctrl-C was pressed, or SIGTERM came.
        kept: what its checkpoints hold beside the model.
    """

    def __init__(
        self,
        config: RLConfig,
        log: RunLog,
        bar: tqdm,
        interrupts: Interrupts,
        kept: RunState,
    ):
        super().__init__()
        self.config = config
        self.log = log
        self.bar = bar
        self.interrupts = interrupts
        self.kept = kept
        self.interrupted = False
        self.measured: Measured | None = None
        self._begun = 0
        self._logged = (0, kept.seconds)

    def _on_training_start(self) -> None:
        self._begun = self.num_timesteps
        self._logged = self.num_timesteps, self.kept.seconds
        self._start = time.perf_counter()
        self._fresh(self.model)

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                self.kept.episodes += 1, info["episode"]["r"], info["is_success"], info["episode"]["l"]
        return not self.interrupted

    def _on_rollout_start(self) -> None:
        self._tick()
        steps = self.num_timesteps
        self.bar.update(steps - self.bar.n)
        self._require_finite()
        if self._due(self.config.log_every):
            self._write()
        if self._due(self.config.eval_every):
            self.evaluate()
        self.interrupted = bool(self.interrupts)
        if self._due(self.config.checkpoint_every) or self.interrupted:
            self.log.flush()
            save(self.model, self.config, self.kept)
            if self.interrupted:
                self._say(f"interrupted at step {steps:,}; checkpoint saved in {self.config.output}")
            self._fresh(self.model)
        self._start = time.perf_counter()

    def finish(self) -> None:
        """Save, then evaluate at the end of the run; nothing where it was interrupted."""
        if self.interrupted:
            return
        self.bar.update(self.model.num_timesteps - self.bar.n)
        self._require_finite()
        self._tick()
        self._write()
        self.log.flush()
        save(self.model, self.config, self.kept)
        self.evaluate()

    def lacks_evaluation(self) -> bool:
        """Whether a resumed run first makes an evaluation: one that was broken off, or that of the end again."""
        steps = self.model.num_timesteps
        if steps >= self.config.steps:
            return True
        lines = read_metrics(self.config.output, VALIDATION)
        return self._due(self.config.eval_every) and all(line["step"] != steps for line in lines)

    def evaluate(self) -> None:
        """Play unseen puzzles by the most probable moves, unless Ctrl-C is pressed."""
        found = self.interrupts.unless_pressed(self._measure)
        if found is None:
            return
        low, high = found.interval
        values = {
            "seconds": self.kept.seconds,
            "puzzles": found.count,
            "solved": found.solved_count / found.count,
            "solved_interval": [low, high],
            "return": found.mean_return,
            "moves": found.mean_steps,
        }
        self.log.write(self.model.num_timesteps, VALIDATION, values)
        self._say(
            f"step {self.model.num_timesteps:,}, {self.kept.seconds:.0f} s of training: solved {values['solved']:.1%} "
            f"({low:.1%} to {high:.1%}) of {found.count:,} unseen puzzles"
        )
        self.measured = found

    def _measure(self) -> Measured:
        task = self.config.task
        return measure(
            SB3Moves(self.model),
            task.id,
            task.arguments(),
            puzzles=self.config.eval_puzzles,
            seed=EVALUATION_SEED,
            split=VALIDATION,
        )

    def _fresh(self, model: BaseAlgorithm) -> None:
        """Start new episodes and new random numbers, which the seed and the number of steps decide."""
        seed = int(np.random.SeedSequence((self.config.seed, model.num_timesteps)).generate_state(1)[0]) >> 1
        set_random_seed(seed)
        curriculum = self.kept.curriculum
        if curriculum is not None:
            curriculum.start_from(curriculum.level, curriculum.outcomes)
        envs: Any = model.get_env()
        envs.seed(seed)
        model._last_obs = envs.reset()
        model._last_episode_starts = np.ones(envs.num_envs, np.bool_)

    def _require_finite(self) -> None:
        """Refuse to go on with weights that are not finite, before they are saved."""
        if not all(bool(weight.isfinite().all()) for weight in self.model.policy.parameters()):
            run = self.config.output
            raise TrainingDiverged(f"{run}: a weight is not finite at step {self.model.num_timesteps:,}; lower --lr")

    def _tick(self) -> None:
        now = time.perf_counter()
        self.kept.seconds += now - self._start
        self._start = now

    def _due(self, every: int) -> bool:
        """Whether the last update, of this training, reached or passed a number of steps that ``every`` divides."""
        steps = self.model.num_timesteps
        return steps > self._begun and steps // every > (steps - self.config.rollout) // every

    def _write(self) -> None:
        steps, seconds = self._logged
        now = self.model.num_timesteps
        episodes, *sums = self.kept.episodes.tolist()
        values: dict[str, Any] = {"seconds": self.kept.seconds, "episodes": int(episodes)}
        if self.kept.seconds > seconds:
            values["steps_per_second"] = (now - steps) / (self.kept.seconds - seconds)
        if episodes:
            values |= {name: total / episodes for name, total in zip(("return", "solved", "moves"), sums, strict=True)}
        if self.kept.curriculum is not None:
            values["level"] = self.kept.curriculum.level
        learned = self.model.logger.name_to_value
        values |= {ours: float(learned[theirs]) for theirs, ours in LEARNED.items() if theirs in learned}
        self.log.write(now, "train", values)
        self.bar.set_postfix_str(", ".join(f"{SHOWN[name]} {values[name]:.3g}" for name in SHOWN if name in values))
        self.kept.episodes[:] = 0
        self._logged = now, self.kept.seconds

    def _say(self, line: str) -> None:
        """Write a line above the bar, where there is one."""
        if not self.bar.disable:
            self.bar.write(line)
