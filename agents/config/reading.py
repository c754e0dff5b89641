"""Configurations read from JSON: every value is checked against the annotation of its field. Needs no torch."""

from __future__ import annotations

import dataclasses
import json
import math
import reprlib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

MOST_BYTES = 1 << 20
"""Of a configuration; a larger file is none."""

T = TypeVar("T")


def parse_json(data: bytes) -> Any:
    """Return what JSON says, in UTF-8.

    Raises:
        ValueError: no JSON, more than ``MOST_BYTES`` of it, or nested too deeply; the message is one line.
    """
    if len(data) > MOST_BYTES:
        raise ValueError(f"{len(data):,} bytes, expected at most {MOST_BYTES:,}")
    try:
        return json.loads(data.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise ValueError("not a configuration: nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error


def from_json(kind: type[T], values: Any, prefix: str = "") -> T:
    """Build a dataclass from a JSON object; fields that the object lacks take their defaults.

    Args:
        kind: a dataclass whose fields are numbers, text, paths, choices (``Literal``), tuples of these, other such
            dataclasses, or None.
        values: the object; a tuple is a list there, and a path is text.
        prefix: of the names of fields in messages: ``"model."``.

    Raises:
        ValueError: an unknown or a missing field, a value of another type than its field, a number that is not finite,
            or whatever the dataclass itself refuses.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"{prefix.rstrip('.') or 'configuration'} {shown(values)}, expected an object of fields")
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if unknown := [name for name in values if name not in fields]:
        raise ValueError(f"unknown field {shown(f'{prefix}{unknown[0]}')}")
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in values:
            raise ValueError(f"no field {prefix}{name}")
    hints = get_type_hints(kind)
    return kind(**{name: _value(hints[name], value, prefix + name) for name, value in values.items()})


def read_object(path: Path, kind: type[Any], what: str) -> dict[str, Any]:
    """Read a JSON file that holds an object.

    Args:
        path: of the file.
        kind: a ``TypedDict`` of the keys that it needs, whose values are as the fields of ``from_json`` or objects of
            another ``TypedDict``; further keys are free.
        what: the file is, in messages: ``"the record of a run"``.

    Raises:
        ValueError: no JSON, no object, a key is missing, or a value is of another type; the message names the path.
        OSError: it can't be read.
    """
    try:
        return _object(kind, parse_json(path.read_bytes()))
    except ValueError as error:
        raise ValueError(f"{path}: not {what}: {error}") from error


def require_finite(config: Any) -> None:
    """Refuse a dataclass that has a field of NaN or infinity.

    Raises:
        ValueError: it has.
    """
    for name, value in vars(config).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} {value}, expected a finite number")


HIGHEST_LR = 1e30
"""Steps of higher learning rates overflow float32 in the optimizer."""


def require_between(config: Any, least: float, most: float, *names: str) -> None:
    """Refuse a dataclass with a field outside of ``least`` to ``most``.

    Raises:
        ValueError: it has.
    """
    for name in names:
        value = getattr(config, name)
        if value < least:
            raise ValueError(f"{name} {value}, expected at least {least}")
        if value > most:
            bound = f"{most:,}" if isinstance(most, int) else f"{most:g}"
            raise ValueError(f"{name} {value}, expected at most {bound}")


def shown(value: Any) -> str:
    """Return a value as an error names it, in at most some dozen characters."""
    try:
        return _SHORT.repr(str(value) if isinstance(value, Path) else value)
    except ValueError:  # an integer of thousands of digits
        return f"an {type(value).__name__}"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def _value(hint: Any, value: Any, name: str) -> Any:
    """Return a value of JSON as one of the type ``hint``."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        if value not in parts:
            raise ValueError(f"{name} {shown(value)}, expected one of {parts}")
        return value
    if origin in (Union, types.UnionType):
        (known,) = [part for part in parts if part is not types.NoneType]
        return None if value is None else _value(known, value, name)
    if origin is tuple:
        return _tuple(parts, value, name)
    if dataclasses.is_dataclass(hint):
        return from_json(typing.cast(type[Any], hint), value, f"{name}.")
    if typing.is_typeddict(hint):
        return _object(hint, value, name)
    if hint is float:
        return _float(value, name)
    if hint is Path:
        if type(value) is not str or "\0" in value:
            raise ValueError(f"{name} {shown(value)}, expected a path")
        return Path(value)
    if type(value) is not hint:  # a bool is no int here
        raise ValueError(f"{name} {shown(value)}, expected {_CALLED[hint]}")
    return value


def _object(kind: type[Any], value: Any, name: str = "") -> dict[str, Any]:
    """Return an object whose keys are those of a ``TypedDict``, and others."""
    if not isinstance(value, dict):
        raise ValueError(f"{name} {shown(value)}, expected an object".lstrip())
    for key, hint in get_type_hints(kind).items():
        inner = f"{name}.{key}".lstrip(".")
        if key in value:
            _value(hint, value[key], inner)
        elif key in kind.__required_keys__:
            raise ValueError(f"no {inner}")
    return value


_CALLED = {int: "an integer", str: "text", bool: "true or false"}


def _tuple(parts: tuple[Any, ...], value: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{name} {shown(value)}, expected a list")
    if parts[-1] is Ellipsis:
        parts = parts[:1] * len(value)
    if len(value) != len(parts):
        raise ValueError(f"{name} {shown(value)}, expected {len(parts)} values")
    return tuple(_value(part, one, name) for part, one in zip(parts, value, strict=True))


def _float(value: Any, name: str) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"{name} {shown(value)}, expected a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} {shown(value)}, expected a finite number")
    return number
