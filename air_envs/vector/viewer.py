"""One window for many boards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from air_envs.drawing.board import tile
from air_envs.drawing.sprites import load_pygame
from air_envs.drawing.viewer import Viewer

if TYPE_CHECKING:
    import pygame


class TiledViewer(Viewer):
    """Shows boards side by side, each as ``viewer`` draws it; ``show`` takes a sequence of ``draw_board`` arguments."""

    def __init__(self, viewer: Viewer, title: str):
        super().__init__(viewer.family, pixels=viewer.pixels, theme=viewer.theme, fps=viewer.fps, title=title)
        self._board = viewer

    def surface(self, cells: Any, **marks: Any) -> pygame.Surface:
        """Return the picture of all boards as a pygame surface."""
        whole = tile([self._board.rgb_array(**picture) for picture in cells], self.theme)
        return load_pygame().surfarray.make_surface(np.swapaxes(whole, 0, 1))
