"""The keys of the window: one table that the window obeys, and of which its help and its foot are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Act = Callable[[Any], None]
"""Takes an ``agents.watching.app.Viewer``, which imports this."""


class Command(NamedTuple):
    """What a key does."""

    keys: tuple[str, ...]
    """Names as ``air_envs.drawing.loop.key_name`` returns them, ``"ctrl+"`` before them; none for what a mouse does."""
    label: str
    """The same as people read it; empty for a key that the line of another one explains."""
    help: str
    act: Act | None = None
    """None for what a mouse does."""
    foot: tuple[str, str] | None = None
    """(keys, what they do) for the foot of the window; None where it is left out."""


def _branch(number: int) -> Act:
    return lambda viewer: viewer.desk.choose_branch(number)


COMMANDS = (
    Command(("space",), "Space", "run, stop", lambda v: v.desk.toggle_running(), ("Space", "run")),
    Command(("right",), "Right", "one update forward", lambda v: v.desk.forward(), ("Left Right", "step")),
    Command(("left",), "Left", "one update back", lambda v: v.desk.back()),
    Command(("home",), "Home", "before the first update", lambda v: v.desk.home()),
    Command(("end",), "End", "last update so far", lambda v: v.desk.end()),
    Command((), "click, drag", "on the timeline: go there"),
    Command(("+", "="), "+", "faster", lambda v: v.desk.faster(), ("+ -", "speed")),
    Command(("-",), "-", "slower", lambda v: v.desk.slower()),
    Command(("e",), "E", "allow one more ACT step", lambda v: v.desk.extend()),
    Command(("tab",), "Tab", "next branch", lambda v: v.desk.next_branch(), ("Tab", "branch")),
    Command((), "1 to 9", "branch A, B, C and so on"),
    *(Command((str(k),), "", "", _branch(k - 1)) for k in range(1, 10)),
    Command(("n", "page down"), "N, PageDown", "next puzzle", lambda v: v.desk.next_puzzle(1), ("N P", "puzzle")),
    Command(("p", "page up"), "P, PageUp", "previous puzzle", lambda v: v.desk.next_puzzle(-1)),
    Command(("t",), "T", "type or paste a puzzle", lambda v: v.desk.ask_puzzle(), ("T", "text")),
    Command(("m",), "M", "choose a model", lambda v: v.desk.ask_model(), ("M", "model")),
    Command((), "click + value", "z_H, z_L: make the cell decode to it", foot=("Click", "set a cell")),
    Command((), "Shift+click + value", "puzzle: change this clue"),
    Command(("f",), "F", "freeze or thaw z_H from here on", lambda v: v.desk.freeze("H"), ("F G", "freeze")),
    Command(("g",), "G", "freeze or thaw z_L from here on", lambda v: v.desk.freeze("L")),
    Command(("x",), "X", "add noise to both states", lambda v: v.desk.add_noise(), ("X", "noise")),
    Command(("ctrl+c",), "Ctrl+C", "remember this moment", lambda v: v.desk.remember()),
    Command(("ctrl+v",), "Ctrl+V", "take its states, or of one cell", lambda v: v.desk.take()),
    Command(("a",), "A", "show or hide attention", lambda v: v.desk.toggle_attention(), ("A", "attention")),
    Command(("[",), "[ ]", "layer of the attention", lambda v: v.desk.next_layer(-1)),
    Command(("]",), "", "", lambda v: v.desk.next_layer(1)),
    Command((",",), ", .", "head of the attention", lambda v: v.desk.next_head(-1)),
    Command((".",), "", "", lambda v: v.desk.next_head(1)),
    Command(("d",), "D", "dark or light", lambda v: v.switch_theme(), ("D", "theme")),
    Command(("s",), "S", "save a screenshot (PNG)", lambda v: v.keep_picture(), ("S", "picture")),
    Command(("r",), "R", "save a recording (HDF5)", lambda v: v.desk.record(), ("R", "record")),
    Command(("v",), "V", "film this branch (GIF)", lambda v: v.desk.film(v.theme, ".gif"), ("V", "film")),
    Command(("shift+v",), "Shift+V", "film it as MP4", lambda v: v.desk.film(v.theme, ".mp4")),
    Command(("h", "?", "f1"), "H, ?", "these keys", lambda v: v.desk.toggle_help(), ("H", "all keys")),
    Command(("esc",), "Esc", "close a sheet, let go of a cell, close", lambda v: v.escape()),
    Command(("q", "ctrl+q", "ctrl+w"), "Q", "close", lambda v: v.quit()),
)

ACTS = {key: command.act for command in COMMANDS for key in command.keys if command.act is not None}
"""What each key does."""
HELP = [(command.label, command.help) for command in COMMANDS if command.label]
"""Lines of the help."""
FOOT = [command.foot for command in COMMANDS if command.foot is not None]
"""What the foot of the window shows."""
