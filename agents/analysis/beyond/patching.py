"""Causal patching: a state of one puzzle, or of an earlier moment, put into another; what the answer then follows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from agents.analysis.beyond.curves import Curve, Panel, around
from agents.analysis.moments import Moments
from agents.analysis.tables import text_table, with_interval
from agents.analysis.tracing import decode, parts, trace
from agents.evaluation.selection import Selection
from agents.models.air import State
from agents.thinking.agent import AIRAgent
from puzzles import Puzzles

PATCHES = ("none", "z_H of another", "z_L of another", "both of another", "z_H of the start", "z_L of the start")
"""What takes the place of a puzzle's own state after half of the ACT steps: that of another puzzle at the same moment,
the next one of the batch, or the puzzle's own after its first ACT step."""
FOLLOWED = ("exact", "own", "other", "neither")
"""Whether every cell equals the label; and of the cells where the two labels differ, the share that equals the own
label, the other's, or neither."""


@dataclass(frozen=True)
class Patching:
    """What decoded z_H follows after a patch, for N puzzles."""

    followed: Moments
    """(P, T, 4): by patch (``PATCHES``), ACT steps since then, 0 for at once, and ``FOLLOWED``."""
    step: int
    """ACT steps before the patch."""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs."""
        steps = range(self.followed.count.shape[1])
        patches = {
            patch: {what: [self.followed.summary((p, t, f)) for t in steps] for f, what in enumerate(FOLLOWED)}
            for p, patch in enumerate(PATCHES)
        }
        return {"act_steps_before": self.step, "act_steps_after": list(steps), "patches": patches}

    def table(self) -> str:
        """Return what the answer follows one ACT step after the patch, and at the end."""
        last = self.followed.count.shape[1] - 1
        moments = {"after 1 ACT step": min(1, last), f"after {last}": last}
        rows = [["patched", *(f"{what}, {when}" for when in moments for what in FOLLOWED[:3])]]
        for p, patch in enumerate(PATCHES):
            places = [(p, t, f) for t in moments.values() for f in range(3)]
            rows.append([patch, *(with_interval(self.followed, place, ".1%") for place in places)])
        return f"patched after ACT step {self.step}\n{text_table(rows)}"

    def panels(self) -> list[Panel]:
        """The share of differing cells that follow the own and the other label, by ACT steps since the patch."""
        steps = np.arange(self.followed.count.shape[1])
        panels = []
        for f, title in ((1, "Cells like the own label, %"), (2, "Cells like the other label, %")):
            curves = []
            for p, patch in enumerate(PATCHES):
                mean, half = (100 * values[p, :, f] for values in (self.followed.mean, self.followed.half))
                curves.append(Curve(patch, steps, mean, around(mean, half)))
            panels.append(Panel(title, "ACT steps since the patch", curves))
        return panels


@torch.inference_mode()
def measure_patching(agent: AIRAgent, selection: Selection, progress: bool = True) -> Patching:
    """Patch states after half of the ACT steps and let the model continue with its own puzzle.

    Args:
        agent: whose states are patched.
        selection: of at least two puzzles of the agent's family, from ``select``, with at least 2 ACT steps.
        progress: show a bar.

    Raises:
        ValueError: a batch of a single puzzle, which has no other, or a single ACT step.
    """
    if selection.max_steps < 2:
        raise ValueError(f"ACT steps {selection.max_steps}, expected at least 2: half of them come before a patch")
    step = selection.max_steps // 2
    followed = Moments((len(PATCHES), selection.max_steps - step + 1, len(FOLLOWED)))
    for data in parts(selection, "patching", progress):
        if len(data.puzzle) < 2:
            raise ValueError("a batch of 1 puzzle, expected at least 2, so that there is another to patch from")
        length = len(agent.model.config.program)
        moments = [update.after for update in trace(agent, data.puzzle, step) if update.position == length - 1]
        found = [
            np.stack([_follow(cells, data) for cells in _answers(agent, data, patched, selection.max_steps - step)], 1)
            for patched in _patched(moments[0], moments[-1])
        ]
        values = np.stack(found, 1)
        followed.add(values, ~np.isnan(values))
    return Patching(followed, step)


def _patched(first: State, now: State) -> Iterator[State]:
    """Yield the states of a batch under each of ``PATCHES``."""
    other = State(*(z.roll(-1, 0) for z in now))
    yield now
    yield State(other.z_H, now.z_L)
    yield State(now.z_H, other.z_L)
    yield other
    yield State(first.z_H, now.z_L)
    yield State(now.z_H, first.z_L)


def _answers(agent: AIRAgent, data: Puzzles, state: State, act_steps: int) -> Iterator[NDArray[np.uint8]]:
    """Yield decoded z_H at once and after every further ACT step."""
    yield decode(agent, state)[:, 0]
    length = len(agent.model.config.program)
    for update in trace(agent, data.puzzle, act_steps, state=state):
        if update.position == length - 1:
            yield decode(agent, update.after)[:, 0]


def _follow(cells: NDArray[np.uint8], data: Puzzles) -> NDArray[np.float64]:
    """(B, 4): ``FOLLOWED`` of decoded grids; nan where two labels are the same."""
    own, other = data.solution, np.roll(data.solution, -1, 0)
    differ = own != other
    count = np.where(differ.any((1, 2)), differ.sum((1, 2)), np.nan)
    like_own, like_other = (((cells == label) & differ).sum((1, 2)) / count for label in (own, other))
    return np.stack(((cells == own).all((1, 2)), like_own, like_other, 1 - like_own - like_other), -1)
