"""CSV tables: a puzzle on each line, in a column of its own, as Sudoku-Extreme, Maze-Hard and Kaggle's sets have it.

A table of millions of rows is not held in memory: one pass finds where its lines begin, and rows are read from there.
"""

from __future__ import annotations

import csv
import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.errors import DatasetError, PuzzleError
from puzzles.family import PuzzleFamily
from puzzles.importers.rows import Part, Rows, parse_grids
from puzzles.text.forms import family_of, is_puzzle
from puzzles.text.lines import is_plain, line_cells, puzzle_column

COLUMNS = ("source", "question", "answer", "rating")
"""The columns of Sudoku-Extreme."""
QUESTIONS = ("question", "questions", "puzzle", "puzzles", "quiz", "quizzes")
ANSWERS = ("answer", "answers", "solution", "solutions")
RATINGS = ("rating", "ratings")
ORIGINS = ("source", "sources")
DELIMITERS = ",;\t|"
WHOLE = re.compile(r"([0-9]{1,10})(?:[.,]0*)?")
SCAN_BYTES = 1 << 22
PEEK_BYTES = 1 << 16
SAMPLE = 100
"""Rows looked at to find the notation of a table."""


def read_csv(path: Path, family: PuzzleFamily | None, zero: str | None = None) -> tuple[PuzzleFamily, Rows]:
    """Return the family and the rows of a table; docs/formats.md shows which columns are read.

    Rows raise ``PuzzleError`` for too few columns, a malformed grid or a rating that is no whole number; it names the
    line. A line break inside quotes is refused.

    Args:
        path: of the table.
        family: None deduces it from the first row.
        zero: see ``PuzzleFamily.notation``.

    Raises:
        DatasetError: no column of puzzles, or no row.
    """
    table = _Table(path, family, zero)
    found = family or family_of([record.question for record in table.records(table.lines[:1])], zero)
    notation = found.notation(table.sample(), zero)
    cells = found.rows * found.columns

    def read(index: NDArray[np.int64]) -> Part:
        records = list(table.records(table.lines[index]))
        asked, answered = (
            [text if len(text) == cells else line_cells(text, found, zero) for text in column]
            for column in ([r.question for r in records], [r.answer for r in records])
        )
        questions = parse_grids(found, notation, asked, lambda row: f"{place(index[row])}: question")
        solved = np.array([bool(text) for text in answered])
        answered = [answer or question for answer, question in zip(answered, asked, strict=True)]
        answers = parse_grids(found, notation, answered, lambda row: f"{place(index[row])}: answer")
        ratings = np.array([r.rating for r in records], np.int32)
        origin = [r.origin for r in records] if table.has_origins else None
        return Part(questions, answers, ratings, solved, ratings >= 0, origin)

    def place(row: int) -> str:
        return f"{path} line {table.lines[row] + 1}"

    return found, Rows(len(table.lines), place, read, table.has_origins)


def has_header(path: Path) -> bool:
    """Return whether the first line of a file names a column of puzzles and one of answers or ratings."""
    with path.open("rb") as file:
        first = file.read(PEEK_BYTES).replace(b"\r", b"\n").partition(b"\n")[0]
    columns = _header(first.decode("utf-8-sig", "replace"))
    return columns is not None and (columns.answer, columns.rating) != (None, None)


class _Columns(NamedTuple):
    """Where a table has what."""

    delimiter: str
    width: int
    question: int
    answer: int | None
    rating: int | None
    origin: int | None
    header: bool
    """Whether the first line names the columns."""


class _Record(NamedTuple):
    question: str
    answer: str
    """"" where there is none."""
    rating: int
    """-1 where there is none."""
    origin: str
    """"" where there is none."""


