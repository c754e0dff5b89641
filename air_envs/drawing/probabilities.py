"""How the probabilities of an agent's next move are drawn: tinted cells, weighted digits, arrows, and bars.

Probability is shown by lightness and by size, never by hue alone. The tint of a cell and the size of an arrow grow with
its square root, so that small ones are seen. The size and the opacity of a Sudoku's small digits are relative to the
most probable move. The length of a bar is the probability itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout
from air_envs.drawing.scene import Scene
from air_envs.drawing.strokes import Pen, Rect
from air_envs.drawing.theme import Colour, Theme, blend

if TYPE_CHECKING:
    import pygame
    from numpy.typing import NDArray

Probability = TypeVar("Probability", float, "NDArray[np.float64]")

_STRONGEST = 0.62
"""How far the cell of a certain move takes the colour of probabilities."""
_FAINTEST = 0.55
"""Opacity of the weakest sign that is drawn."""
BARS = 4
"""Places for bars side by side."""
_SIDES = {(-1, 0): sprites.UP, (0, 1): sprites.RIGHT, (1, 0): sprites.DOWN, (0, -1): sprites.LEFT}


class Bar(NamedTuple):
    """One of the moves that an agent may make next."""

    label: str
    probability: float
    lit: bool
    """Whether it is the most probable one."""


def strength(probability: Probability) -> Probability:
    """Return how strongly a probability shows, 0..1: its square root, in tenths. Below 0.25 % it is 0."""
    return np.rint(10 * np.sqrt(probability)) / 10


class Likeliest(NamedTuple):
    """The highest of the values that stand for the probabilities of moves."""

    value: float
    """Above 0; 1 where there are none."""
    alone: bool
    """Whether no other is equal."""

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Likeliest:
        """Return the highest of any array."""
        highest = float(values.max())
        return cls(highest or 1.0, np.count_nonzero(values == highest) == 1)


def tinted(ground: Colour, probability: float, theme: Theme) -> Colour:
    """Return the colour of a cell that is the next move's with a probability."""
    return blend(ground, theme.policy, _STRONGEST * float(strength(probability)))


def opacity(shown: float) -> float:
    """Return the opacity of a sign of a strength."""
    return _FAINTEST + (1 - _FAINTEST) * shown


def draw_arrows(surface: pygame.Surface, layout: Layout, scene: Scene, theme: Theme) -> None:
    """Draw an arrowhead into each neighbour of the agent's cell that its next move may lead to."""
    if scene.agent is None or scene.chances is None:
        return
    for (down, right), side in _SIDES.items():
        row, column = scene.agent[0] + down, scene.agent[1] + right
        if not (0 <= row < layout.rows and 0 <= column < layout.columns):
            continue
        shown = float(strength(scene.chances[row, column]))
        if shown:
            size = max(5, round(layout.cell * (0.3 + 0.55 * shown)))
            colour = blend(theme.board, theme.policy, opacity(shown))
            rim = max(1, round(layout.cell / 20))
            x, y = layout.centre(row, column)
            sprites.place(surface, sprites.arrow(size + 2 * rim, side, theme.board), x, y)
            sprites.place(surface, sprites.arrow(size, side, colour), x, y)


def draw_bars(pen: Pen, rect: Rect, bars: Sequence[Bar]) -> None:
    """Draw at most four moves side by side, each a bar as long as it is probable, with name and probability."""
    left, top, width, height = rect
    unit, theme = pen.unit, pen.theme
    gap = max(2, unit // 2)
    wide = (width - (BARS - 1) * gap) // BARS
    for number, bar in enumerate(bars):
        x = left + number * (wide + gap)
        pen.box((x, top, wide, height), theme.given_cell)
        length = round(wide * bar.probability)
        if length >= 2:
            pen.box((x, top, length, height), blend(theme.given_cell, theme.policy, _STRONGEST if bar.lit else 0.35))
        weight, size = "bold" if bar.lit else "regular", round(0.85 * unit)
        share = round(3.6 * unit)
        pen.write(bar.label, (x, top, wide - share, height), size, theme.text, weight)
        pen.write(percent(bar.probability), (x + wide - share, top, share, height), size, theme.text, weight)


def percent(probability: float) -> str:
    """Return a probability as people read it: ``62 %``, ``<1 %``; 100 % is certain."""
    if 0 < probability < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= probability < 1 - 1e-6 else f"{100 * probability:.0f} %"
