"""Sections of the analyses: their charts from the numbers that ``summary`` returns, and their tables as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from agents.analysis.beyond.curves import Drawn
from agents.analysis.paper.attention import GROUPS, AttentionMeasures
from agents.analysis.paper.figures import EXPLAINED, published_label, shown_updates
from agents.analysis.paper.freeze import Freeze
from agents.analysis.paper.rollouts import Rollouts
from agents.analysis.report import ANALYSES
from agents.report.blocks import Block, Figures, Printed, Section, Words
from agents.report.charts import PALETTE, Figure, Line, Number, Row, line_chart, row_chart

STATES = ("z_L", "z_H")
"""In the order of the legends."""
COLOURS = {"z_L": "l", "z_H": "h"}


def analysis_section(name: str, found: Any) -> Section:
    """Return the section of one analysis.

    Args:
        name: a key of ``ANALYSES``.
        found: what it measured.
    """
    figures = list(_FIGURES.get(name, _panels)(found))
    blocks: list[Block] = [Words(ANALYSES[name].caption), Figures(figures)]
    return Section(name.capitalize(), [*blocks, Printed("All numbers of these charts as a table", found.table())])


def _rollouts(found: Rollouts) -> Iterator[Figure]:
    numbers, shown = found.summary(), shown_updates(found)
    label = f"update, {found.program} in each ACT step"

    def lines(measure: str, name: str = "", dashed: bool = False) -> list[Line]:
        made = []
        for state in STATES:
            mean, half = (numbers[state][measure][key][:shown] for key in ("mean", "half_interval_95"))
            low, high = (
                [None if h is None else m + sign * h for m, h in zip(mean, half, strict=True)] for sign in (-1, 1)
            )
            updates = range(1, len(mean) + 1)
            made.append(Line(f"{state}{name}", updates, mean, low, high, COLOURS[state], dashed))
        return made

    right = [*lines("cell_accuracy", ", cells"), *lines("exact_accuracy", ", whole grids", dashed=True)]
    yield line_chart("Right by the label, %", label, right, percent=True, limits=(-3, 103))
    yield line_chart("Entropy of a cell, % of the highest", label, lines("entropy"), percent=True)
    yield line_chart(f"Cells left {found.analysis.open_name}, %", label, lines("open"), percent=True)
    violating = f"Cells {found.analysis.violation_name}, per puzzle"
    yield line_chart(violating, label, lines("violations"))


def _freeze(found: Freeze) -> Iterator[Figure]:
    numbers = found.summary()
    conditions, published = numbers["conditions"], numbers["published"]["conditions"]
    names = list(conditions)
    changed: list[Row] = []
    exact: list[Row] = []
    for state in STATES:
        counts = [condition[f"{state}_content_changes"] for condition in conditions.values()]
        low, high = _ends([each["interval_95"] for each in counts])
        changed.append(Row(state, [each["mean"] for each in counts], low, high, COLOURS[state]))
        right = [condition[f"{state}_exact_accuracy"] for condition in conditions.values()]
        low, high = _ends([condition[f"{state}_exact_accuracy_interval_95"] for condition in conditions.values()])
        exact.append(Row(state, right, low, high, COLOURS[state]))
    label = published_label(found.family, found.caveat)
    if published:
        for state in STATES:
            theirs = [(published.get(name) or {}).get(state) for name in names]
            changed.append(Row(f"{state}, {label}", theirs, colour=COLOURS[state], shape="diamond"))
        scored = [(published.get(name) or {}).get("accuracy") for name in names]
        exact.append(Row(f"{label}, of the state that moves", scored, colour="text", shape="diamond"))
    yield row_chart(f"Content changes per puzzle, over {found.updates} updates", names, changed)
    yield row_chart("Exact accuracy, %", names, exact, percent=True, limits=(-2, 102))


def _attention(found: AttentionMeasures) -> Iterator[Figure]:
    numbers = found.summary()
    published = numbers["published"]["difference_by_layer"]
    layers = [f"layer {layer}" for layer in range(found.layers)]
    label = published_label(found.family, found.caveat)
    why = found.why_left_out
    for measure in found.compared:
        rows: list[Row] = []
        for group, colour in zip(GROUPS, ("l", "h"), strict=True):
            if measure not in found.shown(group):
                continue
            differences = [layer["difference"] for layer in numbers["groups"][group][measure]]
            means = [each["mean"] for each in differences]
            if all(mean is None for mean in means):  # as of a model whose proposals break no rule
                continue
            low, high = _ends([each["interval_95"] for each in differences])
            rows.append(Row(f"{group} queries", means, low, high, colour))
            theirs = published.get(group, {}).get(measure)
            if theirs:
                padded = [*theirs, *[None] * len(layers)][: len(layers)]
                rows.append(Row(f"{group}, {label}", padded, colour=colour, shape="diamond"))
        if rows:
            yield row_chart(EXPLAINED.get(measure, measure), layers, rows, note=why)
            why = ""


def _panels(found: Drawn) -> Iterator[Figure]:
    for panel in found.panels():
        lines = []
        for number, curve in enumerate(panel.curves):
            low, high = np.asarray(curve.interval, float).T
            if "%" in panel.title:  # an interval of a mean reaches beyond what a share can be
                low, high = low.clip(0, 100), high.clip(0, 100)
            y, lower, upper = (
                [None if np.isnan(each) else float(each) for each in values] for values in (curve.y, low, high)
            )
            x = [float(each) for each in curve.x]
            lines.append(Line(curve.label, x, y, lower, upper, PALETTE[number % len(PALETTE)]))
        yield line_chart(panel.title, panel.x_label, lines)


def _ends(intervals: Sequence[Sequence[float] | None]) -> tuple[tuple[Number, ...], tuple[Number, ...]]:
    """Return the lower and the upper ends of intervals, None where one is not known."""
    low, high = zip(*(each or (None, None) for each in intervals), strict=True)
    return low, high


_FIGURES: dict[str, Callable[[Any], Iterator[Figure]]] = {
    "rollouts": _rollouts,
    "freeze": _freeze,
    "attention": _attention,
}
