"""What every importer hands over: rows of puzzles that remember the place in a file they came from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from puzzles.errors import PuzzleError
from puzzles.family import Grids, PuzzleFamily, Puzzles


class Rows:
    """N puzzles as a file gives them, nothing proved yet.

    Args:
        puzzle: (N, rows, columns) uint8.
        place: names the place of row i for messages: "sudoku.txt line 9".
        solution: (N, rows, columns) uint8; None where the file has none: all zeros then, to be filled in.
        rating: (N,) int32; None where the file has none: all zeros then, to be filled in.
    """

    def __init__(
        self,
        puzzle: Grids,
        place: Callable[[int], str],
        solution: Grids | None = None,
        rating: NDArray[np.int32] | None = None,
    ):
        self.puzzle = puzzle
        self.place = place
        self.solved = solution is not None
        self.solution = np.zeros_like(puzzle) if solution is None else solution
        self.rated = rating is not None
        self.rating = np.zeros(len(puzzle), np.int32) if rating is None else rating

    def __len__(self) -> int:
        return len(self.puzzle)

    def take(self, index: NDArray[np.int64]) -> Puzzles:
        """Return the rows at ``index``."""
        return Puzzles(self.puzzle[index], self.solution[index], self.rating[index])


@dataclasses.dataclass
class Source:
    """A source read whole."""

    family: PuzzleFamily
    rows: dict[str, Rows]
    """{"train": ..., "test": ...} where the source has its own split, else {"all": ...}."""
    files: list[Path]
    """Every file that was read."""
    notes: dict[str, int] = dataclasses.field(default_factory=dict)
    """Numbers worth keeping with the dataset: {"symmetry_copies_left_out": 1000000}."""


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
