"""Branches of a story: runs that share their first updates and part where someone interfered."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agents.watching.moments import Moment


@dataclass(frozen=True)
class Made:
    """An intervention that was made."""

    update: int
    """After which update."""
    kind: str
    """Its class in ``agents.watching.interventions``: ``"SetCell"``."""
    parameters: Mapping[str, Any]
    """Its values, which JSON can hold."""
    note: str
    """The same in plain words."""


class Cursor(NamedTuple):
    """Where a story is."""

    branch: int
    """Index in ``branches``."""
    update: int
    """0 is before the first update."""


@dataclass(eq=False)
class Branch:
    """One run. What it shares with its parent is kept there alone."""

    name: str
    """"A", "B", ...; after "Z" comes "AA"."""
    parent: int | None = None
    """Index of the branch that it leaves; None for the first."""
    start: int = 0
    """The first update that is its own: that at which someone interfered; 0 for the first branch."""
    moments: list[Moment] = field(default_factory=list)
    """Its own moments, of the updates from ``start`` on."""
    interventions: list[Made] = field(default_factory=list)
    """Its own interventions, in the order in which they were made; those of its parent up to ``start`` came before."""
    origin: Branch | None = field(default=None, repr=False)
    """The parent itself."""

    @property
    def last_update(self) -> int:
        """The last update so far."""
        return self.start + len(self.moments) - 1

    def moment(self, update: int) -> Moment:
        """Return a moment of this run; those before ``start`` are the parent's.

        Raises:
            ValueError: the run has no such update so far.
        """
        if not 0 <= update <= self.last_update:
            raise ValueError(f"branch {self.name}: update {update}, expected 0 to {self.last_update}")
        if update < self.start:
            assert self.origin is not None
            return self.origin.moment(update)
        return self.moments[update - self.start]


def branch_name(index: int) -> str:
    """Return the name of a branch: "A" to "Z", then "AA" and so on."""
    before, letter = divmod(index, len(string.ascii_uppercase))
    return (branch_name(before - 1) if before else "") + string.ascii_uppercase[letter]
