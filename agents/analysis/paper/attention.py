"""What L- and H-updates attend to: neighbours or everywhere, and violations (AIR paper, attention analysis)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.analysis.families import FamilyAnalysis, Neighbourhood, family_analysis, in_a_unit
from agents.analysis.maps import attention_maps, mass, normalised_entropy
from agents.analysis.moments import Moments
from agents.analysis.paper.published import ATTENTION, TASKS, caveat
from agents.analysis.tables import NOTHING, text_table, with_interval
from agents.analysis.tracing import Update, decode, parts, trace
from agents.evaluation.selection import Selection
from agents.models.air import AIR
from agents.thinking.agent import AIRAgent
from agents.thinking.attention import attention_layers
from puzzles import Puzzles

ACT_STEPS = (3, 5, 7, 9, 11, 13, 15, 16)
"""The paper's ACT steps, which its scripts count from 0; we count from 1."""
GROUPS = ("control", "violation-adjacent")
"""A query is violation-adjacent if the decoded z_H violates a rule in a cell of its first neighbourhood."""
LEVELS = ("L", "H", "difference")
"""Of the differences a positive one means: L lies more on neighbours or violations, H is more spread out."""
MOST_WEIGHTS = 2**27
"""Attention weights of one layer held at once: half a GiB in float32, a few times over."""


@dataclass(frozen=True)
class AttentionMeasures:
    """Attention of N puzzles by layer, group of queries, measure and level.

    Every measure is taken head by head and then averaged over the heads: the entropy of an averaged map is not the
    average of the entropies.
    """

    by_puzzle: Moments
    """(layers, 2, M, 3): by layer, ``GROUPS``, ``measures`` and ``LEVELS``; each puzzle counts with the mean over its
    queries of a group, at all ACT steps together, where it has any."""
    by_query: Moments
    """(layers, 2, M, 3): the same with all queries of all puzzles and ACT steps pooled, as the paper has it."""
    by_head: Moments
    """(layers, heads, 2, M, 3): ``by_puzzle`` of each head alone."""
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
        """Return the numbers for programs, with the paper's for comparison."""
        numbers: dict[str, Any] = {"puzzles": self.puzzles, "act_steps": list(self.act_steps), "groups": {}}
        if self.fixed:
            numbers["left_out"] = {"measures": list(self.fixed), "why": self.why_left_out}
        for g, group in enumerate(GROUPS):
            numbers["groups"][group] = {
                measure: [
                    {level: self._numbers(layer, g, m, i) for i, level in enumerate(LEVELS)}
                    for layer in range(self.layers)
                ]
                for m, measure in enumerate(self.measures)
                if measure not in self.fixed
            }
        published = {group: self._published(group) for group in ATTENTION.get(self.family, {})}
        return numbers | {
            "published": {"task": TASKS.get(self.family), "caveat": self.caveat, "difference_by_layer": published}
        }

    def _numbers(self, layer: int, g: int, m: int, i: int) -> dict[str, Any]:
        pooled = self.by_query.summary((layer, g, m, i))
        pooled["queries"] = pooled.pop("puzzles")
        heads = [self.by_head.summary((layer, head, g, m, i)) for head in range(self.heads)]
        return {**self.by_puzzle.summary((layer, g, m, i)), "pooled": pooled, "heads": heads}

    @property
    def layers(self) -> int:
        """Layers of the network."""
        return len(self.by_puzzle.count)

    @property
    def heads(self) -> int:
        """Heads of a layer."""
        return self.by_head.count.shape[1]

    def table(self) -> str:
        """Return the differences of both groups as text, with the paper's for comparison, and those of each head."""
        tables = [self._group_table(group) for group in GROUPS] + [self._head_table(group) for group in GROUPS]
        return "\n\n".join(part for part in (INTERVALS, *tables, self.why_left_out, self.caveat) if part)

    def _group_table(self, group: str) -> str:
        g, published = GROUPS.index(group), self._published(group)
        shown = self.shown(group)
        counted, queries = (int(moments.count[0, g, 0, 0]) for moments in (self.by_puzzle, self.by_query))
        head = [name for measure in shown for name in (measure, f"{measure}, pooled")]
        rows = [["layer", *head, *(f"paper: {measure}" for measure in published)]]
        for layer in range(self.layers):
            ours = [
                with_interval(moments, (layer, g, self.measures.index(measure), -1), "+.4f")
                for measure in shown
                for moments in (self.by_puzzle, self.by_query)
            ]
            theirs = [f"{values[layer]:+.4f}" if layer < len(values) else NOTHING for values in published.values()]
            rows.append([str(layer), *ours, *theirs])
        return f"{group} queries, {queries:,} in {counted:,} of {self.puzzles:,} puzzles\n{text_table(rows)}"

    def _head_table(self, group: str) -> str:
        g, shown = GROUPS.index(group), self.shown(group)
        rows = [["layer", "head", *shown]]
        for layer in range(self.layers):
            for head in range(self.heads):
                places = [(layer, head, g, self.measures.index(measure), -1) for measure in shown]
                ours = [with_interval(self.by_head, place, "+.4f") for place in places]
                rows.append([str(layer), str(head), *ours])
        return f"{group} queries, head by head, per puzzle\n{text_table(rows, left=(0, 1))}"

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


INTERVALS = (
    "± is 1.96 standard errors: of the mean over puzzles, each the mean over its queries; pooled, of the mean over all"
    " queries and ACT steps, as in the paper, where queries of one puzzle count as independent."
)


