"""Recordings: a story in one HDF5 file that replays without the model.

The file::

    /                           root attributes, see below
    /A, /B, ...                 the branches, with their own moments; T counts them
    /A/act_step                 (T,) int32
    /A/letter, frozen           (T,) uint8, places in ``LETTERS`` and ``FROZEN``
    /A/puzzle                   (T, rows, columns) uint8
    /A/changed, conflicts       (T, rows, columns) uint8, 0 or 1
    /A/halt, solved             (T,) float64, and uint8, 0 or 1
    /A/z_H_cells                (T, rows, columns) uint8
    /A/z_H_probability          (T, rows, columns, cell_values) float16
    /A/z_H_entropy              (T, rows, columns) float16
    /A/z_L_...                  the same of z_L
    /A/notes                    JSON in UTF-8, as uint8: the list of the notes of each moment
    /A/interventions            JSON in UTF-8, as uint8: a list of objects, one per intervention

Root attributes: ``format`` ("air-envs recording"), ``format_version`` (1), ``family``, ``program``, ``model``,
``title``, ``act_steps``, ``branches`` (JSON: name, parent, start and number of moments of each), ``date`` (UTC, ISO
8601), ``versions`` (JSON: the packages that wrote the file) and ``checksum``.

Probabilities and entropies are float16: three digits, at half the room. All else is exact. A recording is guarded as a
dataset is (``puzzles.dataset``): by HDF5's checksums, a ``sha256`` per array, and ``checksum`` over the root attributes
and those hashes.
"""

from __future__ import annotations

import dataclasses
import datetime
import errno
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

import puzzles
from agents.watching.branches import Branch, Made, branch_name
from agents.watching.interventions import Intervention
from agents.watching.moments import Moment, Reading
from agents.watching.story import Story
from puzzles.dataset import layout
from puzzles.dataset.existing import check_absent
from puzzles.dataset.opening import check_stored, reading
from puzzles.dataset.sink import create_group, writing
from puzzles.errors import DatasetError, PuzzleError, is_whole

FORMAT = "air-envs recording"
FORMAT_VERSION = 1
LETTERS = ("", "L", "H", "-")
FROZEN = ("", "H", "L", "HL")
_ATTRIBUTES = {
    "format": str,
    "format_version": int,
    "family": str,
    "program": str,
    "model": str,
    "title": str,
    "act_steps": int,
    "branches": str,
    "date": str,
    "versions": str,
    "checksum": str,
}
_NUMBER, _GRID, _VALUES = range(3)
_BYTES: np.dtype[Any] = np.dtype("|u1")
_OF_STATE: dict[str, tuple[np.dtype[Any], int]] = {
    "cells": (_BYTES, _GRID),
    "probability": (np.dtype("<f2"), _VALUES),
    "entropy": (np.dtype("<f2"), _GRID),
}
_ARRAYS: dict[str, tuple[np.dtype[Any], int]] = {
    "act_step": (np.dtype("<i4"), _NUMBER),
    "letter": (_BYTES, _NUMBER),
    "frozen": (_BYTES, _NUMBER),
    "puzzle": (_BYTES, _GRID),
    "changed": (_BYTES, _GRID),
    "conflicts": (_BYTES, _GRID),
    "halt": (np.dtype("<f8"), _NUMBER),
    "solved": (_BYTES, _NUMBER),
    **{f"{state}_{what}": stored for state in ("z_H", "z_L") for what, stored in _OF_STATE.items()},
}
_TEXTS = ("notes", "interventions")
_CHUNK = 16
"""Moments in one compressed chunk."""


class RecordingError(DatasetError):
    """A recording is damaged, incomplete or none. The message is one line and starts with its path."""


class Recording(Story):
    """A story read from a file: it can be walked through, but not continued or interfered with."""

    live = False

    def interfere(self, intervention: Intervention) -> None:
        """Refuse.

        Raises:
            ValueError: always.
        """
        raise ValueError("a recording can't be interfered with: that takes the model, in a live session")

    @property
    def attention_shape(self) -> None:
        """None: recordings hold no attention."""
        return None

    def attention(self, letter: str, layer: int, head: int | None, cell: tuple[int, int]) -> None:
        """Return None: recordings hold no attention."""
        return None


def save_recording(story: Story, path: Path | str, overwrite: bool = False) -> Path:
    """Write all branches of a story, whole or not at all; return the path.

    Raises:
        FileExistsError: a file of this name without ``overwrite``, or a folder.
        OSError: the disk is full, or the like.
    """
    path = Path(path)
    check_absent(path, overwrite)
    with writing(path) as output:
        output.run(_write, output.file, story)
    return path


