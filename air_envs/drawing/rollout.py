"""Pictures of a recurrent reasoner at work, one per L or H update: an animated GIF, a window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import board_size, to_array
from air_envs.drawing.frame import Frame, draw_legend
from air_envs.drawing.theme import LIGHT, Theme, as_theme
from air_envs.drawing.thinking.boards import draw_boards, draw_header
from air_envs.drawing.window import Window

if TYPE_CHECKING:
    from puzzles import PuzzleFamily


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
    draw_header(surface, (gap, unit, width - 2 * gap, header - unit), frame, unit, theme)
    boards = (gap, header, width - 2 * gap, 2 * unit + board_height)
    draw_boards(surface, boards, family, frame, previous, unit, theme)
    legend = gap, header + board_height + 3 * unit, width - 2 * gap
    draw_legend(surface, family, legend, unit, theme)
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
