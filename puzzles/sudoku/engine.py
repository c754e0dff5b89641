"""The two searches as one: kernels call these, and numba takes the search that the workspace belongs to.

So the generator is written once, and a side costs the compilation of one search alone.
"""

from __future__ import annotations

from numba.extending import overload

from puzzles.sudoku import cells, triad_search

Workspace = triad_search.Workspace | cells.Workspace


def workspace(side: int, box_rows: int, kept: int = 1) -> Workspace:
    """Return the arrays of one search, for one thread; it keeps the first ``kept`` solutions."""
    return triad_search.workspace(kept) if side == 9 else cells.workspace(side, box_rows, kept)


def start(grid, work):
    """Set depth 0 to what the givens of ``grid``, (cells,) uint8, leave open; return False if they contradict."""
    raise NotImplementedError("for kernels only")


def strike(cell, digit, work):
    """Take a candidate away at depth 0 and conclude; return False on a contradiction."""
    raise NotImplementedError("for kernels only")


def descend(work, limit, budget, state, shuffled):
    """Search below depth 0; return (solutions, guesses until the first, guesses in all).

    The first solutions are in ``work.solutions``, (kept, cells) uint8. Gives up, returning -1 solutions, when
    ``budget`` guesses did not suffice. ``shuffled`` guesses at random, with random ``state``.
    """
    raise NotImplementedError("for kernels only")


@overload(start, jit_options={"nogil": True})
def _start(grid, work):
    search = _search_of(work).start
    return lambda grid, work: search(grid, work)


@overload(strike, jit_options={"nogil": True})
def _strike(cell, digit, work):
    search = _search_of(work).strike
    return lambda cell, digit, work: search(cell, digit, work)


@overload(descend, jit_options={"nogil": True})
def _descend(work, limit, budget, state, shuffled):
    search = _search_of(work).descend
    return lambda work, limit, budget, state, shuffled: search(work, limit, budget, state, shuffled)


def _search_of(work):
    """Return the module of the search that a workspace type belongs to."""
    return triad_search if work.instance_class is triad_search.Workspace else cells
