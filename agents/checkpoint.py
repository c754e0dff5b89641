"""A checkpoint is a folder: ``config.json`` and ``model.safetensors`` to use it, ``training.pt`` to go on training."""

from __future__ import annotations

import json
import pickle
import tempfile
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import HFValidationError
from safetensors import SafetensorError
from safetensors.torch import load_model as load_safetensors

from agents.config import AIRConfig
from agents.model import AIR
from puzzles.files import replacing

CONFIG, WEIGHTS, TRAINING = "config.json", "model.safetensors", "training.pt"


class CheckpointError(ValueError):
    """A checkpoint folder lacks a file or holds a damaged one. The message starts with the path."""


def save_model(model: AIR, folder: Path) -> None:
    """Write the model as the Hugging Face mixin lays it out, each file whole or not at all."""
    with tempfile.TemporaryDirectory() as staging:
        model.save_pretrained(staging)
        for name in (CONFIG, WEIGHTS):
            with replacing(folder / name) as temporary:
                temporary.write_bytes((Path(staging) / name).read_bytes())


def load_model(name_or_path: str | Path, device: torch.device | str = "cpu") -> AIR:
    """Load a model from a checkpoint folder, or from the hub where the name is no folder.

    Raises:
        CheckpointError: a missing or damaged file, weights that do not fit the configuration, or no such model.
    """
    folder = Path(name_or_path) if Path(name_or_path).is_dir() else _download(str(name_or_path))
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise CheckpointError(f"{folder}: no {name}, expected a checkpoint with {CONFIG} and {WEIGHTS}")
    try:
        model = AIR(AIRConfig(**json.loads((folder / CONFIG).read_text())))
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from error
    try:
        load_safetensors(model, folder / WEIGHTS)
    except (SafetensorError, RuntimeError) as error:
        raise CheckpointError(f"{folder / WEIGHTS}: {error}") from error
    return model.to(device).eval()


def _download(name: str) -> Path:
    """Fetch a model's two files from the hub, or take them from its cache; return their folder."""
    try:
        config, _ = (Path(hf_hub_download(name, file)) for file in (CONFIG, WEIGHTS))
        return config.parent
    except (HFValidationError, OSError) as error:
        raise CheckpointError(f"{name}: neither a checkpoint folder nor a model on the hub") from error


def save_training(values: dict[str, Any], folder: Path) -> None:
    """Write everything that a bit-exact resume needs: tensors, numbers and containers of them."""
    with replacing(folder / TRAINING) as temporary:
        torch.save(values, temporary)


def load_training(folder: Path, device: torch.device | str) -> dict[str, Any]:
    """Read back what ``save_training`` wrote; nothing but tensors and plain values is unpickled.

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
