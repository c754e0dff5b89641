"""Notations: which character of a grid's text form stands for which cell value."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.errors import PuzzleError

ZERO = ("digit", "blank")
"""What a text may say of its character 0; None where it says nothing."""
UNKNOWN = 255
CHOICE = "expected --zero digit or --zero blank (zero=... in Python)"


class Notation(NamedTuple):
    """What the characters of a text mean. One notation serves a whole file, so that no character has two meanings."""

    cells: str
    """The character of each value, value 0 first: ``".123456789"``."""
    any_blank: bool = False
    """Whether any one other character of a grid stands for value 0, the same in the whole grid; letters then have no
    case."""
    zero_is_blank: bool = False
    """Whether 0 stands for value 0 even in a grid that has another blank."""

    def parse(self, text: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
        """Read one grid from ``rows * columns`` characters in row-major order: ``shape`` uint8.

        Raises:
            PuzzleError: a wrong length; an unknown character, with its place; or a 0 that may be a digit or a blank.
        """
        if len(text) != shape[0] * shape[1]:
            raise PuzzleError(f"{len(text)} cells, expected {shape[0] * shape[1]}")
        values = _values(self)
        others = sorted(set(text) - values.keys())
        if others:
            blank = max(others, key=lambda character: (character == ".", _is_usual(character), text.count(character)))
            self._refuse(text, shape[1], blank, len(others) > 1)
            values = {**values, blank: 0}
        return np.array([values[character] for character in text], np.uint8).reshape(shape)

    def parse_many(self, texts: Sequence[str], shape: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Read many grids at once: (N, rows, columns) uint8, and the rows of it that ``parse`` must read instead."""
        cells = shape[0] * shape[1]
        if not texts or any(len(text) != cells for text in texts):
            return np.empty((len(texts), *shape), np.uint8), np.arange(len(texts))
        others = set(texts[0]) - _values(self).keys() if self.any_blank else set()
        blank = others.pop() if len(others) == 1 else "."
        joined = "".join(texts)
        raw = np.frombuffer(joined.encode("ascii", "replace"), np.uint8)
        grids = _table(self, blank)[raw].reshape(-1, cells)
        unknown = (grids == UNKNOWN).any(axis=1)
        if not joined.isascii():
            unknown |= [not text.isascii() for text in texts]
        if blank.isalnum():  # it may be a digit where it is rare
            unknown |= np.count_nonzero(grids, axis=1) >= cells - shape[1]
        return grids.reshape(-1, *shape), np.flatnonzero(unknown)

    def _refuse(self, text: str, columns: int, blank: str, several: bool) -> None:
        """Raise ``PuzzleError`` unless ``blank`` is the one character of ``text`` that stands for value 0."""
        values = _values(self)
        if not self.any_blank or several:
            wrong = next(c for c in text if c not in values and not (self.any_blank and c == blank))
            where = _where(text.index(wrong), columns)
            if self.any_blank and "0" in (wrong, blank) and _is_usual(wrong) and _is_usual(blank):
                raise PuzzleError(f"{where}: {wrong!r} in a grid with the blank {blank!r}, {CHOICE}")
            expected = (blank if self.any_blank and _is_usual(blank) else self.cells[0]) + self.cells[1:]
            raise PuzzleError(f"{where}: {wrong!r}, expected one of {expected!r}")
        side = len(self.cells) - 1
        if blank.isalnum() and text.count(blank) <= side:
            distinct = {values[character] for character in text if character != blank}
            if len(distinct - {0}) < side:
                expected = CHOICE if blank == "0" else "expected '.' for blanks"
                where = _where(text.index(blank), columns)
                raise PuzzleError(f"{where}: {blank!r} may be a digit or a blank, {expected}")


def check_zero(zero: str | None) -> None:
    """Raise ``PuzzleError`` unless ``zero`` is one of ``ZERO`` or None."""
    if zero is not None and zero not in ZERO:
        raise PuzzleError(f"zero {zero!r}, expected one of {ZERO}")


@functools.cache
def _values(notation: Notation) -> dict[str, int]:
    """Return the value of each character whose meaning does not depend on the grid."""
    if not notation.any_blank:
        return {character: value for value, character in enumerate(notation.cells)}
    values = {character: value for value, character in enumerate(notation.cells) if value}
    values |= {character.lower(): value for character, value in values.items()}
    return values | ({"0": 0} if notation.zero_is_blank else {})


@functools.lru_cache(maxsize=256)
def _table(notation: Notation, blank: str) -> NDArray[np.uint8]:
    """Return the value of each byte, (256,) uint8; ``UNKNOWN`` where it has none."""
    table = np.full(256, UNKNOWN, np.uint8)
    known = {blank: 0} if notation.any_blank and blank.isascii() else {}
    for character, value in (known | _values(notation)).items():
        table[ord(character)] = value
    return table


def _is_usual(blank: str) -> bool:
    """Return whether blanks are often written so, which distinguishes it from a mistake."""
    return blank in "0xX" or not blank.isalnum()


def _where(position: int, columns: int) -> str:
    row, column = divmod(position, columns)
    return f"row {row + 1}, column {column + 1}"
