"""``WindowApp``: a window that hears keys and mouse and draws itself again when something shows."""

from __future__ import annotations

import abc
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from air_envs.drawing import sprites
from air_envs.drawing.board import to_array
from air_envs.drawing.files import save_png
from air_envs.drawing.theme import THEMES, Theme, as_theme
from air_envs.drawing.window import Window

if TYPE_CHECKING:
    import pygame

_FRAME = 1 / 60
_NAMES = {"return": "enter", "keypad enter": "enter", "escape": "esc"}


class WindowApp(abc.ABC):
    """A program in a window of its own.

    Args:
        size: (width, height) of the window in pixels.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.

    Raises:
        ValueError: no such theme.
    """

    def __init__(self, size: tuple[int, int], theme: str | Theme = "light"):
        self.size, self.theme = size, as_theme(theme)
        self.closed = False
        self._window: Window | None = None
        self._shown: tuple[Hashable, ...] = ()

    @property
    @abc.abstractmethod
    def title(self) -> str:
        """Of the window."""

    @abc.abstractmethod
    def draw(self) -> pygame.Surface:
        """Return the picture of the window."""

    @abc.abstractmethod
    def handle(self, event: pygame.event.Event) -> None:
        """Do what a pygame event of the window asks for."""

    def tick(self) -> Hashable:
        """Do what is due by itself, once per frame; the window is drawn again when another value is returned."""
        return None

    def run(self) -> None:
        """Open the window and run until it is closed.

        Raises:
            pygame.error: no display to open a window on.
        """
        self.open()
        try:
            while self.goes_on():
                self.update()
                time.sleep(_FRAME)
        finally:
            self.close()

    def goes_on(self) -> bool:
        """Whether ``run`` has anything to wait for."""
        return not self.closed

    def open(self) -> None:
        """Open the window."""
        self._window = Window(self.title, self.size, resizable=True)

    def close(self) -> None:
        """Close the window."""
        self.closed = True
        if self._window is not None:
            self._window.destroy()
            self._window = None

    def update(self) -> None:
        """Hear what has happened, and draw if something shows."""
        assert self._window is not None
        events, closing = self._window.poll()
        self.closed = self.closed or closing or not self._window.alive
        if self.closed:
            return
        for event in events:
            self.handle(event)
        seen = self.tick()
        self.size = self._window.size
        if self._shown != (state := (self.size, self.theme, seen)) or events:
            self._shown = state
            self._window.draw(self.draw())

    def switch_theme(self) -> None:
        """Take the next theme."""
        themes = list(THEMES.values())
        self.use_theme(themes[(themes.index(self.theme) + 1) % len(themes) if self.theme in themes else 0])

    def use_theme(self, theme: Theme) -> None:
        """Take a theme."""
        self.theme = theme

    def save_picture(self, path: Path) -> None:
        """Write the window as PNG.

        Raises:
            OSError: the file cannot be written.
        """
        save_png(path, to_array(self.draw()))


def key_name(event: pygame.event.Event) -> tuple[str, bool]:
    """Return a key's name and whether shift is down: ``"up"``, ``"f1"``, ``"a"``, ``"7"`` also for 7 with shift."""
    pygame = sprites.load_pygame()
    shift = bool(event.mod & pygame.KMOD_SHIFT)
    typed = getattr(event, "unicode", "")
    name = pygame.key.name(event.key)
    if name.startswith("[") and len(name) > 1:  # the keypad's
        return name.strip("[]"), shift
    if name.isdigit() and shift:
        return (name, True) if not typed.isdigit() else (typed, False)  # layouts that have digits on shift
    if len(typed) == 1 and typed.isprintable() and typed != " ":
        return typed.lower(), shift
    return _NAMES.get(name, name), shift


def in_background(make: Callable[[], Any]) -> Future[Any]:
    """Run in a thread that ends with the program, however long it takes."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(make())
        except Exception as error:  # it is raised where the result is asked for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
