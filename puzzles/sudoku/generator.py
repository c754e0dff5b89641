"""Random Sudoku puzzles with one solution: fill a grid at random, then take clues away while it stays unique.

A level is a band of ratings, drawn by rejection; extreme puzzles are made hard by ``puzzles.sudoku.hardening``.
"""

from __future__ import annotations

import dataclasses
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit
from puzzles.errors import GenerationError, PuzzleError, is_whole
from puzzles.family import Grids
from puzzles.random import below, seeded, uniform
from puzzles.sudoku.cells import NO, NO_BUDGET, copy
from puzzles.sudoku.digging import MINIMAL, dig, fill
from puzzles.sudoku.engine import descend, start, workspace
from puzzles.sudoku.hardening import SOLUTIONS, harden
from puzzles.threads import check_stopped, in_batches

ATTEMPTS = 10_000
"""Solution grids tried per puzzle until one can be dug down to the wanted clue count."""

_BATCH = 64  # puzzles that share a workspace
# Solution grids tried per kernel call, for some two seconds at most: between two calls an interrupt is heard.
_GRIDS, _GRIDS_ABOVE_10 = 64, 4
_EXTREME_BATCH = 4
_UNBIASED = 0.22  # of extreme puzzles: random minimal ones, as in Sudoku-Extreme
_EFFORT = np.int64(3000)  # puzzles tried to make one hard
_ONE = np.int64(1)
# Minimal puzzles above side 10 take too long to dig; there are too few at side 4. These counts are reached quickly.
_DEFAULT_CLUES = {4: (4, 10), 12: (54, 54), 15: (96, 96), 16: (112, 112)}


FEWEST_CLUES = {4: 4, 6: 8, 9: 17}
"""Clues of the sparsest puzzles with one solution, by side, where that is proved (9: McGuire, Tugemann and Civario
2014). At other sides at least ``side - 1``: two digits without a clue could change places."""


class Level(NamedTuple):
    """What a puzzle of one level has: clues, -1 for a minimal puzzle, and guesses until the solution is found."""

    clues: tuple[int, int]
    guesses: tuple[int, int]


LEVELS = {
    "easy": Level((32, 40), (0, 0)),
    "medium": Level((MINIMAL, MINIMAL), (0, 0)),
    "hard": Level((MINIMAL, MINIMAL), (1, 4)),
    "expert": Level((MINIMAL, MINIMAL), (5, 15)),
}
"""The levels of side 9 that rejection draws; the last one, extreme, has no band."""
_ANY = (0, 1 << 30)
_SECONDS = {4: 2e-5, 6: 2e-4, 8: 4e-4, 9: 1e-4, 10: 1e-3, 12: 1e-3, 15: 2e-3, 16: 2e-3}
_SECONDS_OF_LEVEL = {"easy": 3e-5, "medium": 2e-4, "hard": 3e-4, "expert": 5e-3, "extreme": 0.1}
_SECONDS_OF_FEW_CLUES, _FEW_CLUES = 5e-3, 23  # at side 9


@dataclasses.dataclass(frozen=True)
class SudokuOptions:
    """Options of the Sudoku generator. Every puzzle it makes has exactly one solution."""

    level: Literal["easy", "medium", "hard", "expert", "extreme"] | None = None
    """Side 9 alone. easy: 32 to 40 clues, no guess needed; medium, hard and expert: minimal puzzles that need no guess,
    1 to 4, 5 to 15. extreme: 22 % random minimal puzzles, the others made hard by a search in their neighbourhood, as
    in the Sudoku-Extreme data set. None: whatever comes."""
    clues: int | None = None
    """Number of clues; fewer take longer to reach, and below 21 at side 9 the generator rarely gets there. None: at
    side 6 to 10 a minimal puzzle, where no clue can be taken away; at side 4 uniformly
    4 to 10 clues; at side 12, 15 and 16 a count that is reached quickly (54, 96, 112)."""
    clues_max: int | None = None
    """With it, the number of clues is drawn uniformly from clues to clues_max for each puzzle."""


def generate(
    seeds: NDArray[np.uint64], side: int, box_rows: int, options: SudokuOptions
) -> tuple[Grids, Grids, NDArray[np.int32]]:
    """Return (puzzles, solutions, guesses): (N, side, side) uint8 twice and (N,) int32, one puzzle per seed.

    Guesses are those until the solution is found, as ``puzzles.sudoku.solver.search`` counts them.

    Raises:
        PuzzleError: options that no puzzle of this side has.
        GenerationError: a clue count or level that is not reached on ``ATTEMPTS`` solution grids.
    """
    clues, band = ranges(side, options)
    puzzles = np.zeros((len(seeds), side, side), np.uint8)
    solutions = np.zeros_like(puzzles)
    guesses = np.zeros(len(seeds), np.int32)
    grids = _GRIDS if side <= 10 else _GRIDS_ABOVE_10

    def work(part: slice) -> None:
        search = workspace(side, box_rows)
        arrays = seeds[part], box_rows, search, puzzles[part], solutions[part], guesses[part]
        reached = _Reached(0, 0, 0, np.zeros(1, np.uint64))
        while reached.puzzles < part.stop - part.start:
            check_stopped()
            reached = _generate_batch(*clues, *band, *arrays, grids, ATTEMPTS, reached)
            if reached.tried == ATTEMPTS:
                asked = f"of level {options.level}" if options.level else f"with {reached.clues} clues"
                seed = int(seeds[part.start + reached.puzzles])
                raise GenerationError(seed, f"no {side}x{side} puzzle {asked} on {ATTEMPTS:,} solution grids")

    def work_extremely(part: slice) -> None:
        search = workspace(side, box_rows, SOLUTIONS)
        _extreme_batch(seeds[part], box_rows, search, puzzles[part], solutions[part], guesses[part])

    if options.level == "extreme":
        in_batches(work_extremely, len(seeds), _EXTREME_BATCH)
    else:
        in_batches(work, len(seeds), _BATCH)
    return puzzles, solutions, guesses


