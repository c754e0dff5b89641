"""Sudoku as a Gymnasium environment."""

from air_envs.sudoku.dynamics import SudokuPlace, SudokuPropose
from air_envs.sudoku.env import SudokuEnv, SudokuVectorEnv

__all__ = ["SudokuEnv", "SudokuPlace", "SudokuPropose", "SudokuVectorEnv"]
