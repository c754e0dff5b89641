"""What L- and H-updates attend to: neighbours or everywhere, and violations (AIR paper, attention analysis)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.analysis.families import FamilyAnalysis, Neighbourhood, family_analysis
from agents.analysis.maps import attention_maps, mass, normalised_entropy
from agents.analysis.moments import Moments
from agents.analysis.published import ATTENTION, TASKS, caveat
from agents.analysis.tables import NOTHING, text_table, with_interval
from agents.analysis.tracing import Update, decode, parts, trace
from agents.evaluation.selection import Selection
from agents.models.air import AIR
from agents.thinking.agent import AIRAgent
from agents.thinking.attention import attention_layers
from puzzles import Puzzles

ACT_STEPS = (2, 4, 6, 8, 10, 12, 14, 15)
"""The paper's ACT steps; we count from 1."""
GROUPS = ("control", "violation-adjacent")
"""A query is violation-adjacent if the decoded z_H violates a rule in a cell of its first neighbourhood."""
LEVELS = ("L", "H", "difference")
"""Of the differences a positive one means: L lies more on neighbours or violations, H is more spread out."""
MOST_WEIGHTS = 2**27
"""Attention weights of one layer held at once: half a GiB in float32, a few times over."""


@dataclass(frozen=True)
class AttentionMeasures:
    """Attention of N puzzles by layer, group of queries, measure and level."""

    moments: Moments
    """(layers, 2, M, 3): by layer, ``GROUPS``, ``measures`` and ``LEVELS``; each puzzle counts with the mean over its
    queries of a group, at all ACT steps together, where it has any."""
    measures: tuple[str, ...]
    """Attention mass on each neighbourhood, normalised entropy, attention mass on violating cells."""
    act_steps: tuple[int, ...]
    """The ACT steps measured, counted from 1."""
    puzzles: int
    """How many were measured."""
    family: str
    """Name of the family."""
    caveat: str = ""
    """In what the model differs from the paper's."""
    fixed: tuple[str, ...] = ()
    """Those of the measures that the model fixes: what its attention is confined to holds all of its mass."""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs, the paper's beside them."""
        layers = range(len(self.moments.mean))
        numbers: dict[str, Any] = {"puzzles": self.puzzles, "act_steps": list(self.act_steps), "groups": {}}
        if self.fixed:
            numbers["left_out"] = {"measures": list(self.fixed), "why": self.why_left_out}
        for g, group in enumerate(GROUPS):
            numbers["groups"][group] = {
                measure: [
                    {level: self.moments.summary((layer, g, m, i)) for i, level in enumerate(LEVELS)}
                    for layer in layers
                ]
                for m, measure in enumerate(self.measures)
                if measure not in self.fixed
            }
        published = {group: self._published(group) for group in ATTENTION.get(self.family, {})}
        return numbers | {
            "published": {"task": TASKS.get(self.family), "caveat": self.caveat, "difference_by_layer": published}
        }

    def table(self) -> str:
        """Return the differences of both groups as text, the paper's beside them."""
        tables = [self._group_table(group) for group in GROUPS]
        return "\n\n".join(part for part in (*tables, self.why_left_out, self.caveat) if part)

    def _group_table(self, group: str) -> str:
        g, published = GROUPS.index(group), self._published(group)
        shown = self.shown(group)
        counted = int(self.moments.count[0, g, 0, 0])
        rows = [["layer", *shown, *(f"paper: {measure}" for measure in published)]]
        for layer in range(len(self.moments.mean)):
            ours = [
                with_interval(self.moments, (layer, g, self.measures.index(measure), -1), "+.4f") for measure in shown
            ]
            theirs = [f"{values[layer]:+.4f}" if layer < len(values) else NOTHING for values in published.values()]
            rows.append([str(layer), *ours, *theirs])
        return f"{group} queries, in {counted:,} of {self.puzzles:,} puzzles\n{text_table(rows)}"

    def shown(self, group: str) -> tuple[str, ...]:
        """The measures that mean something for a group: control queries are far from violations."""
        return self.compared if group == "violation-adjacent" else self.compared[:-1]

    @property
    def compared(self) -> tuple[str, ...]:
        """The measures in which L and H can differ."""
        return tuple(measure for measure in self.measures if measure not in self.fixed)

    @property
    def why_left_out(self) -> str:
        """Why some measures are not shown, empty where all are."""
        names = " and ".join(self.fixed)
        why = "this model attends inside units, so that the mass on them is 1 by construction, for L as for H"
        return f"{names} is left out: {why}." if names else ""

    def _published(self, group: str) -> dict[str, tuple[float, ...]]:
        """The paper's differences of a group by measure, but for those that the model fixes."""
        found = ATTENTION.get(self.family, {}).get(group, {})
        return {measure: values for measure, values in found.items() if measure not in self.fixed}


