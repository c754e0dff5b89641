"""Experts that know the solution: which moves of N environments are right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from air_envs.dynamics import Dynamics
from air_envs.maze.dynamics import MazeMove
from air_envs.sudoku.dynamics import SudokuPlace
from puzzles.maze.rules import COLUMN_STEPS, ROW_STEPS


def right_moves(dynamics: Dynamics) -> NDArray[np.bool_]:
    """Return (N, actions) bool: every move that brings its puzzle nearer to the solution.

    In a Sudoku these write the solution's digit into a cell that does not hold it; in a maze they lead along a shortest
    path.

    Raises:
        ValueError: actions that are neither placements nor moves, or placements that can erase.
    """
    if isinstance(dynamics, SudokuPlace) and not dynamics.erase:
        missing = dynamics.grid != dynamics.solution
        digits = np.arange(1, dynamics.family.side + 1)
        return ((dynamics.solution[..., None] == digits) & missing[..., None]).reshape(dynamics.count, -1)
    if isinstance(dynamics, MazeMove):
        distance = np.pad(dynamics.distance, ((0, 0), (1, 1), (1, 1)), constant_values=-1)
        row, column = dynamics.agent.T[:, :, None] + 1
        every = np.arange(dynamics.count)[:, None]
        here = distance[every, row, column]
        there = distance[every, row + np.array(ROW_STEPS), column + np.array(COLUMN_STEPS)]
        return (there >= 0) & (there < here)
    raise ValueError(f"{type(dynamics).__name__}: no expert, expected placements without erase, or moves")
