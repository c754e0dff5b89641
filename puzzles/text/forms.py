"""How the puzzles of a text are written, and of which family they are."""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import puzzles
from puzzles.errors import PuzzleError, shapeless
from puzzles.family import Grids, PuzzleFamily
from puzzles.notation import check_zero
from puzzles.text.drawn import drawn, drawn_families
from puzzles.text.lines import SEPARATORS, Lines, families_of, is_plain, line_cells, listed, listed_families

DEFAULT_FAMILY = "sudoku-9x9"


class Form(NamedTuple):
    """How the puzzles of a text are written."""

    family: PuzzleFamily
    drawn: bool
    """Whether each is drawn over several lines, one row on each; else each is on one line."""

    def grids(self, lines: Lines, zero: str | None, place: Callable[[int], str]) -> Iterator[tuple[int, str]]:
        """Yield the cells of each puzzle with the number of its first line; see ``drawn`` and ``listed``."""
        if self.drawn:
            return drawn(list(lines), self.family, place)
        return listed(lines, self.family, zero)


def find_form(lines: Sequence[str], family: PuzzleFamily | None, zero: str | None = None) -> Form:
    """Return the form of a text by its first lines: the first in which they hold a puzzle that can have one solution.

    If there is none, the form in which they hold a grid; or the likeliest, whose error says what is wrong with them.

    Args:
        lines: of the text, without their ends.
        family: None deduces it.
        zero: see ``PuzzleFamily.notation``.
    """
    plain_too = family is not None or sum(map(bool, lines)) == 1  # the row of a maze may be a grid of another shape
    for proper in (True, False):
        for candidate, text, is_drawn in itertools.chain(_drawn(lines, family), _listed(lines, family, zero)):
            if (proper or plain_too or not is_plain(candidate.cells)) and _reads(candidate, text, zero, proper):
                return Form(candidate, is_drawn)
    return _likeliest(lines, family)


def family_of(texts: Sequence[str], zero: str | None = None) -> PuzzleFamily:
    """Return the family of the first text, one line each, that is a puzzle; see ``find_form``."""
    return find_form(texts, None, zero).family


def is_puzzle(text: str, family: PuzzleFamily | None, zero: str | None = None) -> bool:
    """Return whether a text of one line is a grid, alone, with anything in it."""
    candidates = [family] if family else families_of(len(text))
    return any(_reads(candidate, text, zero, proper=False) for candidate in candidates)


def parse(puzzle: Any, family: PuzzleFamily | str | None = None, zero: str | None = None) -> tuple[PuzzleFamily, Grids]:
    """Read one puzzle that a person wrote down: its family and its grid, (rows, columns) uint8.

    Args:
        puzzle: a text that holds one puzzle, in any form of docs/formats.md: on one line, with columns and comments
            around it, or drawn over several lines; or (rows, columns) integers, an array or nested lists.
        family: the family or its name; None deduces it.
        zero: ``"digit"`` or ``"blank"``: what the character 0 of a Sudoku stands for where it has another blank.

    Raises:
        PuzzleError: no puzzle, several, or a malformed one; the message names the row and column. Contradictions
            between the givens are found by ``family.check``.
    """
    check_zero(zero)
    family = puzzles.family(family) if isinstance(family, str) else family
    if not isinstance(puzzle, str):
        return _integers(puzzle, family)
    lines = [line.rstrip("\r\n") for line in puzzle.removeprefix("\ufeff").splitlines()]
    form = find_form(lines, family, zero)
    found = list(form.grids(enumerate(lines, start=1), zero, "line {}".format))
    cells = form.family.rows * form.family.columns
    if not found:
        raise PuzzleError(f"no puzzle, expected {cells} cells of {form.family.name}")
    whole = [text for _, text in found if len(text) == cells]
    others = [text for _, text in found if len(text) != cells]
    if 2 * sum(map(len, others)) >= cells or not whole:  # not a title: a damaged puzzle, perhaps before its solution
        whole = [max(others, key=len)]
    if len(whole) > 1:
        raise PuzzleError(f"{len(whole)} puzzles, expected one")
    return form.family, form.family.parse(whole[0], zero)


