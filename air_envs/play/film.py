"""An agent that plays without a window: every board with its probabilities, as GIF, MP4 or PNG."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import board_size, tile, to_array
from air_envs.drawing.files import check_film, save_gif, save_mp4, save_png
from air_envs.drawing.strokes import Pen
from air_envs.drawing.theme import Theme, as_theme
from air_envs.play.agent import Player
from air_envs.play.screen import Page, draw_board_and_message

_UNIT, _PIXELS, _SHEET = 13, 480, 20
"""Pixels of a capital letter's height and of the board's longer side; boards of a sheet at most."""


def pictures(player: Player, theme: str | Theme = "light", drawn: bool = False) -> Iterator[NDArray[np.uint8]]:
    """Let an agent play to its end; yield (height, width, 3) uint8 of the first board and of that after each move.

    Args:
        player: an agent at a game, which is played.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        drawn: whether moves are drawn by their probabilities, and not the most probable ones.
    """
    while True:
        ending = player.ending(drawn)
        yield picture(player, theme, ending)
        if ending:
            return
        player.move(drawn)


def picture(player: Player, theme: str | Theme = "light", ending: str = "") -> NDArray[np.uint8]:
    """Return the board with the probabilities of the next move and what the last one was: (height, width, 3) uint8.

    Args:
        player: an agent at a game.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        ending: why it does not play on, said in place of the last move.
    """
    game, found = player.game, as_theme(theme)
    right, made = player.record()
    page = Page(
        family=game.family,
        scene=player.scene() if made else dataclasses.replace(player.scene(), selected=None),
        title=f"{player.agent.name}: {game.family.name}",
        subtitle=f"{right} of {made} moves right" if made else "",
        clock="",
        facts=[],
        pad=[],
        items=[],
        message=ending or game.message,
        solved=game.solved,
        bars=player.bars(),
    )
    width, height = board_size(game.family, _PIXELS)
    width, head = max(width, 36 * _UNIT) + 2 * _UNIT, round(3.2 * _UNIT)
    surface = sprites.load_pygame().Surface((width, head + height + 8 * _UNIT), 0, 32)
    surface.fill(found.page)
    pen = Pen(surface, _UNIT, found)
    half = (width - 2 * _UNIT) // 2
    pen.line(page.title, (_UNIT, _UNIT), half - _UNIT, _UNIT, found.text, "bold")
    pen.line(page.subtitle, (_UNIT + half, _UNIT), half, _UNIT, found.muted)
    draw_board_and_message(pen, (0, head - _UNIT, width, height + 9 * _UNIT), page)
    return to_array(surface)


def save_pictures(path: Path, shown: list[NDArray[np.uint8]], ms_per_move: int, theme: str | Theme = "light") -> Path:
    """Write what ``pictures`` has yielded; return the path.

    Args:
        path: .gif or .mp4, a film; .png, a sheet of at most 20 boards, the first and the last among them.
        shown: (height, width, 3) uint8 each, of one shape.
        ms_per_move: how long a film shows each.
        theme: whose page shows between the boards of a sheet.

    Raises:
        ModuleNotFoundError: .mp4 without ``imageio-ffmpeg``.
        ValueError: another suffix.
    """
    check_film(path)
    if path.suffix == ".png":
        kept = np.unique(np.linspace(0, len(shown) - 1, _SHEET).round().astype(int))
        return save_png(path, tile([shown[index] for index in kept], theme))
    return (save_gif if path.suffix == ".gif" else save_mp4)(path, shown, ms_per_move)
