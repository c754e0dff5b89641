"""Generated puzzles made cheap: symmetric copies of base puzzles, out of a pool that grows and is filled ahead."""

from air_envs.pools.schedule import Schedule
from air_envs.pools.source import PooledPuzzles, check_pool

__all__ = ["PooledPuzzles", "Schedule", "check_pool"]
