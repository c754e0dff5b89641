"""Runs of reinforcement learning: a folder with configuration, model, checkpoint and metrics; interrupted and resumed.

What decides how a run goes on is small: the weights, the optimizer's state and the number of steps. At each checkpoint
all random numbers start from the seed and that number, and the environments start new episodes. So a resumed run goes
on as an uninterrupted one does, bit for bit on a CPU. There are two exceptions: DQN's replay buffer is not saved, and
the checkpoint of a Ctrl-C or SIGTERM is one that an uninterrupted run does not have.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from agents.checkpoints.errors import CheckpointError, OccupiedError
from agents.checkpoints.kinds import DESCRIBED, TRAINING, WEIGHTS, kind_of
from agents.checkpoints.weights import unpickled
from agents.config.reading import shown
from agents.config.rl import MAY_CHANGE, RL_CONFIG, RLConfig, read_rl_config, rl_config_json
from agents.config.training import differences
from agents.rl.saved import save_weights
from agents.training.runs.log import METRICS
from air_envs.curriculum import CurriculumPuzzles
from puzzles.files import replacing

_FIELDS = {"steps", "updates", "seconds", "policy", "optimizer"}


def require_new_run(run: Path, overwrite: bool = False) -> None:
    """Refuse to begin a run where there is a file, something else of ours, or a run that is not to be overwritten.

    Raises:
        OccupiedError: there is.
    """
    if run.exists() and not run.is_dir():
        raise OccupiedError(f"{run}: a file is there, expected a folder or nothing")
    if (found := kind_of(run)) not in ("nothing", "agent", "other"):
        raise OccupiedError(f"{run}: holds {DESCRIBED[found]}, expected a new folder")
    taken = _taken(run)
    if taken and not overwrite:
        raise OccupiedError(f"{run}: holds {taken[0]}; --overwrite replaces the run, --resume continues it")


def begin(config: RLConfig, overwrite: bool = False) -> None:
    """Prepare the folder of a new run, whose lock is held.

    Raises:
        OccupiedError: see ``require_new_run``.
    """
    run = config.output
    require_new_run(run, overwrite)
    for file in (*(run / name for name in _taken(run)), *run.glob("events.out.tfevents.*")):
        file.unlink()
    write_config(config)


def write_config(config: RLConfig) -> None:
    """Write a run's configuration to its folder."""
    with replacing(config.output / RL_CONFIG) as temporary:
        temporary.write_text(rl_config_json(config), encoding="utf-8")


def _taken(run: Path) -> list[str]:
    return [name for name in (RL_CONFIG, WEIGHTS, TRAINING, METRICS) if (run / name).exists()]


def resumed(run: Path, changes: dict[str, Any]) -> RLConfig:
    """Return the configuration that a resumed run has. Its folder keeps the old one until ``train`` has begun.

    Args:
        run: folder of the run.
        changes: fields that are to be others from now on, see ``MAY_CHANGE``.

    Raises:
        CheckpointError: no run, or one that has no checkpoint.
        ValueError: a change that a resumed run can't make, or a damaged configuration.
    """
    if not (run / RL_CONFIG).is_file():
        raise CheckpointError(f"{run}: no {RL_CONFIG}, expected the folder of a run of air-envs train-rl")
    if not (run / TRAINING).is_file():
        raise CheckpointError(f"{run}: the run ended before its first checkpoint; start it again with --overwrite")
    own = read_rl_config(run)
    config = dataclasses.replace(own, **changes)
    for name, (wanted, found) in differences(config, own).items():
        if name not in MAY_CHANGE:
            free = ", ".join(MAY_CHANGE)
            raise ValueError(f"{name} {shown(wanted)}, but the run has {shown(found)}; a resumed run may change {free}")
    return config


def save(model: BaseAlgorithm, run: Path, seconds: float, curriculum: CurriculumPuzzles | None = None) -> None:
    """Write a checkpoint: first the weights, then the state that belongs to them.

    Args:
        model: of the run.
        run: its folder.
        seconds: of training so far.
        curriculum: whose level is saved too.
    """
    save_weights(model, run)
    policy: Any = model.policy
    state = {
        "steps": model.num_timesteps,
        "updates": model._n_updates,
        "seconds": seconds,
        "optimizer": policy.optimizer.state_dict(),
        "policy": policy.state_dict(),
        "level": None if curriculum is None else curriculum.level,
    }
    with replacing(run / TRAINING) as temporary:
        torch.save(state, temporary)


def restore(model: BaseAlgorithm, run: Path, curriculum: CurriculumPuzzles | None = None) -> float:
    """Take up a checkpoint, with the level of its curriculum; return the seconds of training so far.

    Raises:
        CheckpointError: a damaged one, of another model, or of a curriculum with fewer levels.
    """
    path = run / TRAINING
    with path.open("rb") as file:
        state = unpickled(file, path, model.device)
    if not isinstance(state, dict) or not state.keys() >= _FIELDS:
        raise CheckpointError(f"{path}: expected the state of a run of air-envs train-rl")
    for name in ("steps", "updates", "seconds"):
        if not isinstance(state[name], int | float) or state[name] < 0:
            raise CheckpointError(f"{path}: {name} {shown(state[name])}, expected a number of 0 or more")
    policy: Any = model.policy
    try:
        policy.load_state_dict(state["policy"])
        policy.optimizer.load_state_dict(state["optimizer"])
        if curriculum is not None:
            curriculum.start_from(state["level"])
    except (RuntimeError, KeyError, TypeError, ValueError, AttributeError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise CheckpointError(f"{path}: not the state of this run's model: {' '.join(lines[:2])}") from error
    model.num_timesteps = state["steps"]
    model._n_updates = state["updates"]
    if isinstance(model, OffPolicyAlgorithm):
        model.learning_starts += model.num_timesteps  # the replay buffer is empty again
    return float(state["seconds"])