def ranges(side: int, options: SudokuOptions) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return what the clues and what the guesses of a puzzle may be.

    Raises:
        PuzzleError: options that no puzzle of this side has.
    """
    if options.level is None:
        return _clue_range(side, options), _ANY
    if options.level not in (*LEVELS, "extreme"):
        raise PuzzleError(f"level {options.level!r}, expected one of {[*LEVELS, 'extreme']}")
    if side != 9:
        raise PuzzleError(f"level {options.level!r} at side {side}, expected side 9, the only one that has levels")
    if options.clues is not None or options.clues_max is not None:
        raise PuzzleError(f"level {options.level!r} along with clues, which a level decides")
    return LEVELS.get(options.level, Level((MINIMAL, MINIMAL), _ANY))


def _clue_range(side: int, options: SudokuOptions) -> tuple[int, int]:
    if options.clues is None:
        if options.clues_max is not None:
            raise PuzzleError(f"clues_max {options.clues_max} without clues")
        return _DEFAULT_CLUES.get(side, (MINIMAL, MINIMAL))
    low, fewest = options.clues, FEWEST_CLUES.get(side, side - 1)
    if not is_whole(low) or not fewest <= low <= side * side:
        raise PuzzleError(f"clues {low!r}, expected an integer {fewest} to {side * side} at side {side}")
    high = low if options.clues_max is None else options.clues_max
    if not is_whole(high) or not low <= high <= side * side:
        raise PuzzleError(f"clues_max {high!r}, expected an integer from clues, {low}, to {side * side}")
    return int(low), int(high)


def seconds(side: int, options: SudokuOptions) -> float:
    """Return about how many seconds of one core a puzzle takes; with few clues it can be many times that."""
    if options.level is not None:
        return _SECONDS_OF_LEVEL[options.level]
    if side == 9 and options.clues is not None and options.clues <= _FEW_CLUES:
        return _SECONDS_OF_FEW_CLUES
    return _SECONDS[side]


class _Reached(NamedTuple):
    """How far ``_generate_batch`` is: puzzles done and, of the next one, grids tried, clues wanted, random state."""

    puzzles: int
    tried: int
    clues: int
    state: NDArray[np.uint64]


@njit(cache=True, nogil=True)
def _generate_batch(
    clues_min,
    clues_max,
    guesses_min,
    guesses_max,
    seeds,
    box_rows,
    work,
    puzzles,
    solutions,
    guesses,
    grids,
    attempts,
    reached,
):
    """Go on filling ``puzzles``, ``solutions``, ``guesses`` where ``reached`` says; return what is reached then.

    Ends when all are filled, ``grids`` more were tried, or ``attempts`` for one puzzle.
    """
    i, tried, clues, state = reached
    for _ in range(grids):
        if tried == 0:
            state = seeded(seeds[i])
            clues = clues_min + below(state, clues_max - clues_min + 1)
        tried += 1
        fill(solutions[i].reshape(-1), box_rows, work, state)
        copy(solutions[i].reshape(-1), puzzles[i].reshape(-1))
        if dig(puzzles[i].reshape(-1), clues, work, state):
            guesses[i] = _rating(puzzles[i].reshape(-1), work, state)
            if guesses_min <= guesses[i] <= guesses_max:
                i, tried = i + 1, 0
        if i == len(seeds) or tried == attempts:
            break
    return _Reached(i, tried, clues, state)


@njit(cache=True, nogil=True)
def _extreme_batch(seeds, box_rows, work, puzzles, solutions, guesses):
    """Fill ``puzzles``, ``solutions`` and ``guesses`` with extreme puzzles."""
    for i in range(len(seeds)):
        state = seeded(seeds[i])
        grid = puzzles[i].reshape(-1)
        if uniform(state) < _UNBIASED:
            fill(grid, box_rows, work, state)
            dig(grid, MINIMAL, work, state)
        else:
            harden(grid, _EFFORT, box_rows, work, state)
        guesses[i] = _rating(grid, work, state)
        copy(work.solutions[0], solutions[i].reshape(-1))


@njit(cache=True, nogil=True)
def _rating(grid, work, state):
    """Return the guesses until the solution of ``grid`` is found; it is the first in ``work``."""
    start(grid, work)
    _, guesses, _ = descend(work, _ONE, NO_BUDGET, state, NO)
    return guesses
