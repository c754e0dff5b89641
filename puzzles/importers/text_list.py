"""Text lists: one puzzle a line."""

from __future__ import annotations

from pathlib import Path

from puzzles.errors import DatasetError
from puzzles.family import PuzzleFamily
from puzzles.importers.rows import Rows, parse_grids


def read_text(path: Path, family: PuzzleFamily) -> Rows:
    """Read a list of puzzles without solutions.

    A line holds ``rows * columns`` characters, then nothing, or white space and any text. Blank lines and lines that
    start with ``#`` are skipped. Families whose cells are drawn with ``#`` or a space (Maze) have the plain lines only.

    Raises:
        PuzzleError: a line of a wrong length or with an unknown character: "sudoku.txt line 7: 80 cells, expected 81".
        DatasetError: the file has no puzzle.
    """
    plain_lines = "#" in family.cells or " " in family.cells
    texts, lines = [], []
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if plain_lines:
                text = line.rstrip("\r\n")
            else:
                text = line.split(maxsplit=1)[0] if line.strip() else ""
            if text and (plain_lines or not text.startswith("#")):
                texts.append(text)
                lines.append(number)
    if not texts:
        raise DatasetError(f"{path}: no puzzle, expected one a line")

    def place(row: int) -> str:
        return f"{path} line {lines[row]}"

    return Rows(parse_grids(family, texts, place), place)
