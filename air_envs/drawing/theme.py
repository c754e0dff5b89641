"""Colours of everything that is drawn: a light and a dark theme, on the colour-blind-safe palette of Okabe and Ito."""

from __future__ import annotations

import functools
import json
from dataclasses import asdict, dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Theme:
    """The colours of boards, panels and labels, each (red, green, blue) in 0..255."""

    name: str
    page: Colour
    """Behind the board."""
    board: Colour
    """An empty cell, an open maze cell."""
    given_cell: Colour
    """A cell that the puzzle gives."""
    line: Colour
    """Between cells."""
    frame: Colour
    """Around boxes and boards."""
    given: Colour
    """A digit that the puzzle gives."""
    entry: Colour
    """A digit that was entered."""
    conflict: Colour
    """A digit that breaks a rule or contradicts the puzzle."""
    conflict_cell: Colour
    """The cell under such a digit."""
    changed: Colour
    """A cell that is highlighted, such as one that changed since the previous frame."""
    highlight: float
    """How strongly a highlighted cell takes that colour, 0..1."""
    undecided: Colour
    """The hatch of a cell without a value."""
    wall: Colour
    path: Colour
    start: Colour
    goal: Colour
    agent: Colour
    marker_text: Colour
    """The letter on a start or goal marker."""
    text: Colour
    """Titles and labels."""
    muted: Colour
    """Labels of lesser weight."""
    accent_l: Colour
    """L updates and z_L."""
    accent_h: Colour
    """H updates and z_H."""
    good: Colour
    """Solved."""
    policy: Colour
    """The probabilities of an agent's next move."""


LIGHT = Theme(
    name="light",
    page=(255, 255, 255),
    board=(255, 255, 255),
    given_cell=(238, 241, 245),
    line=(196, 203, 212),
    frame=(38, 43, 51),
    given=(22, 26, 32),
    entry=(0, 114, 178),
    conflict=(204, 80, 0),
    conflict_cell=(252, 224, 205),
    changed=(247, 214, 70),
    highlight=0.55,
    undecided=(190, 198, 208),
    wall=(52, 59, 71),
    path=(0, 114, 178),
    start=(0, 148, 108),
    goal=(186, 87, 142),
    agent=(230, 159, 0),
    marker_text=(255, 255, 255),
    text=(28, 32, 39),
    muted=(106, 115, 127),
    accent_l=(0, 114, 178),
    accent_h=(204, 80, 0),
    good=(0, 138, 100),
    policy=(128, 62, 190),
)

DARK = Theme(
    name="dark",
    page=(18, 21, 26),
    board=(27, 32, 39),
    given_cell=(42, 49, 59),
    line=(66, 75, 88),
    frame=(176, 186, 199),
    given=(244, 246, 249),
    entry=(86, 180, 233),
    conflict=(255, 133, 61),
    conflict_cell=(84, 44, 22),
    changed=(226, 192, 40),
    highlight=0.36,
    undecided=(84, 94, 108),
    wall=(112, 124, 141),
    path=(86, 180, 233),
    start=(30, 184, 140),
    goal=(222, 140, 187),
    agent=(240, 178, 40),
    marker_text=(14, 17, 21),
    text=(236, 239, 243),
    muted=(148, 158, 171),
    accent_l=(86, 180, 233),
    accent_h=(255, 133, 61),
    good=(30, 184, 140),
    policy=(178, 132, 255),
)

THEMES = {theme.name: theme for theme in (LIGHT, DARK)}


def as_theme(theme: str | Theme) -> Theme:
    """Return the theme called ``theme``; a ``Theme`` is returned as it is.

    Raises:
        ValueError: no theme of that name.
    """
    if isinstance(theme, Theme):
        return theme
    if theme not in THEMES:
        raise ValueError(f"theme: found {theme!r}, expected one of {sorted(THEMES)} or a Theme")
    return THEMES[theme]


def to_json() -> str:
    """Return every theme as JSON, for the page that draws in the same colours: each colour as ``"#rrggbb"``."""
    themes = {
        theme.name: {
            key: value if isinstance(value, float) else "#{:02x}{:02x}{:02x}".format(*value)
            for key, value in asdict(theme).items()
            if key != "name"
        }
        for theme in THEMES.values()
    }
    return json.dumps(themes, indent=2) + "\n"


@functools.lru_cache(maxsize=4096)
def blend(under: Colour, over: Colour, amount: float) -> Colour:
    """Return the colour ``amount`` (0..1) of the way from ``under`` to ``over``."""
    red, green, blue = (round(u + (o - u) * amount) for u, o in zip(under, over, strict=True))
    return red, green, blue
