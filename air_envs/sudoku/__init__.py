"""Sudoku as a Gymnasium environment."""

from air_envs.sudoku.dynamics import SudokuPlace, SudokuPropose
from air_envs.sudoku.env import SudokuEnv

__all__ = ["SudokuEnv", "SudokuPlace", "SudokuPropose"]
