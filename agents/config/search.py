"""Names of the test-time searches of ``agents.evaluation.search``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from puzzles import PuzzleFamily

Search = Literal["noise", "symmetry", "guesses", "first-to-halt"]
SEARCHES: tuple[Search, ...] = get_args(Search)


def default_search(family: PuzzleFamily) -> Search:
    """Return the search that solves most at equal compute (docs/notebook/2026-11-29-search.md).

    Guesses need a family with symbols, such as Sudoku; mazes are retried as symmetry copies.
    """
    return "guesses" if family.symbols else "symmetry"
