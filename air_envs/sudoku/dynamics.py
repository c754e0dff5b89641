"""Sudoku over a batch: placing one digit, or proposing a whole grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from air_envs.dynamics import Dynamics, Rows, grid_space
from air_envs.sudoku import kernels
from puzzles.sudoku import Sudoku, rules

ACTION_MASKS = ("rule", "candidates")


class SudokuDynamics(Dynamics):
    """What both ways of acting share: the counts of filled, conflicting and right cells."""

    family: Sudoku

    def __init__(self, family: Sudoku, count: int):
        super().__init__(family, count)
        self.blanks = np.zeros(count, np.int64)
        """(N,) int64: cells that the puzzle leaves open."""
        self.filled = np.zeros(count, np.int64)
        """(N,) int64: cells that hold a digit."""
        self.conflicts = np.zeros(count, np.int64)
        """(N,) int64: cells whose digit stands again in their row, column or box."""
        self.correct = np.zeros(count, np.int64)
        """(N,) int64: open cells that are as in the solution, less givens that are not, at least 0."""
        self.observation_space = spaces.Dict(grid=grid_space(family), puzzle=grid_space(family))

    def info(self) -> dict[str, NDArray[Any]]:
        """Add ``filled`` and ``conflicts``."""
        return super().info() | {"filled": self.filled.copy(), "conflicts": self.conflicts.copy()}

    def _start(self, rows: Rows) -> None:
        puzzle, grid = self.puzzle[rows], self.grid[rows]
        self.filled[rows] = (grid > 0).sum(axis=(1, 2))
        self.blanks[rows] = (puzzle == 0).sum(axis=(1, 2))
        self.conflicts[rows] = rules.conflicts(grid, self.family.box_rows).sum(axis=(1, 2))
        self.correct[rows] = 0
        self.solved[rows] = rules.is_solved(puzzle, grid, self.family.box_rows)
        self.progress[rows] = self.blanks[rows] == 0


class SudokuPlace(SudokuDynamics):
    """An action puts one digit into one cell: Discrete(side ** 3), cell by cell, digit by digit.

    Args:
        family: a Sudoku.
        count: N.
        action_mask: ``"rule"``: any digit into any cell that is no given; ``"candidates"``: only digits that
            stand nowhere in the cell's row, column and box.

    Raises:
        ValueError: another ``action_mask``.
    """

    action_type = "place"
    action_meaning = "cell * side + digit - 1"

    def __init__(self, family: Sudoku, count: int, *, action_mask: str = "rule"):
        if action_mask not in ACTION_MASKS:
            raise ValueError(f"action_mask: found {action_mask!r}, expected one of {list(ACTION_MASKS)}")
        super().__init__(family, count)
        side = family.side
        self.by_candidate = action_mask == "candidates"
        self.action_space = spaces.Discrete(side**3)
        self._counts = np.zeros((count, 3, side, side + 1), np.uint8)
        self._mask = np.zeros((count, side**3), np.int8)

    def masks(self) -> NDArray[np.int8]:
        """(N, side ** 3) int8, a new array."""
        return self._mask.copy()

    def _start(self, rows: Rows) -> None:
        super()._start(rows)
        kernels.start(rows, self.puzzle, self.grid, self.family.box_rows, self.by_candidate, self._counts, self._mask)

    def _apply(self, actions: NDArray[Any]) -> None:
        kernels.place(
            actions, self.puzzle, self.grid, self.solution, self.blanks, self.family.box_rows, self.by_candidate,
            self._counts, self._mask, self.filled, self.conflicts, self.correct,
            self.refused, self.solved, self.progress,
        )  # fmt: skip


class SudokuPropose(SudokuDynamics):
    """An action is a whole grid, each an answer: it becomes the grid as it is, givens changed or not."""

    action_type = "propose"

    def __init__(self, family: Sudoku, count: int):
        super().__init__(family, count)
        self.action_space = grid_space(family)

    def _apply(self, actions: NDArray[Any]) -> None:
        self.grid[:] = actions
        kernels.compare(
            self.puzzle, self.grid, self.solution, self.blanks, self.filled, self.correct, self.refused, self.progress
        )
        self.conflicts[:] = rules.conflicts(self.grid, self.family.box_rows).sum(axis=(1, 2))
        self.solved[:] = rules.is_solved(self.puzzle, self.grid, self.family.box_rows)
