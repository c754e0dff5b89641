"""The fields of a dataclass as flags of a command line, as tyro reads them. Needs no torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any


def flags(values: Any, default: Any, prefix: str = "") -> Iterator[str]:
    """Yield the words that turn ``default`` into ``values``, for ``shlex.join`` to quote.

    A boolean is one word, ``--symmetry`` or ``--no-symmetry``; a tuple, of pairs too, is its parts one after another.

    Args:
        values: a dataclass.
        default: one of the same class, which a command without flags takes; fields that are equal are left out.
        prefix: of every name: ``"model."`` where the dataclass is the field ``model`` of another.
    """
    for field in dataclasses.fields(values):
        value, name = getattr(values, field.name), field.name.replace("_", "-")
        if value == getattr(default, field.name):
            continue
        if isinstance(value, bool):
            yield f"--{prefix}{name}" if value else f"--{prefix}no-{name}"
        else:
            yield from (f"--{prefix}{name}", *_words(value))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, tuple):
        for part in value:
            yield from _words(part)
    else:
        yield str(value)
