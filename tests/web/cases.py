"""What the rules of the page, in TypeScript, must say of some grids: written down by the rules of this package.

``python -m tests.web.cases > web/tests/fixtures/rules.json`` writes the file that the tests of the page read.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

import puzzles
from puzzles.maze.cells import OPEN, PATH, WALL
from puzzles.sudoku import rules

SUDOKU = ("sudoku-4x4", "sudoku-6x6", "sudoku-9x9", "sudoku-12x12")
MAZES = ("maze-7x7", "maze-6x11")
SEEDS = np.arange(3, dtype=np.uint64)


def cases() -> dict[str, list[dict[str, Any]]]:
    """Return the cases of both kinds as JSON values, the same at every call."""
    rng = np.random.default_rng(0)
    return {
        "sudoku": [case for name in SUDOKU for case in _sudoku(name, rng)],
        "maze": [case for name in MAZES for case in _maze(name, rng)],
    }


def _sudoku(name: str, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Each puzzle with its solution, with a wrong digit, with a blank, and with the digits swapped."""
    family = puzzles.family(name)
    made = []
    for puzzle, solution, _ in zip(*family.generate(SEEDS), strict=True):
        cell = tuple(rng.integers(0, family.rows, 2))
        wrong, blank, swapped = solution.copy(), solution.copy(), solution[::-1].copy()
        wrong[cell] = wrong[cell] % family.rows + 1
        blank[cell] = 0
        for grid in (solution, wrong, blank, swapped, puzzle):
            made.append(
                {
                    "family": name,
                    "puzzle": puzzle.reshape(-1).tolist(),
                    "grid": grid.reshape(-1).tolist(),
                    "solved": bool(family.is_solved(puzzle[None], grid[None])[0]),
                    "repeats": rules.conflicts(grid[None], family.box_rows)[0].reshape(-1).astype(int).tolist(),  # type: ignore[attr-defined]
                }
            )
    return made


def _maze(name: str, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Each puzzle with its solution, with its path broken, with cells astray, and with a path through a wall."""
    family = puzzles.family(name)
    options = family.Options(generator="braided")
    made = []
    for puzzle, solution, moves in zip(*family.generate(SEEDS, options), strict=True):
        answers = [solution]
        for value, change in ((PATH, OPEN), (OPEN, PATH), (WALL, PATH)):
            places = np.argwhere(solution == value)
            answer = solution.copy()
            answer[tuple(places[rng.integers(len(places))])] = change
            answers.append(answer)
        for answer in answers:
            read = family.read_answer(puzzle[None], answer[None])
            made.append(
                {
                    "family": name,
                    "puzzle": puzzle.reshape(-1).tolist(),
                    "answer": answer.reshape(-1).tolist(),
                    "read": read.reshape(-1).tolist(),
                    "moves": int(moves),
                    "solved": bool(family.is_solved(puzzle[None], read)[0]),
                }
            )
    return made


if __name__ == "__main__":
    print(json.dumps(cases()))