def load_recording(path: Path | str) -> Recording:
    """Read a recording; it begins at its first moment.

    Raises:
        FileNotFoundError: no such file.
        RecordingError: the file is damaged, made by a newer release, or no recording.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "no such recording", str(path))
    try:
        with reading(path) as file:
            return _read(path, file)
    except RecordingError:
        raise
    except DatasetError as error:
        raise RecordingError(str(error)) from error


# -- writing -----------------------------------------------------------------------------------------------------------


def _write(file: h5py.File, story: Story) -> None:
    hashes: dict[str, str | int] = {}
    for branch in story.branches:
        group = create_group(file, branch.name)
        for name, array in _arrays(branch).items():
            stored = group.create_dataset(
                name,
                data=array,
                chunks=(min(len(array), array.size if name in _TEXTS else _CHUNK), *array.shape[1:]),
                compression="gzip",
                shuffle=True,
                fletcher32=True,
                track_times=False,
            )
            digest = _digest(array)
            layout.set_value(stored, "sha256", digest)
            hashes[f"{branch.name}/{name}"] = digest
    attributes: dict[str, str | int] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "family": story.family.name,
        "program": story.program,
        "model": story.model_name,
        "title": story.title,
        "act_steps": story.act_steps,
        "branches": layout.to_json([_said(branch) for branch in story.branches]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": layout.to_json(dict(layout.package_versions())),
    }
    for name, value in attributes.items():
        layout.set_value(file, name, value)
    # Read back, so that the checksum covers what the file holds: a text may have been escaped on its way.
    layout.set_value(file, "checksum", layout.checksum(layout.raw_attributes(file), hashes))


def _said(branch: Branch) -> dict[str, Any]:
    return {
        "name": branch.name,
        "parent": branch.parent,
        "start": branch.start,
        "moments": len(branch.moments),
    }


def _arrays(branch: Branch) -> dict[str, NDArray[Any]]:
    """Return what the file holds of a branch."""
    rows = [_row(moment) for moment in branch.moments]
    arrays = {name: np.stack([row[name] for row in rows]).astype(dtype) for name, (dtype, _) in _ARRAYS.items()}
    arrays["notes"] = _bytes([moment.notes for moment in branch.moments])
    arrays["interventions"] = _bytes([dataclasses.asdict(made) for made in branch.interventions])
    return arrays


def _row(moment: Moment) -> dict[str, Any]:
    row: dict[str, Any] = {
        "act_step": moment.act_step,
        "letter": LETTERS.index(moment.letter),
        "frozen": FROZEN.index(moment.frozen),
    }
    for name in ("puzzle", "changed", "conflicts", "halt", "solved"):
        row[name] = getattr(moment, name)
    for state in ("z_H", "z_L"):
        for what in _OF_STATE:
            row[f"{state}_{what}"] = getattr(getattr(moment, state), what)
    return row


def _bytes(value: Any) -> NDArray[np.uint8]:
    return np.frombuffer(layout.to_json(value).encode("utf-8", "backslashreplace"), np.uint8)


def _digest(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()


# -- reading -----------------------------------------------------------------------------------------------------------


class _Shape(NamedTuple):
    """A branch as the root attributes say it."""

    name: str
    parent: int | None
    start: int
    moments: int


def _read(path: Path, file: h5py.File) -> Recording:
    attributes = _read_attributes(path, file)
    try:
        family = puzzles.family(attributes["family"])
    except PuzzleError as error:
        raise RecordingError(f"{path}: {error}") from None
    shapes = _read_shapes(path, attributes["branches"])
    hashes: dict[str, str | int] = {}
    branches: list[Branch] = []
    for shape in shapes:
        arrays = {name: _read_array(path, file, family, shape, name, hashes) for name in (*_ARRAYS, *_TEXTS)}
        branches.append(_read_branch(shape, arrays, branches))
    found, expected = attributes["checksum"], layout.checksum(layout.raw_attributes(file), hashes)
    if found != expected:
        raise RecordingError(f"{path}: checksum is {found}, expected {expected}")
    return Recording(
        family,
        attributes["title"],
        attributes["program"],
        attributes["model"],
        attributes["act_steps"],
        branches,
    )


def _read_attributes(path: Path, file: h5py.File) -> dict[str, Any]:
    found = layout.get_value(file, "format") if "format" in file.attrs else None
    if found != FORMAT:
        raise RecordingError(f"{path}: format {found!r}, expected {FORMAT!r}")
    version = layout.get_value(file, "format_version")
    if version != FORMAT_VERSION:
        raise RecordingError(f"{path}: format version {version}, expected {FORMAT_VERSION}: made by a newer release")
    attributes: dict[str, Any] = {}
    for name, kind in _ATTRIBUTES.items():
        if name not in file.attrs:
            raise RecordingError(f"{path}: no attribute {name!r}, expected those of a recording")
        attributes[name] = layout.get_value(file, name)
        if not isinstance(attributes[name], kind):
            what = "a number" if kind is int else "text"
            raise RecordingError(f"{path}: attribute {name!r} is {attributes[name]!r}, expected {what}")
    return attributes


def _read_shapes(path: Path, text: str) -> list[_Shape]:
    """Read which branches there are."""
    shapes = [_Shape(**shape) for shape in json.loads(text)]
    if not shapes:
        raise RecordingError(f"{path}: no branch, expected at least one")
    for index, shape in enumerate(shapes):
        if not _leaves(shape, shapes[:index]) or shape.name != branch_name(index):
            raise RecordingError(f"{path}: branch {index} is {shape}, expected one that leaves an earlier branch")
    return shapes


def _leaves(shape: _Shape, earlier: Sequence[_Shape]) -> bool:
    """Whether a branch has moments and leaves one of the earlier ones; the first leaves none."""
    if not (is_whole(shape.start) and is_whole(shape.moments) and shape.start >= 0 and shape.moments > 0):
        return False
    if not earlier:
        return shape.parent is None and shape.start == 0
    if shape.parent is None or not is_whole(shape.parent) or not 0 <= shape.parent < len(earlier):
        return False
    parent = earlier[shape.parent]
    return shape.start < parent.start + parent.moments


def _read_array(
    path: Path, file: h5py.File, family: puzzles.PuzzleFamily, shape: _Shape, name: str, hashes: dict[str, str | int]
) -> NDArray[Any]:
    """Read one array of a branch, and add its hash to ``hashes``."""
    place = f"{shape.name}/{name}"
    array = file.get(place)
    if not isinstance(array, h5py.Dataset):
        raise RecordingError(f"{path}: no array {place!r}, expected one")
    dtype, expected = _BYTES, (array.size,)
    if name not in _TEXTS:
        dtype, kind = _ARRAYS[name]
        expected = (shape.moments, *((), family.shape, (*family.shape, family.cell_values))[kind])
    if array.dtype != dtype or array.shape != expected:
        found = f"{array.dtype} of shape {array.shape}"
        raise RecordingError(f"{path}: {place} is {found}, expected {dtype} of shape {expected}")
    check_stored(path, array)
    content = array[...]
    digest, stored = _digest(content), layout.get_value(array, "sha256")
    if digest != stored:
        raise RecordingError(f"{path}: {place} has sha256 {digest}, expected {stored}")
    hashes[place] = digest
    return content


def _read_branch(shape: _Shape, arrays: dict[str, NDArray[Any]], earlier: Sequence[Branch]) -> Branch:
    notes, interventions = (json.loads(arrays[name].tobytes()) for name in _TEXTS)
    moments = [
        Moment(
            update=shape.start + row,
            act_step=int(arrays["act_step"][row]),
            letter=LETTERS[arrays["letter"][row]],
            frozen=FROZEN[arrays["frozen"][row]],
            puzzle=arrays["puzzle"][row],
            z_H=_reading(arrays, "z_H", row),
            z_L=_reading(arrays, "z_L", row),
            changed=arrays["changed"][row].astype(np.bool_),
            conflicts=arrays["conflicts"][row].astype(np.bool_),
            halt=float(arrays["halt"][row]),
            solved=bool(arrays["solved"][row]),
            notes=tuple(notes[row]),
        )
        for row in range(shape.moments)
    ]
    made = [Made(**one) for one in interventions]
    origin = None if shape.parent is None else earlier[shape.parent]
    return Branch(shape.name, shape.parent, shape.start, moments, made, origin)


def _reading(arrays: dict[str, NDArray[Any]], state: str, row: int) -> Reading:
    return Reading(
        arrays[f"{state}_cells"][row],
        arrays[f"{state}_probability"][row].astype(np.float32),
        arrays[f"{state}_entropy"][row].astype(np.float32),
    )
