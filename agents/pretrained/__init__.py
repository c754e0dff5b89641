"""Models by name: those that are shipped in folders beside this file, those in any other folder, and the hub's.

A shipped model is a folder NAME with ``config.json``, ``model.safetensors`` in bfloat16, a model card and
``generator.json``, the options of the generator whose puzzles it was trained on. ``air-envs pack`` makes one of a run:

    air-envs pack runs/sudoku-6x6 --output agents/pretrained/sudoku-6x6

Where those puzzles were imported, ``generator.json`` is empty, which means the defaults of the family; write into it
what makes such puzzles, ``{"generator": "percolation"}`` for Maze-Hard, or ``{"level": "extreme"}``.
"""

from __future__ import annotations

from pathlib import Path

import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HFValidationError

from agents.checkpoints.folder import CONFIG, WEIGHTS, CheckpointError, load_model
from agents.models.air import AIR

FOLDER = Path(__file__).parent
OWNER = "air_envs"
"""Shipped models are called OWNER/NAME, as on the hub, or NAME for short."""


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
        name_or_path: ``"runs/mine"``, ``"air_envs/sudoku-6x6"`` or ``"sudoku-6x6"``, ``"someone/their-model"``.
        device: where to put it.

    Raises:
        CheckpointError: no such model, or a damaged one.
    """
    folder = find(name_or_path)
    if folder is not None:
        return load_model(folder, device)
    names = ", ".join(f"{OWNER}/{name}" for name in shipped_models()) or "there are none"
    if "/" not in str(name_or_path):  # no name on the hub lacks its owner
        raise CheckpointError(f"{name_or_path}: neither a checkpoint folder nor a shipped model; shipped: {names}")
    try:
        folder = _download(str(name_or_path))
    except (HFValidationError, OSError) as error:
        wrong = f"{name_or_path}: neither a checkpoint folder nor a model on the hub; shipped: {names}"
        raise CheckpointError(wrong) from error
    return load_model(folder, device)


def _download(name: str) -> Path:
    """Fetch a model's two files from the hub, or take them from its cache; return their folder."""
    config, _ = (Path(hf_hub_download(name, file)) for file in (CONFIG, WEIGHTS))
    return config.parent
