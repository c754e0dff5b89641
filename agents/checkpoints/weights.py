"""Weights from a file that may be damaged or hostile: read without running code, checked before a model takes them."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as parse_safetensors
from torch import Tensor

from agents.checkpoints.errors import CheckpointError
from agents.config.model import AIRConfig
from agents.config.reading import shown
from agents.models.air import AIR

FLOATS = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
"""Dtypes that weights may have in a file; a model's own are float32."""
NAMED = 3
"""Names of weights in a message; a model may lack hundreds."""


def unpickled(file: IO[bytes], path: Path, device: torch.device | str = "cpu") -> Any:
    """Return what ``torch.save`` wrote: tensors and plain values; no code is run for anything else.

    Args:
        file: open at its start.
        path: of it, for messages.
        device: where to put the tensors.

    Raises:
        CheckpointError: no torch file, one from before torch 1.6, a damaged one, or one that holds other objects.
    """
    try:
        _require_stored(file)
        return torch.load(file, map_location=device, weights_only=True)
    except pickle.UnpicklingError as error:
        # torch's own message advises to read such a file without this check.
        found = "damaged, or it holds other objects than tensors, numbers and text, which are not read"
        raise CheckpointError(f"{path}: not a torch file of weights: {found}") from error
    except Exception as error:  # damaged bytes lead the unpickler to any error there is
        raise CheckpointError(f"{path}: not a torch file of weights: {_reason(error)}") from error


def safetensors(data: bytes, path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file.

    Raises:
        CheckpointError: it is none, or a damaged one.
    """
    try:
        return parse_safetensors(data)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: not a safetensors file: {_reason(error)}") from error


def require_model(config: AIRConfig, found: Mapping[str, Tensor], path: Path) -> None:
    """Compare weights with what a model has by its configuration, before anything of its size is allocated.

    Args:
        config: of the model.
        found: by name.
        path: of the file, for messages.

    Raises:
        CheckpointError: a weight is missing, unexpected, of another shape, or not to be used (``require_floats``).
        ValueError: the configuration describes no model.
    """
    require_shapes(found, shapes(config), path)
    require_floats(found, path)


def shapes(config: AIRConfig) -> dict[str, torch.Size]:
    """Return the shape of each weight of a model, by name, without allocating any.

    Raises:
        ValueError: the configuration describes no model.
    """
    with torch.device("meta"):
        return {name: weight.shape for name, weight in AIR(config).state_dict().items()}


def require_shapes(
    found: Mapping[str, Tensor], expected: Mapping[str, torch.Size], path: Path, prefix: str = ""
) -> None:
    """Compare names and shapes of tensors.

    Args:
        found: tensors by name.
        expected: shapes by name.
        path: of the file, for messages.
        prefix: of the names in messages.

    Raises:
        CheckpointError: a name is missing or unexpected, or a shape is another.
    """
    missing, unexpected = expected.keys() - found.keys(), found.keys() - expected.keys()
    for what, names in {"missing": missing, "unexpected": unexpected}.items():
        if names:
            raise CheckpointError(f"{path}: {what} keys: {some(prefix + str(name) for name in names)}")
    for name, shape in expected.items():
        if found[name].shape != shape:
            held = tuple(found[name].shape)
            raise CheckpointError(f"{path}: key {prefix}{name} of shape {held}, expected {tuple(shape)}")


def require_floats(found: Mapping[str, Tensor], path: Path, prefix: str = "") -> None:
    """Refuse tensors that can't be weights: of another dtype than ``FLOATS``, or with a value that is not finite.

    Raises:
        CheckpointError: one is; the message names it.
    """
    for name, value in found.items():
        require_plain(value, path, prefix + str(name))
        if value.dtype not in FLOATS:
            kind = str(value.dtype).removeprefix("torch.")
            raise CheckpointError(f"{path}: key {prefix}{name} of dtype {kind}, expected floating-point numbers")
        if not bool(value.isfinite().all()):
            raise CheckpointError(f"{path}: key {prefix}{name} holds NaN or infinity")


def require_state_dict(values: Any, path: Path) -> dict[str, Tensor]:
    """Return what was unpickled as tensors by name.

    Raises:
        CheckpointError: it is something else, or holds a tensor that is not plain (``require_plain``).
    """
    if not isinstance(values, dict):
        raise CheckpointError(f"{path}: not a state dict of tensors: {type(values).__name__}")
    for name, value in values.items():
        if type(name) is not str:
            raise CheckpointError(f"{path}: not a state dict of tensors: key {shown(name)}, expected a name")
        require_plain(value, path, name)
    return values


def require_plain(value: Any, path: Path, name: str) -> None:
    """Refuse all but dense tensors in memory: sparse, quantised, nested and meta ones, views larger than their data.

    Raises:
        CheckpointError: it is one, or no tensor at all.
    """
    if type(value) not in (Tensor, torch.nn.Parameter):
        raise CheckpointError(f"{path}: key {name}: {type(value).__name__}, expected a tensor")
    dense = value.layout == torch.strided and not value.is_nested and not value.is_quantized
    if not dense or value.device.type == "meta":
        raise CheckpointError(f"{path}: key {name}: expected a dense tensor, not a sparse, quantised or meta one")
    if value.numel() * value.element_size() > value.untyped_storage().nbytes():
        raise CheckpointError(f"{path}: key {name} of shape {tuple(value.shape)}, more than the file holds")


def some(names: Iterable[str]) -> str:
    """List the first few of some names."""
    ordered = sorted(names)
    rest = f" and {len(ordered) - NAMED} more" if len(ordered) > NAMED else ""
    return ", ".join(ordered[:NAMED]) + rest


def _require_stored(file: IO[bytes]) -> None:
    """Refuse a zip archive that unpacks to more than its own size: ``torch.save`` compresses nothing."""
    with zipfile.ZipFile(file) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > file.seek(0, 2):
        raise ValueError("compressed")
    file.seek(0)


def _reason(error: Exception) -> str:
    """Return the first line of an error, in short."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
