"""Freeze experiments: what one state still does when the other is held still (AIR paper).

The paper holds a state at its initial value. Here it is also held for one half of an episode, at the value that it has
come to by then, so that the puzzle has reached the model and the state has something to lose.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.analysis.changes import changes
from agents.analysis.families import family_analysis
from agents.analysis.moments import Moments
from agents.analysis.paper.published import FREEZE, FREEZE_UPDATES, TASKS, caveat
from agents.analysis.tables import number, text_table, with_interval
from agents.analysis.tracing import STATES, decode, parts, trace
from agents.config.program import freeze
from agents.evaluation.selection import Selection
from agents.evaluation.statistics import wilson_interval
from agents.models.air import State
from agents.thinking.agent import AIRAgent
from puzzles import Grids

COUNTS = {
    "content_changes": "cells with another value than after the previous update whose mask did not flip",
    "token_changes": "cells with another value than after the previous update",
    "mask_flips": "cells that took or lost the mask value, blank in Sudoku, path in Maze",
    "whole_grids": "updates in which every cell changed its content at once",
}
"""What is counted per puzzle and state, in the order of the tables."""
HALVES = ("first half", "second half")
"""Of an episode; the middle is between two ACT steps, and a single ACT step is a second half alone."""


class Held(NamedTuple):
    """What a condition holds still: the letter of a state, empty for none."""

    first: str = ""
    """In the first half of an episode."""
    second: str = ""
    """In the second half."""


FROZEN = {
    "normal": Held(),
    "freeze z_H": Held("H", "H"),
    "freeze z_L": Held("L", "L"),
    f"freeze z_H, {HALVES[0]}": Held("H", ""),
    f"freeze z_H, {HALVES[1]}": Held("", "H"),
    f"freeze z_L, {HALVES[0]}": Held("L", ""),
    f"freeze z_L, {HALVES[1]}": Held("", "L"),
}
"""The conditions; the first three are the paper's."""


@dataclass(frozen=True)
class Condition:
    """N puzzles under one condition."""

    changes: Moments
    """(2, K, 2): by state (``STATES``), count (``COUNTS``) and half of the episode (``HALVES``), per puzzle."""
    total: Moments
    """(2, K): the same over the whole episode."""
    right: tuple[int, int]
    """Puzzles whose decoded z_H, and whose decoded z_L, equals the label in every cell after the last update."""

    @property
    def puzzles(self) -> int:
        """How many were measured."""
        return int(self.total.count[0, 0])

    @property
    def accuracy(self) -> tuple[float, float]:
        """Exact accuracy of decoded z_H and of decoded z_L."""
        z_H, z_L = (right / self.puzzles for right in self.right)
        return z_H, z_L

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs."""
        numbers: dict[str, Any] = {}
        for s, state in enumerate(STATES):
            for k, count in enumerate(COUNTS):
                halves = {half: self.changes.summary((s, k, h)) for h, half in enumerate(HALVES)}
                numbers[f"{state}_{count}"] = {**self.total.summary((s, k)), "halves": halves}
        for s, state in enumerate(STATES):
            numbers[f"{state}_exact_accuracy"] = self.accuracy[s]
            numbers[f"{state}_exact_accuracy_interval_95"] = list(wilson_interval(self.right[s], self.puzzles))
        return numbers


@dataclass(frozen=True)
class Freeze:
    """All conditions on the same puzzles."""

    conditions: dict[str, Condition]
    """By the names in ``FROZEN``."""
    updates: int
    """Updates that each sum runs over, frozen ones included."""
    middle: int
    """Updates of the first half."""
    family: str
    """Name of the family."""
    caveat: str = ""
    """In what the model differs from the paper's."""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs, with the paper's for comparison."""
        published = {name: found._asdict() for name, found in FREEZE.get(self.family, {}).items()}
        return {
            "puzzles": self.conditions["normal"].puzzles,
            "updates": self.updates,
            "updates_of_first_half": self.middle,
            "counts": COUNTS,
            "conditions": {name: condition.summary() for name, condition in self.conditions.items()},
            "published": {"task": TASKS.get(self.family), "caveat": self.caveat, "conditions": published},
        }

    def table(self) -> str:
        """Return the conditions as text: sums over the episode with the paper's, then what else is counted."""
        published = FREEZE.get(self.family, {})
        updates = f"content changes per puzzle, sums over {self.updates} updates"
        updates += f", the paper's over {FREEZE_UPDATES}" if published else ""
        apart = f"the same by half of the episode, {self.middle} and {self.updates - self.middle} updates; in the whole"
        apart += " episode changes of tokens, flips of the mask, and updates that changed every cell at once"
        tables = (updates, text_table(self._rows(published)), apart, text_table(self._rows_apart()))
        return "\n\n".join(part for part in (*tables, self.caveat) if part)

    def _rows(self, published: dict[str, Any]) -> list[list[str]]:
        theirs = ("z_L", "z_H", "exact (of the state that moves)")
        head = ["", "z_L changes", "z_H changes", "exact z_L", "exact z_H"]
        rows = [head + ([f"paper: {column}" for column in theirs] if published else [])]
        for name, found in self.conditions.items():
            z_H, z_L = (
                NO_UPDATE if _never(FROZEN[name], state) else with_interval(found.total, (s, 0))
                for s, state in enumerate(STATES)
            )
            row = [name, z_L, z_H, *(f"{accuracy:.1%}" for accuracy in reversed(found.accuracy))]
            if published:
                paper = published.get(name)
                row += [number(paper and paper.z_L, ",.0f"), number(paper and paper.z_H, ",.0f")]
                row.append(number(paper and paper.accuracy, ".1%"))
            rows.append(row)
        return rows

    def _rows_apart(self) -> list[list[str]]:
        order = (1, 0)  # z_L first, as in the paper's table
        columns = ("halves", "tokens", "flips", "whole grids")
        rows = [["", *(f"{STATES[s]} {what}" for s in order for what in columns)]]
        for name, found in self.conditions.items():
            row = [name]
            for s in order:
                if _never(FROZEN[name], STATES[s]):
                    row += [NO_UPDATE] * len(columns)
                    continue
                halves = found.changes.mean[s, 0]
                row += [" + ".join(f"{half:,.1f}" for half in halves)]
                row += [f"{count:,.1f}" for count in found.total.mean[s, 1:]]
            rows.append(row)
        return rows


