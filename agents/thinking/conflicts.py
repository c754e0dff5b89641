"""Where a proposal breaks a rule of its puzzle, as far as the cells themselves show it, without the solution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from puzzles import Grids, PuzzleFamily
from puzzles.maze.cells import GOAL, OPEN, PATH, START
from puzzles.sudoku import rules

Rule = Callable[[PuzzleFamily, Grids, Grids], NDArray[np.bool_]]
"""Takes a family, N puzzles and N answers, (N, rows, columns) uint8 each; returns (N, rows, columns) bool."""


def conflicts(family: PuzzleFamily, puzzle: Grids, answer: Grids) -> NDArray[np.bool_]:
    """Return which cells of N answers break a rule: (N, rows, columns) bool.

    Sudoku: digits that repeat in a row, column or box, and givens that were changed. Maze: path cells on walls, and
    ends and branches of the path that no shortest path has. A family without a rule of its own: none.

    Args:
        family: of the puzzles.
        puzzle: (N, rows, columns) uint8.
        answer: (N, rows, columns) uint8, as ``family.read_answer`` returns it, 0 where undecided.
    """
    rule = _RULES.get(family.kind)
    return np.zeros(puzzle.shape, np.bool_) if rule is None else rule(family, puzzle, answer)


def register(kind: str, rule: Rule) -> None:
    """Say what breaks a rule in puzzles of a kind: ``register("kakuro", kakuro_conflicts)``."""
    _RULES[kind] = rule


def _sudoku(family: PuzzleFamily, puzzle: Grids, answer: Grids) -> NDArray[np.bool_]:
    repeated = rules.conflicts(np.ascontiguousarray(answer), family.box_rows)  # type: ignore[attr-defined]
    return repeated | ((puzzle != 0) & (answer != puzzle))


def _maze(family: PuzzleFamily, puzzle: Grids, answer: Grids) -> NDArray[np.bool_]:
    """A shortest path never touches itself: its cells have two neighbours on it, its two ends have one."""
    path, ends = answer == PATH, (puzzle == START) | (puzzle == GOAL)
    way = np.pad(path | ends, ((0, 0), (1, 1), (1, 1))).astype(np.int8)
    neighbours = way[:, :-2, 1:-1] + way[:, 2:, 1:-1] + way[:, 1:-1, :-2] + way[:, 1:-1, 2:]
    return (path & ((puzzle != OPEN) | (neighbours != 2))) | (ends & (neighbours != 1))


_RULES: dict[str, Rule] = {"maze": _maze, "sudoku": _sudoku}
