"""The player as HTML: its data, its style and its script in one piece that loads nothing."""

from __future__ import annotations

import functools
import html
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import puzzles
from agents.thinking.player.encoding import Maps, Shown, encode, frame_of, own_attention
from air_envs.drawing.theme import THEMES, Theme

if TYPE_CHECKING:  # recordings replay without torch
    from agents.thinking.thoughts import Thought


class Player:
    """A rollout that a notebook shows as boards to scrub through: ``Player(agent.think(observation))``.

    The last expression of a cell shows it. ``html`` is the same as text.

    Args:
        thoughts: of one puzzle, in order, from ``AIRAgent.think``; all are made and kept.
        title: above the boards.
        solution: (rows, columns), the label.

    Raises:
        ValueError: no thoughts, or those of a batch.
    """

    data: dict[str, Any]
    """What the script reads; see ``agents.thinking.player.encoding``."""

    def __init__(self, thoughts: Iterable[Thought], title: str = "", solution: puzzles.Grids | None = None):
        held = list(thoughts)
        if not held:
            raise ValueError("no thoughts, expected at least one to show")
        frames = [frame_of(thought) for thought in held]
        family = held[0].subject.family
        self.data = encode(family, frames, [own_attention(each) for each in held], title or family.name, solution)

    @classmethod
    def of(
        cls,
        family: puzzles.PuzzleFamily,
        shown: Sequence[Shown],
        attention: Sequence[Maps | None],
        title: str,
        missing: str = "",
    ) -> Player:
        """Return the player of moments that were kept; the arguments are those of ``encode``."""
        player = cls.__new__(cls)
        player.data = encode(family, shown, attention, title, missing=missing)
        return player

    @property
    def element(self) -> str:
        """The player's element alone, for a page that has ``assets`` already."""
        title = html.escape(self.data["title"])
        # No "</script>" of a title may end the element.
        data = json.dumps(self.data, separators=(",", ":")).replace("<", "\\u003c")
        return (
            f'<div class="air-player" tabindex="0" role="group" aria-label="Player: {title}">'
            f'<script type="application/json">{data}</script>'
            f"<p>{title}, {len(self.data['frames']['update'])} moments. The player needs JavaScript.</p></div>"
        )

    @property
    def html(self) -> str:
        """The player with its style and script: shown in any page, and with as many others as there are."""
        style, script = assets()
        return f"<style>{style}</style>{self.element}<script>{script}</script>"

    def _repr_html_(self) -> str:
        return self.html


@functools.cache
def assets() -> tuple[str, str]:
    """Return the style and the script that all players of a page share."""
    style, boards, player = (
        files(__package__).joinpath(name).read_text(encoding="utf-8")
        for name in ("player.css", "boards.js", "player.js")
    )
    return colours(".air-player", notebook=True) + style, f'(function () {{\n"use strict";\n{boards}{player}}})();\n'


@functools.cache
def colours(selector: str, notebook: bool = False) -> str:
    """Return CSS that gives elements the colours of both themes as variables, such as ``--accent-l``.

    Args:
        selector: of the elements.
        notebook: JupyterLab's own theme decides where there is one, not that of the reader's system.
    """
    light, dark = (_variables(THEMES[name]) for name in ("light", "dark"))
    css = (
        f"{selector}{{color-scheme:light;{light}}}\n"
        f"@media (prefers-color-scheme:dark){{{selector}{{color-scheme:dark;{dark}}}}}\n"
    )
    if notebook:
        css += f"[data-jp-theme-light=true] {selector}{{color-scheme:light;{light}}}\n"
        css += f"[data-jp-theme-light=false] {selector}{{color-scheme:dark;{dark}}}\n"
    return css


def _variables(theme: Theme) -> str:
    return "".join(
        f"--{name.replace('_', '-')}:"
        + ("#{:02x}{:02x}{:02x}".format(*value) if isinstance(value, tuple) else str(value))
        + ";"
        for name, value in vars(theme).items()
        if name != "name"
    )
