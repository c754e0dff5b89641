"""How many base puzzles a row draws from: a function of the puzzles that it has had, and of nothing else.

Time plays no part, nor does what other rows draw: a seed gives the same puzzles on every machine.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from puzzles import PuzzleFamily

_FILLED_IN = 2.0
"""Seconds of one core for the bases that the first puzzle of a row is drawn from, unless they would be too few."""
_FEWEST, _MOST_AT_FIRST = 64, 1 << 14
_GROWTH_SECONDS = 0.0025
"""Seconds of one core for the bases that a row's next puzzle adds: half a core where 1,024 rows share 200,000 puzzles a
second. At most one base, so that a single environment never costs more than its own generator."""
_BYTES = 64 << 20


class Schedule(NamedTuple):
    """A row that has had n puzzles draws the next one from the first ``min(first + floor(n * growth), most)`` bases."""

    first: int
    growth: float
    most: int

    def size(self, number: int) -> int:
        """Return how many bases a row draws from that has had ``number`` puzzles."""
        return min(self.first + int(number * self.growth), self.most)


def default_schedule(family: PuzzleFamily, options: Any) -> Schedule:
    """Return the schedule that suits the time a puzzle takes, see ``PuzzleFamily.generation_time``, and 64 MiB."""
    time = family.generation_time(options)
    if time == 0.0:
        first, growth = _MOST_AT_FIRST, 1.0
    else:
        first = min(max(int(_FILLED_IN / time), _FEWEST), _MOST_AT_FIRST)
        growth = min(_GROWTH_SECONDS / time, 1.0)
    bytes_each = 2 * family.rows * family.columns + 4
    return Schedule(first, growth, max(first, _BYTES // bytes_each))
