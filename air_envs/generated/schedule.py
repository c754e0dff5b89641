"""How many base puzzles a row draws from: a function of the puzzles that it has had, and of nothing else.

Time plays no part, nor does what other rows draw: a seed gives the same puzzles on every machine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from puzzles import PuzzleFamily
from puzzles.errors import is_whole

_FILLED_IN = 2.0
"""Seconds of one core for the bases that a row's first puzzle is drawn from, unless they would be too few."""
_FEWEST, _MOST_AT_FIRST = 64, 1 << 14
_SECONDS_PER_PUZZLE = 0.0025
"""Seconds of one core that a row's next puzzle allows for new bases: half a core where 1,024 rows share 200,000 puzzles
a second. One base a puzzle is the most, so that a single environment does no more than generate all of them."""
_BYTES = 64 << 20


class Schedule(NamedTuple):
    """A row that has had n puzzles draws the next one from the first ``min(first + n // every, most)`` bases."""

    first: int
    every: int
    most: int

    def size(self, number: int) -> int:
        """Return how many bases a row draws from that has had ``number`` puzzles."""
        return min(self.first + number // self.every, self.most)


def default_schedule(family: PuzzleFamily, options: Any) -> Schedule:
    """Return the schedule that suits the time a puzzle takes, see ``PuzzleFamily.generation_time``, and 64 MiB."""
    time = family.generation_time(options)
    first = max(int(min(_FILLED_IN / time, _MOST_AT_FIRST)), _FEWEST) if time else _MOST_AT_FIRST
    every = max(round(time / _SECONDS_PER_PUZZLE), 1)
    most = _BYTES // (2 * family.rows * family.columns + 4)
    return Schedule(first, every, max(first, most))


def check_schedule(schedule: Schedule) -> None:
    """Raise ``ValueError`` unless rows can draw as ``schedule`` says."""
    if not all(is_whole(number) and 1 <= number < 1 << 32 for number in schedule):
        raise ValueError(f"schedule: found {schedule}, expected integers from 1 to 2**32 - 1")
