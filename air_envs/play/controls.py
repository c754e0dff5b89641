"""``Controls``: the keys and buttons by which an agent plays in a window."""

from __future__ import annotations

from collections.abc import Callable

from air_envs.play.agent import Player
from air_envs.play.game import Item

PACES = (2.0, 1.0, 0.5, 0.25, 0.1, 0.05)
"""Seconds from move to move."""


class Controls:
    """An agent at the game of a window: it moves when asked to, or plays on by itself, and shows its probabilities.

    Args:
        running: whether it plays on from the start of every puzzle.
        interval: seconds from move to move.
        drawn: whether its moves are then drawn by their probabilities, and not the most probable ones.
        clock: seconds since any moment.
    """

    help = (
        ("Enter", "the agent's most probable move"),
        ("Shift + Enter", "a move drawn by its probabilities"),
        ("Space", "the agent plays on, or stops"),
        ("Shift + Space", "it plays on with drawn moves"),
        ("+ -", "faster, slower"),
        ("F2", "show or hide the probabilities"),
    )

    def __init__(self, running: bool, interval: float, drawn: bool, clock: Callable[[], float]):
        self.running, self.interval, self.drawn = running, interval, drawn
        self.shown = True
        """Whether the board shows the probabilities."""
        self._starts, self._clock, self._last = running, clock, clock()

    def take(self, player: Player) -> None:
        """Turn to a new puzzle."""
        self.player = player
        self.running, self._last = self._starts, self._clock()
        if not self.running:
            player.game.message = f"Enter: {player.agent.name} moves. Space: it plays on"

    def items(self) -> list[Item]:
        """Return the buttons."""
        playing = not self.player.game.solved
        return [
            Item("Move", "Enter", self.move, enabled=playing),
            Item("Play on", "Space", self.play_on, lit=self.running, enabled=playing),
            Item("Overlay", "F2", self.toggle, lit=self.shown),
        ]

    def key(self, name: str, shift: bool) -> bool:
        """Press a key; return whether it means anything here."""
        if name == "enter":
            self.move(drawn=shift)
        elif name == "space":
            self.drawn = shift if not self.running else self.drawn
            self.play_on()
        elif name == "f2":
            self.toggle()
        elif name in ("+", "-"):
            self.change_pace(name == "+")
        else:
            return False
        return True

    def move(self, drawn: bool = False) -> None:
        """Let the agent make one move, if one is legal."""
        if not self.player.game.solved and self.player.move(drawn) is None:
            self.player.game.message = self.player.ending()

    def play_on(self) -> None:
        """Let the agent play on by itself, or stop it."""
        self.running, self._last = not self.running, self._clock()

    def toggle(self) -> None:
        """Show the probabilities, or hide them."""
        self.shown = not self.shown

    def change_pace(self, faster: bool) -> None:
        """Take the next faster or slower pace."""
        others = [pace for pace in PACES if (pace < self.interval if faster else pace > self.interval)]
        if others:
            self.interval = max(others) if faster else min(others)
        self.player.game.message = f"{1 / self.interval:g} moves a second"

    def tick(self) -> None:
        """Make the move that is due; stop where there is none."""
        if not self.running:
            return
        if ending := self.player.ending(self.drawn):
            self.running = False
            self.player.game.message = ending
        elif self._clock() - self._last >= self.interval:
            self._last = self._clock()
            self.move(self.drawn)

    def facts(self) -> list[tuple[str, str]]:
        """Return what the game counts, and how many of the agent's moves were right."""
        right, made = self.player.record()
        return [*self.player.game.facts(), ("Agent right", f"{right} / {made}")]
