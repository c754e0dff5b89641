"""The records of an experiment as one picture: accuracy by member, and what came first along the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import fmean, stdev

from matplotlib.axes import Axes

from agents.analysis.sweep.comparison import SYMMETRIC, Comparison, exact_accuracy
from agents.analysis.sweep.records import Record
from agents.analysis.sweep.split import Checkpoint, accuracy, entropy_gap, locality
from agents.figures.charts import BLUE, GREEN, GREY, ORANGE, PINK, YELLOW, chart, draw_runs, percent_limits, save_chart

COMPARISON = "comparison.png"
_COLOURS = (BLUE, ORANGE, GREEN, PINK, YELLOW, GREY)


def draw_comparison(found: Comparison, path: Path) -> Path:
    """Draw accuracy by member, and accuracy, entropy gap and locality by step, as a PNG file; return its path."""
    figure = chart(11, 8)
    figure.suptitle(f"{found.experiment.name}, {len(found.records)} runs", fontsize=11)
    panels = figure.subplots(2, 2).ravel()
    _draw_members(panels[0], found)
    groups = found.groups()
    curves: tuple[tuple[str, Callable[[Checkpoint], float | None], float], ...] = (
        ("Exact accuracy of z_H, measured puzzles, %", accuracy, 100),
        ("Entropy of z_L minus that of z_H", entropy_gap, 1),
        ("Attention on the neighbourhood, L minus H", locality, 1),
    )
    for axes, (title, read, scale) in zip(panels[1:], curves, strict=True):
        for color, (name, runs) in zip(_COLOURS, groups.items(), strict=False):
            draw_runs(axes, (_points(run, read, scale) for run in runs), color, f"{name}, {len(runs)} runs")
        if scale == 1:
            axes.axhline(0, color=GREY, linewidth=1)
        axes.set_title(title, fontsize=10)
        axes.set(xlabel="step")
        axes.legend(frameon=False, fontsize=8)
    return save_chart(figure, path)


def _draw_members(axes: Axes, found: Comparison) -> None:
    values = found.values(exact_accuracy)
    for place, member in enumerate(found.experiment.members):
        seeds = [100 * value for value in values.get(member, {}).values()]
        color = ORANGE if member in SYMMETRIC else BLUE
        axes.plot(seeds, [place] * len(seeds), "o", color=color, alpha=0.5, markersize=4)
        if seeds:
            spread = stdev(seeds) if len(seeds) > 1 else 0
            axes.errorbar(fmean(seeds), place, xerr=spread, fmt="s", color=color, markersize=7, capsize=4)
    axes.set_yticks(range(len(found.experiment.members)), found.experiment.members)
    axes.invert_yaxis()
    axes.set_xlim(percent_limits(*axes.get_xlim()))
    axes.set_title("Exact accuracy, all test puzzles, %; mean ± standard deviation", fontsize=10)


def _points(run: Record, read: Callable[[Checkpoint], float | None], scale: float) -> list[tuple[float, float]]:
    return [(found["step"], scale * value) for found in run["checkpoints"] if (value := read(found)) is not None]
