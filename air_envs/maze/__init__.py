"""The maze as a Gymnasium environment."""

from air_envs.maze.dynamics import MazeMove, MazePropose
from air_envs.maze.env import MazeEnv

__all__ = ["MazeEnv", "MazeMove", "MazePropose"]
