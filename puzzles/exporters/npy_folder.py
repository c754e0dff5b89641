"""The NPY layout of the HRM, TRM and AIR dataset builders; ``puzzles.importers.npy_folder`` describes and reads it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from tqdm import tqdm

from puzzles.dataset import Dataset
from puzzles.errors import PuzzleError, check_seed
from puzzles.family import Grids, PuzzleFamily, Puzzles
from puzzles.files import new_folder

BLOCK_GRIDS = 8192
"""Grids, copies included, that are in memory at a time."""


def export_npy(dataset: Dataset, folder: Path | str, copies: int = 0, seed: int = 0, progress: bool = True) -> Path:
    """Write the folder that the code of HRM, TRM and AIR trains on, in constant memory.

    Each training puzzle is a group: the puzzle, then its symmetry copies, as the builders of HRM do it (they take 1,000
    copies of each of 1,000 puzzles of Sudoku). The other splits have no copies. Their code reads the folders ``train``
    and ``test``; a validation split is written beside them, in the same layout. A split without puzzles is left out.

    Args:
        dataset: what to export.
        folder: a new folder.
        copies: random symmetry copies of each training puzzle, see ``PuzzleFamily.copies``.
        seed: 0 <= seed < 2**64, of the copies; with the dataset and ``copies`` it decides every byte.
        progress: show a progress bar on standard error.

    Raises:
        FileExistsError: the folder has something in it.
        PuzzleError: another seed, fewer than 0 copies, or so many grids that the layout's 32-bit indices cannot count
            them; or mazes labelled by another rule than their copies would be.
        DatasetError: the dataset is damaged.
    """
    check_seed(seed)
    grids = dataset.counts["train"] * (1 + copies)
    others = dataset.counts["validation"] + dataset.counts["test"]
    if copies < 0 or grids >= 2**31:
        raise PuzzleError(f"{copies} copies of {dataset.counts['train']} puzzles, expected 0 to 2**31 - 1 grids in all")
    with (
        new_folder(folder) as place,
        tqdm(total=grids + others, desc="export npy", unit=" grids", disable=not progress) as bar,
    ):
        (place / "identifiers.json").write_text(json.dumps(["<blank>"]), encoding="utf-8")
        for split in dataset.splits:
            _write_split(dataset, split, place / split, copies if split == "train" else 0, seed, bar)
    return Path(folder)


def _write_split(dataset: Dataset, split: str, place: Path, copies: int, seed: int, bar: tqdm[Any]) -> None:
    family, groups = dataset.family, dataset.counts[split]
    count, cells = groups * (1 + copies), family.rows * family.columns
    place.mkdir()
    rng = np.random.Generator(np.random.PCG64(seed))
    with (
        _array(place / "all__inputs.npy", np.dtype("u1"), (count, cells)) as inputs,
        _array(place / "all__labels.npy", np.dtype("u1"), (count, cells)) as labels,
    ):
        for block in dataset.blocks(split, max(1, BLOCK_GRIDS // (1 + copies))):
            puzzles = _with_copies(family, block, copies, rng)
            inputs.write(_tokens(puzzles.puzzle))
            labels.write(_tokens(puzzles.solution))
            bar.update(len(puzzles.puzzle))
    for name, index in (
        ("puzzle_identifiers", np.zeros(count, np.int32)),
        ("puzzle_indices", np.arange(count + 1, dtype=np.int32)),
        ("group_indices", np.arange(0, count + 1, 1 + copies, dtype=np.int32)),
    ):
        with _array(place / f"all__{name}.npy", index.dtype, index.shape) as file:
            file.write(index.data)
    metadata = {
        "pad_id": 0,
        "ignore_label_id": 0,
        "blank_identifier_id": 0,
        "vocab_size": family.vocabulary_size,
        "seq_len": cells,
        "num_puzzle_identifiers": 1,
        "total_groups": groups,
        "mean_puzzle_examples": 1.0,
        "sets": ["all"],
        "total_puzzles": groups,  # TRM asks for it; HRM and AIR ignore it
    }
    (place / "dataset.json").write_text(json.dumps(metadata), encoding="utf-8")


def _with_copies(family: PuzzleFamily, block: Puzzles, copies: int, rng: np.random.Generator) -> Puzzles:
    """Return each puzzle followed by its copies: (N * (1 + copies), rows, columns) grids."""
    each = block.take(np.repeat(np.arange(len(block.rating)), 1 + copies))
    if copies:
        copy = np.arange(len(each.rating)) % (1 + copies) > 0
        elements = family.symmetries(rng.random((int(copy.sum()), family.symmetry_dim)))
        copied = family.copies(each.take(copy), *elements)
        each.puzzle[copy], each.solution[copy] = copied.puzzle, copied.solution
    return each


def _tokens(grids: Grids) -> bytes:
    return (grids + np.uint8(1)).tobytes()


@contextlib.contextmanager
def _array(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Iterator[BinaryIO]:
    """Open an NPY file to which the bytes of its array are written one after the other, as ``np.save`` would.

    ``np.save`` itself does not say what is wrong with a disk.
    """
    with path.open("wb") as file:
        npy.write_array_header_1_0(file, {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape})
        yield file
