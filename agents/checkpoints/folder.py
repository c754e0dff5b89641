"""A checkpoint is a folder: ``config.json`` and ``model.safetensors`` to use it, ``training.pt`` to resume training.

Shipped models have their weights compressed (``agents.checkpoints.compression``), and are read in the same way.

A run's folder is its newest checkpoint; the last ones are in ``checkpoints/step-N`` and the best one in ``best``. The
manifest of each (``agents.checkpoints.manifest``) is the last of its files to be published: where a kill came before,
the run's folder is read from its newest checkpoint.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import torch
from safetensors.torch import save as to_safetensors

from agents.checkpoints.compression import stored
from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.kinds import BEST, CHECKPOINTS, TRAINING, WEIGHTS, checkpoint_folder, checkpoint_steps
from agents.checkpoints.lock import locked
from agents.checkpoints.manifest import (
    MANIFEST,
    Recorder,
    check_files,
    opened,
    read_checked,
    read_manifest,
    read_object,
)
from agents.checkpoints.replacing import remove_folder, replacing_folder, settle, settled
from agents.checkpoints.weights import require_model, safetensors, unpickled
from agents.config.model import CONFIG, AIRConfig, config_of, config_text
from agents.models.air import AIR
from puzzles.files import replacing, sha256

T = TypeVar("T")

EVALUATION = "eval.json"
"""What ``air-envs eval`` measured of a folder's weights."""
BEST_EVALUATION = "evaluation.json"
"""What training measured of those in ``BEST``."""


def save_model(
    model: AIR,
    folder: Path,
    dtype: torch.dtype = torch.float32,
    beside: Mapping[str, bytes] | None = None,
    compressed: bool = False,
) -> None:
    """Write the model as the Hugging Face mixin lays it out, each file whole or not at all, and the manifest.

    Args:
        model: to write.
        folder: of the checkpoint.
        dtype: of the weights in the file; ``load_model`` makes them float32 again. bfloat16 halves the file, and a
            model that computes in bfloat16 loses next to nothing by it.
        beside: further files that the manifest lists, by name.
        compressed: write the weights in the form of shipped models.

    Raises:
        ValueError: more weights than a compressed file may hold.
        OSError: the system refuses a write.
    """
    recorder = Recorder(folder)
    _write_model(model, recorder, dtype, compressed)
    for name, data in (beside or {}).items():
        recorder.write(name, data)
    recorder.finish()


def load_config(folder: Path) -> AIRConfig:
    """Read what the model in a checkpoint folder is made of.

    Raises:
        CheckpointError: a missing or damaged file.
    """
    return _read_whole(folder, _config)


def load_model(folder: Path, device: torch.device | str = "cpu") -> AIR:
    """Load a model from a checkpoint folder.

    Raises:
        CheckpointError: a missing or damaged file, or weights that do not fit the configuration.
    """
    return _read_whole(folder, _model).to(device).eval()


def save_checkpoint(model: AIR, training: dict[str, Any], run: Path, step: int, keep: int, every: int = 1) -> None:
    """Write ``checkpoints/step-N``, make it what the run's folder holds, and remove all but ``keep``.

    This one is kept, then the last planned ones, then the last of those that Ctrl-C or the clock asked for: a run that
    was interrupted keeps what it would have kept otherwise.

    A kill at any moment leaves a checkpoint to resume from: the one before or this one.

    Args:
        model: to use.
        training: everything that a bit-exact resume needs: tensors, numbers and containers of them.
        run: the run's folder.
        step: that was trained last.
        keep: how many.
        every: planned are the multiples of so many steps.

    Raises:
        OSError: the system refuses a write, on a full disk for instance; the previous checkpoints are whole.
    """
    path = checkpoint_folder(run, step)
    with replacing_folder(path) as folder:
        recorder = Recorder(folder)
        _write_model(model, recorder, torch.float32)
        with recorder.file(TRAINING) as file:
            torch.save(training, cast(IO[bytes], file))
        recorder.finish()
    _publish(path, run)
    for old in sorted(checkpoint_steps(run), key=lambda found: (found != step, found % every > 0, -found))[keep:]:
        remove_folder(checkpoint_folder(run, old))


def save_best(model: AIR, evaluation: Mapping[str, Any], run: Path) -> None:
    """Write the run's best model so far, with what was measured of it; a kill leaves the one before or this one."""
    with replacing_folder(run / BEST) as folder:
        save_model(model, folder, beside={BEST_EVALUATION: json.dumps(evaluation, indent=2).encode() + b"\n"})


def publish_newest(run: Path) -> None:
    """Make the newest checkpoint what the run's folder holds, where a kill came before ``save_checkpoint`` had.

    What killed processes have left half written is removed.

    Raises:
        CheckpointError: another process is writing into the run.
    """
    with locked(run):
        for leftover in (run / CHECKPOINTS).glob(".*step-*"):
            shutil.rmtree(leftover)
        settle(run / BEST)
        for step in checkpoint_steps(run)[-1:]:
            newest = checkpoint_folder(run, step)
            if not all(_same(newest / name, run / name) for name in _files(newest)):
                _publish(newest, run)


