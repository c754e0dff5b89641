"""Where the puzzles of a window come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import puzzles

Shelf = Callable[[puzzles.PuzzleFamily, int], "Shown"]
"""Returns the puzzle of a number, counted from 0, or raises a ValueError where there is none.

It runs in the background.
"""


class Shown(NamedTuple):
    """A puzzle and what it is called."""

    puzzle: puzzles.Grids
    """(rows, columns) uint8."""
    title: str


def generated(family: puzzles.PuzzleFamily, number: int) -> Shown:
    """Generate the puzzle of a seed, with the options that the family has by default.

    Raises:
        PuzzleError: a seed below 0.
    """
    if number < 0:
        raise puzzles.PuzzleError(f"no puzzle before that of seed 0, found seed {number}")
    return Shown(family.generate(np.array([number], np.uint64)).puzzle[0], f"{family.name}, seed {number}")
