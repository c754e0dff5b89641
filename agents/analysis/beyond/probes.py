"""Linear probes: what a state knows of the solution, and of what logic leaves open, that it does not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.analysis.beyond.curves import Curve, Panel, around
from agents.analysis.beyond.similarity import chosen_steps
from agents.analysis.families import FamilyAnalysis, family_analysis
from agents.analysis.moments import Moments
from agents.analysis.tables import text_table, with_interval
from agents.analysis.tracing import STATES, decode, parts, trace
from agents.evaluation.selection import Selection
from agents.thinking.agent import AIRAgent
from puzzles import Puzzles

READS = ("probe", "decoded")
"""The solution's value at a query cell as the probe reads it, and as lm_head does."""
_Z_L_FIRST = (1, 0)
"""So that z_L is blue and z_H orange, as in all pictures."""
RIDGE = 1.0
"""Weight of the penalty on a probe's weights, with inputs of unit variance."""


class Place(NamedTuple):
    """An update after which states are probed."""

    act_step: int
    """Counted from 1."""
    position: int
    """In the program, counted from 0."""
    letter: str
    """L or H."""


@dataclass(frozen=True)
class Probes:
    """Probes of both states, trained on the first half of the puzzles and tested on the other."""

    places: tuple[Place, ...]
    """Where they look."""
    value: Moments
    """(P, 2, 2): by place, state (``STATES``) and ``READS``, the share of a puzzle's query cells that are right."""
    options: Moments | None
    """(P, 2): by place and state, how well a probe predicts which values are ruled out at a query cell: the mean of the
    share of open and of ruled-out values that it is right about, 0.5 by chance. None where no logic says."""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs."""
        places = []
        for p, place in enumerate(self.places):
            found: dict[str, Any] = place._asdict()
            for s, state in enumerate(STATES):
                found[state] = {read: self.value.summary((p, s, r)) for r, read in enumerate(READS)}
                if self.options is not None:
                    found[state]["options"] = self.options.summary((p, s))
            places.append(found)
        return {"tested_puzzles": int(self.value.count.max()), "places": places}

    def table(self) -> str:
        """Return what probes and lm_head read, place by place."""
        rows = [["after", *(f"{state} {read}" for state in STATES for read in (*READS, "options"))]]
        for p, place in enumerate(self.places):
            row = [f"ACT step {place.act_step}, {place.letter} {place.position + 1}"]
            for s in range(len(STATES)):
                row += [with_interval(self.value, (p, s, r), ".1%") for r in range(len(READS))]
                row.append("-" if self.options is None else with_interval(self.options, (p, s), ".1%"))
            rows.append(row)
        return text_table(rows)

    def panels(self) -> list[Panel]:
        """The share of query cells that are right, and of values distinguished, by place."""
        x = np.arange(1, len(self.places) + 1)
        values = [
            _curve(f"{STATES[s]}, {read}", x, self.value, (slice(None), s, r))
            for r, read in enumerate(READS)
            for s in _Z_L_FIRST
        ]
        label = f"probed update, {len(self.places)} in ACT steps {', '.join(str(step) for step in self.act_steps)}"
        panels = [Panel("Solution at the query cells, % right", label, values)]
        if self.options is not None:
            predicted = [_curve(STATES[s], x, self.options, (slice(None), s)) for s in _Z_L_FIRST]
            panels.append(Panel("Values ruled out or not, balanced %", label, predicted))
        return panels

    @property
    def act_steps(self) -> tuple[int, ...]:
        """The ACT steps probed."""
        return tuple(dict.fromkeys(place.act_step for place in self.places))


def _curve(label: str, x: NDArray[Any], moments: Moments, index: Any) -> Curve:
    mean, half = 100 * moments.mean[index], 100 * moments.half[index]
    return Curve(label, x, mean, around(mean, half))


def measure_probes(agent: AIRAgent, selection: Selection, progress: bool = True) -> Probes:
    """Train a ridge regression from a state at a cell to the solution there, and to the values that are ruled out.

    A value of a Sudoku is ruled out where a given holds it in the cell's row, column or box. The probes look after
    every update of a few ACT steps, at the query cells of the paper's attention analysis; their states are held in
    memory.

    Args:
        agent: whose states are probed.
        selection: of at least two puzzles of the agent's family, from ``select``.
        progress: show a bar.

    Raises:
        ValueError: the family has no analysis, or there are less than two puzzles.
    """
    analysis = family_analysis(agent.family)
    count, first = len(selection.data.puzzle), agent.model.config.first_cell
    if count < 2:
        raise ValueError(f"puzzles {count}, expected at least 2: half of them train the probes")
    steps = chosen_steps(selection.max_steps)
    places: list[Place] = []
    states: list[list[NDArray[np.float32]]] = []
    said: list[NDArray[np.uint8]] = []
    for data in parts(selection, "probes", progress):
        place = 0
        for update in trace(agent, data.puzzle, selection.max_steps):
            if update.act_step not in steps:
                continue
            z = [each[:, first:].float().cpu().numpy() for each in update.after]
            cells = decode(agent, update.after)
            if place == len(places):
                places.append(Place(update.act_step, update.position, update.letter))
                states.append(z)
                said.append(cells)
            else:
                states[place] = [np.concatenate(pair) for pair in zip(states[place], z, strict=True)]
                said[place] = np.concatenate((said[place], cells))
            place += 1
    return _probe(analysis, selection.data, tuple(places), states, said)


def _probe(
    analysis: FamilyAnalysis,
    data: Puzzles,
    places: tuple[Place, ...],
    states: list[list[NDArray[np.float32]]],
    said: list[NDArray[np.uint8]],
) -> Probes:
    half = len(data.puzzle) // 2
    asked = analysis.queries(data).reshape(len(data.puzzle), -1)
    solution = data.solution.reshape(asked.shape)
    one_hot = solution[..., None] == np.arange(solution.max() + 1)
    open_ = analysis.candidates(data)
    values = Moments((len(places), len(STATES), len(READS)))
    options = None if open_ is None else Moments((len(places), len(STATES)))
    tested = asked[half:]
    found = np.zeros((len(tested), *values.count.shape))
    predicted = np.zeros((len(tested), len(places), len(STATES)))
    for p in range(len(places)):
        for s in range(len(STATES)):
            z = states[p][s]
            read = Ridge(z[:half][asked[:half]], one_hot[:half][asked[:half]]).read(z[half:]).argmax(-1)
            decoded = said[p][half:, s].reshape(tested.shape)
            found[:, p, s] = np.stack([_share(each == solution[half:], tested) for each in (read, decoded)], -1)
            if open_ is not None:
                guessed = Ridge(z[:half][asked[:half]], open_[:half][asked[:half]]).read(z[half:]) > 0.5
                wide = np.broadcast_to(tested[..., None], guessed.shape)
                right = guessed == open_[half:]
                sides = [_share(right, wide & side) for side in (open_[half:], ~open_[half:])]
                predicted[:, p, s] = np.mean(sides, axis=0)
    values.add(found, ~np.isnan(found))
    if options is not None:
        options.add(predicted, ~np.isnan(predicted))
    return Probes(places, values, options)


class Ridge:
    """A ridge regression.

    Args:
        x: (n, D) inputs.
        y: (n, k) targets.
    """

    def __init__(self, x: NDArray[Any], y: NDArray[Any]):
        self._mean, self._scale = x.mean(0, dtype=np.float64), x.std(0, dtype=np.float64) + 1e-9
        inputs = (x - self._mean) / self._scale
        self._offset = y.mean(0)
        gram = inputs.T @ inputs + RIDGE * np.eye(x.shape[1])
        self._weights = np.linalg.solve(gram, inputs.T @ (y - self._offset))

    def read(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """(..., D) inputs to (..., k) predictions."""
        return (x - self._mean) / self._scale @ self._weights + self._offset


def _share(right: NDArray[np.bool_], where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,): the share of right ones where a puzzle has any, else nan."""
    axes = tuple(range(1, where.ndim))
    count = where.sum(axes)
    return np.where(count > 0, (right & where).sum(axes) / np.maximum(count, 1), np.nan)
