"""Choosing rows of a source: each proved and rated, no two equal by the split rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from puzzles.dataset import DatasetWriter, split_keys
from puzzles.dataset.keys import KeySet
from puzzles.dataset.layout import MOST_SOURCES, SPLITS
from puzzles.dataset.proof import BLOCK_ROWS, SPLIT_RULES, check_rows, check_unique, located
from puzzles.errors import PuzzleError
from puzzles.family import Grids, PuzzleFamily
from puzzles.importers.rows import Part, Rows

UNNAMED = "unknown"
"""The source of rows that name none, in a table where others do."""


class Choice:
    """The rows chosen so far. Memory holds their numbers and keys, not their grids."""

    def __init__(self, family: PuzzleFamily, convention: str):
        self.family = family
        self.convention = convention
        """How rows without ratings are rated: one of ``family.rating_conventions``."""
        self.repeats = 0
        """Rows left out because an earlier one is equal by the split rule."""
        self.rated = 0
        """Rows chosen whose rating comes from the source."""
        self.first_pair: tuple[str, str] | None = None
        """The places of the first row left out and of the one it is equal to."""
        self._seen = KeySet()
        self._rows: dict[str, Rows] = {}
        self._chosen: dict[str, list[NDArray[np.int64]]] = {split: [] for split in SPLITS}
        self._keys: dict[str, list[NDArray[np.void]]] = {split: [] for split in SPLITS}
        self._names: dict[str, int] = {}
        self._origins: dict[str, list[NDArray[np.int32]]] = {split: [] for split in SPLITS}

    @property
    def chosen(self) -> int:
        """How many rows are chosen."""
        return sum(len(block) for blocks in self._chosen.values() for block in blocks)

    @property
    def sources(self) -> list[str]:
        """Names of the sources of the chosen rows, in alphabetical order; none where there are not 2 to 256."""
        return sorted(self._names) if 2 <= len(self._names) <= MOST_SOURCES else []

    def fill(self, split: str, rows: Rows, order: NDArray[np.int64], wanted: int | None, bar: tqdm[Any]) -> int:
        """Choose rows in ``order`` until ``wanted`` are found, or all; return how many were looked at.

        Splits are filled one after the other.
        """
        self._rows[split] = rows
        used = found = 0
        while used < len(order) and (wanted is None or found < wanted):
            block = order[used : used + (BLOCK_ROWS if wanted is None else min(BLOCK_ROWS, wanted - found))]
            proved = self._prove(rows, block)
            keys = split_keys(self.family, proved.puzzle, proved.solution)
            added = self._seen.add(keys)
            self._chosen[split].append(block[added.new])
            self._keys[split].append(keys[added.new])
            if proved.origin is not None:
                self._origins[split].append(
                    self._numbers([proved.origin[row] for row in np.flatnonzero(added.new).tolist()])
                )
            self.rated += int(proved.rated[added.new].sum())
            repeats = np.flatnonzero(~added.new)
            if len(repeats) and self.first_pair is None:
                self.first_pair = rows.place(int(block[repeats[0]])), self._place_of(int(added.number[repeats[0]]))
            self.repeats += len(repeats)
            used += len(block)
            found += len(block) - len(repeats)
            bar.update(len(block))
        return used

    def refuse(self, source: Path, wanted: dict[str, int | None], drop: bool) -> None:
        """Raise ``PuzzleError`` if there are repeats that are not to be dropped, or fewer rows than wanted."""
        rule = self.family.split_rule
        if self.first_pair and not drop:
            raise PuzzleError(
                f"{source}: {self.repeats} puzzles are {SPLIT_RULES[rule]} to an earlier one (split rule {rule!r}), "
                f"first {self.first_pair[0]} to {self.first_pair[1]}; expected none, or on_duplicate='drop'"
            )
        for split, number in wanted.items():
            if number is not None and (found := sum(map(len, self._chosen[split]))) < number:
                raise PuzzleError(f"{source}: {found} different puzzles for {split}, expected {number}")

    def write(self, split: str, writer: DatasetWriter) -> None:
        """Append the chosen rows of one split in the order of the source."""
        if not self._chosen[split]:
            return
        chosen, keys = np.concatenate(self._chosen[split]), np.concatenate(self._keys[split])
        order = np.argsort(chosen)
        source = self._source(split)
        for start in range(0, len(order), BLOCK_ROWS):
            part = order[start : start + BLOCK_ROWS]
            here = None if source is None else source[part]
            writer.append(split, self._rows[split].take(chosen[part]).puzzles, keys[part], here)

    def _numbers(self, origin: Sequence[str]) -> NDArray[np.int32]:
        """Number names in the order in which they come."""
        return np.array([self._names.setdefault(name or UNNAMED, len(self._names)) for name in origin], np.int32)

    def _source(self, split: str) -> NDArray[np.uint8] | None:
        """Return which of ``sources`` each chosen row of a split is from; None where that is not kept."""
        if not self.sources or not self._origins[split]:
            return None
        place = np.array([self.sources.index(name) for name in self._names], np.uint8)
        return place[np.concatenate(self._origins[split])]

    def _place_of(self, number: int) -> str:
        """Return the place of the chosen row whose key has this number: keys are numbered as rows are chosen."""
        for split, rows in self._rows.items():
            chosen = np.concatenate([np.zeros(0, np.int64), *self._chosen[split]])  # a split may have none
            if number < len(chosen):
                return rows.place(int(chosen[number]))
            number -= len(chosen)
        raise AssertionError("the number of a key that was not chosen")

    def _prove(self, rows: Rows, block: NDArray[np.int64]) -> Part:
        """Prove the rows of ``block``; first solve and rate those that the source has not."""
        family = self.family
        part = rows.take(block)

        def place(row: int) -> str:
            return rows.place(int(block[row]))

        def fill_in(target: NDArray[Any], has: NDArray[np.bool_], find: Callable[[Grids], NDArray[Any]]) -> None:
            lacking = np.flatnonzero(~has)
            if len(lacking):
                target[lacking] = located(
                    lambda some: find(part.puzzle[lacking[some]]), len(lacking), lambda row: place(lacking[row])
                )

        located(lambda some: family.check(part.puzzle[some]), len(block), place)
        fill_in(part.solution, part.solved, family.solve)
        fill_in(part.rating, part.rated, lambda puzzle: family.rate(puzzle, self.convention))
        rows.fill(block, part)
        check_rows(family, part.puzzles, place)
        check_unique(family, part.puzzle, place)
        return part
