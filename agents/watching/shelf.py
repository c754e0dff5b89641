"""Where the puzzles and models of a window come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import puzzles
from agents.checkpoints.folder import load_config
from agents.pretrained import find, shipped_models

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


def fitting_models(family: puzzles.PuzzleFamily) -> list[str]:
    """Return the names of the shipped models that play a family: its own first, then those of any shape."""
    own, other = [], []
    for name in shipped_models():
        folder = find(name)
        assert folder is not None
        config = load_config(folder)
        if config.family == family.name:
            own.append(name)
        elif config.any_shape and puzzles.family(config.family).kind == family.kind:
            other.append(name)
    return own + other
