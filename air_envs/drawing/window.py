"""Windows on the screen: any number at once, each with its own events, safe to leave open."""

from __future__ import annotations

import functools
import time
import weakref
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import to_array

if TYPE_CHECKING:
    import pygame


class Window:
    """One operating-system window. All windows share pygame's one queue of events, which is sorted here."""

    _open: ClassVar[weakref.WeakValueDictionary[int, Window]] = weakref.WeakValueDictionary()
    _started_display: ClassVar[bool] = False

    def __init__(self, title: str, size: tuple[int, int], *, resizable: bool = False):
        pygame = sprites.load_pygame()
        if not pygame.display.get_init():
            pygame.display.init()
            Window._started_display = True
        from pygame._sdl2 import video

        self._texture_type = video.Texture
        self._window = video.Window(title, size=size, resizable=resizable)
        # In software: an accelerated renderer crashes the process if it outlives the display, as at an exit unclosed.
        self._renderer: Any = video.Renderer(self._window, accelerated=0)
        self._queue: list[Any] = []
        self._surface: Any = None
        self._id = self._window.id
        self._open[self._id] = self
        self._gone = False
        pygame.register_quit(functools.partial(_release, weakref.ref(self)))

    @property
    def alive(self) -> bool:
        """False once something else has shut pygame down, as Gymnasium's own environments do."""
        return not self._gone and sprites.load_pygame().display.get_init()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, as the user has made it."""
        width, height = self._window.size
        return width, height

    @property
    def watched(self) -> bool:
        """Whether a person can see the window: False on SDL's drivers without a screen."""
        return self.alive and sprites.load_pygame().display.get_driver() not in ("dummy", "offscreen")

    def draw(self, surface: pygame.Surface) -> None:
        """Show a picture."""
        self._surface = surface
        self._renderer.clear()
        self._texture_type.from_surface(self._renderer, surface).draw()
        self._renderer.present()

    def read(self) -> NDArray[np.uint8]:
        """Return what the window shows: (height, width, 3) uint8."""
        # Presenting swaps the buffers, so the picture is drawn once more to be read.
        assert self._surface is not None
        self._renderer.clear()
        self._texture_type.from_surface(self._renderer, self._surface).draw()
        return to_array(self._renderer.to_surface())

    def poll(self) -> tuple[list[Any], bool]:
        """Return this window's events, and whether it is to close."""
        pygame = sprites.load_pygame()
        for event in pygame.event.get():
            if event.type == pygame.QUIT:  # the last window was closed, or the program is to end
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

    def wait(self, seconds: float) -> bool:
        """Wait while hearing events; return False as soon as the window is to close."""
        end = time.monotonic() + seconds
        while self.alive:
            if self.poll()[1]:
                return False
            left = end - time.monotonic()
            if left <= 0:
                return True
            time.sleep(min(left, 0.02))
        return False

    def destroy(self) -> None:
        """Close the window, and pygame's display with the last one if a window here has opened it."""
        self._open.pop(self._id, None)
        alive = self.alive
        self.release()
        if alive and not self._open and self._started_display:
            display = sprites.load_pygame().display
            while display.get_init():  # the clipboard starts it once more than is seen
                display.quit()
            Window._started_display = False

    def release(self) -> None:
        """Give SDL's objects back while SDL still knows them: freed later, they could take a new window with them."""
        if not self._gone:
            self._gone = True
            self._renderer = None  # before its window
            self._window.destroy()


def clipboard() -> str:
    """Return the text of the clipboard; empty where there is none, or no clipboard. Needs an open window."""
    pygame = sprites.load_pygame()
    from pygame import scrap

    try:
        scrap.init()
        raw = scrap.get("text/plain;charset=utf-8")
    except pygame.error:
        return ""
    return (raw or b"").rstrip(b"\0").decode("utf-8", "replace")


def _release(window: weakref.ref[Window]) -> None:
    target = window()
    if target is not None:
        target.release()
