"""Pictures of a recurrent reasoner at work, one per L or H update: an animated GIF, a window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import board_size, to_array
from air_envs.drawing.frame import Frame, draw_legend, draw_panel, draw_tag
from air_envs.drawing.theme import LIGHT, Colour, Theme, as_theme, blend
from air_envs.drawing.window import Window

if TYPE_CHECKING:
    import pygame

    from puzzles import PuzzleFamily

PANELS = ("puzzle · answer so far", "decoded z_H · proposal", "decoded z_L · scratchpad")


def draw_frame(
    family: PuzzleFamily,
    frame: Frame,
    theme: str | Theme = LIGHT,
    *,
    previous: Frame | None = None,
    panel: int = 320,
) -> NDArray[np.uint8]:
    """Draw one frame: three boards side by side under a header with the program and the halting probability.

    Args:
        family: of the puzzle.
        frame: what to draw.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        previous: the frame before; cells that differ from it are highlighted.
        panel: pixels of the longer side of each board; everything else scales with it.

    Returns:
        (height, width, 3) uint8.
    """
    pygame, theme = sprites.load_pygame(), as_theme(theme)
    unit = max(6, round(panel / 30))  # height of a capital letter of a label
    gap, header = 2 * unit, 7 * unit
    board_width, board_height = board_size(family, panel)
    slot = max(board_width, 19 * unit)  # a narrow board still needs room for its label
    width, height = 3 * slot + 4 * gap, header + 2 * unit + board_height + 4 * unit
    surface = pygame.Surface((width, height), 0, 32)
    surface.fill(theme.page)
    _header(surface, frame, (gap, unit, width - 2 * gap, header - unit), unit, theme)

    top = header + 2 * unit
    for index, colour in enumerate((theme.text, theme.accent_h, theme.accent_l)):
        left = gap + index * (slot + gap)
        lit = frame.letter == ("", "H", "L")[index] and bool(frame.letter)
        layout = draw_panel(surface, (left, top, slot, board_height), family, frame, previous, index, theme)
        name = sprites.label(PANELS[index], unit, colour if lit or not index else theme.muted, "bold")
        x = min(layout.left - layout.thin, left + slot - name.get_width())
        surface.blit(name, (x, header + round(unit * 0.1)))
    draw_legend(surface, family, (gap, top + board_height + unit, width - 2 * gap), unit, theme)
    return to_array(surface)


def draw_frames(
    family: PuzzleFamily, frames: Iterable[Frame], theme: str | Theme = LIGHT, *, panel: int = 320
) -> Iterator[NDArray[np.uint8]]:
    """Yield ``draw_frame`` of each frame in turn, with the cells that changed since the frame before highlighted."""
    previous = None
    for frame in frames:
        yield draw_frame(family, frame, theme, previous=previous, panel=panel)
        previous = frame


def show_frames(
    family: PuzzleFamily,
    frames: Iterable[Frame],
    ms_per_frame: int = 250,
    theme: str | Theme = LIGHT,
    *,
    panel: int = 320,
    title: str = "air-envs",
) -> None:
    """Show frames in a window as they come; the last one stays until the window is closed, which ends it at any time.

    Args:
        family: of the puzzle.
        frames: drawn one by one, so a generator may still be thinking.
        ms_per_frame: how long each is shown at least.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        panel: pixels of the longer side of each board.
        title: of the window.

    Raises:
        pygame.error: no display to open a window on.
    """
    pygame = sprites.load_pygame()
    window = None
    try:
        for picture in draw_frames(family, frames, theme, panel=panel):
            size = picture.shape[1], picture.shape[0]
            window = window or Window(title, size)
            window.draw(pygame.image.frombuffer(picture.tobytes(), size, "RGB"))
            if not window.wait(ms_per_frame / 1000):
                return
        while window is not None and window.watched and window.wait(1.0):
            pass
    finally:
        if window is not None:
            window.destroy()


def _header(surface: pygame.Surface, frame: Frame, area: tuple[int, int, int, int], unit: int, theme: Theme) -> None:
    left, top, width, _ = area
    size = round(unit * 1.3)
    counters = f"ACT step {frame.act_step}" if frame.act_step else "before the first update"
    if frame.update:
        counters += f" · {frame.letter} update {frame.update}"
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
        ground = colour if lit else blend(theme.page, colour, 0.28 if done else 0.12)
        ink = theme.page if lit else blend(theme.page, colour, 0.9 if done else 0.65)
        draw_tag(surface, letter, (left + index * round(unit * 2.5), strip_top), unit, ground, ink, round(unit * 2.2))
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
