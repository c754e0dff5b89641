"""How alike the two states are over the rollout: linear centred kernel alignment (Kornblith et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.analysis.beyond.curves import Curve, Panel, around
from agents.analysis.tables import text_table
from agents.analysis.tracing import STATES, parts, trace
from agents.evaluation.selection import Selection
from agents.evaluation.statistics import Z_95
from agents.thinking.agent import AIRAgent

PAIRS = ("z_H and z_L", "z_H and its last", "z_L and its last")
"""What is compared after each ACT step."""
GROUPS = 10
"""Groups of puzzles, at most, that the jackknife leaves out in turn."""


@dataclass(frozen=True)
class Similarity:
    """Linear CKA of states at the cells, 0 for unrelated ones, 1 for one that is a rotation of the other."""

    act_steps: tuple[int, ...]
    """The ACT steps compared."""
    value: NDArray[np.float64]
    """(steps, 3): by ``PAIRS``."""
    half: NDArray[np.float64]
    """(steps, 3): half of the 95 % interval by the jackknife over groups of puzzles; nan of a single group."""
    puzzles: int
    """How many were measured."""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs."""
        pairs = {
            pair: {
                "cka": self.value[:, p].tolist(),
                "half_interval_95": [None if np.isnan(half) else float(half) for half in self.half[:, p]],
            }
            for p, pair in enumerate(PAIRS)
        }
        return {"puzzles": self.puzzles, "act_steps": list(self.act_steps), "pairs": pairs}

    def table(self) -> str:
        """Return CKA by ACT step as text."""
        rows = [["ACT step", *PAIRS]]
        for step, values, halves in zip(self.act_steps, self.value, self.half, strict=True):
            rows.append([str(step), *(f"{value:.3f} ± {half:.3f}" for value, half in zip(values, halves, strict=True))])
        return text_table(rows)

    def panels(self) -> list[Panel]:
        """CKA by ACT step."""
        steps = np.array(self.act_steps)
        curves = [
            Curve(pair, steps, self.value[:, p], around(self.value[:, p], self.half[:, p]))
            for p, pair in enumerate(PAIRS)
        ]
        return [Panel("Linear CKA of the states at the cells", "ACT step", curves)]


def measure_similarity(agent: AIRAgent, selection: Selection, progress: bool = True) -> Similarity:
    """Compare the states after a few ACT steps; those of all puzzles are held in memory.

    Args:
        agent: whose states are read.
        selection: of puzzles of the agent's family, from ``select``.
        progress: show a bar.
    """
    program, first = agent.model.config.program, agent.model.config.first_cell
    steps = chosen_steps(selection.max_steps)
    held: list[list[NDArray[np.float64]]] = []
    for data in parts(selection, "similarity", progress):
        for update in trace(agent, data.puzzle, selection.max_steps):
            if update.position == len(program) - 1 and update.act_step in steps:
                held.append([z[:, first:].double().cpu().numpy() for z in update.after])
    states = []  # by ACT step z_H and z_L, (puzzles, C, D) each
    for t in range(len(steps)):
        at_step = held[t :: len(steps)]
        states.append([np.concatenate([each[s] for each in at_step]) for s in range(len(STATES))])
    last = states[-1]
    found = [[cka_interval(z_H, z_L), cka_interval(z_H, last[0]), cka_interval(z_L, last[1])] for z_H, z_L in states]
    values = np.array(found)
    return Similarity(steps, values[..., 0], values[..., 1], len(selection.data.puzzle))


def chosen_steps(act_steps: int) -> tuple[int, ...]:
    """Return the powers of 2 up to the last ACT step, and that one."""
    return tuple(sorted({1 << k for k in range(act_steps.bit_length()) if 1 << k <= act_steps} | {act_steps}))


def cka(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the linear CKA of two (n, D) samples of the same n things."""
    return _alignment(_moments(x, y))


def cka_interval(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """Return the linear CKA of two (puzzles, C, D) states and half of its 95 % interval.

    The interval is that of the jackknife over groups of puzzles, since the cells of a puzzle are not independent.
    """
    groups = [
        _moments(x[index].reshape(-1, x.shape[-1]), y[index].reshape(-1, y.shape[-1]))
        for index in np.array_split(np.arange(len(x)), min(GROUPS, len(x)))
    ]
    total = [sum(part) for part in zip(*groups, strict=True)]
    value = _alignment(total)
    if len(groups) < 2:
        return value, float("nan")
    without = np.array([_alignment([all_ - one for all_, one in zip(total, group, strict=True)]) for group in groups])
    spread = (len(groups) - 1) / len(groups) * ((without - without.mean()) ** 2).sum()
    return value, Z_95 * float(np.sqrt(spread))


def _moments(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[Any]:
    """Sums from which those of centred samples follow."""
    return [len(x), x.sum(0), y.sum(0), x.T @ x, y.T @ y, x.T @ y]


def _alignment(moments: list[Any]) -> float:
    n, x, y, xx, yy, xy = moments
    xx, yy, xy = (product - np.outer(one, other) / n for product, one, other in ((xx, x, x), (yy, y, y), (xy, x, y)))
    return float((xy**2).sum() / max(np.linalg.norm(xx) * np.linalg.norm(yy), np.finfo(float).tiny))
