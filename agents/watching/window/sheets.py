"""What can be shown over the window: the keys, a question for a puzzle, a choice of models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from agents.watching.window.commands import HELP
from air_envs.drawing.thinking.page import Sheet

_ASKED = (
    "All cells in a row, or rows below each other: a Sudoku has . or 0 where it is blank, "
    "a maze # for walls, S and G for start and goal. Ctrl+V pastes, Enter opens it, Esc closes this."
)
_LONGEST = 4096
"""Characters of a typed puzzle; a maze of 30x30 has 900."""


class OpenSheet(Protocol):
    """A sheet that hears keys."""

    def page(self) -> Sheet:
        """Return what is drawn."""

    def key(self, name: str, typed: str) -> bool:
        """Hear a key by name and by the character typed; return whether the sheet stays open."""

    def paste(self, text: str) -> None:
        """Take text from the clipboard."""


class Keys:
    """All keys and what they do; any key closes it."""

    def page(self) -> Sheet:
        """Return what is drawn."""
        return Sheet("Keys", HELP)

    def key(self, name: str, typed: str) -> bool:
        """Close it."""
        return False

    def paste(self, text: str) -> None:
        """Nothing is asked here."""


class AskPuzzle:
    """A line that a puzzle is typed or pasted into.

    Args:
        accept: opens the puzzle of a text, or raises a ValueError, which is shown.
    """

    def __init__(self, accept: Callable[[str], None]):
        self._accept = accept
        self.text, self.error = "", ""

    def page(self) -> Sheet:
        """Return what is drawn: of a long text the end."""
        shown = self.text.rstrip("\n").replace("\n", " / ")
        note = self.error or (f"{len(self.text)} characters. {_ASKED}" if self.text else _ASKED)
        return Sheet("A puzzle of your own", entry=shown, note=note, wrong=bool(self.error))

    def key(self, name: str, typed: str) -> bool:
        """Enter opens what was typed, Backspace erases a character."""
        self.error = ""
        if name == "enter":
            try:
                self._accept(self.text)
            except ValueError as error:
                self.error = str(error).splitlines()[0]
                return True
            return False
        if name == "backspace":
            self.text = self.text[:-1]
        elif len(typed) == 1 and typed.isprintable():
            self.paste(typed)
        return True

    def paste(self, text: str) -> None:
        """Add to what was typed."""
        self.error = ""
        self.text = (self.text + text.replace("\r\n", "\n"))[:_LONGEST]


class AskModel:
    """The models that fit, each with its key.

    Args:
        family: name of the puzzle's family.
        models: names.
        present: the one that thinks now.
        accept: opens the puzzle in a model.
    """

    def __init__(self, family: str, models: Sequence[str], present: str, accept: Callable[[str], None]):
        self._family, self._present, self._accept = family, present, accept
        self._models = dict(zip("123456789abcdefghijklmnopqrstuvwxyz", models, strict=False))

    def page(self) -> Sheet:
        """Return what is drawn."""
        lines = [
            (key.upper(), f"{name}, the present one" if name == self._present else name)
            for key, name in self._models.items()
        ]
        return Sheet(f"Models for {self._family}", lines or [("", "no shipped model plays it")])

    def key(self, name: str, typed: str) -> bool:
        """Choose the model of a key; any other closes the sheet."""
        if name in self._models:
            self._accept(self._models[name])
        return False

    def paste(self, text: str) -> None:
        """Nothing is asked here."""
