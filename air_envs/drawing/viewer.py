"""A window on a puzzle, or its picture as an array; apart from environments, which hold one when they first draw."""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout, board_surface, to_array
from air_envs.drawing.theme import Theme, as_theme

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
        self._window: _Window | None = None
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
            self._window = _Window(self.title, surface.get_size())
        self._window.draw(surface)
        self.poll()
        if self.fps:
            time.sleep(max(0.0, self._next_frame - time.monotonic()))
            self._next_frame = max(self._next_frame, time.monotonic() - 1.0) + 1.0 / self.fps

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


class _Window:
    """One operating-system window. All windows share pygame's one queue of events, which is sorted here."""

    _open: ClassVar[weakref.WeakValueDictionary[int, _Window]] = weakref.WeakValueDictionary()
    _started_display: ClassVar[bool] = False

    def __init__(self, title: str, size: tuple[int, int]):
        pygame = sprites.load_pygame()
        if not pygame.display.get_init():
            pygame.display.init()
            _Window._started_display = True
        from pygame._sdl2 import video

        self._texture_type = video.Texture
        self._window = video.Window(title, size=size)
        # In software: an accelerated renderer crashes the process if it outlives the display, as at an exit unclosed.
        self._renderer = video.Renderer(self._window, accelerated=0)
        self._queue: list[Any] = []
        self._surface: Any = None
        self._id = self._window.id
        self._open[self._id] = self

    @property
    def alive(self) -> bool:
        """False once something else has shut pygame's display down, and the window with it."""
        return sprites.load_pygame().display.get_init()

    def draw(self, surface: pygame.Surface) -> None:
        self._surface = surface
        self._renderer.clear()
        self._texture_type.from_surface(self._renderer, surface).draw()
        self._renderer.present()

    def read(self) -> NDArray[np.uint8]:
        # Presenting swaps the buffers, so the picture is drawn once more to be read.
        assert self._surface is not None
        self._renderer.clear()
        self._texture_type.from_surface(self._renderer, self._surface).draw()
        return to_array(self._renderer.to_surface())

    def poll(self) -> tuple[list[Any], bool]:
        """Return this window's events, and whether it is to close."""
        pygame = sprites.load_pygame()
        for event in pygame.event.get():
            if event.type == pygame.QUIT:  # the last window was closed, or the program was told to end
                targets = list(self._open.values())
            else:
                window = getattr(event, "window", None)
                target = self._open.get(window.id) if window is not None else self
                targets = [target] if target is not None else []
            for target in targets:
                target._queue.append(event)
        events, self._queue = self._queue, []
        closing = (pygame.QUIT, pygame.WINDOWCLOSE)
        return [event for event in events if event.type not in closing], any(e.type in closing for e in events)

    def destroy(self) -> None:
        self._open.pop(self._id, None)
        if self.alive:
            self._window.destroy()
            if not self._open and self._started_display:
                sprites.load_pygame().display.quit()
                _Window._started_display = False
