"""A window on a puzzle, or its picture as an array; apart from environments, which hold one when they first draw."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from air_envs.drawing.board import Layout, scene_surface, to_array, to_surface
from air_envs.drawing.scene import Scene, as_scene
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

    def rgb_array(self, board: Scene | ArrayLike) -> NDArray[np.uint8]:
        """Return a picture of a scene, or of cells without marks: (height, width, 3) uint8. Needs no display.

        Raises:
            ValueError: an array of another shape, or too few pixels.
        """
        return to_array(self.surface(board))

    def show(self, board: Scene | ArrayLike) -> None:
        """Show the picture that ``rgb_array`` returns in the window, and wait until its frame is due.

        Raises:
            ValueError: an array of another shape, or too few pixels.
            pygame.error: no display to open a window on.
        """
        if not self.closed:
            self._present(self.surface(board))

    def show_picture(self, picture: NDArray[np.uint8]) -> None:
        """Show any picture, (height, width, 3) uint8, of the same shape each time, as ``show`` does a board's.

        Raises:
            pygame.error: no display to open a window on.
        """
        if not self.closed:
            self._present(to_surface(picture))

    def _present(self, surface: pygame.Surface) -> None:
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

    def surface(self, board: Scene | ArrayLike) -> pygame.Surface:
        """Return the picture as a pygame surface."""
        scene = as_scene(self.family, board)
        surface, self.layout = scene_surface(self.family, scene, self.pixels, self.theme)
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