@torch.inference_mode()
def measure_attention(agent: AIRAgent, selection: Selection, progress: bool = True) -> AttentionMeasures:
    """Compare the first L- and the first H-update of several ACT steps, layer by layer and query by query.

    Of ``ACT_STEPS`` those up to the selection's last ACT step are measured, or that one alone where it comes before
    them.

    Args:
        agent: whose attention is read.
        selection: of puzzles of the agent's family, from ``select``; taken in smaller batches where their attention
            maps would not fit.
        progress: show a bar.

    Raises:
        ValueError: the model has no attention or networks of unlike depth, or the family has no analysis.
    """
    config, analysis = agent.model.config, family_analysis(agent.family)
    require_comparable(agent.model)
    fits = MOST_WEIGHTS // (config.heads * agent.model.positions**2)
    selection = selection._replace(size=min(selection.size, max(1, fits)))
    steps = tuple(step for step in ACT_STEPS if step <= selection.max_steps) or (selection.max_steps,)
    measures = (*(near.name for near in analysis.neighbourhoods()), "ent", "viol")
    moments = Moments((config.layers, len(GROUPS), len(measures), len(LEVELS)))
    for data in parts(selection, "attention", progress):
        moments.add(*_measure(agent, analysis, data, steps))
    fixed = tuple(near.name for near in analysis.neighbourhoods() if _confined(agent, near))
    return AttentionMeasures(
        moments, measures, steps, len(selection.data.puzzle), agent.family.name, caveat(config), fixed
    )


def _confined(agent: AIRAgent, near: Neighbourhood) -> bool:
    """Whether no cell can attend to another one than its neighbours."""
    place = agent.family.coordinates
    in_a_unit = (place[:, None] == place).any(-1)
    return agent.model.config.mixer == "units" and bool((near.cells | ~in_a_unit).all())


def require_comparable(model: AIR) -> None:
    """Refuse a model whose L- and H-updates have no attention to compare layer by layer.

    Raises:
        ValueError: it mixes positions without attention, or its two networks are of unlike depth.
    """
    attention_layers(model)
    layers, h_layers = model.config.layers, model.config.h_layers
    if h_layers not in (0, layers):
        raise ValueError(f"{h_layers} layers for H and {layers} for L, expected as many to compare them")


def _measure(
    agent: AIRAgent, analysis: FamilyAnalysis, data: Puzzles, steps: Sequence[int]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return each puzzle's means over its queries, (B, layers, 2, M, 3), and where there are any."""
    meter = _Meter(agent, analysis)
    program = agent.model.config.program
    sums: dict[str, Any] = {"L": 0, "H": 0}
    count: Any = 0
    for update in trace(agent, data.puzzle, max(steps)):
        if update.act_step not in steps:
            continue
        if update.position == 0:  # both updates read this z_H: no H-update comes between them
            queries, violating = meter.queries(update, data)
            count += queries.sum(1).cpu().numpy()
        if update.position == program.index(update.letter):
            sums[update.letter] += meter.sums(update, queries, violating)
    of_l, of_h = (sums[letter] / np.maximum(count, 1)[:, None, :, None] for letter in "LH")
    difference = of_l - of_h
    difference[..., -2] *= -1  # of the entropies H minus L
    found = np.stack((of_l, of_h, difference), -1)
    return found, np.broadcast_to((count > 0)[:, None, :, None, None], found.shape)


class _Meter:
    """The queries of decoded grids, and their attention summed up, on the model's device."""

    def __init__(self, agent: AIRAgent, analysis: FamilyAnalysis):
        self.agent = agent
        self.analysis = analysis
        near = analysis.neighbourhoods()
        self.cells = [torch.from_numpy(one.cells).to(agent.device) for one in near]
        self.divisors = [one.divisor for one in near]

    def queries(self, update: Update, data: Puzzles) -> tuple[Tensor, Tensor]:
        """Return (B, C, 2) float, the queries of each group, and (B, C) bool, the violating cells of z_H."""
        proposal = decode(self.agent, update.before)[:, 0]
        asked, violating = (
            torch.from_numpy(cells).flatten(1).to(self.agent.device)
            for cells in (self.analysis.queries(data), self.analysis.violations(proposal, data))
        )
        adjacent = (violating.float() @ self.cells[0].T.float()) > 0
        return torch.stack((asked & ~adjacent, asked & adjacent), -1).float(), violating

    def sums(self, update: Update, queries: Tensor, violating: Tensor) -> NDArray[np.float64]:
        """(B, layers, 2, M): the measures summed over the queries of each group."""
        targets = violating[:, None, :]
        if self.analysis.violations_nearby:
            targets = targets & self.cells[0]
        layers = []
        for maps in attention_maps(self.agent.model, update.letter, update.before, update.x):
            near = [mass(maps, cells) / divisor for cells, divisor in zip(self.cells, self.divisors, strict=True)]
            measured = torch.stack((*near, normalised_entropy(maps), mass(maps, targets)), -1)
            layers.append((queries[..., None] * measured[:, :, None]).sum(1))  # a product of matrices may be TF32
        return torch.stack(layers, 1).cpu().double().numpy()
