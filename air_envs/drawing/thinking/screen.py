"""``ThinkingScreen``: a page as a picture, and the places of its parts. No window, no events, no model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout
from air_envs.drawing.frame import draw_legend
from air_envs.drawing.strokes import Pen, Rect, ring, within
from air_envs.drawing.theme import Theme, blend
from air_envs.drawing.thinking.boards import draw_boards, draw_header
from air_envs.drawing.thinking.inside import draw_inside
from air_envs.drawing.thinking.page import Choice, Page, Sheet
from air_envs.drawing.thinking.regions import Regions
from air_envs.drawing.thinking.timeline import Scale, draw_timeline

if TYPE_CHECKING:
    import pygame


class ThinkingScreen:
    """Draws pages at a size.

    Args:
        size: (width, height) in pixels.
        theme: of everything.
    """

    def __init__(self, size: tuple[int, int], theme: Theme):
        self.size, self.theme = size, theme
        self.layouts: tuple[Layout, ...] = ()
        """The places of the cells of the three boards; empty where the window is too small for them."""
        self.scale: Scale | None = None
        """The places of updates on the timeline; None where the window is too small for it."""
        self.regions = Regions.fit(size, 9, 9)
        self._boards: tuple[tuple[object, ...], pygame.Surface] | None = None

    def draw(self, page: Page) -> pygame.Surface:
        """Return the picture."""
        self.regions = regions = Regions.fit(self.size, *page.family.shape)
        surface = self._with_boards(page).copy()
        unit, theme, pen = regions.unit, self.theme, Pen(surface, regions.unit, self.theme)
        self._rings(surface, page)
        left, top, width, _ = regions.message
        if page.message:
            text = sprites.label(page.message, unit, theme.text, "bold")
            colour = theme.conflict if page.wrong else theme.text
            pen.line(page.message, (left + max(0, width - text.get_width()), top), width, unit, colour, "bold")
        with within(surface, regions.timeline):
            self.scale = draw_timeline(surface, regions.timeline, page.timeline, unit, theme)
        with within(surface, regions.inside):
            draw_inside(surface, regions.inside, page.family, page.frame.puzzle, page.inside, unit, theme)
        _footer(pen, regions.footer, page)
        if page.sheet is not None:
            _sheet(pen, (0, 0, *self.size), page.sheet)
        return surface

    def cell_at(self, x: float, y: float) -> Choice | None:
        """Return the board and the cell at a point; None where there is none."""
        for board, layout in enumerate(self.layouts):
            cell = layout.cell_at(x, y)
            if cell is not None:
                return Choice(board, cell)
        return None

    def _with_boards(self, page: Page) -> pygame.Surface:
        """Return the picture's part that the mouse does not change: drawn once per frame."""
        shown = (page.family, page.frame, page.earlier)
        # Frames hold arrays, which have no truth: they are compared by identity, and kept so that none is reused.
        if self._boards is not None and all(a is b for a, b in zip(self._boards[0], shown, strict=True)):
            return self._boards[1]
        surface = sprites.load_pygame().Surface(self.size, 0, 32)
        surface.fill(self.theme.page)
        regions, theme = self.regions, self.theme
        draw_header(surface, regions.header, page.frame, regions.unit, theme)
        try:
            self.layouts = draw_boards(
                surface, regions.boards, page.family, page.frame, page.earlier, regions.unit, theme
            )
        except ValueError:  # fewer pixels than the cells need: the rest is left until the window grows
            self.layouts = ()
        draw_legend(surface, page.family, regions.legend[:3], regions.unit, theme)
        self._boards = shown, surface
        return surface

    def _rings(self, surface: pygame.Surface, page: Page) -> None:
        """Thin around the cell that is looked into, on all boards; thick around the one that is typed into."""
        for board, layout in enumerate(self.layouts):
            if page.inside is not None:
                thin = max(1, layout.thin)
                ring(surface, layout.cell_rect(*page.inside.cell), thin, self.theme.text)
            if page.choice is not None and page.choice.board == board:
                left, top, side, _ = layout.cell_rect(*page.choice.cell)
                thick = max(2, round(side * 0.09))
                around = left - thick, top - thick, side + 2 * thick, side + 2 * thick
                ring(surface, around, thick, (self.theme.text, self.theme.accent_h, self.theme.accent_l)[board])


def _footer(pen: Pen, rect: Rect, page: Page) -> None:
    """Keys and what they do on one line, as many as there is room for."""
    left, top, width, _ = rect
    unit, theme = pen.unit, pen.theme
    pen.surface.fill(blend(theme.page, theme.line, 0.6), (left, top, width, 1))
    x, y = left, top + round(0.8 * unit)
    for key, what in page.keys:
        cap = sprites.label(key, unit, theme.text, "bold")
        word = sprites.label(what, unit, theme.muted)
        if x + cap.get_width() + word.get_width() + unit > left + width:
            return
        pen.surface.blit(cap, (x, y))
        pen.surface.blit(word, (x + cap.get_width() + round(0.6 * unit), y))
        x += cap.get_width() + word.get_width() + round(2.6 * unit)


def _sheet(pen: Pen, area: Rect, sheet: Sheet) -> None:
    """What is shown over the window: lines, or a box that text is typed into with a note below it."""
    unit, theme = pen.unit, pen.theme
    asks = sheet.entry is not None
    left, top, width, height = pen.sheet(area, sheet.title, sheet.lines, 9.5 if asks else 0, 70 if asks else 44)
    if sheet.entry is None:
        return
    box, room, text = (left, top, width, round(2.8 * unit)), width - 2 * unit, sheet.entry + "|"
    while sprites.label(text, unit, theme.text).get_width() > room:  # of what is long the end is shown
        text = f"…{text[max(2, len(text) // 20) :]}"
    pen.box(box, theme.given_cell)
    pen.box(box, theme.conflict if sheet.wrong else theme.entry, max(1, unit // 7))
    pen.line(text, (left + unit, top + round(0.5 * unit)), room, unit, theme.text)
    note = left, top + round(3.8 * unit), width, height - round(3.8 * unit)
    pen.paragraph(sheet.note, note, unit, theme.conflict if sheet.wrong else theme.muted)
