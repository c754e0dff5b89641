"""Text files: one puzzle on a line, or each drawn over several lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from puzzles.errors import DatasetError
from puzzles.family import PuzzleFamily
from puzzles.importers.rows import Part, Rows, parse_grids
from puzzles.text.forms import find_form

SAMPLE = 1000
"""Lines looked at to find the family, the form and the notation of a file."""
PEEK_BYTES = 4096
"""Bytes looked at to tell a binary file, such as HDF5, from text."""


def read_text(path: Path, family: PuzzleFamily | None, zero: str | None = None) -> tuple[PuzzleFamily, Rows]:
    """Return the family and the rows of a file of puzzles without solutions; docs/formats.md shows its forms.

    One notation holds for the whole file. Rows raise ``PuzzleError`` for a wrong length or an unknown character:
    "sudoku.txt line 7: 80 cells, expected 81".

    Args:
        path: of the file.
        family: None deduces it from the first puzzle.
        zero: see ``PuzzleFamily.notation``.

    Raises:
        DatasetError: the file has no puzzle, or is binary.
        PuzzleError: a grid that is drawn over several lines has a row too few or a cell too many.
    """
    _check_text(path)
    form = find_form([line for _, line in itertools.islice(_lines(path), SAMPLE)], family, zero)
    found = form.family
    texts, lines = [], []
    for number, text in form.grids(_lines(path), zero, lambda number: f"{path} line {number}"):
        texts.append(text)
        lines.append(number)
    if not texts:
        raise DatasetError(f"{path}: no puzzle, expected one a line")
    notation = found.notation(texts[:SAMPLE], zero)

    def read(index: NDArray[np.int64]) -> Part:
        return Part.of(parse_grids(found, notation, [texts[row] for row in index], lambda row: place(index[row])))

    def place(row: int) -> str:
        return f"{path} line {lines[row]}"

    return found, Rows(len(texts), place, read)


def _check_text(path: Path) -> None:
    with path.open("rb") as file:
        if b"\0" in file.read(PEEK_BYTES):
            raise DatasetError(f"{path}: a binary file, expected text with one puzzle a line")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            yield number, line.rstrip("\r\n")
