"""The maze as a Gymnasium environment."""

from air_envs.maze.dynamics import MazeMove, MazePropose
from air_envs.maze.env import MazeEnv, MazeVectorEnv

__all__ = ["MazeEnv", "MazeMove", "MazePropose", "MazeVectorEnv"]
