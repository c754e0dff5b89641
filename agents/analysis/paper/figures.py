"""Pictures of the analyses; the numbers in them are those of each result's ``summary``."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from agents.analysis.paper.attention import GROUPS, AttentionMeasures
from agents.analysis.paper.freeze import Freeze
from agents.analysis.paper.published import ATTENTION, FREEZE, TASKS
from agents.analysis.paper.rollouts import MEASURES, Rollouts
from agents.analysis.tracing import STATES
from agents.evaluation.statistics import wilson_interval
from agents.figures.charts import BLUE, GREY, LEAST_SPAN, ORANGE, chart, save_chart

COLOURS = {"z_H": ORANGE, "z_L": BLUE}
"""As in the pictures of rollouts."""
EXPLAINED = {
    "nbr": "Mass on row, column, box: L - H",
    "nbr4": "Mass per neighbour of 4: L - H",
    "nbr8": "Mass per neighbour of 8: L - H",
    "nbr5x5": "Mass per cell of 5x5: L - H",
    "ent": "Normalised entropy: H - L",
    "viol": "Mass on violations: L - H",
}
"""Titles of the measures of attention; others go by their name."""
DRAWN = ("cell_accuracy", "exact_accuracy", "open", "violations", "content_changes", "open_flips")
"""Measures of rollouts in the picture."""
SETTLED = 0.01
"""The answer has settled where every curve of z_H stays this close to its end, as a share of the curve's range."""
AFTERWARDS = 2
"""ACT steps that are drawn after that."""


def draw_rollouts(rollouts: Rollouts, path: Path, title: str = "") -> Path:
    """Draw the measures of both states after each update as PNG, until the answer has settled and a little longer."""
    figure = chart(10, 7.4)
    figure.suptitle(title)
    panels = figure.subplots(2, 2, sharex=True).ravel()
    analysis = rollouts.analysis
    shown, taken = shown_updates(rollouts), len(rollouts.moments.mean)
    _draw_accuracy(panels[0], rollouts, shown)
    _draw_measure(panels[1], rollouts, shown, "open", f"Cells left {analysis.open_name}, %", 100, LEAST_SPAN)
    _draw_measure(panels[2], rollouts, shown, "violations", f"Cells {analysis.violation_name}, per puzzle")
    _draw_changes(panels[3], rollouts, shown)
    for axes in panels:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    left_out = f"; z_H has settled, updates {shown + 1} to {taken} are not shown" if shown < taken else ""
    label = f"update ({rollouts.program} in each of {rollouts.act_steps} ACT steps{left_out})"
    figure.supxlabel(label, fontsize="medium")
    return save_chart(figure, path)


