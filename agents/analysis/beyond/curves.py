"""Results as curves with intervals, ready to be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


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


def around(mean: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 2): the intervals of means, from half their widths."""
    return np.stack((mean - half, mean + half), -1)
