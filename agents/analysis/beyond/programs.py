"""Accuracy under programs that training never ran, against the number of updates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.analysis.beyond.curves import Curve, Panel
from agents.analysis.tables import text_table
from agents.analysis.tracing import STATES, decode, parts, trace
from agents.evaluation.selection import Selection
from agents.evaluation.statistics import wilson_interval
from agents.thinking.agent import AIRAgent

PROGRAMS = ("LLH", "LH", "LLLH", "HL")
"""Compared with the model's own. LLH over and over is LLHLLH, read more often."""


@dataclass(frozen=True)
class Programs:
    """Exact accuracy of both decoded states after every repetition of each program."""

    right: dict[str, NDArray[np.int64]]
    """By program, (repetitions, 2): puzzles right after each, by state (``STATES``)."""
    own: str
    """The model's program."""
    puzzles: int
    """How many were measured."""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs."""
        found = {}
        for program, right in self.right.items():
            found[program] = {
                "updates": [len(program) * (repetition + 1) for repetition in range(len(right))],
                **{f"{state}_exact_accuracy": (right[:, s] / self.puzzles).tolist() for s, state in enumerate(STATES)},
                "z_H_interval_95": [list(wilson_interval(int(count), self.puzzles)) for count in right[:, 0]],
            }
        return {"puzzles": self.puzzles, "own_program": self.own, "programs": found}

    def table(self) -> str:
        """Return exact accuracy of z_H by program after an eighth, a quarter, a half and all of the updates."""
        total = len(self.own) * len(self.right[self.own])
        marks = sorted({max(1, total // divisor) for divisor in (8, 4, 2, 1)})
        rows = [["program", *(f"{mark} updates" for mark in marks), "z_L at the end"]]
        for program, right in self.right.items():
            row = [f"{program} (own)" if program == self.own else program]
            for mark in marks:
                repetitions = mark // len(program)
                if not repetitions:
                    row.append("-")
                    continue
                count = int(right[min(repetitions, len(right)) - 1, 0])
                low, high = wilson_interval(count, self.puzzles)
                row.append(f"{count / self.puzzles:.1%} ({low:.1%} to {high:.1%})")
            rows.append([*row, f"{right[-1, 1] / self.puzzles:.1%}"])
        return text_table(rows)

    def panels(self) -> list[Panel]:
        """Accuracy of z_H by the number of updates."""
        curves = []
        for program, right in self.right.items():
            updates = len(program) * np.arange(1, len(right) + 1)
            edges = np.array([wilson_interval(int(count), self.puzzles) for count in right[:, 0]])
            label = f"{program} (own)" if program == self.own else program
            curves.append(Curve(label, updates, 100 * right[:, 0] / self.puzzles, 100 * edges))
        return [Panel("Exact accuracy of z_H, %", "updates", curves)]


def measure_programs(agent: AIRAgent, selection: Selection, progress: bool = True) -> Programs:
    """Run each program for about as many updates as the model's own takes, and score both states on the way.

    Args:
        agent: whose states are read.
        selection: of puzzles of the agent's family, from ``select``.
        progress: show a bar.
    """
    own = agent.model.config.program
    updates = selection.max_steps * len(own)
    found = {}
    for program in dict.fromkeys((own, *PROGRAMS)):
        repetitions = max(1, updates // len(program))
        right = np.zeros((repetitions, len(STATES)), np.int64)
        for data in parts(selection, program, progress):
            for update in trace(agent, data.puzzle, repetitions, program):
                if update.position == len(program) - 1:
                    cells = decode(agent, update.after)
                    right[update.act_step - 1] += (cells == data.solution[:, None]).all((2, 3)).sum(0)
        found[program] = right
    return Programs(found, own, len(selection.data.puzzle))
