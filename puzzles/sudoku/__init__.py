"""Sudoku at side 4, 6, 8, 9, 10, 12, 15 and 16: rules, solver, generator, symmetries."""

from puzzles.sudoku.family import Sudoku
from puzzles.sudoku.generator import SudokuOptions

__all__ = ["Sudoku", "SudokuOptions"]
