"""What kind of folder it is, so that no other kind is read, and nothing is replaced without being asked."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from agents.checkpoints.compression import SUFFIX
from agents.checkpoints.errors import CheckpointError, OccupiedError
from agents.checkpoints.lock import LOCK
from agents.checkpoints.manifest import MANIFEST
from agents.config.model import CONFIG, EXPORTED, OPTIONS
from agents.config.rl import RL_CONFIG
from agents.config.training import TRAIN_CONFIG

WEIGHTS, TRAINING = "model.safetensors", "training.pt"
COMPRESSED_WEIGHTS = WEIGHTS + SUFFIX
CHECKPOINTS, BEST = "checkpoints", "best"
SETTINGS = "all_config.yaml"
SITE = "site.json"

Kind = Literal["nothing", "agent", "run", "begun run", "pack", "model", "export", "graphs", "site", "dataset", "other"]
DESCRIBED: dict[Kind, str] = {
    "nothing": "nothing",
    "agent": "a run of air-envs train-rl",
    "run": "a run",
    "begun run": "a run without a checkpoint",
    "pack": "a packed model",
    "model": "a checkpoint",
    "export": "a model in the authors' layout",
    "graphs": "an exported model",
    "site": "a site",
    "dataset": "a dataset",
    "other": "other files",
}
"""Each kind as an error calls it."""
_LEFT_OVER = re.compile(rf"{re.escape(LOCK)}|\..+\.(tmp|new|old|removed)")
"""Names that a killed writer of ours may leave."""
_OF_MODELS = re.compile(
    r"(config|manifest|generator|evaluation|chain)\.json|model\.safetensors(\.xz)?|README\.md|eval(-.+)?\.(json|png)|analysis|report\.html"
    r"|all_config\.yaml|step_\d+"
    r"|model\.json|(start|update_[LH]|decode|halt)\.(onnx|pt2)"
    r"|site\.json|index\.html|icon\.svg|sw\.js|third-party\.txt|assets|models"
)
"""Names in the folder of a model, a pack, an export or a site, with what was measured of it."""
_HDF5 = b"\x89HDF\r\n\x1a\n"


def kind_of(path: Path) -> Kind:
    """Return what kind of thing is at a path.

    An agent has the configuration of ``air-envs train-rl``. A run has ``training.pt`` or checkpoints to resume from. A
    run that was killed before its first checkpoint is "begun": it has its configuration and no weights. A model has a
    configuration and weights; a pack is one with ``generator.json``. An export is in the layout of HRM, TRM and AIR;
    graphs are for other runtimes, a site is for browsers. A folder without files is nothing.
    """
    if not path.is_dir():
        return "nothing" if not path.exists() else "dataset" if _is_hdf5(path) else "other"
    names = _names(path)
    if RL_CONFIG in names:
        return "agent"
    if TRAINING in names or checkpoint_steps(path):
        return "run"
    if {CONFIG, WEIGHTS, COMPRESSED_WEIGHTS} & names:
        return "pack" if OPTIONS in names else "model"
    if TRAIN_CONFIG in names:
        return "begun run"
    if SETTINGS in names:
        return "export"
    if EXPORTED in names:
        return "graphs"
    if SITE in names:
        return "site"
    if {MANIFEST, BEST} & names:
        return "model"
    return "other" if names else "nothing"


def checkpoint_folder(run: Path, step: int) -> Path:
    """Where a run keeps the checkpoint of a step."""
    return run / CHECKPOINTS / f"step-{step}"


def checkpoint_steps(run: Path) -> list[int]:
    """The steps a run has a checkpoint of, in order."""
    found = (re.fullmatch(r"step-(\d{1,18})", path.name) for path in (run / CHECKPOINTS).glob("step-*"))
    return sorted(int(step[1]) for step in found if step)


def last_checkpoint(run: Path, until: int | None = None) -> str:
    """Name the last checkpoint of a run, of those up to a step, as an error does."""
    steps = [step for step in checkpoint_steps(run) if until is None or step <= until]
    return f"the last good checkpoint is {checkpoint_folder(run, steps[-1])}" if steps else "no good checkpoint is left"


def require_kind(path: Path, overwrite: bool, *kinds: Kind) -> None:
    """Refuse to write into a folder that holds anything, but for what the user wants to have overwritten.

    Args:
        path: of the folder to write.
        overwrite: whether one of ``kinds`` may be replaced.
        kinds: that the command writes itself.

    Raises:
        OccupiedError: something else is there.
    """
    found = kind_of(path)
    if found == "nothing" or (overwrite and found in kinds):
        return
    way = "choose another output, or replace it with --overwrite" if found in kinds else "expected a new folder"
    raise OccupiedError(f"{path}: holds {DESCRIBED[found]} already; {way}")


def require_replaceable(path: Path, overwrite: bool, *kinds: Kind) -> None:
    """Refuse as ``require_kind``, and to replace a folder, as a whole, that is in use or also has other files.

    Raises:
        OccupiedError: it is the working directory or a mount point, or there are other files.
    """
    require_kind(path, overwrite, *kinds)
    if os.path.ismount(path) or path.resolve() == Path.cwd():
        raise OccupiedError(f"{path}: the working directory or a mount point, expected a folder that can be replaced")
    foreign = [name for name in sorted(_names(path)) if not _OF_MODELS.fullmatch(name)] if path.exists() else []
    if foreign:
        raise OccupiedError(f"{path}: also holds {foreign[0]}, which would be lost; expected nothing but the model")


def require_new_files(overwrite: bool, *paths: Path) -> None:
    """Refuse to replace files without being asked.

    Raises:
        OccupiedError: one of them is there, and is not to be overwritten.
    """
    for path in paths:
        if path.exists() and not overwrite:
            raise OccupiedError(f"{path}: is there already; choose another output, or replace it with --overwrite")


def require_resumable(run: Path) -> None:
    """Refuse to resume what is no run.

    Raises:
        CheckpointError: it is none, or its ``training.pt`` is gone.
    """
    found = kind_of(run)
    if found in ("run", "begun run"):
        return
    if found == "agent":
        raise CheckpointError(f"{run}: holds {DESCRIBED[found]}; air-envs train-rl --resume {run} continues it")
    if (run / TRAIN_CONFIG).is_file():
        raise CheckpointError(f"{run}: holds {DESCRIBED[found]} without {TRAINING}: nothing to resume from")
    raise CheckpointError(f"{run}: holds {DESCRIBED[found]}, no {TRAIN_CONFIG}: not the folder of a training run")


def _names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if not _LEFT_OVER.fullmatch(file.name)}


def _is_hdf5(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_HDF5)) == _HDF5
