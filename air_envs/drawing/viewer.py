"""A window on a puzzle, or its picture as an array; apart from environments, which hold one when they first draw."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing.board import Layout, board_surface, to_array
from air_envs.drawing.theme import Theme, as_theme
from air_envs.drawing.window import Window

if TYPE_CHECKING:
    import pygame

    from puzzles import PuzzleFamily


class Viewer:
    """Draws boards of one family at one size. Each viewer has a window of its own, opened by the first ``show``.

    Args:
        family: of the boards.
        pixels: of the picture's longer side.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        fps: most frames a second that ``show`` lets through; 0 for no limit.
        title: of the window.

    Raises:
        ValueError: no such theme.
    """

    def __init__(
        self,
        family: PuzzleFamily,
        *,
        pixels: int = 480,
        theme: str | Theme = "light",
        fps: float = 10,
        title: str = "air-envs",
    ):
        self.family = family
        self.pixels = pixels
        self.theme = as_theme(theme)
        self.fps = fps
        self.title = title
        self.closed = False
        """Whether the user has closed the window; from then on ``show`` does nothing."""
        self.layout: Layout | None = None
        """Where the cells of the board drawn last lie."""
        self.events: list[Any] = []
        """pygame events of this window since the last ``show``, but its closing."""
        self._window: Window | None = None
        self._next_frame = 0.0

    def rgb_array(self, cells: Any, **marks: Any) -> NDArray[np.uint8]:
        """Return a picture, (height, width, 3) uint8; the arguments are those of ``draw_board``. Needs no display."""
        return to_array(self.surface(cells, **marks))

    def show(self, cells: Any, **marks: Any) -> None:
        """Show the same picture in the window, and wait until its frame is due.

        Raises:
            pygame.error: no display to open a window on.
        """
        if self.closed:
            return
        surface = self.surface(cells, **marks)
        if self._window is None or not self._window.alive:
            self.close()  # what is left of a window whose display was quit, before a new one takes its place
            self._window = Window(self.title, surface.get_size())
        self._window.draw(surface)
        self.poll()
        if self.fps:
            time.sleep(max(0.0, self._next_frame - time.monotonic()))
            self._next_frame = max(self._next_frame, time.monotonic()) + 1.0 / self.fps

    def poll(self) -> list[Any]:
        """Hear the window's events, return those new, and close it if the user asked for that."""
        if self._window is None or not self._window.alive:
            return []
        self.events, self.closed = self._window.poll()
        if self.closed:
            self.close()
        return self.events

    def surface(self, cells: Any, **marks: Any) -> pygame.Surface:
        """Return the picture as a pygame surface."""
        surface, self.layout = board_surface(self.family, cells, pixels=self.pixels, theme=self.theme, **marks)
        return surface

    def screen(self) -> NDArray[np.uint8] | None:
        """Return what the window shows, (height, width, 3) uint8; None without a window."""
        return self._window.read() if self._window is not None and self._window.alive else None

    def close(self) -> None:
        """Close the window, if it is open. A later ``show`` opens a new one, unless the user had closed it."""
        if self._window is not None:
            self._window.destroy()
            self._window = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_window": None, "events": [], "layout": None}
