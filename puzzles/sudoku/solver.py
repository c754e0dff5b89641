"""Solving batches of Sudoku puzzles: by triads at side 9, by cells at every other side."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit
from puzzles.family import Grids
from puzzles.sudoku.cells import NO, NO_BUDGET, copy
from puzzles.sudoku.engine import descend, start, workspace
from puzzles.threads import in_batches

_BATCH = 256  # puzzles per kernel call: a few hundredths of a second for the hardest


class Result(NamedTuple):
    """What a search found out about N puzzles."""

    solution: Grids
    """(N, side, side) uint8: the first solution found; all 0 where there is none."""
    found: NDArray[np.int32]
    """(N,) int32: how many solutions there are, counted up to the limit."""
    guesses: NDArray[np.int32]
    """(N,) int32: guesses until the first solution was found, or until it was clear that there is none."""
    guesses_in_all: NDArray[np.int32]
    """(N,) int32: guesses until the search ended: with limit 2, until a solution was proved to be the only one."""


def search(puzzles: Grids, box_rows: int, limit: int = 2) -> Result:
    """Search each puzzle depth first until ``limit`` solutions are found; deterministic.

    A *guess* is an assumption made where propagation is stuck. If it fails, its opposite is a deduction and no guess.
    So a puzzle that propagation solves counts 0. At side 9 that is propagation by triads and bands and a guess is a
    configuration of a digit in a band (``puzzles.sudoku.triads``): guesses are those of the solver tdoku. At other
    sides it is singles and locked candidates, and a guess is a digit in a cell (``puzzles.sudoku.cells``).
    """
    count, side, _ = puzzles.shape
    found, guesses, guesses_in_all = (np.zeros(count, np.int32) for _ in range(3))
    result = Result(np.zeros_like(puzzles), found, guesses, guesses_in_all)

    def work(part: slice) -> None:
        _search_batch(puzzles[part], limit, workspace(side, box_rows), *(array[part] for array in result))

    in_batches(work, count, _BATCH)
    return result


@njit(cache=True, nogil=True)
def _search_batch(puzzles, limit, work, solutions, found, guesses, guesses_in_all):
    state = np.zeros(1, np.uint64)
    for i in range(len(puzzles)):
        if start(puzzles[i].reshape(-1), work):
            found[i], guesses[i], guesses_in_all[i] = descend(work, limit, NO_BUDGET, state, NO)
            if found[i] > 0:
                copy(work.solutions[0], solutions[i].reshape(-1))
