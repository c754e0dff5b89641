"""``Game``: one puzzle being played by a person. The environment says what a move does; the rest is here.

States are values: undo and redo walk a list of them, and a family says how one is shown to its environment.
"""

from __future__ import annotations

import abc
import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import gymnasium as gym

from air_envs import environment_id
from air_envs.drawing.scene import Scene
from air_envs.sources import PuzzleSource
from puzzles.errors import check_seed

State = TypeVar("State")


@dataclass(frozen=True)
class Item:
    """Something to press: a button, and the key that does the same."""

    label: str
    key: str
    act: Callable[[], Any]
    lit: bool = False
    """Switched on."""
    enabled: bool = True


class Game(abc.ABC, Generic[State]):
    """One puzzle being played.

    Args:
        source: of the puzzle; says the family.
        seed: which puzzle of the source.
        clock: seconds since any moment; tests bring their own.

    Raises:
        PuzzleError: the source cannot make such a puzzle, or a seed outside 0 <= seed < 2**64.
    """

    action_type: ClassVar[str]
    """Of the environment."""
    sizes: ClassVar[tuple[tuple[int, int], ...]]
    """(rows, columns) that a player may choose."""
    help: ClassVar[tuple[tuple[str, str], ...]]
    """(keys, what they do) beyond the items'."""

    def __init__(self, source: PuzzleSource, seed: int, clock: Callable[[], float] = time.monotonic):
        check_seed(seed)
        self.family, self.source, self.seed = source.family, source, seed
        self.env = gym.make(
            environment_id(self.family),
            source=source,
            action_type=self.action_type,
            solution_in_info=True,
            max_episode_steps=-1,
            disable_env_checker=True,
        )
        observation, self.info = self.env.reset(seed=seed)
        self.puzzle, self.rating = observation["puzzle"], self.info["rating"]
        self.hints = 0
        self.message = ""
        """What the last command has to say."""
        self._clock, self._started = clock, clock()
        self._ended: float | None = None
        self.changes = 0
        """How often the board has changed: a new number for every board that is shown."""
        self._states, self._at = [self._begin()], 0
        self._notes: dict[int, Any] = {}

    # -- what a screen asks -----------------------------------------------------------------------------------------

    @property
    def solved(self) -> bool:
        """Whether the environment says so; nothing can be changed from then on."""
        return bool(self.info["solved"])

    @property
    def seconds(self) -> float:
        """Played so far, or in all."""
        return (self._clock() if self._ended is None else self._ended) - self._started

    @abc.abstractmethod
    def scene(self) -> Scene:
        """Return what the board shows."""

    @abc.abstractmethod
    def facts(self) -> list[tuple[str, str]]:
        """Return (name, value) of what is counted."""

    def verdict(self) -> str:
        """Return what a player reads when it is solved."""
        return f"Solved in {minutes(self.seconds)}, {counted(self.hints, 'hint')}"

    def items(self) -> list[Item]:
        """Return the buttons of this game."""
        playing = not self.solved
        return [
            Item("Undo", "u", self.undo, enabled=playing and self._at > 0),
            Item("Redo", "r", self.redo, enabled=playing and self._at + 1 < len(self._states)),
            Item("Hint", "i", self.hint, enabled=playing),
            Item("Check", "v", self.check, enabled=playing),
        ]

    def pad(self) -> list[list[Item]]:
        """Return rows of further buttons for what is entered most."""
        return []

    # -- commands ---------------------------------------------------------------------------------------------------

    def key(self, name: str, shift: bool = False) -> bool:
        """Press a key by name, such as ``"up"`` or ``"7"``; return whether it means anything here."""
        del name, shift
        return False

    @abc.abstractmethod
    def point(self, place: tuple[int, int], dragged: bool = False) -> None:
        """Click on a cell, or drag over it."""

    @abc.abstractmethod
    def hint(self) -> None:
        """Make one right move, and count it."""

    @abc.abstractmethod
    def check(self) -> None:
        """Mark what is wrong."""

    def undo(self) -> None:
        """Take the last change back."""
        if self._at > 0 and not self.solved:
            self._go(self._at - 1)

    def redo(self) -> None:
        """Make the change again that was taken back last."""
        if self._at + 1 < len(self._states) and not self.solved:
            self._go(self._at + 1)

    def note(self, value: Any) -> None:
        """Attach something to the last change; it is undone and redone along with it."""
        self._notes[self._at] = value

    @property
    def notes(self) -> list[Any]:
        """What was attached to the changes that led to this board, in order."""
        return [self._notes[at] for at in sorted(self._notes) if at <= self._at]

    def start_clock(self) -> None:
        """Count from now on: the puzzle is seen."""
        self._started = self._clock()

    def close(self) -> None:
        """Close the environment."""
        self.env.close()

    # -- what a family writes ---------------------------------------------------------------------------------------

    @abc.abstractmethod
    def _begin(self) -> State:
        """Set what else the family keeps; return the state at the start."""

    @abc.abstractmethod
    def _show(self, state: State, before: State) -> None:
        """Bring the environment from ``before`` to ``state``, and set ``info``."""

    @property
    def _state(self) -> State:
        return self._states[self._at]

    def _do(self, state: State) -> None:
        """Change to a new state, which can be undone; whatever had been undone is forgotten."""
        if not self.solved:
            self._states[self._at + 1 :] = [state]
            self._notes = {at: value for at, value in self._notes.items() if at <= self._at}
            self._go(self._at + 1)

    def _go(self, at: int) -> None:
        before, self._at = self._state, at
        self.changes += 1
        self.message = ""
        self._show(self._state, before)
        if self.solved:
            self._ended = self._clock()


# Imported when a puzzle of the kind is first played.
_GAMES: dict[str, str] = {
    "maze": "air_envs.play.maze:MazeGame",
    "sudoku": "air_envs.play.sudoku:SudokuGame",
}


def register_game(kind: str, entry_point: str) -> None:
    """Say how a family is played: ``register_game("kakuro", "my_package.play:KakuroGame")``."""
    _GAMES[kind] = entry_point


def game_type(kind: str) -> type[Game[Any]]:
    """Return the game of a kind of puzzle.

    Raises:
        ValueError: nobody registered one.
    """
    if kind not in _GAMES:
        raise ValueError(f"no game of {kind!r}, expected one of {sorted(_GAMES)}: see register_game")
    module, _, attribute = _GAMES[kind].partition(":")
    return getattr(importlib.import_module(module), attribute)


def minutes(seconds: float) -> str:
    """Return a time as people read it: ``3:07``, ``1:02:45``."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count as people read it: ``no hints``, ``1 hint``, ``2 hints``."""
    return f"{count or 'no'} {one if count == 1 else many or one + 's'}"
