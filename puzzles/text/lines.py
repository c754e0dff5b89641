"""One puzzle on a line, alone or among other columns and comments."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Sequence

import puzzles
from puzzles.errors import PuzzleError
from puzzles.family import PuzzleFamily

SEPARATORS = re.compile(r"[\s,;:|#\"'()\[\]{}<>=/\\]+")
"""What stands between the columns of a line; no blank of a puzzle is written so."""
PLACED = re.compile(r"\+\w")
"""A digit of a HoDoKu line that is not given, but was filled in by a solver."""

Lines = Iterable[tuple[int, str]]
"""Lines with their numbers, counted from 1, without their ends."""


@functools.cache
def is_plain(cells: str) -> bool:
    """Return whether a family of these ``cells`` has plain lines only: its cells look like what separates columns."""
    return any(SEPARATORS.fullmatch(cell) for cell in cells)


def listed(lines: Lines, family: PuzzleFamily, zero: str | None = None) -> Iterator[tuple[int, str]]:
    """Yield the number and the ``line_cells`` of each line that is neither blank nor a comment."""
    count = family.rows * family.columns
    plain = is_plain(family.cells)
    for number, line in lines:
        head = line.split(maxsplit=1)
        if not plain and head and len(head[0]) == count and head[0][0] != "#":
            yield number, head[0]
        elif text := line_cells(line, family, zero):
            yield number, text


def line_cells(line: str, family: PuzzleFamily, zero: str | None = None) -> str:
    """Return the characters of a line that are its puzzle: ``rows * columns`` of them, or what comes nearest.

    "" for a blank line and for a comment, which starts with ``#``.
    """
    if is_plain(family.cells):
        return line
    words = line.split()
    if not words or words[0].startswith("#"):
        return ""
    count = family.rows * family.columns
    if line.startswith(":"):
        line = PLACED.sub("." if "." in line else "0", line)
    columns = [column for column in SEPARATORS.split(line) if column]
    if found := _joined(columns, family):
        return found
    if len(line) == count and set(line) <= {" ", *family.cells[1:]}:
        return line.replace(" ", family.cells[0])
    first = puzzle_column(columns, family)
    if first is None:
        return max(words, key=len)
    column = columns[first]
    return column[:count] if len(column) > count and _ends_after(column, family, zero) else column


def puzzle_column(columns: Sequence[str], family: PuzzleFamily) -> int | None:
    """Return which column of a line is its puzzle, or is meant to be; None where all are too short.

    The first of about its length is: where that is damaged, no later column, such as its solution, is the puzzle.
    """
    count, before = family.rows * family.columns, 0
    for index, column in enumerate(columns):
        near = abs(len(column) - count) <= family.columns
        # A longer one may have a comment glued on, a shorter one has lost cells; a hash has letters and digits.
        words = family.columns <= 9 and len(set(filter(str.isalpha, column[:count]))) > 1
        if near or (2 * len(column) >= count - family.columns and not words):
            solved = column.isalnum() and column.count("0") <= family.columns
            if solved and 2 * before >= count:  # the solution of what stands before it in pieces
                return max(range(index), key=lambda other: len(columns[other]))
            return index
        before += len(column)
    return None


def numbers_as_cells(words: list[str], family: PuzzleFamily) -> str:
    """Return cells that are written as numbers, such as 12 for C, with one character each; "" if ``words`` are none."""
    if not any(len(word) > 1 for word in words):
        return ""
    if any(len(word) > 2 or (len(word) > 1 and not word.isdecimal()) for word in words):
        return ""
    if any(word.isdecimal() and int(word) >= family.cell_values for word in words):
        return ""
    return "".join(family.cells[int(word)] if word.isdecimal() and int(word) else word for word in words)


def families_of(cells: int) -> list[PuzzleFamily]:
    """Return the families, one of each registered kind at most, whose grid is a square of so many cells."""
    return list(_squares(puzzles.kinds(), cells))


def listed_families(line: str) -> Iterator[PuzzleFamily]:
    """Yield the families of square grids that the line may hold a puzzle of, the largest of each kind first."""
    columns = SEPARATORS.split(line)
    most = math.isqrt(sum(map(len, columns)))
    for kind, family in puzzles.kinds().items():
        sizes = [len(line)] if is_plain(family.cells) else [side * side for side in range(most, 1, -1)]
        yield from itertools.chain.from_iterable(_squares([kind], size) for size in sizes)


def _squares(kinds: Iterable[str], cells: int) -> Iterator[PuzzleFamily]:
    side = math.isqrt(cells)
    for kind in kinds if side * side == cells else ():
        with contextlib.suppress(PuzzleError):  # the kind has no such grid
            yield puzzles.family(f"{kind}-{side}x{side}")


def _joined(columns: list[str], family: PuzzleFamily) -> str:
    """Return a grid whose rows, or cells, are the columns of a line; "" if they are not."""
    if len(columns) == family.rows * family.columns and (found := numbers_as_cells(columns, family)):
        return found
    width = len(columns[0]) if columns else 0
    if width * len(columns) != family.rows * family.columns or any(len(column) != width for column in columns):
        return ""
    return "" if family.columns % width else "".join(columns)


def _ends_after(column: str, family: PuzzleFamily, zero: str | None) -> bool:
    """Return whether a column starts with a grid that the next character is no cell of."""
    text, following = column[: family.rows * family.columns], column[family.rows * family.columns]
    if following in text or following.isdigit() or (family.columns > 9 and following.isalpha()):
        return False
    if text.count(text[-1]) == 1 and not text[-1].isdigit():  # of what follows, not the only blank
        return False
    try:
        family.parse(text, zero)
    except PuzzleError:
        return False
    return True
