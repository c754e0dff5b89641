"""Many puzzles at once, without a Python loop over them: native vector environments for Gymnasium."""

from air_envs.vector.env import PuzzleVectorEnv

__all__ = ["PuzzleVectorEnv"]
