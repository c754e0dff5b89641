"""Mazes of any shape: find a shortest path from start to goal."""

from puzzles.maze.cells import GOAL, OPEN, PATH, START, WALL
from puzzles.maze.family import Maze
from puzzles.maze.generator import MazeOptions

__all__ = ["GOAL", "OPEN", "PATH", "START", "WALL", "Maze", "MazeOptions"]
