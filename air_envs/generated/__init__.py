"""Puzzles that a family's generator makes: from scratch, or as symmetric copies out of a pool that grows."""

from air_envs.generated.pooled import PooledPuzzles, check_pool
from air_envs.generated.schedule import Schedule
from air_envs.generated.scratch import GeneratedPuzzles

__all__ = ["GeneratedPuzzles", "PooledPuzzles", "Schedule", "check_pool"]
