"""Numbers as text: with their 95 % interval, and in columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from agents.analysis.moments import Moments

NOTHING = "-"
"""Stands where there is no number."""


def text_table(rows: Sequence[Sequence[str]], left: Collection[int] = (0,)) -> str:
    """Lay out rows of cells, the head first: columns of words, numbered by ``left``, flush left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *body = [_line(row, widths, left) for row in rows]
    return "\n".join([head, "  ".join("-" * width for width in widths), *body])


def with_interval(moments: Moments, index: Any = (), form: str = ",.1f") -> str:
    """Write a mean and half of its interval: ``"1,235.0 ± 20.1"``."""
    mean, half = moments.mean[index], moments.half[index]
    if np.isnan(mean):
        return NOTHING
    return format(mean, form) if np.isnan(half) else f"{mean:{form}} ± {half:{form.lstrip('+')}}"


def spread(mean: float | None, std: float | None, spaced: bool = False) -> str:
    """Write a mean share and its standard deviation, either of which may be missing.

    Returns:
        ``"58.7% ± 3.3%"``; spaced, as on pages, ``"58.7 % ± 3.3"``.
    """
    if mean is None:
        return NOTHING
    if not spaced:
        return f"{mean:.1%}" if std is None else f"{mean:.1%} ± {std:.1%}"
    return f"{100 * mean:.1f} %" + ("" if std is None else f" ± {100 * std:.1f}")


def number(value: float | None, form: str) -> str:
    """Write a number that may be missing."""
    return NOTHING if value is None else format(value, form)


def _line(row: Sequence[str], widths: Sequence[int], left: Collection[int]) -> str:
    cells = zip(row, widths, strict=True)
    return "  ".join(cell.ljust(n) if i in left else cell.rjust(n) for i, (cell, n) in enumerate(cells)).rstrip()
