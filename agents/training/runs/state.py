"""The state of a training run as a checkpoint holds it, checked before a learner takes it up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.weights import require_floats, require_plain, require_shapes, require_state_dict
from agents.config.reading import shown
from agents.training.act import Metrics
from agents.training.learner import Learner
from agents.training.optim import state_names

CONFIG_FIELD = "config"
"""Of a checkpoint's state: the run's configuration, as values of JSON, without its folder."""


def require_state(state: dict[str, Any], learner: Learner, path: Path) -> None:
    """Refuse a state that a learner can't take up.

    Args:
        state: as the file holds it, on the CPU.
        learner: a new one, which is to take it up: its own state has the same shapes and dtypes.
        path: of the file, for messages.

    Raises:
        CheckpointError: a part is missing, of another type or shape, or has a value that training can't resume from, or
            a dataset is another one now.
    """
    fresh, tasks, optimizers = learner.state(), learner.tasks, learner.optimizers
    if missing := fresh.keys() - state.keys():
        raise CheckpointError(f"{path}: no {min(missing)}, expected the state of a training run")
    for task, checksum in zip(tasks, of_length(state["datasets"], len(tasks), path, "datasets"), strict=True):
        if checksum != task.dataset.attributes["checksum"]:
            raise CheckpointError(f"{path.parent}: was trained on another dataset than {task.config.dataset} holds now")
    step, steps = state["step"], learner.config.steps
    if type(step) is not int or not 0 <= step <= steps:
        raise CheckpointError(f"{path}: step {shown(step)}, expected 0 to {steps:,}")
    require_number(state["seconds"], path, "seconds")
    for value in of_length(state["best"], 2, path, "best"):
        require_number(value, path, "best", least=-1)
    for name in ("model", "average"):
        require_weights(state[name], fresh[name], path, name)
    groups = zip(of_length(state["optimizers"], len(optimizers), path, "optimizers"), optimizers, strict=True)
    for number, (values, optimizer) in enumerate(groups):
        require_moments(values, optimizer, path, f"optimizers.{number}")
    carries = zip(of_length(state["carries"], len(tasks), path, "carries"), fresh["carries"], tasks, strict=True)
    for number, (rows, expected, task) in enumerate(carries):
        _require_carry(rows, expected, task.dataset.family.vocabulary_size, path, f"carries.{number}")
    if state["window"] is not None:
        for value in of_length(state["window"], len(Metrics._fields), path, "window"):
            require_plain(value, path, "window")
            if value.ndim or value.is_complex():
                raise CheckpointError(f"{path}: window of shape {tuple(value.shape)}, expected real numbers")
    if type(state["device"]) is not str:
        raise CheckpointError(f"{path}: device {shown(state['device'])}, expected text")
    _require_generator(state["generator"], state["device"] == learner.device.type, learner.device, path)


def moved(value: Any, device: torch.device) -> Any:
    """Return tensors, and containers of them, on a device."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, dict):
        return {key: moved(part, device) for key, part in value.items()}
    return type(value)(moved(part, device) for part in value) if isinstance(value, list | tuple) else value


def of_length(values: Any, length: int, path: Path, name: str) -> Sequence[Any]:
    """Return a list or a tuple.

    Raises:
        CheckpointError: it is none, or of another length.
    """
    if not isinstance(values, list | tuple) or len(values) != length:
        found = f"{len(values)} values" if isinstance(values, list | tuple) else shown(values)
        raise CheckpointError(f"{path}: {name}: {found}, expected {length} values")
    return values


def require_number(value: Any, path: Path, name: str, least: float = 0) -> None:
    """Refuse what is no finite number of at least ``least``.

    Raises:
        CheckpointError: it is none.
    """
    if type(value) not in (int, float) or not math.isfinite(value) or value < least:
        raise CheckpointError(f"{path}: {name} {shown(value)}, expected a number of at least {least:g}")


def require_weights(found: Any, expected: dict[str, Tensor] | None, path: Path, name: str) -> None:
    """Refuse weights of other names or shapes than those expected, or that are not finite.

    Raises:
        CheckpointError: they are; the message names one.
    """
    if expected is None or found is None:
        if found is not expected:
            raise CheckpointError(f"{path}: {name}: expected {'none' if expected is None else 'weights'}")
        return
    weights = require_state_dict(found, path)
    require_shapes(weights, {key: value.shape for key, value in expected.items()}, path, f"{name}.")
    require_floats(weights, path, f"{name}.")


def require_moments(values: Any, optimizer: Optimizer, path: Path, name: str) -> None:
    """Check what an optimizer keeps of each parameter, counted over its groups.

    Raises:
        CheckpointError: no such parameter, or moments of another shape or not finite.
    """
    if not isinstance(values, dict) or not isinstance(values.get("state"), dict):
        raise CheckpointError(f"{path}: {name}: expected the state of an optimizer")
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for number, moments in values["state"].items():
        if type(number) is not int or not 0 <= number < len(parameters) or not isinstance(moments, dict):
            raise CheckpointError(f"{path}: {name}.state {shown(number)}, expected one of {len(parameters)} parameters")
        shape = parameters[number].shape
        expected = {key: torch.Size() if key == "step" else shape for key in state_names(optimizer)}
        for key, value in moments.items():
            require_plain(value, path, f"{name}.state.{number}.{key}")
        require_shapes(moments, expected, path, f"{name}.state.{number}.")
        require_floats(moments, path, f"{name}.state.{number}.")


def _require_carry(rows: Any, expected: list[Tensor], vocabulary: int, path: Path, name: str) -> None:
    """Check a batch that is being worked on: the tensors of ``agents.training.act.Carry``."""
    for number, (value, fresh) in enumerate(zip(of_length(rows, len(expected), path, name), expected, strict=True)):
        require_plain(value, path, f"{name}.{number}")
        if (value.shape, value.dtype) != (fresh.shape, fresh.dtype):
            found, wanted = (f"{tuple(x.shape)} {str(x.dtype).removeprefix('torch.')}" for x in (value, fresh))
            raise CheckpointError(f"{path}: {name}.{number}: {found}, expected {wanted}")
        if value.is_floating_point():
            require_floats({str(number): value}, path, f"{name}.")
        elif value.dtype == torch.uint8 and bool((value >= vocabulary).any()):
            raise CheckpointError(f"{path}: {name}.{number}: token {int(value.max())}, expected up to {vocabulary - 1}")


def _require_generator(value: Any, used: bool, device: torch.device, path: Path) -> None:
    """Check the bytes of a random number generator; those of another kind of device are not ``used``."""
    require_plain(value, path, "generator")
    try:
        if used:
            torch.Generator(device).set_state(value)
    except (RuntimeError, TypeError) as error:
        raise CheckpointError(f"{path}: generator: not the state of a random number generator") from error
