"""Pictures of a recurrent reasoner at work, one per L or H update."""

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