NO_UPDATE = "held"
"""Stands where a state is never updated."""


def _never(held: Held, state: str) -> bool:
    return held == (state[-1], state[-1])


def measure_freeze(
    agent: AIRAgent, selection: Selection, progress: bool = True, conditions: Collection[str] = tuple(FROZEN)
) -> Freeze:
    """Count the changes of both decoded states normally and with one of them held, see ``FROZEN``.

    A held state keeps the value that it has; the other state's updates run in their usual places. Both decoded states
    are compared with the label after the last update: a state held from the start can't be right.

    Args:
        agent: whose states are read.
        selection: of puzzles of the agent's family, from ``select``.
        progress: show a bar.
        conditions: those to measure, "normal" among them; by default all.

    Raises:
        ValueError: the family has no analysis.
    """
    mask, config = family_analysis(agent.family).mask, agent.model.config
    chosen = {name: held for name, held in FROZEN.items() if name in conditions}
    counters = {name: _Counter() for name in chosen}
    programs = {letter: freeze(config.program, letter) if letter else config.program for letter in ("", "H", "L")}
    first_steps = selection.max_steps // 2
    last_steps = selection.max_steps - first_steps
    for data in parts(selection, "freeze", progress):
        first = {  # shared by the conditions that hold the same in it
            letter: _half(agent, data.puzzle, [programs[letter]] * first_steps, mask)
            for letter in {held.first for held in chosen.values()}
        }
        for name, held in chosen.items():
            before = first[held.first]
            after = _half(agent, data.puzzle, [programs[held.second]] * last_steps, mask, before.state, before.cells)
            counters[name].add(before, after, data.solution)
    found = {name: counter.condition() for name, counter in counters.items()}
    length = len(config.program)
    return Freeze(found, selection.max_steps * length, first_steps * length, agent.family.name, caveat(config))


class _Half(NamedTuple):
    """What one half of an episode did to B puzzles."""

    counts: NDArray[np.int64]
    """(B, 2, K), by state and count."""
    cells: Grids | None
    """(B, 2, rows, columns): z_H and z_L as decoded at its end; None before any update."""
    state: State | None
    """At its end; None before any update."""


def _half(
    agent: AIRAgent,
    puzzle: Grids,
    programs: list[str],
    mask: int,
    state: State | None = None,
    cells: Grids | None = None,
) -> _Half:
    """Run one program per ACT step from a state, and from what it decodes to."""
    counts = np.zeros((len(puzzle), len(STATES), len(COUNTS)), np.int64)
    for update in trace(agent, puzzle, len(programs), programs, state):
        state, before, cells = update.after, cells, decode(agent, update.after)
        change = changes(before, cells, mask)
        by_cell = (change.content, change.tokens, change.flips)
        counts += np.stack([*(part.sum((2, 3)) for part in by_cell), change.whole], -1)
    return _Half(counts, cells, state)


class _Counter:
    """Adds up one condition, batch by batch."""

    def __init__(self) -> None:
        self.by_half = Moments((len(STATES), len(COUNTS), len(HALVES)))
        self.total = Moments((len(STATES), len(COUNTS)))
        self.right = np.zeros(len(STATES), np.int64)

    def add(self, first: _Half, second: _Half, label: Grids) -> None:
        """Take B puzzles' halves and their (B, rows, columns) labels."""
        assert second.cells is not None
        self.by_half.add(np.stack((first.counts, second.counts), -1))
        self.total.add(first.counts + second.counts)
        self.right += (second.cells == label[:, None]).all((2, 3)).sum(0)

    def condition(self) -> Condition:
        """Return what the puzzles so far make."""
        z_H, z_L = self.right.tolist()
        return Condition(self.by_half, self.total, (z_H, z_L))
