"""The head of every picture of a recurrent reasoner, and its three boards: the answer so far, z_H and z_L."""

from __future__ import annotations

from typing import TYPE_CHECKING

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout
from air_envs.drawing.frame import Frame, draw_hollow_tag, draw_panel, draw_tag
from air_envs.drawing.strokes import Rect
from air_envs.drawing.theme import Colour, Theme, blend

if TYPE_CHECKING:
    import pygame

    from puzzles import PuzzleFamily

PANELS = ("puzzle · answer so far", "decoded z_H · proposal", "decoded z_L · scratchpad")
LABEL, GAP = 2, 2
"""Units: height of the line above a board, room between boards."""


def draw_boards(
    surface: pygame.Surface,
    rect: Rect,
    family: PuzzleFamily,
    frame: Frame,
    earlier: Frame | None,
    unit: int,
    theme: Theme,
) -> tuple[Layout, Layout, Layout]:
    """Draw the three boards of a frame side by side, the name of each above it.

    Args:
        surface: what is drawn on.
        rect: of all three with their names.
        family: of the puzzle.
        frame: what to draw.
        earlier: the frame before; cells that differ from it are highlighted.
        unit: height of a capital letter in pixels.
        theme: of everything.

    Returns:
        Where the cells of each lie.

    Raises:
        ValueError: too few pixels.
    """
    left, top, width, height = rect
    gap = GAP * unit
    slot, below = (width - 2 * gap) // 3, LABEL * unit
    layouts = []
    for index, colour in enumerate((theme.text, theme.accent_h, theme.accent_l)):
        x = left + index * (slot + gap)
        lit = frame.letter == ("", "H", "L")[index] and bool(frame.letter)
        layout = draw_panel(surface, (x, top + below, slot, height - below), family, frame, earlier, index, theme)
        name = sprites.label(PANELS[index], unit, colour if lit or not index else theme.muted, "bold")
        start = min(layout.left - layout.thin, x + slot - name.get_width())
        surface.blit(name, (start, top + round(unit * 0.1)))
        layouts.append(layout)
    return layouts[0], layouts[1], layouts[2]


def draw_header(surface: pygame.Surface, rect: Rect, frame: Frame, unit: int, theme: Theme) -> None:
    """Write title, counters and verdict of a frame, and below them the program and the halting probability."""
    left, top, width, _ = rect
    size = round(unit * 1.3)
    counters = f"ACT step {frame.act_step}" if frame.act_step else "before the first update"
    if frame.update:
        counters += f" · {frame.letter} update {frame.update}" + (", skipped" if frame.skipped else "")
    right = left + width
    if frame.solved is not None:
        word, colour = ("solved", theme.good) if frame.solved else ("not solved", theme.muted)
        verdict = sprites.label(word, size, colour, "bold")
        right -= verdict.get_width()
        surface.blit(verdict, (right, top))
        mark = sprites.disc(round(size * 0.9), colour, 0.0 if frame.solved else 0.28)
        sprites.place(surface, mark, right - size, top + round(size * 0.78))
        right -= 3 * size
    counter = sprites.label(counters, size, theme.muted)
    title = _fitted(frame.title, size, theme.text, right - left - counter.get_width() - 2 * unit)
    surface.blit(title, (left, top))
    surface.blit(counter, (left + (title.get_width() + 2 * unit if title.get_width() > 1 else 0), top))

    strip_top = top + round(unit * 2.6)
    for index, letter in enumerate(frame.program):
        colour = theme.accent_h if letter == "H" else theme.accent_l
        lit = index == frame.position
        done = frame.position is not None and index < frame.position
        place, side = (left + index * round(unit * 2.5), strip_top), round(unit * 2.2)
        if letter in frame.frozen and (frame.skipped or not lit):
            draw_hollow_tag(surface, letter, (*place, side, side), blend(theme.page, colour, 1.0 if lit else 0.5))
            continue
        ground = colour if lit else blend(theme.page, colour, 0.28 if done else 0.12)
        ink = theme.page if lit else blend(theme.page, colour, 0.9 if done else 0.65)
        draw_tag(surface, letter, place, unit, ground, ink, side)
    if frame.halt is not None:
        _halting(surface, frame.halt, (left + width, strip_top), unit, theme)


def _fitted(string: str, size: int, colour: Colour, width: int) -> pygame.Surface:
    """Return as much of a bold label as fits ``width`` pixels, an ellipsis in place of the rest."""
    sprite = sprites.label(string, size, colour, "bold")
    while sprite.get_width() > max(width, 0) and string:
        string = string[:-1].rstrip()
        sprite = sprites.label(string + "…" if string else "", size, colour, "bold")
    return sprite


def _halting(surface: pygame.Surface, halt: float, right_top: tuple[int, int], unit: int, theme: Theme) -> None:
    """A bar of the halting probability with its name and number, flush right."""
    right, top = right_top
    number = sprites.label(f"{halt:.2f}", unit, theme.text, "bold")
    room = sprites.label("0.00", unit, theme.text, "bold").get_width()
    surface.blit(number, (right - number.get_width(), top + round(unit * 0.35)))
    bar_width, bar_height = 12 * unit, max(4, round(unit * 0.8))
    x, y = right - room - unit - bar_width, top + round(unit * 0.75)
    surface.blit(sprites.rounded(bar_width, bar_height, bar_height // 2, blend(theme.page, theme.muted, 0.25)), (x, y))
    filled = round(bar_width * min(max(halt, 0.0), 1.0))
    if filled >= bar_height:
        surface.blit(sprites.rounded(filled, bar_height, bar_height // 2, theme.good), (x, y))
    name = sprites.label("halting probability", unit, theme.muted)
    surface.blit(name, (x - name.get_width() - unit, top + round(unit * 0.35)))
