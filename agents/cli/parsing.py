"""Command lines of functions and dataclasses, by tyro, with help that flows.

tyro keeps the line breaks of a docstring whose next line is indented, as the house style has it.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from types import MappingProxyType
from typing import Any, get_type_hints

import tyro


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


def _let_help_flow(target: Any) -> None:
    """Join the lines of each argument's text, in a function's docstring, in the metadata of a dataclass's field."""
    hints = get_type_hints(target)
    if dataclasses.is_dataclass(target):
        texts = dict(_field_docstrings(target))
        for field in dataclasses.fields(target):
            if field.name in texts:
                field.metadata = MappingProxyType({**field.metadata, "help": " ".join(texts[field.name].split())})
    else:
        target.__doc__ = re.sub(r"\n {8}(?=\S)", " ", inspect.cleandoc(target.__doc__ or ""))
    for hint in hints.values():
        if dataclasses.is_dataclass(hint):
            _let_help_flow(hint)


def _field_docstrings(target: Any) -> Iterator[tuple[str, str]]:
    """Yield name and docstring of each field of a dataclass that has one below it."""
    definition = ast.parse(textwrap.dedent(inspect.getsource(target))).body[0]
    assert isinstance(definition, ast.ClassDef)
    for field, text in pairwise(definition.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            yield field.target.id, ast.literal_eval(text.value)
