"""Text lists: one puzzle a line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from puzzles.errors import DatasetError
from puzzles.family import Grids, PuzzleFamily
from puzzles.importers.rows import Rows, family_of, parse_grids

DEDUCE_LINES = 1000
"""Lines looked at to deduce the family."""
PEEK_BYTES = 4096
"""Bytes looked at to tell a binary file, such as HDF5, from text."""


def read_text(path: Path, family: PuzzleFamily | None) -> tuple[PuzzleFamily, Rows]:
    """Return the family and the rows of a list of puzzles without solutions.

    A line holds ``rows * columns`` characters, then nothing, or white space and any text. Blank lines and lines that
    start with ``#`` are skipped. Families whose cells are drawn with ``#`` or a space (Maze) have the plain lines only.
    Rows raise ``PuzzleError`` for a wrong length or an unknown character: "sudoku.txt line 7: 80 cells, expected 81".

    Args:
        path: of the list.
        family: None deduces it from the first line that is a puzzle.

    Raises:
        DatasetError: the file has no puzzle, or is binary.
    """
    _check_text(path)
    family = _deduce(path) if family is None else family
    found = family
    texts, lines = [], []
    for number, line in _lines(path):
        text = _puzzle(line, found)
        if text:
            texts.append(text)
            lines.append(number)
    if not texts:
        raise DatasetError(f"{path}: no puzzle, expected one a line")

    def read(index: NDArray[np.int64]) -> tuple[Grids, None, None]:
        return parse_grids(found, [texts[row] for row in index], lambda row: place(index[row])), None, None

    def place(row: int) -> str:
        return f"{path} line {lines[row]}"

    return family, Rows(len(texts), place, read, solved=False, rated=False)


def _check_text(path: Path) -> None:
    with path.open("rb") as file:
        if b"\0" in file.read(PEEK_BYTES):
            raise DatasetError(f"{path}: a binary file, expected text with one puzzle a line")


def _puzzle(line: str, family: PuzzleFamily) -> str:
    """Return the part of a line that should be a puzzle, "" if it is blank or a comment."""
    if "#" in family.cells or " " in family.cells:
        return line
    text = line.split(maxsplit=1)[0] if line.strip() else ""
    return "" if text.startswith("#") else text


def _deduce(path: Path) -> PuzzleFamily:
    def candidates() -> Iterator[str]:
        for number, line in _lines(path):
            if number > DEDUCE_LINES:
                return
            yield line
            yield from line.split(maxsplit=1)[:1]

    return family_of(candidates())


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            yield number, line.rstrip("\r\n")
