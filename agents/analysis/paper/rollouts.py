"""Decoded rollouts: what z_H and z_L say after each update (AIR paper, decoded rollouts)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.analysis.changes import changes
from agents.analysis.families import FamilyAnalysis, family_analysis
from agents.analysis.moments import Moments
from agents.analysis.tables import text_table
from agents.analysis.tracing import STATES, decode, entropy, parts, trace
from agents.evaluation.selection import Selection
from agents.thinking.agent import AIRAgent
from puzzles import Grids, Puzzles

MEASURES = {
    "cell_accuracy": "share of cells equal to the label's",
    "exact_accuracy": "share of grids equal to the label",
    "open": "share of cells left open: blank or padding in Sudoku, padding in Maze",
    "violations": "violating cells: in conflict in Sudoku, unlike the label in Maze",
    "content_changes": "cells with another value than after the previous update, mask value neither before nor now",
    "open_flips": "cells that an update opened or decided",
    "mask_flips": "cells that took or lost the mask value, blank in Sudoku, path in Maze",
    "entropy": "mean over cells of the entropy of the distribution over tokens, as a share of the highest",
}
"""What is measured of a decoded state after each update: the mean per puzzle, with its 95 % interval."""


@dataclass(frozen=True)
class Rollouts:
    """Decoded states of N puzzles after each of U updates."""

    moments: Moments
    """(U, 2, M): by update, state (``STATES``) and measure (``MEASURES``)."""
    program: str
    """Of one ACT step."""
    analysis: FamilyAnalysis

    @property
    def act_steps(self) -> int:
        """ACT steps taken."""
        return len(self.moments.mean) // len(self.program)

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs: for each state and measure a mean and an interval per update."""
        mean, half = self.moments.mean, self.moments.half
        numbers: dict[str, Any] = {}
        for s, state in enumerate(STATES):
            numbers[state] = {
                measure: {"mean": mean[:, s, m].tolist(), "half_interval_95": _nulled(half[:, s, m])}
                for m, measure in enumerate(MEASURES)
            }
        return {
            "puzzles": int(self.moments.count.max()),
            "program": self.program,
            "act_steps": self.act_steps,
            "measures": MEASURES,
            **numbers,
        }

    def table(self) -> str:
        """Return both states after the last update of a few ACT steps, as text."""
        named = ("cells", "grids", self.analysis.open_name, "violating")
        head = ["ACT step", *(f"{state} {name}" for state in STATES for name in named)]
        steps = sorted({1, 2, 4, self.act_steps // 2, self.act_steps} & set(range(1, self.act_steps + 1)))
        rows = [[str(step), *self._row(step)] for step in steps]
        return text_table([head, *rows])

    def _row(self, step: int) -> list[str]:
        found = self.moments.mean[step * len(self.program) - 1, :, :4]
        return [form.format(value) for state in found for form, value in zip(_FORMS, state, strict=True)]


_FORMS = ("{:.1%}", "{:.1%}", "{:.1%}", "{:.1f}")


def measure_rollouts(agent: AIRAgent, selection: Selection, progress: bool = True) -> Rollouts:
    """Decode both states after every update and measure them.

    Args:
        agent: whose states are read.
        selection: of puzzles of the agent's family, from ``select``.
        progress: show a bar.

    Raises:
        ValueError: the family has no analysis.
    """
    analysis = family_analysis(agent.family)
    program = agent.model.config.program
    updates = selection.max_steps * len(program)
    moments = Moments((updates, len(STATES), len(MEASURES)))
    for data in parts(selection, "rollouts", progress):
        samples = np.empty((len(data.puzzle), *moments.count.shape), np.float32)
        before = None
        for number, update in enumerate(trace(agent, data.puzzle, selection.max_steps)):
            cells = decode(agent, update.after)
            samples[:, number, :, :-1] = _measure(analysis, before, cells, data)
            samples[:, number, :, -1] = entropy(agent, update.after).mean((2, 3))
            before = cells
        moments.add(samples)
    return Rollouts(moments, program, analysis)


def _measure(analysis: FamilyAnalysis, before: Grids | None, cells: Grids, data: Puzzles) -> NDArray[np.float64]:
    """(B, 2, M - 1): the measures of both decoded states, (B, 2, rows, columns), in the order of ``MEASURES``; the last
    one needs more than cells."""
    change = changes(before, cells, analysis.mask)
    right = cells == data.solution[:, None]
    violations = np.stack([analysis.violations(cells[:, s], data) for s in range(len(STATES))], 1)
    opened = analysis.open(cells)
    flips = opened ^ analysis.open(cells if before is None else before)
    inside = (2, 3)
    return np.stack(
        [
            right.mean(inside),
            right.all(inside),
            opened.mean(inside),
            violations.sum(inside),
            change.content.sum(inside),
            flips.sum(inside),
            change.flips.sum(inside),
        ],
        axis=-1,
    )


def _nulled(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
