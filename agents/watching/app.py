"""``Viewer``: a window on a model that thinks. Keys and mouse become commands of a ``Desk``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import puzzles
from agents.thinking.agent import AIRAgent
from agents.watching.session import Session
from agents.watching.window.commands import ACTS
from agents.watching.window.desk import Desk, value_keys
from air_envs.drawing import sprites
from air_envs.drawing.loop import WindowApp, key_name
from air_envs.drawing.theme import Theme
from air_envs.drawing.thinking.page import ANSWER
from air_envs.drawing.thinking.screen import ThinkingScreen
from air_envs.drawing.window import clipboard

if TYPE_CHECKING:
    import pygame

SIZE = (1280, 800)
"""(width, height) of the window in pixels."""


def open_viewer(agent: AIRAgent, puzzle: puzzles.Grids, title: str = "", **settings: Any) -> None:
    """Open a window on a model that thinks about a puzzle, and return when it is closed. It runs from the start.

    Args:
        agent: whose model thinks.
        puzzle: (rows, columns) uint8.
        title: what the puzzle is called; by default the family.
        **settings: ``act_steps``, ``model_name`` and ``program`` of ``Session``; ``theme`` and ``size`` of ``Viewer``;
            all else of ``Desk``.

    Raises:
        PuzzleError: the puzzle is not of the agent's family.
        pygame.error: no display to open a window on.
    """
    own = {name: settings.pop(name) for name in ("act_steps", "model_name", "program") if name in settings}
    window = {name: settings.pop(name) for name in ("theme", "size") if name in settings}
    Viewer(Desk(Session(agent, puzzle, title, **own), running=True, **settings), **window).run()


class Viewer(WindowApp):
    """A desk in a window.

    Args:
        desk: what is shown.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        size: (width, height) of the window in pixels.

    Raises:
        ValueError: no such theme.
    """

    def __init__(self, desk: Desk, *, theme: str | Theme = "light", size: tuple[int, int] = SIZE):
        super().__init__(size, theme)
        self.desk = desk
        self.screen = ThinkingScreen(size, self.theme)
        self._dragging = False
        self._leaving = False  # Esc was the last command, and would have lost branches

    def goes_on(self) -> bool:
        """Until it is closed; where no one can watch, until it stops."""
        assert self._window is not None
        return not self.closed and (self._window.watched or self.desk.running)

    @property
    def title(self) -> str:
        """Of the window."""
        return f"air-envs: {self.desk.story.title}"

    def tick(self) -> tuple[object, ...]:
        """Do what is due, one update at most."""
        return self.desk.tick()

    def draw(self) -> pygame.Surface:
        """Return the picture of the window."""
        if (self.screen.size, self.screen.theme) != (self.size, self.theme):
            self.screen = ThinkingScreen(self.size, self.theme)
        return self.screen.draw(self.desk.page())

    def handle(self, event: pygame.event.Event) -> None:
        """Do what a pygame event of the window asks for."""
        pygame = sprites.load_pygame()
        if event.type == pygame.KEYDOWN:
            self._key(event)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self._click(*event.pos)
        elif event.type == pygame.MOUSEMOTION:
            self._move(*event.pos)
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self._dragging = False

    # -- commands of the window itself ------------------------------------------------------------------------------

    def keep_picture(self) -> None:
        """Save the window as PNG, and say so, or why not."""
        path = self.desk.saver.path(self.desk.story, ".png")
        try:
            self.save_picture(path)
        except OSError as error:
            self.desk.refuse(error)
        else:
            self.desk.say(f"Saved {path}")

    def escape(self) -> None:
        """Let go of the chosen cell; without one, close the window. Branches are lost only at a second time."""
        if self.desk.choice is not None:
            self.desk.choice = None
        elif isinstance(self.desk.story, Session) and len(self.desk.story.branches) > 1 and not self._leaving:
            self._leaving = True
            self.desk.say("Esc again closes the window, without its branches. R saves them.")
        else:
            self.closed = True

    def quit(self) -> None:
        """Close the window."""
        self.closed = True

    # -- events -----------------------------------------------------------------------------------------------------

    def _key(self, event: pygame.event.Event) -> None:
        pygame, desk = sprites.load_pygame(), self.desk
        name, shift = key_name(event)
        held = event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META)
        if held:
            name = f"ctrl+{pygame.key.name(event.key)}"  # what is typed along with Ctrl is a control character
        desk.say("")
        if name != "esc":
            self._leaving = False
        if desk.sheet is not None and name != "ctrl+q":
            self._key_of_sheet(name, "" if held else event.unicode)
            return
        value = dict(value_keys(desk.story.family)).get("0" if name in ("backspace", "delete") else name)
        if desk.choice is not None and value is not None and not shift:
            desk.enter(value)
            return
        act = ACTS.get(f"shift+{name}" if shift else name) or ACTS.get(name)
        if act is not None:
            act(self)

    def _key_of_sheet(self, name: str, typed: str) -> None:
        desk = self.desk
        assert desk.sheet is not None
        if name == "ctrl+v":
            desk.sheet.paste(clipboard())
        elif name == "esc" or not desk.sheet.key(name, typed):
            desk.sheet = None

    def _click(self, x: float, y: float) -> None:
        pygame, desk = sprites.load_pygame(), self.desk
        desk.say("")
        self._leaving = False
        if desk.sheet is not None:
            desk.sheet = None
            return
        if self.screen.scale is not None and self.screen.scale.holds(x, y):
            self._dragging = True
            desk.go(self.screen.scale.update_at(x), self.screen.scale.lane_at(y))
            return
        found = self.screen.cell_at(x, y)
        if found is None or found.board != ANSWER or pygame.key.get_mods() & pygame.KMOD_SHIFT:
            desk.choose(found)
        else:
            desk.choice = None
            desk.say("Shift+click a cell of the puzzle to change it")

    def _move(self, x: float, y: float) -> None:
        if self._dragging and self.screen.scale is not None:
            self.desk.go(self.screen.scale.update_at(x))
        elif (found := self.screen.cell_at(x, y)) is not None:
            self.desk.looking.cell = found.cell
