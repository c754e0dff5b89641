"""Which models a site shows."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import puzzles


class Shown(NamedTuple):
    """A model to show."""

    model: str
    """A run's folder, a shipped model, or hf://owner/name."""
    family: str | None
    """Another grid shape than the model's own."""

    @classmethod
    def parse(cls, text: str) -> Shown:
        """Read ``MODEL`` or ``MODEL@FAMILY``.

        Raises:
            PuzzleError: there is no such family.
        """
        model, _, family = text.partition("@")
        return cls(model, puzzles.family(family).name if family else None)

    @property
    def name(self) -> str:
        """What the page and its links call it."""
        name = Path(self.model).name or Path(self.model).resolve().name
        return name if self.family is None else f"{name}@{self.family}"
