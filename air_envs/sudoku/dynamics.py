"""Sudoku over a batch: placing one digit, or proposing a whole grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from air_envs.drawing.scene import Scene, make_scene
from air_envs.dynamics import Dynamics, Rows, grid_space
from air_envs.sudoku import kernels
from puzzles.sudoku import Sudoku, rules
from puzzles.sudoku.geometry import geometry

ACTION_MASKS = ("rule", "candidates")


class SudokuDynamics(Dynamics):
    """What both ways of acting share: the counts of filled, conflicting and right cells.

    Args:
        family: a Sudoku.
        count: N.
        candidates: whether to observe which digits fit each blank cell.
    """

    family: Sudoku

    def __init__(self, family: Sudoku, count: int, *, candidates: bool = False):
        super().__init__(family, count)
        side = family.side
        self.blanks = np.zeros(count, np.int64)
        """(N,) int64: cells that the puzzle leaves open."""
        self.filled = np.zeros(count, np.int64)
        """(N,) int64: cells that hold a digit."""
        self.conflicts = np.zeros(count, np.int64)
        """(N,) int64: cells whose digit stands again in their row, column or box."""
        self.conflicts_before = np.zeros(count, np.int64)
        """(N,) int64: the same before the last step."""
        self.correct = np.zeros(count, np.int64)
        """(N,) int64: open cells that are as in the solution, less givens that are not, at least 0."""
        self.candidates = np.zeros((count, side, side, side), np.int8) if candidates else None
        """(N, side, side, side) int8: 1 where the cell is blank and no peer holds digit k + 1, or None."""
        parts = {"candidates": spaces.MultiBinary((side, side, side))} if candidates else {}
        self.observation_space = spaces.Dict(parts | {"grid": grid_space(family), "puzzle": grid_space(family)})
        self._units = family.coordinates
        self._peers = geometry(side, family.box_rows).peers
        self._counts = np.zeros((count, 3, side, side + 1), np.uint8)
        self._seen = np.zeros((count, 3, side), np.uint16)
        self._every_row = np.arange(count)

    def step(self, actions: NDArray[Any]) -> None:
        """Remember the conflicts, then act."""
        self.conflicts_before[:] = self.conflicts
        super().step(actions)
        self._find_candidates(self._every_row)

    def observation(self) -> dict[str, NDArray[Any]]:
        """Add ``candidates`` if observed."""
        parts = super().observation()
        return parts if self.candidates is None else {"candidates": self.candidates, **parts}

    def info(self) -> dict[str, NDArray[Any]]:
        """Add ``filled`` and ``conflicts``."""
        return super().info() | {"filled": self.filled, "conflicts": self.conflicts}

    def scene(self, row: int) -> Scene:
        """Add the candidates, if observed."""
        candidates = None if self.candidates is None else self.candidates[row]
        return make_scene(self.family, self.grid[row], puzzle=self.puzzle[row], candidates=candidates)

    def _start(self, rows: Rows) -> None:
        kernels.start(
            rows, self.puzzle, self.grid, self._units, self._counts, self._seen,
            self.filled, self.blanks, self.conflicts, self.correct, self.solved, self.progress,
        )  # fmt: skip
        self._find_candidates(rows)

    def _find_candidates(self, rows: Rows) -> None:
        if self.candidates is not None:
            kernels.spread(rows, rules.candidates(self.grid[rows], self.family.box_rows), self.candidates)


class SudokuPlace(SudokuDynamics):
    """An action puts one digit into one cell: Discrete(side ** 3), cell by cell, digit by digit.

    Args:
        family: a Sudoku.
        count: N.
        candidates: whether to observe which digits fit each blank cell.
        action_mask: ``"rule"``: any digit into any cell that is no given; ``"candidates"``: only digits that
            stand nowhere in the cell's row, column and box.
        erase: whether digit 0, which empties a cell, is an action too: Discrete(side ** 2 * (side + 1)).
        end_on_contradiction: whether a puzzle fails when a digit stands twice in a unit, or none fits a blank cell.

    Raises:
        ValueError: another ``action_mask``.
    """

    action_type = "place"

    def __init__(
        self,
        family: Sudoku,
        count: int,
        *,
        candidates: bool = False,
        action_mask: str = "rule",
        erase: bool = False,
        end_on_contradiction: bool = False,
    ):
        if action_mask not in ACTION_MASKS:
            raise ValueError(f"action_mask: found {action_mask!r}, expected one of {list(ACTION_MASKS)}")
        super().__init__(family, count, candidates=candidates)
        self.by_candidate = action_mask == "candidates"
        self.erase = erase
        self.end_on_contradiction = end_on_contradiction
        actions = family.side**2 * (family.side + erase)
        self.action_meaning = "cell * (side + 1) + digit" if erase else "cell * side + digit - 1"
        self.action_space = spaces.Discrete(actions)
        self._mask = np.zeros((count, actions), np.int8)

    def masks(self) -> NDArray[np.int8]:
        """(N, actions) int8."""
        return self._mask

    def _start(self, rows: Rows) -> None:
        super()._start(rows)
        kernels.start_masks(
            rows, self.puzzle, self.grid, self._units, self.by_candidate, self.erase, self._seen, self._mask
        )

    def _apply(self, actions: NDArray[Any]) -> None:
        kernels.place(
            actions, self.puzzle, self.grid, self.solution, self.blanks, self._units, self._peers,
            self.by_candidate, self.erase, self.end_on_contradiction, self._counts, self._seen, self._mask,
            self.filled, self.conflicts, self.correct, self.refused, self.solved, self.failed, self.progress,
        )  # fmt: skip


class SudokuPropose(SudokuDynamics):
    """An action is a whole grid, each an answer: it becomes the grid as it is, givens changed or not."""

    action_type = "propose"

    def __init__(self, family: Sudoku, count: int, *, candidates: bool = False):
        super().__init__(family, count, candidates=candidates)
        self.action_space = grid_space(family)

    def _apply(self, actions: NDArray[Any]) -> None:
        self.grid[:] = actions
        kernels.compare(
            self.puzzle, self.grid, self.solution, self.blanks, self.filled, self.correct, self.refused, self.progress
        )
        self.conflicts[:] = rules.conflicts(self.grid, self.family.box_rows).sum(axis=(1, 2))
        self.solved[:] = rules.is_solved(self.puzzle, self.grid, self.family.box_rows)
