"""CSV tables with the columns source, question, answer, rating: the layout of Sudoku-Extreme."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from puzzles.errors import DatasetError, PuzzleError
from puzzles.family import PuzzleFamily
from puzzles.importers.rows import Rows, parse_grids

COLUMNS = ("source", "question", "answer", "rating")
BLOCK_ROWS = 65536


def read_csv(path: Path, family: PuzzleFamily) -> Rows:
    """Read puzzles with their solutions and ratings; other columns than those of ``COLUMNS`` are ignored.

    Raises:
        PuzzleError: a row with too few columns, a malformed grid or a rating that is no whole number; names the line.
        DatasetError: no such column, or no row.
    """
    puzzles, solutions, ratings, lines = [], [], [], []
    # Undecodable bytes become characters that no grid has, so that the row's own message names them.
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        records = _records(path, file)
        while block := list(islice(records, BLOCK_ROWS)):
            numbers = [record[0] for record in block]

            def place(row: int, numbers: list[int] = numbers) -> str:
                return f"{path} line {numbers[row]}"

            puzzles.append(parse_grids(family, [record[1] for record in block], lambda row: f"{place(row)}: question"))
            solutions.append(parse_grids(family, [record[2] for record in block], lambda row: f"{place(row)}: answer"))
            ratings.append(np.array([record[3] for record in block], np.int32))
            lines.append(np.array(numbers))
    if not lines:
        raise DatasetError(f"{path}: no puzzle, expected one a line below the header")
    line = np.concatenate(lines)
    return Rows(
        np.concatenate(puzzles),
        lambda row: f"{path} line {line[row]}",
        np.concatenate(solutions),
        np.concatenate(ratings),
    )


def _records(path: Path, file: Iterator[str]) -> Iterator[tuple[int, str, str, int]]:
    """Yield line number, question, answer and rating of each row."""
    reader = csv.reader(file)
    try:
        header = next(reader, [])
        for column in COLUMNS:
            if column not in header:
                raise DatasetError(f"{path} line 1: no column {column!r}, expected {','.join(COLUMNS)}")
        question, answer, rating = (header.index(column) for column in COLUMNS[1:])
        for row in reader:
            if not row:
                continue
            where = f"{path} line {reader.line_num}"
            if len(row) != len(header):
                raise PuzzleError(f"{where}: {len(row)} columns, expected {len(header)}")
            if not row[rating].isdecimal() or int(row[rating]) >= 2**31:
                raise PuzzleError(f"{where}: rating {row[rating]!r}, expected a whole number below 2**31")
            yield reader.line_num, row[question], row[answer], int(row[rating])
    except csv.Error as error:
        raise DatasetError(f"{path} line {reader.line_num}: {error}, expected CSV") from None
