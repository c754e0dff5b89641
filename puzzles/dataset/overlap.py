"""How much two splits have in common: puzzles, layouts (solution grids, walls), and puzzles that differ in few cells.

Everything is counted up to symmetry, whatever the split rule of the files. Two puzzles differ in at most two cells if a
symmetry image of the one differs from the other in at most two cells; a blank and a clue are different, as are two
clues. Equal puzzles are counted among them. Their solutions may be the same or not.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from puzzles.dataset.keys import KeySet
from puzzles.dataset.proof import BLOCK_ROWS, grid_keys
from puzzles.dataset.reader import Dataset
from puzzles.errors import PuzzleError
from puzzles.family import PuzzleFamily, Puzzles


@dataclasses.dataclass(frozen=True)
class Overlap:
    """How many rows of one split have what they share with another."""

    of: tuple[str, str]
    """File and split of the rows that are counted."""
    within: tuple[str, str]
    """File and split in which their like is looked for."""
    rows: int
    """Rows of the split that are counted."""
    puzzles: int
    """Rows whose puzzle is in the other split."""
    layouts: int
    """Rows whose layout, see ``PuzzleFamily.canonical_layout``, is that of a puzzle in the other split."""
    near: int | None
    """Rows that differ in at most two cells from a puzzle in the other split; None where the family can't tell."""

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON."""
        (of, split), (within, other) = self.of, self.within
        counts = {"rows": self.rows, "puzzles": self.puzzles, "layouts": self.layouts, "near": self.near}
        return {"of": {"file": of, "split": split}, "within": {"file": within, "split": other}, **counts}


def count_overlap(one: Dataset, other: Dataset | None = None, progress: bool = True) -> list[Overlap]:
    """Count what the splits of two datasets share, or those of one dataset among themselves.

    Args:
        one: a dataset.
        other: rows of its splits are counted that have their like in a split of ``one``; None counts, for each two
            splits of ``one`` in the order train, validation, test, the rows of the later one.
        progress: show a progress bar on standard error.

    Raises:
        PuzzleError: the datasets are of different families.
        DatasetError: a damaged dataset.
    """
    if other is not None and other.family != one.family:
        raise PuzzleError(f"{other.path}: holds {other.family.name}, expected {one.family.name}, as {one.path} does")
    datasets = [one] if other is None else [one, other]
    sides = [[_Side(data, split) for split in data.splits] for data in datasets]
    pairs = list(itertools.combinations(sides[0], 2) if other is None else itertools.product(*sides))
    rows = sum(len(side.rows.puzzle) for part in sides for side in part)
    with tqdm(total=rows, desc="canonical forms", unit=" puzzles", disable=not progress, leave=False) as bar:
        for side in itertools.chain(*sides):
            side.reduce(bar)
    rows = sum(len(later.rows.puzzle) for _, later in pairs)
    with tqdm(total=rows, desc="overlap", unit=" puzzles", disable=not progress, leave=False) as bar:
        return [_count(one.family, earlier, later, bar) for earlier, later in pairs]


def shared_layouts(dataset: Dataset) -> int:
    """Return how many test puzzles have the layout of a train puzzle, up to symmetry.

    Raises:
        DatasetError: no such split, or a damaged dataset.
    """
    train, test = (_layout_keys(dataset.family, dataset.split(split)) for split in ("train", "test"))
    return int(_shared(train, test).sum())


class _Side:
    """One split: its rows, and keys of their canonical forms."""

    puzzles: NDArray[np.void]
    layouts: NDArray[np.void]

    def __init__(self, dataset: Dataset, split: str):
        self.name = str(dataset.path), split
        self.family = dataset.family
        self.rows = dataset.split(split)

    def reduce(self, bar: tqdm[Any]) -> None:
        """Find the keys."""
        puzzles, layouts = [], []
        for start in range(0, len(self.rows.puzzle), BLOCK_ROWS):
            block = self.rows.take(slice(start, start + BLOCK_ROWS))
            puzzles.append(grid_keys(self.family.canonical(block.puzzle, block.solution)))
            layouts.append(_layout_keys(self.family, block))
            bar.update(len(block.puzzle))
        self.puzzles, self.layouts = np.concatenate(puzzles), np.concatenate(layouts)


def _count(family: PuzzleFamily, earlier: _Side, later: _Side, bar: tqdm[Any]) -> Overlap:
    same = _shared(earlier.puzzles, later.puzzles)
    bar.update(int(same.sum()))
    close = family.near(earlier.rows.puzzle, later.rows.puzzle[~same], bar.update)
    return Overlap(
        later.name,
        earlier.name,
        rows=len(same),
        puzzles=int(same.sum()),
        layouts=int(_shared(earlier.layouts, later.layouts).sum()),
        near=None if close is None else int(same.sum() + close.sum()),
    )


def _layout_keys(family: PuzzleFamily, rows: Puzzles) -> NDArray[np.void]:
    return grid_keys(family.canonical_layout(rows.puzzle, rows.solution))


def _shared(known: NDArray[np.void], keys: NDArray[np.void]) -> NDArray[np.bool_]:
    """(M,) bool: which of ``keys``, (M,), are known."""
    numbers = KeySet()
    numbers.add(known)
    distinct = len(numbers)
    return numbers.add(keys).number < distinct
