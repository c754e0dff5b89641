"""What a section of the page is made of, and the page itself."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import jinja2
from markupsafe import Markup

from agents.report.charts import Figure
from agents.thinking.player import Player, assets, colours
from puzzles.files import replacing

MOST_BYTES = 5_000_000
"""Of a page."""


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    kind: ClassVar[str] = "words"
    text: str


@dataclass(frozen=True)
class Facts:
    """Names with their values."""

    kind: ClassVar[str] = "facts"
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Figures:
    """Charts beside each other."""

    kind: ClassVar[str] = "figures"
    figures: Sequence[Figure]
    small: bool = False
    """Many small ones."""


@dataclass(frozen=True)
class Table:
    """A table of text."""

    kind: ClassVar[str] = "table"
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    marked: int | None = None
    """A row to point out."""


@dataclass(frozen=True)
class Printed:
    """Text with columns, as a command prints it, folded up."""

    kind: ClassVar[str] = "printed"
    summary: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command line."""

    kind: ClassVar[str] = "command"
    text: str


@dataclass(frozen=True)
class Players:
    """Rollouts, one shown at a time."""

    kind: ClassVar[str] = "players"
    players: Sequence[Player]
    names: Sequence[str]

    @property
    def elements(self) -> list[Markup]:
        """Each as HTML."""
        return [Markup(player.element) for player in self.players]


Block = Words | Facts | Figures | Table | Printed | Command | Players


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading of its own."""

    title: str
    blocks: Sequence[Block]

    @property
    def anchor(self) -> str:
        """Its id."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.title.lower())


@dataclass(frozen=True)
class Page:
    """A report."""

    title: str
    lead: str
    """A sentence below the title."""
    tiles: Sequence[tuple[str, str, str]]
    """The numbers to see first: name, number, and what is to be said of it."""
    sections: Sequence[Section]
    numbers: dict[str, Any] = field(default_factory=dict)
    """All numbers of the page, which it holds as JSON."""
    footer: str = ""

    def html(self) -> str:
        """Return the page, which loads nothing."""
        players = any(isinstance(block, Players) for section in self.sections for block in section.blocks)
        style, script = assets() if players else ("", "")
        return (
            _environment()
            .get_template("page.html")
            .render(
                page=self,
                style=Markup(colours(":root") + _read("report.css") + style),
                script=Markup(_read("report.js") + script if players else ""),
                numbers=Markup(
                    json.dumps(self.numbers, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
                ),
            )
        )

    def write(self, path: Path) -> Path:
        """Write the page, whole or not at all.

        Raises:
            ValueError: it is larger than ``MOST_BYTES``.
        """
        data = self.html().encode()
        if len(data) > MOST_BYTES:
            raise ValueError(f"{path}: {len(data):,} bytes, expected {MOST_BYTES:,} at most: ask for fewer rollouts")
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_bytes(data)
        return path


def said(value: Any) -> str:
    """Return a setting as text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "none" if value is None or value == [] else str(value)


@functools.cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("agents.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _read(name: str) -> str:
    source, _, _ = _environment().loader.get_source(_environment(), name)  # type: ignore[union-attr]
    return source
