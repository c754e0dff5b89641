"""The NPY layout of the HRM, TRM and AIR dataset builders: a folder with ``train`` and ``test``, or one of them.

Ours may hold ``validation`` as well, which their code does not look for. Each holds ``dataset.json`` (pad_id,
vocab_size, seq_len, ...) and ``all__inputs.npy``, ``all__labels.npy`` (N, seq_len) tokens,
``all__puzzle_identifiers.npy`` (P,), ``all__puzzle_indices.npy`` (P + 1,) the first example of each puzzle, and
``all__group_indices.npy`` (G + 1,) the first puzzle of each group. A token is a cell plus 1. A group is one puzzle
followed by its symmetry copies, if the builder was asked for copies.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puzzles.dataset.layout import REQUIRED, SPLITS
from puzzles.errors import DatasetError, PuzzleError
from puzzles.family import Grids, PuzzleFamily
from puzzles.importers.rows import Part, Rows, Source
from puzzles.text.lines import families_of

ARRAYS = {"inputs": 2, "labels": 2, "puzzle_identifiers": 1, "puzzle_indices": 1, "group_indices": 1}
"""Each array with its number of dimensions."""


def read_npy(folder: Path, family: PuzzleFamily | None) -> Source:
    """Read the splits that are there; of each group the first puzzle is kept, its symmetry copies are left out.

    Args:
        folder: the folder that has ``train`` or ``test`` or both, and perhaps ``validation``.
        family: the family; None deduces it from seq_len and vocab_size.

    Raises:
        DatasetError: no split is there, or a file of one is missing or is not what the layout says.
        PuzzleError: no registered family has this seq_len and vocab_size, or several do.
    """
    places = [folder / split for split in SPLITS if (folder / split).is_dir()]
    if not any(place.name in REQUIRED for place in places):
        raise DatasetError(f"{folder}: no folder {' or '.join(map(repr, REQUIRED))}, expected the NPY layout")
    rows, files, copies = {}, [], 0
    for place in places:
        meta = _metadata(place)
        family = family or _deduce(place / "dataset.json", meta)
        _check_metadata(place / "dataset.json", meta, family)
        arrays = {name: _load(place, name) for name in ARRAYS}
        first = _first_of_each_group(place, arrays)
        count = len(arrays["inputs"])
        copies += count - len(first)
        rows[place.name] = _rows(place, arrays["inputs"], arrays["labels"], first, family)
        files += [place / "dataset.json", *(place / f"all__{name}.npy" for name in ARRAYS)]
    assert family is not None
    return Source(family, rows, files, {"symmetry_copies_left_out": copies})


def _rows(
    place: Path, inputs: NDArray[Any], labels: NDArray[Any], first: NDArray[np.int64], family: PuzzleFamily
) -> Rows:
    """Return the rows ``first`` of two arrays of tokens."""
    paths = place / "all__inputs.npy", place / "all__labels.npy"
    for path, tokens in zip(paths, (inputs, labels), strict=True):
        expected = len(inputs), family.rows * family.columns
        if tokens.shape != expected:
            raise DatasetError(f"{path}: shape {tokens.shape}, expected {expected} for {family.name}")

    def read(index: NDArray[np.int64]) -> Part:
        rows = first[index]
        return Part.of(_cells(paths[0], inputs, rows, family), _cells(paths[1], labels, rows, family))

    return Rows(len(first), lambda row: f"{paths[0]} row {first[row]}", read)


def _metadata(place: Path) -> dict[str, Any]:
    path = _existing(place, "dataset.json")
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DatasetError(f"{path}: no JSON: {error}") from None
    for key in ("pad_id", "vocab_size", "seq_len"):
        if not isinstance(meta, dict) or not isinstance(meta.get(key), int):
            raise DatasetError(f"{path}: no whole number {key!r}, expected pad_id, vocab_size and seq_len")
    return meta


def _deduce(path: Path, meta: dict[str, Any]) -> PuzzleFamily:
    """Return the one registered family of a square grid that has this sequence length and vocabulary."""
    found = [family for family in families_of(meta["seq_len"]) if family.vocabulary_size == meta["vocab_size"]]
    if len(found) != 1:
        names = [family.name for family in found] or "no family"
        what = f"seq_len {meta['seq_len']} and vocab_size {meta['vocab_size']}"
        raise PuzzleError(f"{path}: {names} with {what}, expected exactly one: name the family")
    return found[0]


def _check_metadata(path: Path, meta: dict[str, Any], family: PuzzleFamily) -> None:
    cells = family.rows * family.columns
    for key, expected in (("pad_id", 0), ("seq_len", cells), ("vocab_size", family.vocabulary_size)):
        if meta[key] != expected:
            raise DatasetError(f"{path}: {key} {meta[key]}, expected {expected} for {family.name}")


def _load(place: Path, name: str) -> NDArray[Any]:
    path = _existing(place, f"all__{name}.npy")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DatasetError(f"{path}: damaged, or no NPY file: {error}") from None
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iu" or array.ndim != ARRAYS[name]:
        found = f"{array.dtype} of shape {array.shape}" if isinstance(array, np.ndarray) else "an archive"
        raise DatasetError(f"{path}: {found}, expected whole numbers in {ARRAYS[name]} dimensions")
    return array


def _existing(place: Path, name: str) -> Path:
    if not (place / name).is_file():
        raise DatasetError(f"{place.parent}: no file '{place.name}/{name}', expected the NPY layout")
    return place / name


def _first_of_each_group(place: Path, arrays: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Return the row of the first example of each group, having checked that the three index arrays fit together."""
    count = len(arrays["inputs"])
    puzzle_of = _offsets(place / "all__puzzle_indices.npy", arrays["puzzle_indices"], count)
    if (np.diff(puzzle_of) != 1).any():
        raise DatasetError(f"{place / 'all__puzzle_indices.npy'}: several examples a puzzle, expected one")
    if arrays["puzzle_identifiers"].shape != (count,):
        found = arrays["puzzle_identifiers"].shape
        raise DatasetError(f"{place / 'all__puzzle_identifiers.npy'}: shape {found}, expected ({count},)")
    return _offsets(place / "all__group_indices.npy", arrays["group_indices"], count)[:-1]


def _offsets(path: Path, array: NDArray[Any], end: int) -> NDArray[np.int64]:
    offsets = np.asarray(array).astype(np.int64)
    if not len(offsets) or offsets[0] != 0 or offsets[-1] != end or (np.diff(offsets) < 1).any():
        raise DatasetError(f"{path}: expected offsets that rise from 0 to {end}")
    return offsets


def _cells(path: Path, tokens: NDArray[Any], rows: NDArray[np.int64], family: PuzzleFamily) -> Grids:
    """Return some rows of tokens as grids: (K, rows, columns) uint8."""
    chosen = np.asarray(tokens[rows])
    if (wrong := (chosen < 1) | (chosen > family.cell_values)).any():
        row, cell = np.argwhere(wrong)[0]
        raise PuzzleError(
            f"{path} row {rows[row]}, position {cell}: token {chosen[row, cell]}, expected 1 to {family.cell_values}"
        )
    return (chosen - 1).astype(np.uint8).reshape(-1, *family.shape)
