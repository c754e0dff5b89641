"""CSV tables with the columns source, question, answer, rating: the layout of Sudoku-Extreme and Maze-Hard.

A table of millions of rows is not held in memory: one pass finds where its lines begin, and rows are read from there.
"""

from __future__ import annotations

import csv
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.errors import DatasetError, PuzzleError
from puzzles.family import Grids, PuzzleFamily
from puzzles.importers.rows import Rows, family_of, parse_grids

COLUMNS = ("source", "question", "answer", "rating")
SCAN_BYTES = 1 << 22


def read_csv(path: Path, family: PuzzleFamily | None) -> tuple[PuzzleFamily, Rows]:
    """Return the family and the rows of a table; other columns than those of ``COLUMNS`` are ignored.

    Rows raise ``PuzzleError`` for too few columns, a malformed grid or a rating that is no whole number; it names the
    line. A line break inside quotes is refused.

    Args:
        path: of the table.
        family: None deduces it from the first row.

    Raises:
        DatasetError: no such column, or no row.
    """
    table = _Table(path)
    if family is None:
        family = family_of(record.question for record in table.records(table.lines[:1]))
    found = family

    def read(index: NDArray[np.int64]) -> tuple[Grids, Grids, NDArray[np.int32]]:
        records = list(table.records(table.lines[index]))
        questions = parse_grids(found, [r.question for r in records], lambda row: f"{place(index[row])}: question")
        answers = parse_grids(found, [r.answer for r in records], lambda row: f"{place(index[row])}: answer")
        return questions, answers, np.array([r.rating for r in records], np.int32)

    def place(row: int) -> str:
        return f"{path} line {table.lines[row] + 1}"

    return family, Rows(len(table.lines), place, read, solved=True, rated=True)


class _Record(NamedTuple):
    question: str
    answer: str
    rating: int


class _Table:
    """The lines of a file: where each begins, and which of them are rows."""

    def __init__(self, path: Path):
        self.path = path
        self._begins = _line_begins(path)
        if len(self._begins) < 2:
            raise DatasetError(f"{path} line 1: no column {COLUMNS[0]!r}, expected {','.join(COLUMNS)}")
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        header = next(csv.reader([self._line(0).removeprefix("\ufeff")]), [])
        for column in COLUMNS:
            if column not in header:
                raise DatasetError(f"{path} line 1: no column {column!r}, expected {','.join(COLUMNS)}")
        self._width = len(header)
        self._columns = [header.index(column) for column in COLUMNS[1:]]
        self.lines = self._rows()
        """(N,) int64: the lines, counted from 0, that hold a row."""
        if not len(self.lines):
            raise DatasetError(f"{path}: no puzzle, expected one a line below the header")

    def records(self, lines: NDArray[np.int64]) -> Iterator[_Record]:
        """Yield what the given lines hold."""
        reader = csv.reader(map(self._line, lines))
        for number, line in enumerate(lines):
            where = f"{self.path} line {line + 1}"
            try:
                row = next(reader)
            except csv.Error as error:
                raise DatasetError(f"{where}: {error}, expected CSV") from None
            if reader.line_num != number + 1:
                raise DatasetError(f"{where}: a line break inside quotes, expected one row a line")
            if len(row) != self._width:
                raise PuzzleError(f"{where}: {len(row)} columns, expected {self._width}")
            question, answer, rating = (row[column] for column in self._columns)
            if not rating.isdecimal() or int(rating) >= 2**31:
                raise PuzzleError(f"{where}: rating {rating!r}, expected a whole number below 2**31")
            yield _Record(question, answer, int(rating))

    def _line(self, line: int) -> str:
        # Undecodable bytes become characters that no grid has, so that the row's own message names them.
        return self._bytes[self._begins[line] : self._begins[line + 1]].decode("utf-8", "replace")

    def _rows(self) -> NDArray[np.int64]:
        """Return the lines below the header that are not blank."""
        lengths = np.diff(self._begins)
        blank = [line for line in np.flatnonzero(lengths <= 2) if not self._line(int(line)).strip()]
        return np.setdiff1d(np.arange(1, len(lengths)), blank, assume_unique=True)


def _line_begins(path: Path) -> NDArray[np.int64]:
    """Return where each line of a file begins, and last where the file ends: (lines + 1,) int64."""
    begins, offset = [np.zeros(1, np.int64)], 0
    with path.open("rb") as file:
        while piece := file.read(SCAN_BYTES):
            begins.append(np.flatnonzero(np.frombuffer(piece, np.uint8) == ord("\n")) + offset + 1)
            offset += len(piece)
    whole = np.concatenate(begins)
    return whole if whole[-1] == offset else np.append(whole, offset)
