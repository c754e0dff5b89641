"""The places of the parts of the window."""

from __future__ import annotations

from typing import NamedTuple

from air_envs.drawing.strokes import SMALLEST, Rect
from air_envs.drawing.thinking.boards import GAP, LABEL

_ACROSS, _DOWN = 142, 89
"""Units that a window of 1280 x 800 pixels is wide and high: 9 pixels each."""
_HEADER, _LEGEND, _FOOTER, _LOWER = 6, 4, 3, 25
"""Heights in units; of the lower part the least."""
_INSIDE = 0.5
"""Share of the width that the look inside takes of the lower part."""


class Regions(NamedTuple):
    """Rectangles that do not overlap, and the unit that they are measured in."""

    unit: int
    """Height of a capital letter in pixels."""
    header: Rect
    """Title, counters, program, halting probability."""
    boards: Rect
    """The three boards with their names."""
    legend: Rect
    """What marks on the boards mean."""
    message: Rect
    timeline: Rect
    inside: Rect
    footer: Rect

    @classmethod
    def fit(cls, size: tuple[int, int], rows: int, columns: int) -> Regions:
        """Divide a window of (width, height) pixels, for boards of so many cells."""
        width, height = size
        unit = max(SMALLEST, round(min(width / _ACROSS, height / _DOWN)))
        edge, full = GAP * unit, max(0, width - 2 * GAP * unit)
        footer = height - _FOOTER * unit
        top = unit + _HEADER * unit
        slot = (full - 2 * GAP * unit) // 3
        room = footer - top - (_LEGEND + LABEL + _LOWER) * unit
        board = max(0, min(slot * rows // columns, room))
        legend = top + LABEL * unit + board + unit
        lower = legend + (_LEGEND - 1) * unit
        depth = max(0, footer - lower - unit)
        half, message = round(full * _INSIDE), full // 2
        return cls(
            unit=unit,
            header=(edge, unit, full, _HEADER * unit),
            boards=(edge, top, full, LABEL * unit + board),
            legend=(edge, legend, full - message, 2 * unit),
            message=(edge + full - message, legend, message, 2 * unit),
            timeline=(edge, lower, full - half - 2 * GAP * unit, depth),
            inside=(edge + full - half, lower, half, depth),
            footer=(edge, footer, full, _FOOTER * unit),
        )
