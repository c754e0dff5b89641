"""What a player may choose before the next puzzle: the size, and the options of the generator that have names."""

from __future__ import annotations

import dataclasses
import types
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import puzzles
from air_envs.given import GivenPuzzle
from air_envs.play.game import game_type
from air_envs.sources import GeneratedPuzzles, PuzzleSource
from puzzles import PuzzleError


class Choice(NamedTuple):
    """One of several sources of puzzles."""

    label: str
    source: GeneratedPuzzles
    chosen: bool


def choices(source: PuzzleSource) -> dict[str, list[Choice]]:
    """Return what may be chosen instead of a source, each title with its choices; nothing for a dataset's puzzles."""
    if not isinstance(source, GeneratedPuzzles):
        return {}
    family, options = source.family, dataclasses.asdict(source.options)
    named = named_options(family.Options)
    kept = {name: options[name] for name in named}  # counts of cells do not carry over to another size
    found: dict[str, list[Choice]] = {"Size": []}
    for shape in game_type(family.kind).sizes:
        size = "{}x{}".format(*shape)
        found["Size"] += _choice(size, f"{family.kind}-{size}", kept, shape == family.shape)
    for name in family.used_options(source.options):
        for value in named.get(name, ()):
            asked = options | {name: value}
            found.setdefault(name.capitalize(), [])
            found[name.capitalize()] += _choice(value or "any", family.name, asked, options[name] == value)
    return found


def named_options(options: type) -> dict[str, tuple[str | None, ...]]:
    """Return the fields of an options type that take one of several names, or None, with those values in order."""
    hints = get_type_hints(options)
    named = {field.name: _values(hints[field.name]) for field in dataclasses.fields(options)}
    return {name: values for name, values in named.items() if any(isinstance(value, str) for value in values)}


def describe(source: PuzzleSource) -> str:
    """Return the options of a source that differ from the defaults, in a few words."""
    if isinstance(source, GivenPuzzle):
        return "a given puzzle"
    if not isinstance(source, GeneratedPuzzles):
        return "from a dataset"
    default = source.family.Options()
    given = {name: getattr(source.options, name) for name in source.family.used_options(source.options)}
    names = named_options(source.family.Options)
    return ", ".join(
        str(value) if name in names else f"{name} {value}"
        for name, value in given.items()
        if value is not None and (name in names or value != getattr(default, name))
    )


def _values(hint: Any) -> tuple[Any, ...]:
    """Return the values of a Literal, or of a union of Literals and None."""
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(value for part in get_args(hint) for value in _values(part))
    if get_origin(hint) is Literal:
        return get_args(hint)
    return (None,) if hint is type(None) else ()


def _choice(label: str, name: str, options: dict[str, Any], chosen: bool) -> list[Choice]:
    """Return puzzles of a family made with those of the options that have a say in them; none if none can have them."""
    family = puzzles.family(name)
    used = family.used_options(family.Options(**options))
    try:
        source = GeneratedPuzzles(family, **{option: value for option, value in options.items() if option in used})
    except PuzzleError:
        return []
    return [Choice(label, source, chosen)]
