"""A contact sheet of a recurrent reasoner at work: every update at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import board_size, draw_board, to_array
from air_envs.drawing.frame import Frame, draw_legend, draw_panel, draw_tag
from air_envs.drawing.scene import make_scene
from air_envs.drawing.theme import LIGHT, Theme, as_theme

if TYPE_CHECKING:
    import pygame

    from puzzles import PuzzleFamily


def draw_sheet(
    family: PuzzleFamily,
    frames: Sequence[Frame],
    columns: int | None = None,
    theme: str | Theme = LIGHT,
    *,
    board: int = 150,
    title: str = "",
    most_rows: int = 16,
) -> NDArray[np.uint8]:
    """Draw a contact sheet: a row per ACT step, in it one board per update, z_L after an L and z_H after an H.

    Args:
        family: of the puzzle.
        frames: in the order they were made; one before the first update is drawn on a row of its own as the puzzle.
        columns: boards a row; None takes the length of the longest program.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        board: pixels of the longer side of each board.
        title: drawn at the top.
        most_rows: of more rows these many are drawn, evenly spread from the first to the last.

    Returns:
        (height, width, 3) uint8.

    Raises:
        ValueError: no frames, or fewer than one row.
    """
    if not frames:
        raise ValueError("frames: found none, expected 1 or more")
    if most_rows < 1:
        raise ValueError(f"most_rows {most_rows}, expected at least 1")
    pygame, theme = sprites.load_pygame(), as_theme(theme)
    updates = [(frame, earlier) for frame, earlier in _with_earlier(frames) if frame.position is not None]
    columns = columns or max((len(frame.program) for frame, _ in updates), default=1)
    rows: list[list[tuple[Frame, Frame | None]]] = []
    for pair in updates:
        if not rows or len(rows[-1]) == columns or rows[-1][-1][0].act_step != pair[0].act_step:
            rows.append([])
        rows[-1].append(pair)
    if len(rows) > most_rows:
        rows = [rows[r] for r in np.linspace(len(rows) - 1, 0, most_rows).round().astype(int)[::-1]]

    unit = max(6, round(board / 17))
    width, height = board_size(family, board)
    side, gap, caption = 9 * unit, round(unit * 1.2), round(unit * 1.9)
    top = round(unit * (4.2 if title else 1.2))
    foot = 4 * unit
    surface = pygame.Surface(
        (side + columns * (width + gap) + gap, top + max(1, len(rows)) * (height + caption + gap) + foot), 0, 32
    )
    surface.fill(theme.page)
    if title:
        surface.blit(sprites.label(title, round(unit * 1.25), theme.text, "bold"), (gap, unit))
    for r, row in enumerate(rows):
        y = top + r * (height + caption + gap)
        _row_label(surface, row, (gap, y + caption, height), unit, theme)
        for c, (frame, earlier) in enumerate(row):
            x = side + c * (width + gap)
            index, colour, name = (1, theme.accent_h, "z_H") if frame.letter == "H" else (2, theme.accent_l, "z_L")
            layout = draw_panel(surface, (x, y + caption, width, height), family, frame, earlier, index, theme)
            left = layout.left - layout.thin
            draw_tag(surface, frame.letter, (left, y), unit, colour)
            surface.blit(sprites.label(name, unit, theme.muted), (left + round(unit * 2.0), y + round(unit * 0.05)))
    if not rows:
        puzzle = make_scene(family, frames[0].puzzle, puzzle=frames[0].puzzle)
        draw_board(surface, (side, top, width, height), family, puzzle, theme)
    draw_legend(
        surface, family, (side, surface.get_height() - foot + unit, surface.get_width() - side - gap), unit, theme
    )
    return to_array(surface)


def _row_label(
    surface: pygame.Surface,
    row: list[tuple[Frame, Frame | None]],
    place: tuple[int, int, int],
    unit: int,
    theme: Theme,
) -> None:
    x, y, _ = place
    last = row[-1][0]
    lines = [("ACT step", theme.muted, "regular", 1.0), (str(last.act_step), theme.text, "bold", 1.8)]
    if last.halt is not None:
        lines.append((f"halt {last.halt:.2f}", theme.muted, "regular", 1.0))
    if last.solved:
        lines.append(("solved", theme.good, "bold", 1.0))
    for word, colour, weight, scale in lines:
        sprite = sprites.label(word, round(unit * scale), colour, weight)
        surface.blit(sprite, (x, y))
        y += sprite.get_height() + round(unit * 0.2)


def _with_earlier(frames: Sequence[Frame]) -> list[tuple[Frame, Frame | None]]:
    return list(zip(frames, [None, *frames[:-1]], strict=True))
