"""Random Sudoku puzzles with one solution: fill a grid at random, then take clues away while it stays unique."""

from __future__ import annotations

import dataclasses

import numpy as np
from numba import njit
from numpy.typing import NDArray

from puzzles.errors import PuzzleError
from puzzles.family import Grids
from puzzles.random import below, seeded
from puzzles.sudoku.cells import copy
from puzzles.sudoku.digging import MINIMAL, dig, fill
from puzzles.sudoku.engine import workspace

ATTEMPTS = 10_000
"""Solution grids tried per puzzle until one can be dug down to the wanted clue count."""

_BATCH = 64  # puzzles per kernel call: between two calls an interrupt is heard
# Minimal puzzles above side 10 take too long to dig; there are too few at side 4. These counts are reached quickly.
_DEFAULT_CLUES = {4: (4, 10), 12: (54, 54), 15: (96, 96), 16: (112, 112)}


@dataclasses.dataclass(frozen=True)
class SudokuOptions:
    """Options of the Sudoku generator. Every puzzle it makes has exactly one solution."""

    clues: int | None = None
    """Number of clues. None: at side 6 to 10 a minimal puzzle, where no clue can be taken away; at side 4 uniformly
    4 to 10 clues; at side 12, 15 and 16 a count that is reached quickly (54, 96, 112)."""
    clues_max: int | None = None
    """With it, the number of clues is drawn uniformly from clues to clues_max for each puzzle."""


def generate(seeds: NDArray[np.uint64], side: int, box_rows: int, options: SudokuOptions) -> tuple[Grids, Grids]:
    """Return (puzzles, solutions), both (N, side, side) uint8, one puzzle per seed.

    Raises:
        PuzzleError: a clue count that is out of range, or not reached on ``ATTEMPTS`` solution grids.
    """
    clues_min, clues_max = _clue_range(side, options)
    puzzles = np.zeros((len(seeds), side, side), np.uint8)
    solutions = np.zeros_like(puzzles)
    work = workspace(side, box_rows)
    for first in range(0, len(seeds), _BATCH):
        part = slice(first, first + _BATCH)
        failed, clues = _generate_batch(
            seeds[part], clues_min, clues_max, box_rows, work, puzzles[part], solutions[part]
        )
        if failed >= 0:
            seed = seeds[first + failed]
            raise PuzzleError(f"seed {seed}: no {side}x{side} puzzle with {clues} clues on {ATTEMPTS:,} solution grids")
    return puzzles, solutions


def _clue_range(side: int, options: SudokuOptions) -> tuple[int, int]:
    if options.clues is None:
        if options.clues_max is not None:
            raise PuzzleError(f"clues_max {options.clues_max} without clues")
        return _DEFAULT_CLUES.get(side, (MINIMAL, MINIMAL))
    low = options.clues
    high = low if options.clues_max is None else options.clues_max
    if not 1 <= low <= high <= side * side:
        raise PuzzleError(f"clues {low} to {high}, expected 1 <= clues <= clues_max <= {side * side}")
    return low, high


@njit(cache=True, nogil=True)
def _generate_batch(seeds, clues_min, clues_max, box_rows, work, puzzles, solutions):
    """Fill ``puzzles`` and ``solutions``; return (index, clue count) of the first failure, or (-1, 0)."""
    for i in range(len(seeds)):
        state = seeded(seeds[i])
        clues = clues_min + below(state, clues_max - clues_min + 1)
        reached = False
        for _ in range(ATTEMPTS):
            fill(solutions[i].reshape(-1), box_rows, work, state)
            copy(solutions[i].reshape(-1), puzzles[i].reshape(-1))
            if dig(puzzles[i].reshape(-1), clues, work, state):
                reached = True
                break
        if not reached:
            return i, clues
    return -1, 0
