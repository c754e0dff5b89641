"""Models by name: those in a folder, those that are shipped in this folder, and the Hugging Face hub's.

A shipped model is a folder NAME with ``config.json``, ``generator.json``, which has the options of the generator whose
puzzles it was trained on, weights in bfloat16, the manifest of these three, and a model card. The weights are
``model.safetensors.xz``, which takes 15 % less room in the wheel than ``model.safetensors``. Every reader of checkpoint
folders takes both (``agents.checkpoints.compression``). ``air-envs pack`` writes a model of a run, and compresses the
weights where the model is to be shipped:

    air-envs pack runs/sudoku-6x6 --output agents/pretrained/sudoku-6x6

Where those puzzles were imported, ``generator.json`` is empty, which means the defaults of the family; give what makes
such puzzles with ``--generator``: ``{"generator": "percolation"}`` for Maze-Hard, or ``{"level": "extreme"}``.

Importing this loads no torch.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from agents.config.extras import require
from agents.config.model import CONFIG

if TYPE_CHECKING:
    import torch

    from agents.models.air import AIR

FOLDER = Path(__file__).parent
OWNER = "air_envs"
"""Shipped models are called OWNER/NAME, or NAME for short."""
HUB = "hf://"
"""Before ``owner/name``: the model of that name on the Hugging Face hub, and nowhere else."""
UNKNOWN = "neither a folder nor a shipped model"


def shipped_models() -> list[str]:
    """Return the names of the shipped models, in alphabetical order."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{CONFIG}"))


def find(name_or_path: str | Path) -> Path | None:
    """Return the folder of a model: the folder of that path, else of the shipped model of that name.

    Returns:
        None where there is neither; the hub may know such a name.
    """
    if Path(name_or_path).is_dir():
        return Path(name_or_path)
    name = str(name_or_path).removeprefix(f"{OWNER}/")
    return FOLDER / name if name in shipped_models() else None


def load_pretrained(name_or_path: str | Path, device: torch.device | str = "cpu") -> AIR:
    """Load a model from a folder, else a shipped one of that name, else one of the hub; its weights become float32.

    Args:
        name_or_path: ``"runs/mine"``; ``"sudoku-6x6"`` or ``"air_envs/sudoku-6x6"``; ``"someone/their-model"``, or
            ``"hf://someone/their-model"``, which looks nowhere but on the hub.
        device: where to put it.

    Raises:
        CheckpointError: no such model, or a damaged one.
        ModuleNotFoundError: torch is not installed.
    """
    from agents.checkpoints.folder import CheckpointError, load_model

    folder = find(name_or_path)
    if folder is None:
        name = hub_name(name_or_path)
        if name is None:
            raise CheckpointError(f"{name_or_path}: {UNKNOWN}; shipped: {', '.join(shipped_models())}")
        require("huggingface_hub")
        from agents.pretrained.hub import download

        folder = download(name)
    return load_model(folder, device)


def hub_name(name: str | Path) -> str | None:
    """Return what a model would be called on the hub, ``owner/name``; None for what can't be a name there.

    A ``Path`` is a folder and never a name, and names of ``OWNER`` are those of shipped models.
    """
    if not isinstance(name, str) or name.startswith((f"{OWNER}/", ".")):
        return None
    found = re.fullmatch(rf"(?:{HUB})?([\w.-]+/[\w.-]+)", name)
    return found and found[1]
