"""``Pen``: boxes, lines of text and sheets in the sizes of one picture; windows are drawn with it and boards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from air_envs.drawing import sprites
from air_envs.drawing.theme import Colour, Theme

if TYPE_CHECKING:
    import pygame

Rect = tuple[int, int, int, int]
"""(left, top, width, height) in pixels."""

SMALLEST = 5
"""Pixels of a capital letter's height below which no text shrinks."""
_LONG = 20
"""Lines from which on a sheet has two columns of them."""


class Pen:
    """Draws on one surface.

    Args:
        surface: what is drawn on.
        unit: height of a capital letter in pixels; everything else scales with it.
        theme: whose colours are taken where none is given.
    """

    def __init__(self, surface: pygame.Surface, unit: int, theme: Theme):
        self.surface, self.unit, self.theme = surface, unit, theme

    def box(self, rect: Rect, colour: Colour, ring: int = 0) -> None:
        """Fill a rectangle with rounded corners; with ``ring``, its outline of that many pixels alone."""
        left, top, width, height = rect
        radius = min(max(2, self.unit // 2), width // 2, height // 2)
        self.surface.blit(sprites.rounded(width, height, radius, colour, ring), (left, top))

    def line(
        self, string: str, place: tuple[int, int], width: int, size: int, colour: Colour, weight: str = "regular"
    ) -> int:
        """Write a line from its upper left corner, smaller where it is wider than ``width``; return its width."""
        text = fitting(string, width, size, colour, weight)
        self.surface.blit(text, place)
        return text.get_width()

    def write(self, string: str, rect: Rect, size: int, colour: Colour, weight: str = "regular") -> None:
        """Write a line into the middle of a rectangle."""
        left, top, width, height = rect
        text = fitting(string, width - self.unit // 2, size, colour, weight)
        # A line's capitals end 1.25 sizes below its top, of 1.7 sizes: their middle lies a little above its own.
        sprites.place(self.surface, text, left + width / 2, top + height / 2 + text.get_height() * 0.06)

    def paragraph(self, string: str, rect: Rect, size: int, colour: Colour) -> None:
        """Write text in as many lines as it takes, cut off at the bottom of the rectangle."""
        left, top, width, height = rect
        pitch, lines, wide = round(1.9 * size), [""], 0.0
        for word in string.split():
            long = sprites.label(word, size, colour).get_width() + 0.4 * size  # with the space before it
            if lines[-1] and wide + long > width:
                lines, wide = [*lines, ""], 0.0
            lines[-1], wide = f"{lines[-1]} {word}".strip(), wide + long
        for number, line in enumerate(lines[: max(1, height // pitch)]):
            self.line(line, (left, top + number * pitch), width, size, colour)

    def sheet(
        self, area: Rect, title: str, lines: Sequence[tuple[str, str]] = (), more: float = 0.0, wide: int = 44
    ) -> Rect:
        """Lay a sheet over the middle of an area: a title, and two columns of (keys, what they do).

        Args:
            area: at most which is covered.
            title: in its first line.
            lines: below it.
            more: units that are left free below these.
            wide: units that a column of lines is wide.

        Returns:
            The free part of the sheet.
        """
        left, top, width, height = area
        unit, theme, gap = self.unit, self.theme, 2 * self.unit
        columns = 2 if len(lines) > _LONG and width >= 80 * unit else 1
        rows = -(-len(lines) // columns)
        across = min(width - 2 * unit, wide * unit * columns)
        tall = min(height - 2 * unit, round((6 + 2.2 * rows + more) * unit))
        x, y = left + (width - across) // 2, top + (height - tall) // 2
        self.box((x - 1, y - 1, across + 2, tall + 2), theme.frame)
        self.box((x, y, across, tall), theme.page)
        self.line(title, (x + gap, y + gap), across - 2 * gap, round(1.25 * unit), theme.text, "bold")
        first, column_width = y + 5 * unit, across // columns
        pitch = min(round(2.2 * unit), (tall - 6 * unit) // max(1, rows))
        for number, (keys, what) in enumerate(lines):
            column, row = divmod(number, rows)
            start, place = x + column * column_width, first + row * pitch
            self.line(keys, (start + gap, place), round(column_width * 0.42) - gap, unit, theme.text, "bold")
            middle = start + round(column_width * 0.44)
            self.line(what, (middle, place), round(column_width * 0.56) - gap, unit, theme.muted)
        free = first + rows * pitch
        return x + gap, free, across - 2 * gap, y + tall - free


def fitting(string: str, width: int, size: int, colour: Colour, weight: str = "regular") -> pygame.Surface:
    """Return a line of text at the largest size, up to ``size``, that is no wider than ``width``."""
    line = sprites.label(string, size, colour, weight)
    while line.get_width() > width and size > SMALLEST:
        size = max(SMALLEST, min(size - 1, size * width // line.get_width()))
        line = sprites.label(string, size, colour, weight)
    return line


@contextlib.contextmanager
def within(surface: pygame.Surface, rect: Rect) -> Iterator[None]:
    """Cut off what is drawn outside of a rectangle: in a very small window text is too large for its place."""
    surface.set_clip(rect)
    try:
        yield
    finally:
        surface.set_clip(None)


def ring(surface: pygame.Surface, rect: Rect, thick: int, colour: Colour) -> None:
    """Draw the outline of a rectangle on its inside."""
    left, top, width, height = rect
    for side in (
        (left, top, width, thick),
        (left, top + height - thick, width, thick),
        (left, top, thick, height),
        (left + width - thick, top, thick, height),
    ):
        surface.fill(colour, side)
