"""The folder of a training run: begun in a new one, resumed as it was, held by one trainer at a time."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agents.checkpoints.chain import CHAIN
from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import load_training, publish_newest
from agents.checkpoints.kinds import (
    BEST,
    CHECKPOINTS,
    COMPRESSED_WEIGHTS,
    TRAINING,
    WEIGHTS,
    checkpoint_steps,
    last_checkpoint,
    require_kind,
    require_resumable,
)
from agents.checkpoints.lock import locked
from agents.checkpoints.manifest import MANIFEST, read_manifest
from agents.checkpoints.replacing import remove_folder
from agents.config.model import CARD, CONFIG, OPTIONS
from agents.config.reading import shown
from agents.config.training import (
    MAY_CHANGE,
    TRAIN_CONFIG,
    TrainConfig,
    checked_json,
    differences,
    json_values,
    parse_train_config,
    train_config_of,
)
from agents.training.processes import Processes
from agents.training.runs.log import METRICS, WANDB_ID
from agents.training.runs.state import CONFIG_FIELD
from puzzles.files import replacing

_FOR_PEOPLE = (CARD, "curve.png")
_OF_MODEL = (CONFIG, WEIGHTS, COMPRESSED_WEIGHTS, MANIFEST, OPTIONS)
REPLACED = (TRAIN_CONFIG, CHAIN, TRAINING, *_OF_MODEL, METRICS, WANDB_ID, *_FOR_PEOPLE)
"""Files of a run, a model or a pack that a new run in its folder removes, when asked to overwrite it."""


def require_new_run(run: Path, overwrite: bool) -> None:
    """Refuse to begin a run in a folder that holds anything but files of another kind, unless it may be overwritten.

    Raises:
        OccupiedError: it holds a run, a model or a pack, or no folder is there but a file.
    """
    if not run.is_dir() or _is_taken(run):
        require_kind(run, overwrite, "run", "begun run", "model", "pack")


def resumed(run: Path, changes: dict[str, Any]) -> tuple[TrainConfig, dict[str, Any] | None]:
    """Return the configuration of a resumed run, and the state, on the CPU, that it resumes from.

    Args:
        run: folder of the run.
        changes: fields of its configuration that are to be others from now on, see ``MAY_CHANGE``.

    Returns:
        None for the state of a run that was killed before its first checkpoint, which begins again.

    Raises:
        CheckpointError: the folder holds no run, a damaged one or an earlier version's, or its configuration is not the
            one that its checkpoint was trained with.
        ValueError: a change that a resumed run can't make.
    """
    require_resumable(run)
    processes, path = Processes.current(), run / TRAIN_CONFIG
    if processes.is_main:
        publish_newest(run)
    processes.wait()
    state = _state(run)
    trained = _trained(state, run)
    config, checked = _written(path, trained) if trained is None or path.is_file() else (trained, True)
    config = dataclasses.replace(config, output=run)
    if trained is not None:
        _require_unedited(config, trained, bool(checked), path)
    elif checked is False:
        raise CheckpointError(f"{path}: edited or damaged, its checksum is another")
    _require_changeable(config, changes, 0 if state is None else state.get("step"))
    return dataclasses.replace(config, **changes), state


def saved_config(config: TrainConfig) -> dict[str, Any]:
    """Return a run's configuration as its checkpoints keep it."""
    values = json_values(config)
    del values["output"]
    return values


def schedule_note(before: TrainConfig, after: TrainConfig, step: int) -> str | None:
    """Say what another number of steps does to a schedule that depends on it; None where nothing does.

    Args:
        before: the run as it was.
        after: as it continues.
        step: from which on.
    """
    if before.steps == after.steps or after.schedule == "constant":
        return None
    return (
        f"schedule {after.schedule} depends on the number of steps: from step {step:,} on the learning rate follows "
        f"that of {after.steps:,} steps, {after.lr_at(step):.3g} where that of {before.steps:,} had "
        f"{before.lr_at(step):.3g}; a run of {after.steps:,} steps from its beginning would differ"
    )


