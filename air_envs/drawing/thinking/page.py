"""``Page``: everything that a window on a thinking model shows, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing.frame import Frame

if TYPE_CHECKING:
    from puzzles import PuzzleFamily

ANSWER, Z_H, Z_L = range(3)
"""The boards from left to right."""


class Tick(NamedTuple):
    """One update on the timeline, or the moment before the first."""

    letter: str
    """``"L"`` or ``"H"``: the update that the program has here, also where it is frozen; empty before the first."""
    act_step: int
    """Counted from 1; 0 before the first update."""
    halt: float
    """Probability of halting after it, 0..1."""
    changed: float
    """Share of the cells that it changed, 0..1."""
    solved: bool = False
    """Whether the proposal solves the puzzle after it."""
    frozen: bool = False
    """Whether it was left out."""
    marked: bool = False
    """Whether somebody interfered at this moment."""


@dataclass(frozen=True)
class Lane:
    """One branch on the timeline."""

    name: str
    ticks: Sequence[Tick]
    """Its own moments: those of updates ``start``, ``start + 1`` and so on."""
    parent: int | None = None
    """Index of the branch that it left; None for the first."""
    start: int = 0
    """The update at which it left its parent; 0 for the first."""

    @property
    def end(self) -> int:
        """Its last update."""
        return self.start + len(self.ticks) - 1


@dataclass(frozen=True)
class Timeline:
    """All branches and where the present is."""

    lanes: Sequence[Lane]
    lane: int = 0
    """Index of the present branch."""
    cursor: int = 0
    """The present update; 0 is before the first."""
    status: str = ""
    """Drawn next to its name: whether it runs, and how fast."""

    def line(self, lane: int) -> list[Tick]:
        """Return the moments that lead to the end of a branch; the index of each is its update."""
        found = self.lanes[lane]
        before = [] if found.parent is None else self.line(found.parent)[: found.start]
        return [*before, *found.ticks]


@dataclass(frozen=True)
class Inside:
    """A look inside one cell."""

    cell: tuple[int, int]
    """(row, column)."""
    values: Sequence[str]
    """Name of each of V cell values."""
    z_h: NDArray[np.floating]
    """(T, V), 0..1: the cell's distribution in z_H after updates 0 to T - 1 of the present branch."""
    z_l: NDArray[np.floating]
    """(T, V): the same of z_L."""
    now: int
    """The present update, 0..T-1."""
    attention_l: NDArray[np.floating] | None = None
    """(rows, columns), 0..1: what the L-update attends to for this cell; None where that is not shown."""
    attention_h: NDArray[np.floating] | None = None
    """The same of the H-update."""
    caption: str = ""
    """Which layer and head; or in their place why there is none."""


class Choice(NamedTuple):
    """A cell that the next value goes to."""

    board: int
    """``ANSWER``, ``Z_H`` or ``Z_L``."""
    cell: tuple[int, int]


@dataclass(frozen=True)
class Sheet:
    """What is shown over the window: the keys, or a question that text is typed into."""

    title: str
    lines: Sequence[tuple[str, str]] = ()
    """(keys, what they do)."""
    entry: str | None = None
    """What has been typed so far; None where nothing is asked."""
    note: str = ""
    """Below the entry: what is expected, or what is wrong with it."""
    wrong: bool = False
    """Whether the note is an error."""


@dataclass(frozen=True)
class Page:
    """Everything that the window shows."""

    family: PuzzleFamily
    frame: Frame
    earlier: Frame | None
    """The frame before; cells that differ are highlighted."""
    timeline: Timeline
    inside: Inside | None = None
    choice: Choice | None = None
    message: str = ""
    wrong: bool = False
    """Whether the message is an error."""
    keys: Sequence[tuple[str, str]] = ()
    """(key, what it does), for the foot of the window."""
    sheet: Sheet | None = None
