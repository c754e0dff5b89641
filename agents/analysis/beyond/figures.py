"""One picture for every analysis beyond the paper: its curves, panel by panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.ticker import MaxNLocator

from agents.analysis.beyond.curves import Drawn
from agents.figures.charts import BLUE, GREEN, GREY, ORANGE, PINK, SKY, YELLOW, chart, save_chart

_COLOURS = (BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, GREY)


def draw_curves(found: Drawn, path: Path, title: str = "", columns: int = 4) -> Path:
    """Draw a result's panels as PNG, so many side by side."""
    panels = found.panels()
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure = chart(max(6.0, 4.6 * columns), 4.6 * rows)
    figure.suptitle(title, fontsize=10)
    for axes, panel in zip(figure.subplots(rows, columns, squeeze=False).flat, panels, strict=False):
        for number, curve in enumerate(panel.curves):
            color = _COLOURS[number % len(_COLOURS)]
            axes.plot(curve.x, curve.y, "o-", color=color, markersize=3, linewidth=1.3, label=curve.label)
            low, high = np.asarray(curve.interval, float).T
            axes.fill_between(curve.x, low, high, color=color, alpha=0.15, linewidth=0)
        axes.set(xlabel=panel.x_label)
        axes.set_title(panel.title, fontsize=10)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(frameon=False, fontsize=8)
    return save_chart(figure, path)
