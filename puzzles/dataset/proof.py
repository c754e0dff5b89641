"""What every row of a dataset must satisfy, and when two rows count as one puzzle.

The writer, the importers and ``verify`` prove rows with these functions alone, so that a dataset can be written exactly
if it can be verified. Each raises ``PuzzleError`` that starts with the place of the first row at fault, as ``place``
names it: "train[17]", "sudoku.txt line 9".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from puzzles.dataset.keys import KEY_BYTES, KeySet
from puzzles.dataset.layout import SPLITS
from puzzles.errors import PuzzleError
from puzzles.family import Grids, PuzzleFamily, Puzzles

BLOCK_ROWS = 1024
"""Rows that are proven at a time: bounds the memory of long work and sets the pace of its progress bar."""
SPLIT_RULES = {"canonical": "equal up to symmetry", "exact": "equal"}

Place = Callable[[int], str]
Result = TypeVar("Result")


def check_rows(family: PuzzleFamily, puzzles: Puzzles, place: Place) -> None:
    """Check types and shapes, that each puzzle is well formed and that each solution solves it."""
    count = len(puzzles.puzzle)
    for name, array, dtype, shape in (
        ("puzzle", puzzles.puzzle, np.uint8, (count, *family.shape)),
        ("solution", puzzles.solution, np.uint8, (count, *family.shape)),
        ("rating", puzzles.rating, np.int32, (count,)),
    ):
        if array.dtype != dtype or array.shape != shape:
            found = f"{name} {array.dtype} of shape {array.shape}"
            raise PuzzleError(f"{place(0)}: {found}, expected {np.dtype(dtype)} of shape {shape}")
    located(lambda rows: family.check(puzzles.puzzle[rows]), count, place)
    solved = family.is_solved(puzzles.puzzle, puzzles.solution)
    if not solved.all():
        raise PuzzleError(f"{place(int(np.argmin(solved)))}: the solution is wrong by the rules of {family.name}")


def check_unique(family: PuzzleFamily, puzzle: Grids, place: Place) -> bool:
    """Check that each puzzle has one solution; return False where the family does not ask for it."""
    count_solutions = getattr(family, "count_solutions", None)
    if count_solutions is None:
        return False
    counts = np.asarray(count_solutions(puzzle))
    if (counts != 1).any():
        row = int(np.argmax(counts != 1))
        raise PuzzleError(f"{place(row)}: {'several solutions' if counts[row] else 'no solution'}, expected one")
    return True


def check_ratings(family: PuzzleFamily, puzzles: Puzzles, convention: str, place: Place) -> None:
    """Check that each rating is the one that the family computes under ``convention``."""
    expected = family.rate(puzzles.puzzle, convention)
    if (wrong := puzzles.rating != expected).any():
        row = int(np.argmax(wrong))
        unit = family.rating_unit
        raise PuzzleError(f"{place(row)}: rating {puzzles.rating[row]} {unit}, expected {expected[row]}")


class Repeats:
    """Finds rows that repeat by a split rule, block by block as they come."""

    def __init__(self, rule: str):
        self.rule = rule
        self._keys = KeySet()
        self._rows = 0
        self._runs: list[tuple[int, str, int]] = []  # rows of one split on end: their begin among all, split, first row
        self._repeats: list[NDArray[np.int64]] = []  # where each repeat stands among all rows ...
        self._numbers: list[NDArray[np.int64]] = []  # ... and the number of the key that it repeats

    def add(self, split: str, first: int, keys: NDArray[np.void]) -> None:
        """Add the rows of ``split`` from row ``first`` on by their keys, (N,) void."""
        if not self._runs or self._runs[-1][1] != split:
            self._runs.append((self._rows, split, first))
        added = self._keys.add(keys)
        again = np.flatnonzero(~added.new)
        if len(again):
            self._repeats.append(self._rows + again)
            self._numbers.append(added.number[again])
        self._rows += len(keys)

    def check(self) -> None:
        """Raise ``PuzzleError`` if any row repeats; rows that two splits share come before others."""
        if not self._repeats:
            return
        later = np.concatenate(self._repeats)
        # Distinct keys are numbered in the order of the rows that are no repeats.
        first = np.delete(np.arange(self._rows), later)[np.concatenate(self._numbers)]
        begins, splits, starts = (np.array(column) for column in zip(*self._runs, strict=True))
        runs = [np.searchsorted(begins, rows, side="right") - 1 for rows in (first, later)]
        leaks = np.flatnonzero(splits[runs[0]] != splits[runs[1]])
        pair = leaks[0] if len(leaks) else 0
        places = [
            (str(splits[run[pair]]), starts[run[pair]] + rows[pair] - begins[run[pair]])
            for run, rows in zip(runs, (first, later), strict=True)
        ]
        places.sort(key=lambda place: SPLITS.index(place[0]))
        one, other = (f"{split}[{row}]" for split, row in places)
        what = f"{places[0][0]} and {places[1][0]} share puzzles" if len(leaks) else "a puzzle is stored twice"
        raise PuzzleError(
            f"{what}: {one} and {other} are {SPLIT_RULES[self.rule]} (split rule {self.rule!r}); "
            f"{len(leaks) or len(later)} such pairs, expected none"
        )


def split_keys(family: PuzzleFamily, puzzle: Grids, solution: Grids, rule: str | None = None) -> NDArray[np.void]:
    """Hash each puzzle such that two keys are equal if the split rule counts the puzzles as one.

    Args:
        family: the family of the puzzles.
        puzzle: (N, rows, columns) uint8.
        solution: (N, rows, columns) uint8.
        rule: ``"canonical"`` hashes the canonical form, ``"exact"`` the puzzle as it is; None means the family's rule.

    Returns:
        (N,) void of 16 bytes (BLAKE2b), for ``np.unique`` or, by ``key.tobytes()``, for sets and dictionaries.

    Raises:
        PuzzleError: no such rule.
    """
    rule = family.split_rule if rule is None else rule
    if rule not in SPLIT_RULES:
        raise PuzzleError(f"split rule {rule!r}, expected one of {sorted(SPLIT_RULES)}")
    keys = [np.empty(0, f"V{KEY_BYTES}")]
    for start in range(0, len(puzzle), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        grids = family.canonical(puzzle[rows], solution[rows]) if rule == "canonical" else puzzle[rows]
        keys.append(grid_keys(grids))
    return np.concatenate(keys)


def grid_keys(grids: Grids) -> NDArray[np.void]:
    """Hash each grid: (N,) void of 16 bytes."""
    digests = [hashlib.blake2b(grid.tobytes(), digest_size=KEY_BYTES).digest() for grid in grids]
    return np.frombuffer(b"".join(digests), dtype=f"V{KEY_BYTES}")


def located(call: Callable[[slice], Result], count: int, place: Place) -> Result:
    """Return ``call`` of all rows; if it raises ``PuzzleError``, name the first row at fault by its place."""
    try:
        return call(slice(0, count))
    except PuzzleError as error:
        last = error
        low, high = 0, count
        while high - low > 1:  # rows before low are right, and one of low..high is not
            middle = (low + high) // 2
            try:
                call(slice(low, middle))
                low = middle
            except PuzzleError:
                high = middle
        try:
            call(slice(low, high))
        except PuzzleError as error_of_row:
            last = error_of_row
        # The family names the index in the batch, here always 0: the place says it better.
        message = re.sub(r"^(puzzle|grid|index|row) \[?0\]?:? +", "", str(last))
        raise PuzzleError(f"{place(low)}: {message}") from None