def shown_updates(rollouts: Rollouts) -> int:
    """Return how many updates are worth drawing: those of ``AFTERWARDS`` ACT steps after the answer has settled."""
    curves = rollouts.moments.mean[:, STATES.index("z_H"), [list(MEASURES).index(measure) for measure in DRAWN]]
    moving = np.flatnonzero((abs(curves - curves[-1]) > SETTLED * np.ptp(curves, axis=0)).any(1))
    length = len(rollouts.program)
    settled = int(moving[-1]) + 1 if len(moving) else 0  # the update, counted from 0
    return min(len(curves), (settled // length + 1 + AFTERWARDS) * length)


def _draw_accuracy(axes: Axes, rollouts: Rollouts, shown: int) -> None:
    for s, state in enumerate(STATES):
        for measure, style in (("cell_accuracy", "-"), ("exact_accuracy", ":")):
            label = f"{state}, {'cells' if measure == 'cell_accuracy' else 'whole grids'}"
            _curve(axes, rollouts, s, measure, np.arange(shown), 100, style, label)
    axes.set(title="Right by the label, %", ylim=(-3, 103))
    axes.legend(frameon=False, fontsize=8)


def _draw_measure(
    axes: Axes, rollouts: Rollouts, shown: int, measure: str, title: str, scale: float = 1, least: float = 1
) -> None:
    for s, state in enumerate(STATES):
        _curve(axes, rollouts, s, measure, np.arange(shown), scale, "-", state)
    axes.set(title=title)
    axes.set_ylim(0, max(least, axes.get_ylim()[1]))
    axes.legend(frameon=False, fontsize=8)


def _draw_changes(axes: Axes, rollouts: Rollouts, shown: int) -> None:
    """Draw a state's changes at its own updates; at the others there are none."""
    letters = np.array(list(rollouts.program * rollouts.act_steps))[:shown]
    for s, state in enumerate(STATES):
        own = np.flatnonzero(letters == state[-1])
        for measure, style, what in (("content_changes", "-", "content"), ("open_flips", ":", "opened or decided")):
            _curve(axes, rollouts, s, measure, own[own > 0], 1, style, f"{state}, {what}")
    axes.set(title="Cells changed by an update, per puzzle")
    axes.set_ylim(0, max(1, axes.get_ylim()[1]))
    axes.legend(frameon=False, fontsize=8)


def _curve(
    axes: Axes,
    rollouts: Rollouts,
    s: int,
    measure: str,
    updates: NDArray[np.int64],
    scale: float,
    style: str,
    label: str,
) -> None:
    m = list(MEASURES).index(measure)
    mean, half = (scale * values[updates, s, m] for values in (rollouts.moments.mean, rollouts.moments.half))
    color = COLOURS[STATES[s]]
    axes.fill_between(updates + 1, mean - half, mean + half, color=color, alpha=0.15, linewidth=0)
    axes.plot(updates + 1, mean, style, color=color, linewidth=1.3, label=label)


def draw_freeze(freeze: Freeze, path: Path, title: str = "") -> Path:
    """Draw content changes and accuracy of both states in every condition, with the paper's, as PNG."""
    figure = chart(10, 6.2)
    figure.suptitle(title)
    changed, exact = figure.subplots(1, 2, width_ratios=(1.6, 1), sharey=True)
    published = FREEZE.get(freeze.family, {})
    place = np.arange(len(freeze.conditions))
    found = list(freeze.conditions.values())
    label = published_label(freeze.family, freeze.caveat)
    for s, state in enumerate(STATES):
        at = place + (0.2 if state == "z_H" else -0.2)
        style: dict[str, Any] = {"color": COLOURS[state], "ecolor": GREY, "capsize": 3, "label": state}
        halves = [np.nan_to_num(condition.total.half[s, 0]) for condition in found]
        changed.barh(at, [condition.total.mean[s, 0] for condition in found], 0.36, xerr=halves, **style)
        theirs = [getattr(published.get(name), state, None) for name in freeze.conditions]
        _draw_published(changed, theirs, at, label if s == 0 else "")
        right = 100 * np.array([condition.accuracy[s] for condition in found])
        edges = 100 * np.array([wilson_interval(condition.right[s], condition.puzzles) for condition in found])
        exact.barh(at, right, 0.36, xerr=abs(edges.T - right), **style)
    scored = [published[name].accuracy if name in published else None for name in freeze.conditions]
    _draw_published(exact, [None if value is None else 100 * value for value in scored], place, "")
    changed.set(title=f"Content changes per puzzle, over {freeze.updates} updates")
    exact.set(title="Exact accuracy, %", xlim=(-3, 103))
    changed.margins(x=0.08)
    changed.set_yticks(place, list(freeze.conditions))
    changed.invert_yaxis()
    handles = dict(zip(*reversed(changed.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, frameon=False)
    return save_chart(figure, path)


def published_label(family: str, caveat: str) -> str:
    """Say in a legend what the published numbers of a family are of; empty where there are none."""
    task = TASKS.get(family)
    return f"{task} as published{', another model' if caveat else ''}" if task else ""


def _draw_published(axes: Axes, values: list[float | None], at: np.ndarray, label: str) -> None:
    known = [(value, y) for value, y in zip(values, at, strict=True) if value is not None]
    if known:
        style: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": "black", "label": label or None}
        axes.plot(*zip(*known, strict=True), "D", **style)


def draw_attention(attention: AttentionMeasures, path: Path, title: str = "") -> Path:
    """Draw the differences between L and H by layer and group of queries, with the paper's, as PNG."""
    count = len(attention.compared)
    columns = min(3, count)
    rows = math.ceil(count / columns)
    figure = chart(3.6 * columns, 0.7 + 3.4 * rows)
    published = published_label(attention.family, attention.caveat)
    notes = [attention.why_left_out, f"paper: {published}" if published else ""]
    lines = [line for note in notes for line in textwrap.wrap(note, 38 * columns)]
    figure.suptitle("\n".join([title, *lines]), fontsize=10)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in panels[count:]:
        axes.remove()
    for axes, measure in zip(panels[:count], attention.compared, strict=True):
        _draw_layers(axes, attention, measure)
    order = [panels[count - 1].get_legend_handles_labels(), panels[0].get_legend_handles_labels()]
    handles = {label: handle for found in order for handle, label in zip(*found, strict=True)}
    figure.legend(
        [handles[label] for label in sorted(handles)],
        sorted(handles),
        loc="outside lower center",
        ncols=2 if columns == 1 else 4,
        frameon=False,
    )
    return save_chart(figure, path)


def _draw_layers(axes: Axes, attention: AttentionMeasures, measure: str) -> None:
    m = attention.measures.index(measure)
    layer = np.arange(attention.layers)
    axes.axhline(0, color=GREY, linewidth=1)
    for g, (group, color) in enumerate(zip(GROUPS, (BLUE, ORANGE), strict=True)):
        if measure not in attention.shown(group):
            continue
        at = layer + 0.2 * (g - 0.5)
        mean, half = attention.by_puzzle.mean[:, g, m, -1], attention.by_puzzle.half[:, g, m, -1]
        axes.errorbar(at, mean, np.nan_to_num(half), fmt="o", color=color, markersize=5, capsize=3, label=group)
        theirs = ATTENTION.get(attention.family, {}).get(group, {}).get(measure, ())[: len(layer)]
        axes.plot(
            at[: len(theirs)],
            theirs,
            "D",
            markerfacecolor="white",
            markeredgecolor=color,
            label=f"{group}, paper" if theirs else None,
        )
    axes.set(title=EXPLAINED.get(measure, measure), xlabel="layer")
    axes.title.set_fontsize(10)
    axes.set_xticks(layer)
    axes.margins(x=0.12, y=0.15)