@contextlib.contextmanager
def held(config: TrainConfig, step: int, begun: bool, overwrite: bool) -> Iterator[None]:
    """Hold a run's folder while it is trained; write its configuration there.

    Args:
        config: of the run.
        step: that training resumes from.
        begun: whether the folder holds this run already.
        overwrite: remove the run or model that is in the folder of a new run.

    Raises:
        CheckpointError: another process writes into it, or has continued the run since it was resumed.
        OccupiedError: a new run would replace what the folder holds.
        OSError: the system refused a write in this block; the message names the last checkpoint, if there is one.
    """
    run = config.output
    if not begun:
        require_new_run(run, overwrite)  # before there is a lock in it
    try:
        with locked(run):
            if begun:
                if later := [other for other in checkpoint_steps(run) if other > step]:
                    raise CheckpointError(f"{run}: has continued to step {later[-1]} meanwhile; resume it again")
            else:
                require_new_run(run, overwrite)
                if _is_taken(run):
                    _clear(run)
            with replacing(run / TRAIN_CONFIG) as temporary:
                temporary.write_text(checked_json(config), encoding="utf-8")
            yield
    except OSError as error:
        if error.errno is None:
            raise
        saved = f"; {last_checkpoint(run)}" if checkpoint_steps(run) else ""
        raise OSError(error.errno, f"{error.strerror}{saved}", error.filename or str(run)) from error


def _state(run: Path) -> dict[str, Any] | None:
    """Read the state that a run resumes from; None where it has no checkpoint."""
    if not (run / TRAINING).exists():
        return None
    try:
        state = load_training(run, "cpu")
    except CheckpointError as error:
        earlier = checkpoint_steps(run)[:-1]
        if not earlier:
            raise
        raise CheckpointError(f"{error}; --from-step {earlier[-1]} resumes from the checkpoint before it") from error
    if "datasets" not in state:
        raise CheckpointError(f"{run}: an earlier version of air-envs began this run; this one cannot resume it")
    return state


def _trained(state: dict[str, Any] | None, run: Path) -> TrainConfig | None:
    """Return the configuration that a checkpoint was trained with; None for one without a manifest."""
    if state is None or (CONFIG_FIELD not in state and read_manifest(run) is None):
        return None
    if CONFIG_FIELD not in state:
        raise CheckpointError(f"{run / TRAINING}: no {CONFIG_FIELD}, expected the state of a training run")
    try:
        return train_config_of({**state[CONFIG_FIELD], "output": str(run)})
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{run / TRAINING}: {CONFIG_FIELD}: {error}") from error


def _written(path: Path, trained: TrainConfig | None) -> tuple[TrainConfig, bool | None]:
    """Read a run's configuration, and whether its checksum is right."""
    if not path.is_file():
        raise CheckpointError(f"{path.parent}: no {TRAIN_CONFIG}, not the folder of a training run")
    try:
        return parse_train_config(path.read_bytes())
    except ValueError as error:
        way = "; remove the file to continue with what the checkpoint was trained with" if trained else ""
        raise CheckpointError(f"{path}: {error}{way}") from error


def _require_unedited(config: TrainConfig, trained: TrainConfig, checked: bool, path: Path) -> None:
    """Compare the configuration in a run's folder with that of its checkpoint.

    They may differ in ``MAY_CHANGE``, where it was written so: by a resume with changes, which was killed since.
    """
    for name, (found, expected) in differences(config, trained).items():
        if checked and _is_free(config, name, expected):
            continue
        flag = f" and give --{_flag(name)}" if _is_free(config, name, expected) else ""
        raise CheckpointError(
            f"{path}: {name} {shown(found)}, but the run was trained with {shown(expected)}; remove the file{flag} to "
            "continue with that"
        )


def _require_changeable(config: TrainConfig, changes: dict[str, Any], step: Any) -> None:
    wanted = dataclasses.replace(config, **changes)
    for name, (value, own) in differences(wanted, config).items():
        if not _is_free(config, name, value):
            free = ", ".join(_flag(field) for field in MAY_CHANGE)
            raise ValueError(
                f"{name} {shown(value)}, but the run is trained with {shown(own)}; a resumed run may change {free} only"
            )
    if "steps" in changes and type(step) is int and wanted.steps < step:
        raise ValueError(f"steps {wanted.steps:,}, expected at least the {step:,} that the run has taken")


def _is_free(config: TrainConfig, name: str, value: Any) -> bool:
    """Whether a field of a resumed run may have this value in place of its own."""
    if name == "also":
        return [batch for _, batch in value] == [batch for _, batch in config.also]
    return name in MAY_CHANGE


def _is_taken(run: Path) -> bool:
    """Whether a folder holds what a run would write; notes and pictures alone are somebody's, who keeps them."""
    return any((run / name).exists() for name in {*REPLACED, CHECKPOINTS, BEST} - {*_FOR_PEOPLE})


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _clear(run: Path) -> None:
    """Remove the run, model or pack that a folder holds, and what was measured of it; other files stay."""
    for folder in (run / CHECKPOINTS, run / BEST):
        if folder.exists():
            remove_folder(folder)
    measured = (file for pattern in ("eval.*", "eval-*.*", "events.out.tfevents.*") for file in run.glob(pattern))
    for file in (*(run / name for name in REPLACED), *measured):
        file.unlink(missing_ok=True)
