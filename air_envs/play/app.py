"""``App``: a window to play in. Keys, clicks and drags become commands of a game.

Puzzles are made in the background: a hard one takes a while.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from air_envs.drawing import sprites
from air_envs.drawing.loop import WindowApp, in_background, key_name
from air_envs.drawing.theme import THEMES, Theme
from air_envs.given import GivenPuzzle
from air_envs.play.agent import Agent, Player
from air_envs.play.choices import choices, describe
from air_envs.play.controls import Controls
from air_envs.play.game import Game, Item, game_type, minutes
from air_envs.play.screen import Card, Page, Screen
from air_envs.sources import PuzzleSource

if TYPE_CHECKING:
    import pygame


class _Made(NamedTuple):
    """A game, and the agent at it."""

    game: Game[Any]
    player: Player | None


class App(WindowApp):
    """A game in a window.

    Args:
        source: of the puzzles.
        seed: of the first puzzle; the next takes the next seed. None begins anywhere.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        size: (width, height) of the window in pixels.
        folder: where pictures are saved.
        clock: of the games, see ``Game``.
        agent: shows with what probability it would make each move, and moves when asked to.
        running: whether the agent plays on by itself from the start of every puzzle.
        interval: seconds between its moves then.
        drawn: whether these are drawn by their probabilities, and not the most probable ones.

    Raises:
        PuzzleError: the source cannot make such puzzles, or a seed outside 0 <= seed < 2**64.
        ValueError: no such theme, nobody can play such puzzles, or the agent cannot.
    """

    def __init__(
        self,
        source: PuzzleSource,
        *,
        seed: int | None = None,
        theme: str | Theme = "light",
        size: tuple[int, int] = (960, 700),
        folder: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
        agent: Agent | None = None,
        running: bool = False,
        interval: float = 0.5,
        drawn: bool = False,
    ):
        super().__init__(size, theme)
        self.folder, self._clock, self._agent = folder or Path(), clock, agent
        self.controls = None if agent is None else Controls(running, interval, drawn, time.monotonic)
        """Of the agent, if there is one."""
        self.game: Game[Any]
        self._take(_make(source, random.randrange(1 << 31) if seed is None else seed, clock, agent))
        self.screen = Screen(size, self.theme)
        self.card = ""
        """Which card lies over the board: ``"help"``, ``"options"`` or none."""
        self.notice = ""
        """What the window itself has to say, until the next command."""
        self._coming: Future[_Made] | None = None
        self._dragged: tuple[float, float] | None = None

    def close(self) -> None:
        """Close the window and the game's environment."""
        super().close()
        self.game.close()

    @property
    def title(self) -> str:
        """Of the window."""
        return f"air-envs: {self.game.family.name}"

    def goes_on(self) -> bool:
        """Until it is closed; where no one can watch an agent, until it stops."""
        assert self._window is not None
        waits = self.controls is None or self.controls.running or self._window.watched
        return super().goes_on() and waits

    def tick(self) -> tuple[object, ...]:
        """Take a puzzle that has been made; what changes by itself is the clock, and the board where an agent plays."""
        self._take_coming()
        if self.controls is None:
            return (minutes(self.game.seconds),)
        self.controls.tick()
        return minutes(self.game.seconds), self.game.changes, self.controls.running

    def draw(self) -> pygame.Surface:
        """Return the picture of the window."""
        if (self.screen.size, self.screen.theme) != (self.size, self.theme):
            self.screen = Screen(self.size, self.theme)
        return self.screen.draw(self._page())

    def handle(self, event: pygame.event.Event) -> None:
        """Do what a pygame event of the window asks for."""
        pygame = sprites.load_pygame()
        if event.type == pygame.KEYDOWN:
            self.notice = ""
            self._key(event)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self.notice = ""
            self._click(*event.pos)
        elif event.type == pygame.MOUSEMOTION and self._dragged is not None:
            self._drag(*event.pos)
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self._dragged = None

    def items(self) -> list[Item]:
        """Return the buttons: the game's, the agent's and the window's own."""
        agents = self.controls.items() if self.controls is not None else []
        return [*self.game.items(), *agents, *self._own_items()]

    def new(self, source: PuzzleSource | None = None) -> None:
        """Begin another puzzle when it is made, from another source if one is given; until then this one stays."""
        self.card = ""
        source, seed = source or self.game.source, self.game.seed + 1
        self.notice = "Making a puzzle ..."
        self._coming = in_background(lambda: _make(source, seed, self._clock, self._agent))

    def toggle(self, card: str) -> None:
        """Lay a card over the board, or take it away."""
        self.card = "" if self.card == card else card

    def keep_picture(self) -> None:
        """Write the window as PNG named after the puzzle, and say so, or why not."""
        path = self.folder / f"{self.game.family.name}-{self.game.seed}.png"
        try:
            self.save_picture(path)
            self.notice = f"Saved {path.name}"
        except OSError as error:
            self.notice = str(error)

    def _own_items(self) -> list[Item]:
        return [
            Item("New", "n", self.new),
            Item("Options", "o", lambda: self.toggle("options"), lit=self.card == "options"),
            Item("Theme", "t", self.switch_theme),
            Item("Help", "F1", lambda: self.toggle("help"), lit=self.card == "help"),
        ]

    # -- events -----------------------------------------------------------------------------------------------------

    def _key(self, event: pygame.event.Event) -> None:
        pygame = sprites.load_pygame()
        name, shift = key_name(event)
        if event.mod & (pygame.KMOD_CTRL | pygame.KMOD_META):
            self._shortcut(name, shift)
        elif name == "f12":
            self.keep_picture()
        elif name in ("f1", "?"):
            self.toggle("help")
        elif name == "esc":
            self.card = ""
        elif self.card or not (self._agent_key(name, shift) or self.game.key(name, shift)):
            for item in self.items():
                if item.key == name and item.enabled:
                    item.act()

    def _agent_key(self, name: str, shift: bool) -> bool:
        return self.controls is not None and self.controls.key(name, shift)

    def _shortcut(self, name: str, shift: bool) -> None:
        if name == "z" and not shift:
            self.game.undo()
        elif name in ("y", "z"):
            self.game.redo()
        elif name in ("q", "w"):
            self.closed = True

    def _click(self, x: float, y: float) -> None:
        item = self.screen.item_at(x, y)
        if item is not None:
            if item.enabled:
                item.act()
        elif self.card:
            self.card = ""
        elif self.screen.layout is not None and (place := self.screen.layout.cell_at(x, y)):
            self._dragged = x, y
            self.game.point(place)

    def _drag(self, x: float, y: float) -> None:
        """Point to every cell on the way: a fast mouse skips some."""
        layout, (x0, y0) = self.screen.layout, self._dragged or (x, y)
        if layout is None:
            return
        self._dragged = x, y
        pieces = 1 + int(2 * max(abs(x - x0), abs(y - y0)) / layout.cell)
        last = layout.cell_at(x0, y0)
        for piece in range(1, pieces + 1):
            place = layout.cell_at(x0 + (x - x0) * piece / pieces, y0 + (y - y0) * piece / pieces)
            if place is not None and place != last:
                self.game.point(place, dragged=True)
            last = place

    def _take_coming(self) -> None:
        if self._coming is None or not self._coming.done():
            return
        coming, self._coming, self.notice = self._coming, None, ""
        self._shown = ()
        if error := coming.exception():
            self.notice = str(error)
            return
        self.game.close()
        self._take(coming.result())
        self.game.start_clock()

    def _take(self, made: _Made) -> None:
        self.game, player = made
        if self.controls is not None and player is not None:
            self.controls.take(player)

    # -- page -------------------------------------------------------------------------------------------------------

    def _page(self) -> Page:
        game, controls = self.game, self.controls
        seen = controls if controls is not None and controls.shown else None
        verdict = f"{game.verdict()}. N for a new one" if game.solved else game.message
        return Page(
            family=game.family,
            scene=game.scene() if seen is None else seen.player.scene(),
            title=game.family.name.replace("-", " ").capitalize(),
            subtitle=", ".join(filter(None, [describe(game.source), f"rating {game.rating}", _seed(game)])),
            clock=minutes(game.seconds),
            facts=game.facts() if controls is None else controls.facts(),
            pad=game.pad(),
            items=self.items(),
            message=self.notice or verdict,
            solved=game.solved and not self.notice,
            bars=None if seen is None else seen.player.bars(),
            card=self._card(),
        )

    def _card(self) -> Card | None:
        if self.card == "help":
            own = [(item.key.upper(), item.label) for item in [*self.game.items(), *self._own_items()]]
            more = [("Ctrl+Z, Ctrl+Y", "undo, redo"), ("F12", "save a picture"), ("Ctrl+Q", "quit")]
            agents = self.controls.help if self.controls is not None else ()
            return Card("Keys", [*self.game.help, *agents, *own, *more])
        if self.card == "options":
            rows = [
                (title, [Item(c.label, "", functools.partial(self.new, c.source), lit=c.chosen) for c in group])
                for title, group in choices(self.game.source).items()
            ]
            themes = [
                Item(theme.name, "", functools.partial(self.use_theme, theme), lit=theme == self.theme)
                for theme in THEMES.values()
            ]
            return Card("Choose a new puzzle", rows=[*rows, ("Theme", themes)])
        return None


def _make(source: PuzzleSource, seed: int, clock: Callable[[], float], agent: Agent | None) -> _Made:
    """Make a game, and seat the agent at it; its first answer may take a while too."""
    game = game_type(source.family.kind)(source, seed, clock)
    if agent is None:
        return _Made(game, None)
    try:
        player = Player(agent, game)
    except ValueError:
        game.close()
        raise
    player.bars()
    return _Made(game, player)


def _seed(game: Game[Any]) -> str:
    """Return the seed in words; a given puzzle is the same for all."""
    return "" if isinstance(game.source, GivenPuzzle) else f"seed {game.seed}"
