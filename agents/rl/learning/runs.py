"""Runs of reinforcement learning: a folder with configuration, model, checkpoint and metrics; interrupted and resumed.

What decides how a run goes on is small: the weights, the optimizer's state, the number of steps, and how far a
curriculum has come. At each checkpoint all random numbers start from the seed and that number, and the environments
start new episodes. So a resumed run goes on as an uninterrupted one does, bit for bit on a CPU. There are two
exceptions: DQN's replay buffer is not saved, and the checkpoint of a Ctrl-C or SIGTERM is one that an uninterrupted run
does not have.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

from agents.checkpoints.errors import CheckpointError, OccupiedError
from agents.checkpoints.kinds import DESCRIBED, TRAINING, WEIGHTS, kind_of
from agents.checkpoints.weights import unpickled
from agents.config.reading import shown
from agents.config.rl import MAY_CHANGE, RL_CONFIG, RLConfig, parse_rl_config, read_rl_config, rl_config_json
from agents.config.training import differences
from agents.rl.saved import AIR_CONFIG, save_weights
from agents.training.runs.log import METRICS
from agents.training.runs.state import of_length, require_moments, require_number, require_weights
from air_envs.curriculum import CurriculumPuzzles
from puzzles.files import replacing

_FIELDS = {"steps", "updates", "seconds", "policy", "optimizer"}
"""Of a checkpoint of any version."""


@dataclass
class RunState:
    """What a checkpoint keeps of a run beside its model."""

    curriculum: CurriculumPuzzles | None = None
    """That the environments draw from. Its level is kept, and how the last puzzles of the level ended."""
    dataset: str | None = None
    """Checksum of the task's dataset."""
    seconds: float = 0.0
    """Of training so far."""
    episodes: NDArray[np.float64] = field(default_factory=lambda: np.zeros(4))
    """Sums over the episodes since the last line of metrics, (4,) float64: how many, returns, solved, moves."""


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
    return [name for name in (RL_CONFIG, WEIGHTS, TRAINING, METRICS, AIR_CONFIG) if (run / name).exists()]


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


def save(model: BaseAlgorithm, config: RLConfig, kept: RunState) -> None:
    """Write a checkpoint: first the weights, then the state that belongs to them.

    Args:
        model: of the run.
        config: of the run, to whose folder is written.
        kept: what else belongs to the checkpoint.
    """
    save_weights(model, config.output)
    policy: Any = model.policy
    state = {
        "config": rl_config_json(config),
        "dataset": kept.dataset,
        "steps": model.num_timesteps,
        "updates": model._n_updates,
        "seconds": kept.seconds,
        "episodes": kept.episodes.tolist(),
        "optimizer": policy.optimizer.state_dict(),
        "policy": policy.state_dict(),
        "level": None if kept.curriculum is None else kept.curriculum.level,
        "outcomes": None if kept.curriculum is None else kept.curriculum.outcomes,
    }
    with replacing(config.output / TRAINING) as temporary:
        torch.save(state, temporary)


def restore(model: BaseAlgorithm, config: RLConfig, kept: RunState) -> None:
    """Take up a run's checkpoint.

    Earlier versions kept no configuration, dataset, outcomes and episodes. Of such a run nothing is compared, and
    counting starts again.

    Args:
        model: a new one, of the run.
        config: of the run, from whose folder is read.
        kept: takes up what else belongs to the checkpoint.

    Raises:
        CheckpointError: a damaged one, or one of another model, configuration, dataset or curriculum.
    """
    path = config.output / TRAINING
    with path.open("rb") as file:
        state = unpickled(file, path, model.device)
    if not isinstance(state, dict) or not state.keys() >= _FIELDS:
        raise CheckpointError(f"{path}: expected the state of a run of air-envs train-rl")
    _require_same_run(state, config, kept.dataset)
    policy: Any = model.policy
    _require_state(state, policy, path)
    policy.load_state_dict(state["policy"])
    policy.optimizer.load_state_dict(policy.optimizer.state_dict() | {"state": state["optimizer"]["state"]})
    if kept.curriculum is not None:
        _restore_curriculum(kept.curriculum, state, path)
    kept.seconds = float(state["seconds"])
    if "episodes" in state:
        kept.episodes = np.array(state["episodes"], np.float64)
    model.num_timesteps = state["steps"]
    model._n_updates = state["updates"]
    if isinstance(model, OffPolicyAlgorithm):
        model.learning_starts += model.num_timesteps  # the replay buffer is empty again


def _require_same_run(state: dict[str, Any], config: RLConfig, dataset: str | None) -> None:
    """Compare the configuration and the dataset with those of a checkpoint; the dataset's path may be another."""
    run = config.output
    if "config" in state:
        try:
            trained = parse_rl_config(state["config"].encode(), run)
        except (AttributeError, TypeError, ValueError) as error:
            raise CheckpointError(f"{run / TRAINING}: config: {error}") from error
        for name, (found, expected) in differences(config, trained).items():
            if name not in (*MAY_CHANGE, "task.dataset"):
                was = f"but the run was trained with {shown(expected)}"
                raise CheckpointError(f"{run / RL_CONFIG}: {name} {shown(found)}, {was}")
    if "dataset" in state and state["dataset"] != dataset:
        raise CheckpointError(f"{run}: was trained on another dataset than {config.task.dataset} holds now")


def _require_state(state: dict[str, Any], policy: Any, path: Path) -> None:
    """Refuse a state that a policy and its optimizer can't take up."""
    for name in ("steps", "updates"):
        if type(state[name]) is not int or state[name] < 0:
            raise CheckpointError(f"{path}: {name} {shown(state[name])}, expected an integer of 0 or more")
    require_number(state["seconds"], path, "seconds")
    for value in of_length(state.get("episodes", [0] * 4), 4, path, "episodes"):
        require_number(value, path, "episodes", least=-math.inf)
    require_weights(state["policy"], policy.state_dict(), path, "policy")
    require_moments(state["optimizer"], policy.optimizer, path, "optimizer")
    if state["updates"] and not state["optimizer"]["state"]:
        raise CheckpointError(f"{path}: optimizer.state is empty, expected that of {state['updates']:,} updates")


def _restore_curriculum(curriculum: CurriculumPuzzles, state: dict[str, Any], path: Path) -> None:
    """Let a curriculum go on from its level in a checkpoint, with the outcomes that count there."""
    outcomes = state.get("outcomes", [])
    if not isinstance(outcomes, list) or not all(type(solved) is bool for solved in outcomes):
        raise CheckpointError(f"{path}: outcomes {shown(outcomes)}, expected a list of true and false")
    try:
        curriculum.start_from(state.get("level"), outcomes)  # type: ignore[arg-type] # which refuses None
    except ValueError as error:
        raise CheckpointError(f"{path}: curriculum: {error}") from error
