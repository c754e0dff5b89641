"""Results as curves with intervals, and one picture for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from agents.figures.charts import BLUE, GREEN, GREY, ORANGE, PINK, SKY, YELLOW, chart, save_chart

_COLOURS = (BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, GREY)


class Curve(NamedTuple):
    """One line of a panel."""

    label: str
    x: NDArray[Any]
    """(n,)."""
    y: NDArray[Any]
    """(n,)."""
    interval: NDArray[Any]
    """(n, 2): lower and upper end of the 95 % interval; nan where it is not known."""


class Panel(NamedTuple):
    """One panel of a figure."""

    title: str
    x_label: str
    curves: Sequence[Curve]


class Drawn(Protocol):
    """A result that is drawn as curves."""

    def panels(self) -> list[Panel]:
        """Return what to draw."""


def draw_curves(found: Drawn, path: Path, title: str = "") -> Path:
    """Draw a result's panels side by side as PNG."""
    panels = found.panels()
    figure = chart(max(6.0, 4.6 * len(panels)), 4.6)
    figure.suptitle(title, fontsize=10)
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
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


def around(mean: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2): the intervals of means, from half their widths."""
    return np.stack((mean - half, mean + half), -1)
