"""Grids drawn over several lines, one row on each, with or without lines between the boxes."""

from __future__ import annotations

import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import puzzles
from puzzles.errors import PuzzleError
from puzzles.family import PuzzleFamily
from puzzles.text.lines import is_plain, numbers_as_cells

FRAME = re.compile("[\\s|!,;:\"'()\\[\\]{}\u2500-\u257f]+")
"""What is drawn between cells and around them."""
SECTION = re.compile(r"\s*\[([A-Za-z]\w*)\]\s*")
LIKELY = 0.9
"""The share of characters that are cells from which on lines are taken for a grid, perhaps with mistakes."""

Numbered = Sequence[tuple[int, str]]


def drawn(lines: Numbered, family: PuzzleFamily, place: Callable[[int], str]) -> Iterator[tuple[int, str]]:
    """Yield each grid: the number of the line that holds its first row, and its ``rows * columns`` cells.

    Between grids, blank lines, lines that start with ``#`` and titles are skipped; between the rows of one, blank lines
    and ruled lines. Grids of a family with plain lines have blank lines between them, and nothing else.

    Args:
        lines: of the text, with their numbers.
        family: of every grid.
        place: names a line for messages.

    Raises:
        PuzzleError: a row of another width, or a last grid with too few rows.
    """
    rows: list[tuple[int, str]] = []
    for number, text in lines if is_plain(family.cells) else _framed_rows(lines, family):
        if not rows and _is_title(text, family):
            continue
        if len(text) != family.columns:
            raise PuzzleError(f"{place(number)}: {len(text)} cells, expected {family.columns}")
        rows.append((number, text))
        if len(rows) == family.rows:
            yield rows[0][0], "".join(row for _, row in rows)
            rows.clear()
    if rows:
        raise PuzzleError(f"{place(rows[0][0])}: {len(rows)} rows, expected {family.rows}")


def drawn_families(lines: Sequence[str]) -> Iterator[PuzzleFamily]:
    """Yield the families that grids in these lines may be of, the likeliest of each kind first."""
    for kind, family in puzzles.kinds().items():
        if is_plain(family.cells):
            first = list(itertools.takewhile(bool, itertools.dropwhile(lambda line: not line, lines)))
            known = sum(character in family.cells for line in first for character in line)
            likely = len(first) > 1 and known > LIKELY * sum(map(len, first))
            shapes = [(len(first), max(map(len, first)))] if likely else []
        else:
            widths = Counter(_width(line) for line in lines)
            shapes = [(width, width) for width, count in widths.most_common() if width and count > 1]
        for rows, columns in shapes:
            with contextlib.suppress(PuzzleError):  # the kind has no such grid
                yield puzzles.family(f"{kind}-{rows}x{columns}")


def _width(line: str) -> int:
    """Return how many cells the line may hold as the row of a grid; 0 for a comment."""
    if line.lstrip().startswith("#"):
        return 0
    words = FRAME.sub(" ", line).split()
    return len(words) if len(words) > 9 else sum(map(len, words))


def _framed_rows(lines: Numbered, family: PuzzleFamily) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold cells, or a title, without the frame that is drawn around cells."""
    section = ""
    found = []
    for number, line in lines:
        if match := SECTION.fullmatch(line):
            section = match[1].lower()
        elif not line.lstrip().startswith("#") and section in ("", "puzzle"):  # [State] is the grid in progress
            words = FRAME.sub(" ", line).split()
            text = len(words) == family.columns and numbers_as_cells(words, family)
            found.append((number, text or "".join(words)))
    rows = [text for _, text in found if len(text) == family.columns and any(map(str.isalnum, text))]
    blanks = {".", *(character for text in rows for character in text if not character.isalnum())}
    for number, text in found:
        empty = len(text) == family.columns and len(set(text)) == 1 and text[0] in blanks
        if empty or any(map(str.isalnum, text)):  # all else is blank or ruled
            yield number, text


def _is_title(text: str, family: PuzzleFamily) -> bool:
    """Return whether a line where a grid could start is not meant as its first row."""
    if is_plain(family.cells):
        return not text
    if 2 * len(text) < family.columns:
        return True
    digits = set(family.notation([text]).cells[1:]) | {"0"}
    return len(set(text.upper()) - digits) > 1
