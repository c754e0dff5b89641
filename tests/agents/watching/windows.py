"""Driving a window by posted pygame events, as a person would by keys and mouse."""

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from agents.watching.app import Viewer
from agents.watching.story import Story
from agents.watching.window.desk import Desk
from air_envs.drawing.sprites import load_pygame

SIZE = (1000, 640)


class Driver:
    """A viewer in a window without a screen, whose clock is set by hand.

    Args:
        story: shown.
        folder: for files.
        desk: other arguments of ``Desk``.
    """

    def __init__(self, story: Story, folder: Path | None = None, size: tuple[int, int] = SIZE, **desk: Any):
        self.now = 0.0
        self.desk = Desk(story, folder=folder, clock=lambda: self.now, **desk)
        self.viewer = Viewer(self.desk, size=size)
        self.pygame = load_pygame()

    def __enter__(self) -> "Driver":
        self.viewer.open()
        self.watch()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.viewer.close()

    @property
    def story(self) -> Any:
        return self.desk.story

    @property
    def update(self) -> int:
        return self.desk.story.cursor.update

    @property
    def screen(self) -> Any:
        return self.viewer.screen

    def watch(self) -> None:
        """Let one frame pass."""
        self.viewer.update()

    def press(self, name: str, typed: str | None = None, *, shift: bool = False, ctrl: bool = False) -> None:
        """Press a key by pygame's name; ``typed`` is what it types, by default itself where it is a character."""
        pygame = self.pygame
        mod = (pygame.KMOD_SHIFT if shift else 0) | (pygame.KMOD_CTRL if ctrl else 0)
        unicode = (name if len(name) == 1 else "") if typed is None else typed
        self.post(pygame.KEYDOWN, key=pygame.key.key_code(name), unicode="\x03" if ctrl else unicode, mod=mod)

    def type(self, text: str) -> None:
        for character in text:
            self.press("a", character)

    def click(self, x: float, y: float, *, shift: bool = False, hold: bool = False) -> None:
        pygame = self.pygame
        pygame.key.set_mods(pygame.KMOD_SHIFT if shift else 0)
        self.post(pygame.MOUSEBUTTONDOWN, button=1, pos=(int(x), int(y)))
        if not hold:
            self.post(pygame.MOUSEBUTTONUP, button=1, pos=(int(x), int(y)))
        pygame.key.set_mods(0)

    def move(self, x: float, y: float) -> None:
        self.post(self.pygame.MOUSEMOTION, pos=(int(x), int(y)), rel=(0, 0), buttons=(0, 0, 0))

    def release(self) -> None:
        self.post(self.pygame.MOUSEBUTTONUP, button=1, pos=(0, 0))

    def cell(self, board: int, cell: tuple[int, int]) -> tuple[float, float]:
        return self.screen.layouts[board].centre(*cell)

    def post(self, kind: int, **fields: Any) -> None:
        self.pygame.event.post(self.pygame.event.Event(kind, window=self.viewer._window._window, **fields))
        self.watch()

    def wait(self, seconds: float) -> None:
        """Let time pass by the clock, and one frame."""
        self.now += seconds
        self.watch()

    def until(self, happened: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end, f"nothing happened: {self.desk.message}"
            self.watch()
            time.sleep(0.005)

    def picture(self) -> np.ndarray:
        return self.viewer._window.read().astype(int)


def blank_cell(app: Driver) -> tuple[int, int]:
    """The first cell that the puzzle leaves blank."""
    row, column = np.argwhere(app.story.moment.puzzle == 0)[0].tolist()
    return row, column
