"""What the file contains: names, types, attributes and the checksum over them. Writer and reader share this page."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import types
from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np

from puzzles.errors import check_seed

FORMAT_VERSIONS = (2, 3)
"""What is read. A file says 2 where it has neither a validation split nor sources, so that older releases read it."""
SPLITS = ("train", "validation", "test")
REQUIRED = ("train", "test")
"""Every file counts these, and has puzzles in one of them at least."""
ARRAYS: dict[str, np.dtype[Any]] = {"puzzle": np.dtype("|u1"), "solution": np.dtype("|u1"), "rating": np.dtype("<i4")}
SOURCE = "source"
"""The array that some splits have: which of the file's sources each row comes from."""
SOURCE_NAMES = "source_names"
"""The attribute that names the sources."""
MOST_SOURCES = 256
RATING_SOURCES = ("computed", "imported")
CHUNK_ROWS = 1024
"""Rows in one compressed chunk: 83 KB of a 9x9 grid, 0.9 MB of a 30x30 one."""

# Each root attribute with how its value is stored: a text, a whole number, or JSON in a text.
ATTRIBUTES = {
    "format_version": "int",
    "family": "text",
    "generator": "text",
    "generator_parameters": "json",
    "seed": "int",
    "versions": "json",
    "counts": "json",
    "command": "text",
    "split_rule": "text",
    "rating_unit": "text",
    "rating_convention": "text",
    "rating_source": "text",
}
OPTIONAL_ATTRIBUTES = {SOURCE_NAMES: "json"}


@dataclasses.dataclass(frozen=True)
class Provenance:
    """Where the puzzles of a dataset come from: enough to make them again."""

    generator: str
    """What made them: ``"air_envs generator"``, ``"import: text"``, ``"air_envs mixture"``."""
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """The generator's options, the importer's files or the mixture's sources; must be JSON."""
    seed: int = 0
    """0 <= seed < 2**64."""
    command: str = ""
    """The command or call that created the file."""
    rating_source: str = "computed"
    """``"computed"`` if the ratings are ``family.rate``'s, ``"imported"`` if they came with the puzzles."""
    rating_convention: str | None = None
    """Which of ``family.rating_conventions`` the ratings follow; None means the first."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if self.rating_source not in RATING_SOURCES:
            raise ValueError(f"rating_source {self.rating_source!r}, expected one of {RATING_SOURCES}")


def array_shape(name: str, count: int, grid_shape: tuple[int, int]) -> tuple[int, ...]:
    """Return the shape of array ``name`` for ``count`` rows: (count, rows, columns), or (count,) for numbers."""
    return (count, *grid_shape) if name in ("puzzle", "solution") else (count,)


def array_type(name: str) -> np.dtype[Any]:
    """Return the type of array ``name``."""
    return ARRAYS["puzzle"] if name == SOURCE else ARRAYS[name]


def format_version(counts: Mapping[str, int], sources: Sequence[str]) -> int:
    """Return the oldest format version that can hold so many rows per split and these sources."""
    return 3 if counts.get("validation") or sources else 2


def splits_of(version: int) -> tuple[str, ...]:
    """Return the splits that a file of this format version counts."""
    return SPLITS if version >= 3 else REQUIRED


def say_counts(counts: Mapping[str, int]) -> str:
    """Return the rows per split in words: "1,000 train, 100 validation and 1,000 test", or without validation."""
    said = [split for split in SPLITS if split in counts and (counts[split] or split in REQUIRED)]
    *some, last = [f"{counts[split]:,} {split}" for split in said]
    return f"{', '.join(some)} and {last}" if some else last


@functools.cache
def package_versions() -> Mapping[str, str]:
    """Return the versions of the packages that decide the content of a dataset."""
    versions = {"python": platform.python_version(), "hdf5": h5py.version.hdf5_version}
    for package in ("air-envs", "h5py", "numba", "numpy"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return types.MappingProxyType(versions)


def to_json(value: Any) -> str:
    """Write ``value`` as one line of JSON with sorted keys; NumPy numbers and paths become plain ones."""

    def plain(item: Any) -> Any:
        if isinstance(item, np.generic | np.ndarray):
            return item.tolist()
        if isinstance(item, os.PathLike):
            return os.fspath(item)
        raise TypeError(f"{type(item).__name__} cannot be stored as JSON: {item!r}")

    return json.dumps(value, sort_keys=True, default=plain)


def checksum(attributes: Mapping[str, str | int], hashes: Mapping[str, str | int]) -> str:
    """Return the hexadecimal SHA-256 over the raw root attributes and the hash of each array ("train/puzzle")."""
    return hashlib.sha256(to_json({"attributes": dict(attributes), "arrays": dict(hashes)}).encode()).hexdigest()


def set_value(target: h5py.HLObject, name: str, value: str | int) -> None:
    """Store an attribute; text at a fixed length, since HDF5 keeps no checksum over strings of variable length."""
    if isinstance(value, int):
        target.attrs.create(name, value, dtype=np.dtype("<u8"))
        return
    raw = value.encode("utf-8", "backslashreplace")
    target.attrs.create(name, np.bytes_(raw), dtype=h5py.string_dtype("utf-8", max(1, len(raw))))


def get_value(target: h5py.HLObject, name: str) -> str | int:
    """Read an attribute.

    Raises:
        KeyError: no such attribute.
        TypeError: the attribute is neither text nor a whole number.
    """
    value = target.attrs[name]
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, str):
        return value
    if isinstance(value, np.integer):
        return int(value)
    raise TypeError(f"attribute {name!r} is {type(value).__name__}, expected text or a whole number")


def raw_attributes(file: h5py.File) -> dict[str, str | int]:
    """Read all root attributes but the checksum, as they are stored: what the checksum covers."""
    return {name: get_value(file, name) for name in file.attrs if name != "checksum"}
