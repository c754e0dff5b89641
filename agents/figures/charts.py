"""What the charts have in common: colours, margins, bare axes, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from puzzles.files import replacing

BLUE, SKY, ORANGE, YELLOW, PINK, GREEN = "#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#CC79A7", "#009E73"
GREY = "#888888"
LEAST_SPAN = 5.0
"""Per cent on an axis at least: less is noise."""


def chart(width: float, height: float) -> Figure:
    """Return an empty figure of so many inches, with room around its panels."""
    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12))


def bare_axes(axes: Axes, grid: Literal["both", "y"] = "both") -> None:
    """Leave of a panel's frame the left and the lower side, with a light grid."""
    axes.grid(axis=grid, alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def percent_limits(low: float, high: float) -> tuple[float, float]:
    """Widen a range of per cent to ``LEAST_SPAN`` at least, and move it to where per cent are."""
    span = min(max(high - low, LEAST_SPAN), 108.0)
    low = min(max((low + high - span) / 2, -0.04 * span), 100 - 0.96 * span)
    return low, low + span


def save_chart(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, all its panels bare and their grids behind everything; return the path."""
    for axes in figure.axes:
        bare_axes(axes)
        axes.set_axisbelow(True)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=130, format="png")
    return path


def draw_runs(axes: Axes, runs: Iterable[Sequence[tuple[float, float]]], color: str, label: str = "") -> Line2D:
    """Draw the (step, value) points of each run thinly; return the line of their mean, at the steps that all have.

    Runs without points are left out.
    """
    curves = [dict(points) for points in runs if points]
    for curve in curves:
        axes.plot(list(curve), list(curve.values()), color=color, alpha=0.25, linewidth=0.8)
    steps = sorted(set(curves[0]).intersection(*curves)) if curves else []
    means = [fmean(curve[step] for curve in curves) for step in steps]
    return axes.plot(steps, means, "o-", color=color, markersize=3, label=label)[0]
