"""What every importer hands over: rows of puzzles that know the place in a file they come from."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import puzzles
from puzzles.dataset.layout import SPLITS
from puzzles.errors import PuzzleError
from puzzles.family import Grids, PuzzleFamily, Puzzles

Read = Callable[[NDArray[np.int64]], tuple[Grids, Grids | None, NDArray[np.int32] | None]]
DEFAULT_FAMILY = "sudoku-9x9"


class Rows:
    """N puzzles of a file, read when they are taken; nothing is proved yet.

    Args:
        count: N.
        place: names the place of row i for messages: "sudoku.txt line 9".
        read: takes rows, (K,) int64, and returns their grids, solutions and ratings; the latter two are None where the
            file has none. Raises ``PuzzleError`` that starts with the place of the row.
        solved: whether the file has solutions.
        rated: whether the file has ratings.
    """

    def __init__(self, count: int, place: Callable[[int], str], read: Read, *, solved: bool, rated: bool):
        self.place = place
        self.solved = solved
        self.rated = rated
        self._count = count
        self._read = read
        self._solutions: Grids | None = None
        self._ratings = None if rated else np.zeros(count, np.int32)

    def __len__(self) -> int:
        return self._count

    def take(self, index: NDArray[np.int64]) -> Puzzles:
        """Return the rows at ``index``; what the file has not is zero until ``fill`` brings it."""
        puzzle, solution, rating = self._read(index)
        if solution is None:
            solution = np.zeros_like(puzzle) if self._solutions is None else self._solutions[index]
        if rating is None:
            assert self._ratings is not None
            rating = self._ratings[index]
        return Puzzles(puzzle, solution, rating)

    def fill(self, index: NDArray[np.int64], proved: Puzzles) -> None:
        """Keep the solutions and ratings of the rows at ``index`` that the file has not."""
        if not self.solved:
            if self._solutions is None:
                self._solutions = np.zeros((self._count, *proved.solution.shape[1:]), np.uint8)
            self._solutions[index] = proved.solution
        if self._ratings is not None:
            self._ratings[index] = proved.rating


@dataclasses.dataclass
class Source:
    """A source whose rows are known."""

    family: PuzzleFamily
    rows: dict[str, Rows]
    """{"train": ..., "test": ...}, or one of them, where the source has its own split, else {"all": ...}."""
    files: list[Path]
    """Every file that was read."""
    notes: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Numbers worth keeping with the dataset: {"symmetry_copies_left_out": 1000000}."""

    @property
    def missing(self) -> list[str]:
        """The split that a source with its own has not, if any."""
        return [] if "all" in self.rows else [split for split in SPLITS if split not in self.rows]


def parse_grids(family: PuzzleFamily, texts: Sequence[str], place: Callable[[int], str]) -> Grids:
    """Parse many grids at once: (N, rows, columns) uint8.

    Raises:
        PuzzleError: ``family.parse`` refuses a text; the message starts with its place.
    """
    cells = family.rows * family.columns
    table = np.full(256, 255, np.uint8)
    for value, character in enumerate(family.cells[: family.cell_values]):
        table[ord(character)] = value
    if all(len(text) == cells for text in texts):
        raw = np.frombuffer("".join(texts).encode("latin-1", "replace"), np.uint8)
        grids = table[raw].reshape(-1, *family.shape)
        unknown = np.flatnonzero((grids == 255).any(axis=(1, 2)))
    else:
        grids = np.empty((len(texts), *family.shape), np.uint8)
        unknown = np.arange(len(texts))
    for row in map(int, unknown):  # what the table does not know: the family parses it, or says what is wrong
        try:
            grids[row] = family.parse(texts[row])
        except PuzzleError as error:
            raise PuzzleError(f"{place(row)}: {error}") from None
    return grids


def families_of(cells: int) -> list[PuzzleFamily]:
    """Return the families, one of each registered kind at most, whose grid is a square of so many cells."""
    side = math.isqrt(max(0, cells))
    found = []
    for kind in puzzles.kinds() if side * side == cells else ():
        with contextlib.suppress(PuzzleError):  # the kind has no such grid
            found.append(puzzles.family(f"{kind}-{side}x{side}"))
    return found


def family_of(texts: Iterable[str]) -> PuzzleFamily:
    """Return the family of the first text that is a puzzle of one; sudoku-9x9 where none is, to say what is wrong."""
    for text in texts:
        for family in families_of(len(text)):
            with contextlib.suppress(PuzzleError):
                family.check(family.parse(text)[None])
                return family
    return puzzles.family(DEFAULT_FAMILY)