class _Table:
    """The lines of a file: where each begins, and which of them are rows."""

    def __init__(self, path: Path, family: PuzzleFamily | None, zero: str | None):
        self.path = path
        self._begins = _line_begins(path)
        if len(self._begins) < 2:
            raise DatasetError(f"{path}: no puzzle, expected a table of puzzles")
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        first = self._line(0).removeprefix("\ufeff").rstrip("\r\n")
        columns = _header(first) or _columns_of_puzzles(first, family, zero)
        if columns is None:
            raise DatasetError(
                f"{path} line 1: neither a column {', '.join(QUESTIONS)} nor a puzzle, expected {','.join(COLUMNS)}"
            )
        self._columns = columns
        self.lines = self._rows()
        """(N,) int64: the lines, counted from 0, that hold a row."""
        if not len(self.lines):
            raise DatasetError(f"{path}: no puzzle, expected one a line below the header")

    @property
    def has_origins(self) -> bool:
        """Whether a column says where each row comes from."""
        return self._columns.origin is not None

    def records(self, lines: NDArray[np.int64]) -> Iterator[_Record]:
        """Yield what the given lines hold."""
        width, question, answer, rating, origin = self._columns[1:6]
        reader = csv.reader(map(self._line, lines), delimiter=self._columns.delimiter)
        for number, line in enumerate(lines):
            where = f"{self.path} line {line + 1}"
            try:
                row = next(reader)
            except csv.Error as error:
                raise DatasetError(f"{where}: {error}, expected CSV") from None
            if reader.line_num != number + 1:
                raise DatasetError(f"{where}: a line break inside quotes, expected one row a line")
            if len(row) != width:
                raise PuzzleError(f"{where}: {len(row)} columns, expected {width}")
            yield _Record(
                row[question],
                "" if answer is None else row[answer],
                -1 if rating is None else _rating(row[rating], where),
                "" if origin is None else row[origin].strip(),
            )

    def sample(self) -> list[str]:
        """Return the questions of the first rows; what is wrong with a row is said when it is read."""
        found = []
        for line in self.lines[:SAMPLE]:
            try:
                found += [record.question for record in self.records(np.array([line]))]
            except (DatasetError, PuzzleError):
                continue
        return found

    def _line(self, line: int) -> str:
        # Undecodable bytes become characters that no grid has, so that the row's own message names them.
        return self._bytes[self._begins[line] : self._begins[line + 1]].decode("utf-8", "replace")

    def _rows(self) -> NDArray[np.int64]:
        """Return the lines, below a header, that are not blank."""
        lengths = np.diff(self._begins)
        blank = [line for line in np.flatnonzero(lengths <= 2) if not self._line(int(line)).strip()]
        return np.setdiff1d(np.arange(int(self._columns.header), len(lengths)), blank, assume_unique=True)


def _header(line: str) -> _Columns | None:
    """Return the columns that a first line names; None if it names none of puzzles."""
    for delimiter in DELIMITERS:
        names = [name.strip().lower() for name in _split(line, delimiter)]
        question, answer, rating, origin = (
            next((column for column, name in enumerate(names) if name in known), None)
            for known in (QUESTIONS, ANSWERS, RATINGS, ORIGINS)
        )
        if question is not None:
            return _Columns(delimiter, len(names), question, answer, rating, origin, header=True)
    return None


def _columns_of_puzzles(line: str, family: PuzzleFamily | None, zero: str | None) -> _Columns | None:
    """Return the columns of a table without header by its first row: the first puzzle and, if any, a second."""
    for delimiter in DELIMITERS:
        cells = _split(line, delimiter)
        grids = [column for column, cell in enumerate(cells) if is_puzzle(cell, family, zero)]
        found = (family or family_of([cells[grids[0]]], zero)) if grids else None
        if found and (is_plain(found.cells) or puzzle_column(cells, found) == grids[0]):
            answer = next((column for column in grids[1:] if len(cells[column]) == len(cells[grids[0]])), None)
            return _Columns(delimiter, len(cells), grids[0], answer, None, None, header=False)
    return None


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # an endless field, say
        return []


def _rating(text: str, where: str) -> int:
    """Return a rating, -1 for an empty one."""
    text = text.strip()
    match = WHOLE.fullmatch(text)
    if text and (match is None or int(match[1]) >= 2**31):
        raise PuzzleError(f"{where}: rating {text!r}, expected a whole number below 2**31")
    return int(match[1]) if match else -1


def _line_begins(path: Path) -> NDArray[np.int64]:
    """Return where each line of a file begins, and last where the file ends: (lines + 1,) int64.

    A line ends with a line feed, or with a carriage return that no line feed follows.
    """
    begins, offset, returned = [np.zeros(1, np.int64)], 0, False
    with path.open("rb") as file:
        while piece := file.read(SCAN_BYTES):
            raw = np.frombuffer(piece, np.uint8)
            ends = raw == ord("\n")
            if returned and not ends[0]:
                begins.append(np.array([offset]))
            if b"\r" in piece:
                returns = raw == ord("\r")
                returned = bool(returns[-1])
                ends[:-1] |= returns[:-1] & ~ends[1:]
            else:
                returned = False
            begins.append(np.flatnonzero(ends) + offset + 1)
            offset += len(piece)
    whole = np.concatenate(begins)
    return whole if whole[-1] == offset else np.append(whole, offset)
