"""Validation for files without such a split: a seeded share of the train rows is set aside."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puzzles.dataset.layout import CHUNK_ROWS
from puzzles.dataset.reader import Dataset
from puzzles.errors import PuzzleError, check_seed
from puzzles.family import Puzzles
from puzzles.random import drawn_order

SHARE, MOST = 0.1, 1000
"""What is set aside by default: a tenth of the train rows, and no more than a thousand of them."""
_STREAM = 2  # importers draw from 0 and 1


def with_validation(dataset: Dataset, seed: int = 0, share: float = SHARE, most: int = MOST) -> Dataset:
    """Return a dataset that has a validation split: the given one if it has, else one that sets train rows aside.

    The rows set aside follow from the seed, the share and the number of train rows alone. They keep their order, in
    both splits. No two rows of a file are equal by its split rule, so none in the one split equals one in the other;
    under the rule "exact" (4x4 Sudoku) they may be equal up to symmetry, as the rows of train and test are.

    Args:
        dataset: a file, or what this function has returned.
        seed: 0 <= seed < 2**64; decides which rows are set aside.
        share: of the train rows; at least one row is set aside, and one left.
        most: rows to set aside at most.

    Returns:
        A dataset whose ``split``, ``blocks``, ``split_view`` and ``source`` know ``"validation"``, and whose
        ``set_aside`` says in one line what was done; ``set_aside`` is empty where the file has its own split.

    Raises:
        PuzzleError: a share that is not between 0 and 1, a count below 1, or fewer than 2 train rows.
    """
    check_seed(seed)
    if not 0 < share < 1:
        raise PuzzleError(f"share {share}, expected more than 0 and less than 1")
    if most < 1:
        raise PuzzleError(f"most {most}, expected 1 or more")
    if dataset.counts["validation"]:
        return dataset
    count = dataset.counts["train"]
    if count < 2:
        raise PuzzleError(f"{dataset.path}: {count} train puzzles, expected 2 or more to set one aside for validation")
    aside = np.zeros(count, np.bool_)
    aside[drawn_order(count, seed, _STREAM)[: max(1, min(most, round(share * count), count - 1))]] = True
    return SetAside(dataset, aside, seed)


class SetAside(Dataset):
    """A dataset some of whose train rows are its validation split.

    Args:
        dataset: without a validation split of its own.
        aside: (N,) bool, the train rows set aside.
        seed: that chose them.
    """

    def __init__(self, dataset: Dataset, aside: NDArray[np.bool_], seed: int):
        self.__dict__.update(dataset.__dict__)
        self._rows = {"train": np.flatnonzero(~aside), "validation": np.flatnonzero(aside)}
        self.counts = collections.Counter({**dataset.counts, **{name: len(rows) for name, rows in self._rows.items()}})
        self.set_aside = (
            f"{dataset.path}: no validation split; {int(aside.sum()):,} of {len(aside):,} train puzzles are set aside "
            f"for it (seed {seed})"
        )

    def blocks(self, name: str, rows: int = CHUNK_ROWS) -> Iterator[Puzzles]:
        """Yield the puzzles of one split block by block; see ``Dataset.blocks``."""
        self._check_split(name)
        if name not in self._rows:
            yield from super().blocks(name, rows)
            return
        chosen, start = self._rows[name], 0
        for block in super().blocks("train", rows):
            first, last = np.searchsorted(chosen, [start, start + len(block.rating)])
            if first < last:
                yield block.take(chosen[first:last] - start)
            start += len(block.rating)

    def describe(self) -> str:
        """Return what the file holds, and what is set aside."""
        return f"{super().describe()}\n{self.set_aside}"

    def _stored(self, split: str, name: str) -> str:
        return super()._stored("train" if split in self._rows else split, name)

    def _columns(self, split: str, *names: str) -> list[NDArray[Any]]:
        if split not in self._rows:
            return super()._columns(split, *names)
        return [array[self._rows[split]] for array in super()._columns("train", *names)]
