"""A look inside one cell: its distribution over time, and what both updates attend to for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout, draw_board
from air_envs.drawing.strokes import Pen, Rect, ring
from air_envs.drawing.theme import Colour, Theme, blend
from air_envs.drawing.thinking.page import Inside

if TYPE_CHECKING:
    import pygame

    from puzzles import PuzzleFamily

_BARS = 0.4
"""Share of the width that the distributions take."""
_HEAT = 0.72
"""How far the cell that is attended to most takes the colour of its update."""
_FAINT = 0.3
"""Confidence at which the puzzle is drawn under it."""
_EMPTY = "Move the mouse over a cell of a board: its distribution over time and what it attends to are shown here."


def draw_inside(
    surface: pygame.Surface,
    rect: Rect,
    family: PuzzleFamily,
    puzzle: ArrayLike,
    inside: Inside | None,
    unit: int,
    theme: Theme,
) -> None:
    """Draw what is inside a cell; without one, how to choose it.

    Args:
        surface: what is drawn on.
        rect: in pixels.
        family: of the puzzle.
        puzzle: (rows, columns): drawn under the attention.
        inside: what is drawn.
        unit: height of a capital letter in pixels.
        theme: of everything.
    """
    pen, (left, top, width, height) = Pen(surface, unit, theme), rect
    name = pen.line("Look inside", (left, top), width, unit, theme.text, "bold")
    head = round(2.8 * unit)
    if height < 8 * unit:
        return
    if inside is None:
        pen.paragraph(_EMPTY, (left, top + head, width, height - head), unit, theme.muted)
        return
    row, column = inside.cell
    start = left + name + unit
    pen.line(f"row {row + 1}, column {column + 1}", (start, top), width - name - unit, unit, theme.muted)
    body, gap = (left, top + head, width, height - head), 2 * unit
    if inside.attention_l is None or inside.attention_h is None:  # the distributions take its place
        pen.line(inside.caption, (left, top + height - 2 * unit), width, unit, theme.muted)
        side, tall = (width - gap) // 2, body[3] - round(2.6 * unit)
        places = [(left + number * (side + gap), body[1], side, tall) for number in range(2)]
    else:
        side, tall = round(width * _BARS), body[3] // 2
        places = [(left, body[1] + number * tall, side, tall - unit) for number in range(2)]
        _attention(pen, (left + side + gap, body[1], width - side - gap, body[3]), family, puzzle, inside)
    _distribution(pen, places[0], "z_H", inside.z_h, inside, theme.accent_h)
    _distribution(pen, places[1], "z_L", inside.z_l, inside, theme.accent_l)


def _distribution(pen: Pen, rect: Rect, label: str, odds: NDArray[np.floating], inside: Inside, colour: Colour) -> None:
    """One row of bars per value, a bar per update, the present one marked."""
    unit, theme, (left, top, width, height) = pen.unit, pen.theme, rect
    now = np.asarray(odds[inside.now], float)
    best = int(now.argmax())
    name = pen.line(label, (left, top), width, unit, colour, "bold")
    says = f"{inside.values[best]} at {now[best]:.0%}" if now[best] >= 1 - now.sum() else "undecided"
    pen.line(says, (left + name + unit, top), width - name - unit, unit, theme.text)
    count, head = len(inside.values), 2 * unit
    high = (height - head) / count
    size = max(5, min(round(0.9 * unit), round(high * 0.85)))
    longest = max(len(value) for value in inside.values)
    gutter = round((1.2 + 0.65 * longest) * unit)
    across, first, pitch = _window(len(odds), inside.now, width - gutter, unit)
    x = left + gutter
    for value in range(count):
        y, end = top + head + round(value * high), top + head + round((value + 1) * high)
        ink = colour if value == best else theme.muted
        if high >= 0.7 * unit or value in (best, 0, count - 1):
            word = sprites.label(inside.values[value], size, ink, "bold" if value == best else "regular")
            sprites.place(pen.surface, word, x - unit // 2 - word.get_width() / 2, (y + end) / 2 + size * 0.05)
        pen.surface.fill(blend(theme.page, theme.line, 0.6), (x, end - 1, across, 1))
    at = x + round((inside.now - first) * pitch)
    band = max(2, round(pitch))
    pen.surface.fill(blend(theme.page, theme.text, 0.13), (at, top + head, band, round(count * high)))
    shown = np.asarray(odds[first:], float)
    strong, faint = colour, blend(theme.page, colour, 0.5)
    for step in range(min(len(shown), round(across / pitch))):
        here, to = x + round(step * pitch), x + round((step + 1) * pitch)
        wide = max(1, to - here - (1 if pitch >= 3 else 0))
        for value in np.flatnonzero(shown[step] * high >= 0.5).tolist():
            end = top + head + round((value + 1) * high) - 1
            tall = max(1, round(shown[step, value] * (high - 2)))
            ink = strong if shown[step, value] >= 0.5 else faint
            pen.surface.fill(ink, (here, end - tall, wide, tall))


def _window(moments: int, now: int, room: int, unit: int) -> tuple[int, int, float]:
    """Return (pixels across, first moment shown, pixels a moment): all, or those around the present one."""
    pitch = min(max(room / moments, 1.0), 2.4 * unit)
    shown = min(moments, max(1, int(room // pitch)))
    first = min(max(now - shown // 2, 0), moments - shown)
    return max(1, round(shown * pitch)), first, pitch


def _attention(pen: Pen, rect: Rect, family: PuzzleFamily, puzzle: ArrayLike, inside: Inside) -> None:
    """Both updates side by side as heat over the puzzle, and which layer and head that is."""
    unit, theme, (left, top, width, height) = pen.unit, pen.theme, rect
    gap, head, foot = unit, 2 * unit, round(2.2 * unit)
    side = (width - gap) // 2
    assert inside.attention_l is not None
    assert inside.attention_h is not None
    first, bottom = left, top
    marks = {"puzzle": puzzle, "confidence": np.full(family.shape, _FAINT)}
    for number, (letter, heat, colour) in enumerate(
        (("H", inside.attention_h, theme.accent_h), ("L", inside.attention_l, theme.accent_l))
    ):
        x = left + number * (side + gap)
        board = min(height - head - foot, side * family.rows // family.columns)
        try:
            layout = draw_board(pen.surface, (x, top + head, side, board), family, puzzle, theme, **marks)
        except ValueError:  # no room for its cells: what the window lacks at this size
            return
        most = f"at most {_percent(float(np.max(heat)))}"
        start = min(layout.left, x + side // 5)
        name = pen.line(f"{letter} attends", (start, top), x + side - start, unit, colour, "bold")
        start += name + unit // 2
        pen.line(most, (start, top), x + side - start, unit, theme.muted)
        _heat(pen, layout, heat, inside.cell, colour)
        first = first if number else start
        bottom = max(bottom, layout.top + layout.rows * layout.cell + layout.rim)
    pen.line(inside.caption, (first, bottom + round(0.5 * unit)), width, unit, theme.muted)


def _heat(pen: Pen, layout: Layout, heat: NDArray[np.floating], cell: tuple[int, int], colour: Colour) -> None:
    """Tint cells by how much is attended to them, the most attended to in full."""
    pygame, side = sprites.load_pygame(), layout.cell
    strength = np.asarray(heat, float) / max(float(np.max(heat)), 1e-9)
    tint = pygame.Surface((side, side), pygame.SRCALPHA)
    for place in np.argwhere(strength >= 0.02).tolist():
        tint.fill((*colour, round(255 * _HEAT * strength[tuple(place)])))
        pen.surface.blit(tint, layout.cell_rect(*place)[:2])
    left, top, _, _ = layout.cell_rect(*cell)
    thick = max(1, side // 9)
    ring(pen.surface, (left - thick, top - thick, side + 2 * thick, side + 2 * thick), thick, pen.theme.text)


def _percent(share: float) -> str:
    return f"{share:.1%}" if share < 0.095 else f"{share:.0%}"
