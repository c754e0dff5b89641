"""Freeze experiments: what one state still does when the other is held at its initial value (AIR paper)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.analysis.changes import changes
from agents.analysis.families import family_analysis
from agents.analysis.moments import Moments
from agents.analysis.published import FREEZE, FREEZE_UPDATES, TASKS, caveat
from agents.analysis.tables import number, text_table, with_interval
from agents.analysis.tracing import STATES, decode, parts, trace
from agents.config.program import freeze
from agents.evaluation.selection import Selection
from agents.evaluation.statistics import wilson_interval
from agents.thinking.agent import AIRAgent
from puzzles import Grids

FROZEN = {"normal": "", "freeze z_H": "H", "freeze z_L": "L"}
"""The letter of the state that a condition freezes, from the first update of the first ACT step on."""


@dataclass(frozen=True)
class Condition:
    """N puzzles under one condition."""

    changes: Moments
    """(2,): content changes of each state (``STATES``) per puzzle, summed over all updates."""
    right: int
    """Puzzles whose decoded z_H equals the label in every cell, after the last update."""

    @property
    def puzzles(self) -> int:
        """How many were measured."""
        return int(self.changes.count[0])

    @property
    def accuracy(self) -> float:
        """Exact accuracy."""
        return self.right / self.puzzles

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs."""
        return {
            **{f"{state}_content_changes": self.changes.summary(s) for s, state in enumerate(STATES)},
            "exact_accuracy": self.accuracy,
            "exact_accuracy_interval_95": list(wilson_interval(self.right, self.puzzles)),
        }


@dataclass(frozen=True)
class Freeze:
    """All conditions on the same puzzles."""

    conditions: dict[str, Condition]
    """By the names in ``FROZEN``."""
    updates: int
    """Updates that each sum runs over, frozen ones included."""
    family: str
    """Name of the family."""
    caveat: str = ""
    """In what the model differs from the paper's."""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs, the paper's beside them."""
        published = {name: found._asdict() for name, found in FREEZE.get(self.family, {}).items()}
        return {
            "puzzles": self.conditions["normal"].puzzles,
            "updates": self.updates,
            "conditions": {name: condition.summary() for name, condition in self.conditions.items()},
            "published": {"task": TASKS.get(self.family), "caveat": self.caveat, "conditions": published},
        }

    def table(self) -> str:
        """Return the conditions as text, the paper's numbers beside them; sums go with the number of updates."""
        published = FREEZE.get(self.family, {})
        head = ["", "z_L changes", "z_H changes", "exact"]
        head += [f"paper: {column}" for column in head[1:]] if published else []
        rows = [head]
        for name, found in self.conditions.items():
            z_H, z_L = (
                "held" if state[-1] == FROZEN[name] else with_interval(found.changes, s)
                for s, state in enumerate(STATES)
            )
            row = [name, z_L, z_H, f"{found.accuracy:.1%}"]
            if published:
                theirs = published[name]
                row += [number(theirs.z_L, ",.0f"), number(theirs.z_H, ",.0f"), f"{theirs.accuracy:.1%}"]
            rows.append(row)
        updates = f"sums over {self.updates} updates" + (f", the paper's over {FREEZE_UPDATES}" if published else "")
        return "\n\n".join(part for part in (updates, text_table(rows), self.caveat) if part)


def measure_freeze(agent: AIRAgent, selection: Selection, progress: bool = True) -> Freeze:
    """Count content changes of both states in a normal run, with z_H frozen, and with z_L frozen.

    A frozen state keeps its initial value from the beginning; the other state's updates run in their usual places.

    Args:
        agent: whose states are read.
        selection: of puzzles of the agent's family, from ``select``.
        progress: show a bar.

    Raises:
        ValueError: the family has no analysis.
    """
    mask, program = family_analysis(agent.family).mask, agent.model.config.program
    found = {}
    for name, letter in FROZEN.items():
        frozen = freeze(program, letter) if letter else program
        found[name] = _count(agent, selection, frozen, mask, name, progress)
    return Freeze(found, selection.max_steps * len(program), agent.family.name, caveat(agent.model.config))


def _count(agent: AIRAgent, selection: Selection, program: str, mask: int, name: str, progress: bool) -> Condition:
    moments, right = Moments((len(STATES),)), 0
    for data in parts(selection, name, progress):
        total = np.zeros((len(data.puzzle), len(STATES)), np.int64)
        cells: Grids | None = None
        for update in trace(agent, data.puzzle, selection.max_steps, program):
            before, cells = cells, decode(agent, update.after)
            total += changes(before, cells, mask).content.sum((2, 3))
        assert cells is not None
        moments.add(total)
        right += int((cells[:, 0] == data.solution).all((1, 2)).sum())
    return Condition(moments, right)
