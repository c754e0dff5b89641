"""The former home of ``air_envs.sb3``, kept for code that imports from here."""

from air_envs.sb3 import SB3VecEnv

__all__ = ["SB3VecEnv"]
