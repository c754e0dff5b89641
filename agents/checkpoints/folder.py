"""A checkpoint is a folder: ``config.json`` and ``model.safetensors`` to use it, ``training.pt`` to go on training.

A run's folder is its newest checkpoint; the last ones lie in ``checkpoints/step-N`` and the best one in ``best``.
"""

from __future__ import annotations

import copy
import dataclasses
import filecmp
import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_model as load_safetensors
from safetensors.torch import save_model as save_safetensors

from agents.config.model import CONFIG, AIRConfig
from agents.models.air import AIR
from puzzles.files import new_folder, replacing

WEIGHTS, TRAINING = "model.safetensors", "training.pt"
CHECKPOINTS, BEST = "checkpoints", "best"
EVALUATION = "eval.json"
"""What ``air-envs eval`` measured of a folder's weights."""
BEST_EVALUATION = "evaluation.json"
"""What training measured of those in ``BEST``."""


class CheckpointError(ValueError):
    """A checkpoint folder lacks a file or holds a damaged one. The message starts with the path."""


def save_model(model: AIR, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write the model as the Hugging Face mixin lays it out, each file whole or not at all.

    Args:
        model: to write.
        folder: of the checkpoint.
        dtype: of the weights in the file; ``load_model`` makes them float32 again. bfloat16 halves the file, and a
            model that computes in bfloat16 loses next to nothing by it.
    """
    if dtype != torch.float32:
        model = copy.deepcopy(model).to(dtype)
    with replacing(folder / CONFIG) as temporary:
        temporary.write_text(json.dumps(dataclasses.asdict(model.config), sort_keys=True, indent=2))
    with replacing(folder / WEIGHTS) as temporary:
        save_safetensors(model, str(temporary))


def load_config(folder: Path) -> AIRConfig:
    """Read what the model in a checkpoint folder is made of.

    Raises:
        CheckpointError: a missing or damaged file.
    """
    try:
        return AIRConfig(**json.loads((folder / CONFIG).read_text()))
    except FileNotFoundError as error:
        raise CheckpointError(f"{folder}: no {CONFIG}, expected a checkpoint with {CONFIG} and {WEIGHTS}") from error
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from error


def load_model(folder: Path, device: torch.device | str = "cpu") -> AIR:
    """Load a model from a checkpoint folder.

    Raises:
        CheckpointError: a missing or damaged file, or weights that do not fit the configuration.
    """
    config = load_config(folder)
    if not (folder / WEIGHTS).is_file():
        raise CheckpointError(f"{folder}: no {WEIGHTS}, expected a checkpoint with {CONFIG} and {WEIGHTS}")
    try:
        model = AIR(config)
    except ValueError as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from error
    try:
        load_safetensors(model, folder / WEIGHTS)
    except (SafetensorError, RuntimeError) as error:
        raise CheckpointError(f"{folder / WEIGHTS}: {error}") from error
    return model.to(device).eval()


def save_checkpoint(model: AIR, training: dict[str, Any], run: Path, step: int, keep: int) -> None:
    """Write ``checkpoints/step-N``, make it what the run's folder holds, and remove all but the last ``keep``.

    A kill at any moment leaves a checkpoint to resume from: the one before or this one.

    Args:
        model: to use.
        training: everything that a bit-exact resume needs: tensors, numbers and containers of them.
        run: the run's folder.
        step: that was trained last.
        keep: how many.
    """
    path = checkpoint_folder(run, step)
    shutil.rmtree(path, ignore_errors=True)
    with new_folder(path) as folder:
        save_model(model, folder)
        torch.save(training, folder / TRAINING)
    _publish(path, run)
    for old in checkpoint_steps(run)[:-keep]:
        shutil.rmtree(checkpoint_folder(run, old))


def publish_newest(run: Path) -> None:
    """Make the newest checkpoint what the run's folder holds, where a kill came before ``save_checkpoint`` had."""
    for step in checkpoint_steps(run)[-1:]:
        newest = checkpoint_folder(run, step)
        if not (run / TRAINING).exists() or not filecmp.cmp(newest / TRAINING, run / TRAINING):
            _publish(newest, run)


def rewind(run: Path, step: int) -> None:
    """Make an earlier checkpoint the one that the run goes on from, and remove those after it.

    Raises:
        CheckpointError: there is no such checkpoint.
    """
    steps = checkpoint_steps(run)
    if step not in steps:
        raise CheckpointError(f"{run}: no checkpoint of step {step}, expected one of {steps}")
    _publish(checkpoint_folder(run, step), run)
    drop_later(run, step)


def drop_later(run: Path, step: int) -> None:
    """Remove a run's checkpoints of steps after ``step``."""
    for later in checkpoint_steps(run):
        if later > step:
            shutil.rmtree(checkpoint_folder(run, later))


def checkpoint_folder(run: Path, step: int) -> Path:
    """Where a run keeps the checkpoint of a step."""
    return run / CHECKPOINTS / f"step-{step}"


def checkpoint_steps(run: Path) -> list[int]:
    """The steps a run has a checkpoint of, in order."""
    return sorted(int(path.name.removeprefix("step-")) for path in (run / CHECKPOINTS).glob("step-*"))


def _publish(checkpoint: Path, run: Path) -> None:
    """Give the run's folder a checkpoint's files, without a second copy where the file system has links.

    What was measured of the weights before goes.
    """
    for name in (CONFIG, WEIGHTS, TRAINING):
        with replacing(run / name) as temporary:
            temporary.unlink()
            try:
                os.link(checkpoint / name, temporary)
            except OSError:
                shutil.copyfile(checkpoint / name, temporary)
    (run / EVALUATION).unlink(missing_ok=True)


def load_training(folder: Path, device: torch.device | str) -> dict[str, Any]:
    """Read back what ``save_checkpoint`` wrote; nothing but tensors and plain values is unpickled.

    Raises:
        CheckpointError: no such file, or a damaged one.
    """
    path = folder / TRAINING
    if not path.is_file():
        raise CheckpointError(f"{folder}: no {TRAINING}, nothing to resume from")
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except (RuntimeError, EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path}: damaged: {error}") from error
