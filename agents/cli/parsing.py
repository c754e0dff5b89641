"""Command lines of functions and dataclasses, by tyro, with help that flows.

tyro keeps the line breaks of a docstring whose next line is indented, as the house style has it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import io
import re
import shlex
import textwrap
from collections.abc import Callable, Iterable
from types import MappingProxyType
from typing import Any, get_type_hints

import docstring_parser
import tyro

import puzzles


def parse(target: Callable[..., Any], prog: str, args: list[str], **options: Any) -> Any:
    """Call a function, or build a dataclass, with what a command line says; ``tyro.cli`` with flowing help.

    Args:
        target: documented in the house style.
        prog: how the command is called.
        args: the words after that.
        options: others of ``tyro.cli``.

    Raises:
        SystemExit: help was asked for, or a flag is wrong; tyro has printed what there is to say.
    """
    _let_help_flow(target)
    return tyro.cli(target, prog=prog, args=args, **options)


def listed(names: Iterable[str]) -> str:
    """Return names in lines that tyro leaves as they are in a description."""
    line = ", ".join(sorted(names))
    return textwrap.fill(line, 90, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def generator_options() -> str:
    """Return the help of every family's generator options, which only the family's own command line takes."""
    return "\n\n".join(
        f"options of {kind}, after its FAMILY:\n{_options_help(family.Options)}"
        for kind, family in puzzles.kinds().items()
    )


def _options_help(options: Any) -> str:
    """Return tyro's lines about the fields of a dataclass; into what is no terminal it draws no box around them."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        parse(options, "", ["--help"])
    lines = [line.rstrip() for line in printed.getvalue().splitlines()]
    (title,) = (number for number, line in enumerate(lines) if "-h, --help" in line)
    return "\n".join(lines[title + 1 :]).rstrip()


def rerun(action: str, args: Iterable[str]) -> str:
    """Return the command ``air-envs data ACTION`` that makes the same dataset again, where none is to be replaced."""
    return shlex.join(["air-envs", "data", action, *(word for word in args if word != "--overwrite")])


def _let_help_flow(target: Any) -> None:
    """Join the lines of each argument's text, in a function's docstring, in the metadata of a dataclass's field."""
    if dataclasses.is_dataclass(target):
        texts = described(target)
        for field in dataclasses.fields(target):
            if field.name in texts:
                field.metadata = MappingProxyType({**field.metadata, "help": texts[field.name]})
    else:
        target.__doc__ = re.sub(r"\n {8}(?=\S)", " ", inspect.cleandoc(target.__doc__ or ""))
    for hint in get_type_hints(target).values():
        if dataclasses.is_dataclass(hint):
            _let_help_flow(hint)


def described(target: Any) -> dict[str, str]:
    """Return what the docstrings below a dataclass's fields say, by field, each in one line."""
    found = docstring_parser.parse_from_object(target).params
    return {param.arg_name: " ".join((param.description or "").split()) for param in found}