@torch.inference_mode()
def measure_attention(agent: AIRAgent, selection: Selection, progress: bool = True) -> AttentionMeasures:
    """Compare the first L- and the first H-update of several ACT steps, layer by layer and query by query.

    Of ``ACT_STEPS`` those up to the selection's last ACT step are measured, or that one alone where it comes before
    them. Violations are those of z_H as decoded after that H-update.

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
    shape = (len(GROUPS), len(measures), len(LEVELS))
    by_puzzle, by_query = Moments((config.layers, *shape)), Moments((config.layers, *shape))
    by_head = Moments((config.layers, config.heads, *shape))
    meter = Meter(agent, analysis)
    for data in parts(selection, "attention", progress):
        sums: Any = 0
        count: Any = 0
        for found, queries in meter.steps(data, steps):  # (B, layers, heads, C, M, 3) and (B, C, 2)
            _add_queries(by_query, found, queries)
            sums += np.einsum("blhcmi,bcg->blhgmi", found, queries.astype(np.float64), optimize=True)
            count += queries.sum(1)
        head_means = sums / np.maximum(count, 1)[:, None, None, :, None, None]
        valid = (count > 0)[:, None, :, None, None]
        by_head.add(head_means, np.broadcast_to(valid[:, None], head_means.shape))
        means = head_means.mean(2)
        by_puzzle.add(means, np.broadcast_to(valid, means.shape))
    fixed = tuple(near.name for near in analysis.neighbourhoods() if _confined(agent, near))
    return AttentionMeasures(
        by_puzzle,
        by_query,
        by_head,
        measures,
        steps,
        len(selection.data.puzzle),
        agent.family.name,
        caveat(config),
        fixed,
    )


def _add_queries(moments: Moments, found: NDArray[np.float64], queries: NDArray[np.bool_]) -> None:
    """Add the mean over the heads at every query of every puzzle."""
    values = np.moveaxis(found.mean(2), 1, 2)[:, :, :, None]  # (B, C, layers, 1, M, 3)
    valid = queries[:, :, None, :, None, None]
    shape = moments.count.shape
    whole = (*values.shape[:2], *shape)
    samples, use = (np.broadcast_to(each, whole).reshape(-1, *shape) for each in (values, valid))
    moments.add(samples, use)


def _confined(agent: AIRAgent, near: Neighbourhood) -> bool:
    """Whether no cell can attend to another one than its neighbours."""
    return agent.model.config.mixer == "units" and bool((near.cells | ~in_a_unit(agent.family)).all())


def require_comparable(model: AIR) -> None:
    """Refuse a model whose L- and H-updates have no attention to compare layer by layer.

    Raises:
        ValueError: it mixes positions without attention, or its two networks are of unlike depth.
    """
    attention_layers(model)
    layers, h_layers = model.config.layers, model.config.h_layers
    if h_layers not in (0, layers):
        raise ValueError(f"{h_layers} layers for H and {layers} for L, expected as many to compare them")


class Meter:
    """Measures the attention of every query of a batch of puzzles, on the model's device.

    Args:
        agent: whose attention is read.
        analysis: of its family.
    """

    def __init__(self, agent: AIRAgent, analysis: FamilyAnalysis):
        self.agent = agent
        self.analysis = analysis
        near = analysis.neighbourhoods()
        self.cells = [torch.from_numpy(one.cells).to(agent.device) for one in near]
        self.divisors = [one.divisor for one in near]

    def steps(self, data: Puzzles, act_steps: Sequence[int]) -> Iterator[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
        """Yield for each of the ACT steps the measures and the queries of each group.

        Yields:
            (B, layers, heads, C, M, 3) float64, every cell's measures by ``LEVELS``, and (B, C, 2) bool.
        """
        program = self.agent.model.config.program
        first: dict[str, Update] = {}
        for update in trace(self.agent, data.puzzle, max(act_steps)):
            if update.act_step not in act_steps or update.position != program.index(update.letter):
                continue
            first[update.letter] = update
            if update.letter == "H":  # an H-update is preceded by its L-updates
                yield self._compare(first["L"], update, data)

    def _compare(self, of_l: Update, of_h: Update, data: Puzzles) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        proposal = decode(self.agent, of_h.after)[:, 0]
        asked, violating = (
            torch.from_numpy(cells).flatten(1).to(self.agent.device)
            for cells in (self.analysis.queries(data), self.analysis.violations(proposal, data))
        )
        adjacent = (violating.float() @ self.cells[0].T.float()) > 0
        targets = violating[:, None, None, :]
        if self.analysis.violations_nearby:
            targets = targets & self.cells[0]
        l_measures, h_measures = (self._measures(update, targets) for update in (of_l, of_h))
        difference = l_measures - h_measures
        difference[..., -2] *= -1  # of the entropies H minus L
        found = torch.stack((l_measures, h_measures, difference), -1).cpu().double().numpy()
        return found, torch.stack((asked & ~adjacent, asked & adjacent), -1).cpu().numpy()

    def _measures(self, update: Update, targets: Tensor) -> Tensor:
        """(B, layers, heads, C, M): the measures of every cell as a query."""
        layers = []
        for maps in attention_maps(self.agent.model, update.letter, update.before, update.x):
            near = [mass(maps, cells) / divisor for cells, divisor in zip(self.cells, self.divisors, strict=True)]
            measured = torch.stack((*near, normalised_entropy(maps), mass(maps, targets)), -1)
            layers.append(measured)
        return torch.stack(layers, 1)
