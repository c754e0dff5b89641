"""What every importer hands over: rows of puzzles that know the place in a file they come from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.dataset.layout import REQUIRED
from puzzles.errors import PuzzleError
from puzzles.family import Grids, PuzzleFamily, Puzzles
from puzzles.notation import Notation


class Part(NamedTuple):
    """K rows of a source."""

    puzzle: Grids
    """(K, rows, columns) uint8."""
    solution: Grids
    """(K, rows, columns) uint8; anything where the source has none."""
    rating: NDArray[np.int32]
    """(K,) int32; anything where the source has none."""
    solved: NDArray[np.bool_]
    """(K,) bool: whether the source has a solution."""
    rated: NDArray[np.bool_]
    """(K,) bool: whether the source has a rating."""
    origin: Sequence[str] | None = None
    """K names of where the source has its rows from, "" where it says nothing; None where no row has one."""

    @classmethod
    def of(cls, puzzle: Grids, solution: Grids | None = None) -> Part:
        """Return puzzles without ratings, and without solutions where they are None."""
        none = np.zeros(len(puzzle), bool)
        if solution is None:
            return cls(puzzle, np.zeros_like(puzzle), np.zeros(len(puzzle), np.int32), none, none)
        return cls(puzzle, solution, np.zeros(len(puzzle), np.int32), ~none, none)

    @property
    def puzzles(self) -> Puzzles:
        """The rows without what the source says about them."""
        return Puzzles(self.puzzle, self.solution, self.rating)


class Rows:
    """N puzzles of a file, read when they are taken; nothing is proved yet.

    Args:
        count: N.
        place: names the place of row i for messages: "sudoku.txt line 9".
        read: takes rows, (K,) int64, and returns what the file has of them. Raises ``PuzzleError`` that starts with the
            place of the row.
        named: whether the file names the source of each row.
    """

    def __init__(
        self,
        count: int,
        place: Callable[[int], str],
        read: Callable[[NDArray[np.int64]], Part],
        named: bool = False,
    ):
        self.place = place
        self.named = named
        self._count = count
        self._read = read
        self._solutions: Grids | None = None
        self._ratings = np.zeros(count, np.int32)

    def __len__(self) -> int:
        return self._count

    def take(self, index: NDArray[np.int64]) -> Part:
        """Return the rows at ``index``; what the file lacks is what ``fill`` has brought."""
        part = self._read(index)
        part.rating[~part.rated] = self._ratings[index[~part.rated]]
        if self._solutions is not None:
            part.solution[~part.solved] = self._solutions[index[~part.solved]]
        return part

    def fill(self, index: NDArray[np.int64], part: Part) -> None:
        """Keep the solutions and ratings of the rows at ``index`` that the file lacks."""
        self._ratings[index[~part.rated]] = part.rating[~part.rated]
        if not part.solved.all():
            if self._solutions is None:  # memory is used by the rows that are written, not by all
                self._solutions = np.zeros((self._count, *part.solution.shape[1:]), np.uint8)
            self._solutions[index[~part.solved]] = part.solution[~part.solved]


@dataclasses.dataclass
class Source:
    """A source whose rows are known."""

    family: PuzzleFamily
    rows: dict[str, Rows]
    """{"train": ..., "validation": ..., "test": ...}, or some of them, where the source has its own split, else
    {"all": ...}."""
    files: list[Path]
    """Every file that was read."""
    notes: dict[str, Any] = dataclasses.field(default_factory=dict)
    """Numbers worth keeping with the dataset: {"symmetry_copies_left_out": 1000000}."""

    @property
    def missing(self) -> list[str]:
        """Which of train and test a source with its own split lacks."""
        return [] if "all" in self.rows else [split for split in REQUIRED if split not in self.rows]


def parse_grids(family: PuzzleFamily, notation: Notation, texts: Sequence[str], place: Callable[[int], str]) -> Grids:
    """Parse many grids of one notation at once: (N, rows, columns) uint8.

    Raises:
        PuzzleError: the notation has no such text; the message starts with its place.
    """
    grids, unknown = notation.parse_many(texts, family.shape)
    for row in map(int, unknown):
        try:
            grids[row] = notation.parse(texts[row], family.shape)
        except PuzzleError as error:
            raise PuzzleError(f"{place(row)}: {error}") from None
    return grids
