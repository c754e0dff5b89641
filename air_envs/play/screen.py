"""``Screen``: a game as a picture, and the places of its parts. No window, no events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout, draw_board
from air_envs.drawing.probabilities import Bar, draw_bars
from air_envs.drawing.scene import Scene
from air_envs.drawing.strokes import SMALLEST, Pen, Rect
from air_envs.drawing.theme import Theme, blend
from air_envs.play.game import Item

if TYPE_CHECKING:
    import pygame

    from puzzles import PuzzleFamily

_PANEL, _LARGEST = 21, 24  # width of the panel in units; pixels of a unit
_STRIP = 36
"""Units that the message and the bars are wide at least, where there is room."""


@dataclass(frozen=True)
class Card:
    """A sheet that lies over the board: lines of help, or rows of choices."""

    title: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    """(keys, what they do)."""
    rows: list[tuple[str, list[Item]]] = field(default_factory=list)
    """(name, choices)."""


@dataclass(frozen=True)
class Page:
    """Everything that a screen shows."""

    family: PuzzleFamily
    scene: Scene
    """What the board shows."""
    title: str
    subtitle: str
    clock: str
    facts: list[tuple[str, str]]
    pad: list[list[Item]]
    items: list[Item]
    message: str
    solved: bool
    bars: Sequence[Bar] | None = None
    """What an agent may do next, below the message; None leaves no room for it."""
    card: Card | None = None


class Screen:
    """Draws a page at a size. A *unit* is the height of a capital letter: as large as all buttons leave room for.

    Args:
        size: (width, height) in pixels.
        theme: of everything.
    """

    def __init__(self, size: tuple[int, int], theme: Theme):
        self.size, self.theme = size, theme
        self.spots: list[tuple[Rect, Item]] = []
        """Where the items of the page drawn last lie; those of a card alone while there is one."""
        self.layout: Layout | None = None
        """Where the cells of its board lie; None where the window is too small for one."""

    def draw(self, page: Page) -> pygame.Surface:
        """Return the picture."""
        self._surface = sprites.load_pygame().Surface(self.size, 0, 32)
        self._surface.fill(self.theme.page)
        self.spots = []
        width, height = self.size
        upright = height > width
        unit = self.unit = self._unit(page, upright)
        self._pen = Pen(self._surface, unit, self.theme)
        if upright:
            panel = _heights(page, upright)[0] * unit
            board, rest = (0, 0, width, height - panel), (0, height - panel, width, panel)
        else:
            board, rest = (0, 0, width - _PANEL * unit, height), (width - _PANEL * unit, 0, _PANEL * unit, height)
        self._board(board, page)
        self._panel(rest, page, upright)
        if page.card is not None:
            self._card(board, page.card)
        return self._surface

    def item_at(self, x: float, y: float) -> Item | None:
        """Return the item at a point."""
        for (left, top, width, height), item in self.spots:
            if left <= x < left + width and top <= y < top + height:
                return item
        return None

    def rect_of(self, label: str) -> Rect:
        """Return where the item with a label lies.

        Raises:
            KeyError: there is none.
        """
        for rect, item in self.spots:
            if item.label == label:
                return rect
        raise KeyError(label)

    # -- parts ------------------------------------------------------------------------------------------------------

    def _unit(self, page: Page, upright: bool) -> int:
        """The largest unit at which the panel leaves most of the window to the board."""
        width, height = self.size
        for unit in range(_LARGEST, SMALLEST, -1):
            panel, across = (units * unit for units in _heights(page, upright))
            if upright and panel <= 0.42 * height and across <= width:
                return unit
            if not upright and panel <= height and across <= 0.4 * width and unit <= height / 45:
                return unit
        return SMALLEST

    def _board(self, rect: Rect, page: Page) -> None:
        try:
            self.layout = draw_board_and_message(self._pen, rect, page)
        except ValueError:  # fewer pixels than the cells need: the panel alone is left until the window grows
            self.layout = None

    def _panel(self, rect: Rect, page: Page, upright: bool) -> None:
        left, top, width, height = rect
        gap = self.unit
        half = (width - 3 * gap) // 2 if upright else width - 2 * gap
        y = self._head((left + gap, top + gap, half, height), page)
        y = self._grid((left + gap, y, half, height), page.pad, 3.2)
        if upright:
            left, y = left + half + gap, top
        pairs = [page.items[first : first + 2] for first in range(0, len(page.items), 2)]
        self._grid((left + gap, y + gap, half, height), pairs, 2.8)

    def _head(self, rect: Rect, page: Page) -> int:
        """Title, clock and counts; return where they end."""
        left, top, width, _ = rect
        unit, theme = self.unit, self.theme
        self._pen.line(page.title, (left, top), width, round(1.25 * unit), theme.text, "bold")
        self._pen.line(page.subtitle, (left, top + round(2.2 * unit)), width, unit, theme.muted)
        y = top + round(4.4 * unit)
        self._pen.line(page.clock, (left, y), width // 2, 2 * unit, theme.text, "bold")
        for number, (name, value) in enumerate(page.facts):
            place = left + width // 2, y + round((1.6 * number - 0.2) * unit)
            self._pen.line(f"{name} {value}", place, width // 2, round(0.85 * unit), theme.muted)
        return y + round(_facts_height(page) * unit)

    def _grid(self, rect: Rect, rows: list[list[Item]], high: float) -> int:
        """Rows of buttons over a width; return where they end."""
        left, top, width, _ = rect
        gap, height = max(2, round(0.4 * self.unit)), round(high * self.unit)
        across = max((len(row) for row in rows), default=1)
        wide = (width - (across - 1) * gap) // across
        for number, row in enumerate(rows):
            for column, item in enumerate(row):
                self._button((left + column * (wide + gap), top + number * (height + gap), wide, height), item)
        return top + len(rows) * (height + gap)

    def _button(self, rect: Rect, item: Item) -> None:
        left, top, width, height = rect
        theme, unit = self.theme, self.unit
        self._pen.box(rect, theme.entry if item.lit else theme.given_cell)
        ink = theme.page if item.lit else theme.text if item.enabled else theme.undecided
        if not item.key:
            self._pen.write(item.label, rect, round(1.3 * unit), ink)
        else:
            cap = round((0.55 * len(item.key) + (1.5 if len(item.key) > 1 else 1.05)) * unit)
            self._pen.write(item.label, (left, top, width - cap, height), unit, ink)
            hint = ink if item.lit else blend(theme.given_cell, theme.muted, 1.0 if item.enabled else 0.4)
            key = item.key.upper() if len(item.key) == 1 else item.key
            self._pen.write(key, (left + width - cap, top, cap - unit // 3, height), round(0.8 * unit), hint, "bold")
        self.spots.append((rect, item))

    def _card(self, board: Rect, card: Card) -> None:
        unit = self.unit
        self.spots = []
        x, y, width, _ = self._pen.sheet(board, card.title, card.lines, 5.2 * len(card.rows))
        for name, items in card.rows:
            self._pen.line(name, (x, y), width, unit, self.theme.muted)
            self._grid((x, y + round(1.9 * unit), width, 0), [items], 2.6)
            y += round(5.2 * unit)


def draw_board_and_message(pen: Pen, rect: Rect, page: Page) -> Layout:
    """Draw a page's board, and below it the message and the bars; return where the cells lie.

    Raises:
        ValueError: too few pixels.
    """
    left, top, width, height = rect
    unit, theme = pen.unit, pen.theme
    strip, bars = round(3.4 * unit), 0 if page.bars is None else round(2.6 * unit)
    area = left + unit, top + unit, width - 2 * unit, height - 2 * unit - strip - bars
    layout = draw_board(pen.surface, area, page.family, page.scene, theme)
    bottom = layout.top + layout.rows * layout.cell + layout.rim
    if layout.columns * layout.cell >= _STRIP * unit:  # else all of the width is needed
        left, width = layout.left - unit, layout.columns * layout.cell + 2 * unit
    place = left + unit, bottom + round(0.6 * unit), width - 2 * unit, strip - unit
    if page.solved:
        pen.box(place, theme.good)
    pen.write(
        page.message, place, unit, theme.page if page.solved else theme.text, "bold" if page.solved else "regular"
    )
    if page.bars is not None:
        draw_bars(pen, (left + unit, bottom + strip, width - 2 * unit, bars - unit // 2), page.bars)
    return layout


def _facts_height(page: Page) -> float:
    """Units from the top of the clock to the end of the counts beside it."""
    return max(5, 1.6 * len(page.facts) + 1)


def _heights(page: Page, upright: bool) -> tuple[int, int]:
    """(height, width) of the panel in units: two columns where it lies under the board, one beside it."""
    head = 6 + _facts_height(page) + 3.7 * len(page.pad)
    items = 2 + 3.3 * -(-len(page.items) // 2)
    return (round(max(head, items) + 1), 2 * _PANEL) if upright else (round(head + items), _PANEL)