def rewind(run: Path, step: int) -> None:
    """Make an earlier checkpoint the one that the run resumes from, and remove those after it.

    Raises:
        CheckpointError: there is no such checkpoint, it is damaged, or another process is writing into the run.
    """
    steps = checkpoint_steps(run)
    if step not in steps:
        raise CheckpointError(f"{run}: no checkpoint of step {step}, expected one of {steps}")
    check_files(checkpoint_folder(run, step))
    with locked(run):
        _publish(checkpoint_folder(run, step), run)
        for later in steps[steps.index(step) + 1 :]:
            remove_folder(checkpoint_folder(run, later))


def load_training(folder: Path, device: torch.device | str) -> dict[str, Any]:
    """Read back what ``save_checkpoint`` wrote; nothing but tensors and plain values is unpickled.

    Raises:
        CheckpointError: no such file, or a damaged one.
    """

    def read(folder: Path) -> dict[str, Any]:
        path = folder / TRAINING
        if not path.is_file():
            raise CheckpointError(f"{folder}: no {TRAINING}, nothing to resume from")
        with opened(folder, TRAINING) as file:
            state = unpickled(file, path, device)
        if not isinstance(state, dict):
            raise CheckpointError(f"{path}: {type(state).__name__}, expected the state of a training run")
        return state

    return _read_whole(folder, read)


def _config(folder: Path) -> AIRConfig:
    _require(folder, CONFIG)
    values = read_object(folder, CONFIG)
    try:
        return config_of(values)
    except ValueError as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from error


def _model(folder: Path) -> AIR:
    config, path = _config(folder), stored(folder / WEIGHTS)
    _require(folder, WEIGHTS)
    weights = safetensors(read_checked(folder, WEIGHTS), path)
    try:
        require_model(config, weights, path)
        model = AIR(config)
    except CheckpointError:
        raise
    except ValueError as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from error
    model.load_state_dict(weights)
    return model


def _read_whole(folder: Path, read: Callable[[Path], T]) -> T:
    """Read a checkpoint where all its files are: in its folder, or elsewhere after a kill while they changed."""
    folder = settled(folder)
    try:
        return read(folder)
    except CheckpointError:
        # Or while a trainer was at it, which may have come to the end of it meanwhile: then they are all here.
        return read(checkpoint_folder(folder, checkpoint_steps(folder)[-1]) if _half_published(folder) else folder)


def _half_published(run: Path) -> bool:
    """Whether a kill came while a checkpoint was published: some files are its, others the previous one's."""
    checkpoints = [checkpoint_folder(run, step) for step in checkpoint_steps(run)]
    if not checkpoints:
        return False
    if not (run / MANIFEST).is_file():
        return not (run / CONFIG).is_file() or _same(checkpoints[-1] / CONFIG, run / CONFIG)
    try:
        before = read_manifest(run) or {}
    except CheckpointError:
        return False
    names = (CONFIG, WEIGHTS, TRAINING)
    if not all(name in before and (run / name).is_file() for name in names):
        return False
    new = [name for name in names if sha256(run / name) != before[name].sha256]
    return bool(new) and any(all(_same(one / name, run / name) for name in new) for one in checkpoints)


def _publish(checkpoint: Path, run: Path) -> None:
    """Give the run's folder a checkpoint's files, without a second copy where the file system has links.

    What was measured of the weights before goes.
    """
    for measured in (run / EVALUATION, (run / EVALUATION).with_suffix(".png")):
        measured.unlink(missing_ok=True)
    names = _files(checkpoint)
    if MANIFEST not in names:
        (run / MANIFEST).unlink(missing_ok=True)
    for name in names:
        if (run / name).exists() and (run / name).samefile(checkpoint / name):
            continue  # renaming one link to a file onto another one leaves both
        with replacing(run / name) as temporary:
            temporary.unlink()
            try:
                os.link(checkpoint / name, temporary)
            except OSError:
                shutil.copyfile(checkpoint / name, temporary)


def _files(checkpoint: Path) -> list[str]:
    """Return the names of a checkpoint's files in the order in which they are published; before manifests, without."""
    names = [CONFIG, WEIGHTS, TRAINING]
    return [*names, MANIFEST] if (checkpoint / MANIFEST).is_file() else names


def _same(file: Path, copy: Path) -> bool:
    """Whether both are there and the same; where they are links to one file, nothing is read."""
    if not (file.is_file() and copy.is_file()) or file.stat().st_size != copy.stat().st_size:
        return False
    return copy.samefile(file) or sha256(copy) == sha256(file)


def _write_model(model: AIR, recorder: Recorder, dtype: torch.dtype, compressed: bool = False) -> None:
    recorder.write(CONFIG, config_text(model.config).encode())
    weights = {name: weight.to(dtype).contiguous() for name, weight in model.state_dict().items()}
    recorder.write(WEIGHTS, to_safetensors(weights), compressed)


def _require(folder: Path, name: str) -> None:
    if not stored(folder / name).is_file():
        raise CheckpointError(f"{folder}: no {name}, expected a checkpoint with {CONFIG} and {WEIGHTS}")
