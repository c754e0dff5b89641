"""What every row of a dataset must satisfy, and when two rows count as one puzzle.

The writer, the importers and ``verify`` prove rows with these functions alone, so that a dataset can be written exactly
if it can be verified. Each raises ``PuzzleError`` that starts with the place of the first row at fault, as ``place``
names it: "train[17]", "sudoku.txt line 9".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from puzzles.errors import PuzzleError
from puzzles.family import Grids, PuzzleFamily, Puzzles

KEY_BYTES = 16
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


def check_ratings(family: PuzzleFamily, puzzles: Puzzles, place: Place) -> None:
    """Check that each rating is the one that the family computes."""
    expected = family.rate(puzzles.puzzle)
    if (wrong := puzzles.rating != expected).any():
        row = int(np.argmax(wrong))
        unit = family.rating_unit
        raise PuzzleError(f"{place(row)}: rating {puzzles.rating[row]} {unit}, expected {expected[row]}")


def check_distinct(keys: Mapping[str, NDArray[np.void]], rule: str) -> None:
    """Check that no two rows have equal keys: none in two splits, which is reported first, and none in one."""
    splits = list(keys)
    starts = np.cumsum([0] + [len(own) for own in keys.values()])
    first = first_equal(np.concatenate(list(keys.values())))
    later = np.flatnonzero(first != np.arange(len(first)))
    if not len(later):
        return
    split_of = np.searchsorted(starts, np.arange(len(first)), side="right") - 1
    leaks = later[split_of[later] != split_of[first[later]]]
    row = (leaks if len(leaks) else later)[0]
    pair = [f"{splits[split_of[i]]}[{i - starts[split_of[i]]}]" for i in (first[row], row)]
    raise PuzzleError(
        f"{'train and test share puzzles' if len(leaks) else 'a puzzle is stored twice'}: {pair[0]} and {pair[1]} are "
        f"{SPLIT_RULES[rule]} (split rule {rule!r}); {len(leaks) or len(later)} such pairs, expected none"
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
    digests = []
    for start in range(0, len(puzzle), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        grids = family.canonical(puzzle[rows], solution[rows]) if rule == "canonical" else puzzle[rows]
        digests += [hashlib.blake2b(grid.tobytes(), digest_size=KEY_BYTES).digest() for grid in grids]
    return np.frombuffer(b"".join(digests), dtype=f"V{KEY_BYTES}")


def first_equal(keys: NDArray[np.void]) -> NDArray[np.int64]:
    """(N,) int64: the index of the first key equal to each key."""
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first[inverse.ravel()]


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