def _integers(puzzle: Any, family: PuzzleFamily | None) -> tuple[PuzzleFamily, Grids]:
    try:
        grid = np.asarray(puzzle)
    except (TypeError, ValueError):  # ragged rows, or an object that only looks like an array
        raise PuzzleError(f"puzzle: {shapeless(puzzle)}, expected text or (rows, columns) integers") from None
    if grid.ndim != 2 or (family and grid.shape != family.shape):
        raise PuzzleError(f"puzzle: shape {grid.shape}, expected {family.shape if family else '(rows, columns)'}")
    if grid.dtype.kind not in "iu":
        raise PuzzleError(f"puzzle: dtype {grid.dtype}, expected integers")
    if family is None:
        family = _family_of_integers(grid)
    try:
        return family, family.checked(grid[None])[0].copy()
    except PuzzleError as error:
        raise PuzzleError(str(error).replace("puzzle 0:", "puzzle:", 1)) from None


def _family_of_integers(grid: NDArray[Any]) -> PuzzleFamily:
    """Return the one family of this shape in which the grid is a puzzle, or has the right values at least."""
    known, found = [], []
    for kind in puzzles.kinds():
        with contextlib.suppress(PuzzleError):  # no such shape, other values, or no such puzzle
            candidate = puzzles.family(f"{kind}-{grid.shape[0]}x{grid.shape[1]}")
            candidate.checked(grid[None])
            known.append(candidate)
            candidate.check(grid[None])
            found.append(candidate)
    found = found or known
    if len(found) != 1:
        names = " and of ".join(family.name for family in found) or "no family"
        raise PuzzleError(f"puzzle: a grid of {names}, expected one: name the family")
    return found[0]


def _drawn(lines: Sequence[str], family: PuzzleFamily | None) -> Iterator[tuple[PuzzleFamily, str, bool]]:
    """Yield the first grid that is drawn in the lines, of each family that it may be of."""
    for candidate in [family] if family else drawn_families(lines):
        try:
            first = next(drawn(list(enumerate(lines)), candidate, str), None)
        except PuzzleError:
            continue
        if first and candidate.rows > 1:
            yield candidate, first[1], True


def _listed(
    lines: Iterable[str], family: PuzzleFamily | None, zero: str | None
) -> Iterator[tuple[PuzzleFamily, str, bool]]:
    """Yield what may be a puzzle on each line, of each family that it may be of."""
    for line in lines:
        for candidate in [family] if family else listed_families(line):
            if text := line_cells(line, candidate, zero):
                yield candidate, text, False


def _reads(family: PuzzleFamily, text: str, zero: str | None, proper: bool) -> bool:
    """Return whether ``text`` is a grid of the family with anything in it; ``proper``: that can have one solution."""
    try:
        grid = family.parse(text, zero)
        if proper:
            family.check(grid[None])
    except PuzzleError:
        return False
    found = len(np.unique(grid[grid > 0]))
    return found >= family.symbols - 1 if proper else found > 0


def _likeliest(lines: Sequence[str], family: PuzzleFamily | None) -> Form:
    """Return the form of lines that hold no grid."""
    words = [word for line in lines if not line.startswith("#") for word in SEPARATORS.split(line) if word]
    for word in words:
        for candidate in [family] if family else families_of(len(word)):
            if len(word) == candidate.rows * candidate.columns and not is_plain(candidate.cells):
                return Form(candidate, drawn=False)
    for candidate in drawn_families(lines):
        if family in (None, candidate):
            return Form(candidate, drawn=True)
    return Form(family or _nearest(len(max(words, key=len, default=""))), drawn=False)


def _nearest(length: int) -> PuzzleFamily:
    """Return the Sudoku of about so many cells, a row more or less; 9x9 where there is none."""
    side = round(math.sqrt(length))
    found = families_of(side * side) if abs(length - side * side) <= side else []
    return next((family for family in found if not is_plain(family.cells)), puzzles.family(DEFAULT_FAMILY))
