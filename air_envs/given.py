"""A puzzle that somebody brings, as a source of puzzles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import puzzles
from puzzles import PuzzleFamily, Puzzles


class GivenPuzzle:
    """One puzzle, whatever the key: solved, and rated by the family's first convention.

    Args:
        puzzle: (rows, columns) integers, or a text in any form that ``puzzles.parse`` reads.
        family: of the puzzle, or its name; None deduces it.

    Raises:
        PuzzleError: no puzzle, a malformed one, or one with no solution or with several where one is required.
    """

    def __init__(self, puzzle: Any, family: PuzzleFamily | str | None = None):
        self._family, grid = puzzles.parse(puzzle, family)
        batch = grid[None]
        self._family.check(batch)
        self._puzzles = Puzzles(batch, self._family.solve(batch), self._family.rate(batch))

    def __repr__(self) -> str:
        return f"GivenPuzzle({self._family.format(self._puzzles.puzzle[0])!r})"

    @property
    def family(self) -> PuzzleFamily:
        """Of the puzzle."""
        return self._family

    def load(self, keys: NDArray[np.uint64]) -> Puzzles:
        """Return the puzzle as often as there are ``keys``, (N,) uint64."""
        return self._puzzles.take(np.zeros(len(keys), np.int64))
