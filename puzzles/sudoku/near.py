"""Finding Sudokus that differ in at most two cells, up to symmetry, without comparing all pairs.

Two puzzles differ in at most two cells if blanking some clues of each, two at most, makes them equal, and the clues
blanked stand in two cells at most. So every way to blank up to two clues of a puzzle, its *variants*, is hashed. Where
a hash occurs on both sides and more than two clues are blanked in all, cells that have to be the same are marked
instead of blanked, and what remains is hashed again. The matches are proved by finding the symmetry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.compiling import njit
from puzzles.family import Grids
from puzzles.sudoku.patterns import equal_patterns, pattern_hash, pattern_hashes, workspace
from puzzles.threads import in_batches

HELD = 1 << 23
"""Variants of ``second`` that are held at a time; each takes some 30 bytes."""
MADE = 1 << 18
"""Variants of ``first`` that are made at a time."""
_BATCH = 32  # puzzles per kernel call
_FEW = [(0, 0), (0, 1), (1, 0), (0, 2), (2, 0), (1, 1)]
"""How many clues may be blanked on both sides, whatever their cells."""


class Variants(NamedTuple):
    """V ways to take clues out of puzzles."""

    hash: NDArray[np.uint64]
    """(V,) uint64: the same for patterns that are equal up to symmetry."""
    puzzle: NDArray[np.int32]
    """(V,) int32: the index of the puzzle."""
    cells: NDArray[np.int16]
    """(V, 2) int16: the cells of the clues taken out, -1 for none; no clue is (-1, -1), one is (cell, -1)."""
    marks: NDArray[np.uint8]
    """(V,) uint8: bit k is set where ``cells[k]`` is marked, and not blank."""

    def take(self, index: Any) -> Variants:
        """Return the variants at ``index``, an array of integers or a mask."""
        return Variants(*(column[index] for column in self))

    @property
    def taken(self) -> NDArray[np.int64]:
        """(V,) int64: how many clues are taken out."""
        return (self.cells >= 0).sum(axis=1)


def near(first: Grids, second: Grids, box_rows: int, progress: Callable[[int], object]) -> NDArray[np.bool_]:
    """(M,) bool: whether an image of some puzzle in ``first`` differs in at most 2 cells from each of ``second``.

    Args:
        first: (N, side, side) uint8.
        second: (M, side, side) uint8.
        box_rows: of a box.
        progress: called with numbers that add up to M.
    """
    found = np.zeros(len(second), np.bool_)
    for part in _pieces(second, HELD):
        held, own = second[part], found[part]
        variants = _variants(held, box_rows)
        variants = variants.take(np.argsort(variants.hash))
        blocks, shown = list(_pieces(first, MADE)), 0
        for number, block in enumerate(blocks, start=1):
            known = first[block]
            for one, other in _matches(_variants(known, box_rows), variants, known, held, box_rows):
                _prove(one, other, known, held, box_rows, own)
            done = len(held) * number // len(blocks)
            progress(done - shown)
            shown = done
    return found


def _pieces(puzzles: Grids, most: int) -> Iterator[slice]:
    """Cut puzzles up into slices of so many variants at most, or of one puzzle."""
    sums, start = np.cumsum(_counts(puzzles)), 0
    while start < len(puzzles):
        before = sums[start - 1] if start else 0
        end = max(start + 1, int(np.searchsorted(sums, before + most, "right")))
        yield slice(start, end)
        start = end


def _counts(puzzles: Grids) -> NDArray[np.int64]:
    """Return how many variants each puzzle has: (N,) int64."""
    clues = np.count_nonzero(puzzles, axis=(1, 2))
    return 1 + clues + clues * (clues - 1) // 2


# -- hashing -----------------------------------------------------------------------------------------------------------


def _variants(puzzles: Grids, box_rows: int) -> Variants:
    """Return all variants of the puzzles, with nothing marked."""
    counts = _counts(puzzles)
    ends = np.cumsum(counts)
    hashes = np.empty(counts.sum(), np.uint64)
    cells = np.full((len(hashes), 2), -1, np.int16)

    def work(part: slice) -> None:
        _fill(puzzles[part], box_rows, (ends - counts)[part], hashes, cells)

    in_batches(work, len(puzzles), _BATCH)
    return Variants(
        hashes, np.repeat(np.arange(len(puzzles), dtype=np.int32), counts), cells, np.zeros(len(hashes), np.uint8)
    )


@njit(cache=True, nogil=True)
def _fill(puzzles, box_rows, starts, hashes, cells):
    """Fill the hashes and cells of the variants of each puzzle from its start on."""
    side = puzzles.shape[1]
    work = workspace(side)
    pattern = np.empty((side, side), np.uint8)
    flat = pattern.reshape(-1)
    clues = np.empty(side * side, np.int16)
    for i in range(len(puzzles)):
        pattern[:] = puzzles[i]
        count = 0
        for cell in range(side * side):
            if flat[cell]:
                clues[count] = cell
                count += 1
        place = starts[i]
        hashes[place] = pattern_hash(pattern, box_rows, work)
        for one in range(count):
            place += 1
            digit = flat[clues[one]]
            flat[clues[one]] = 0
            hashes[place] = pattern_hash(pattern, box_rows, work)
            cells[place, 0] = clues[one]
            for other in range(one):
                place += 1
                second = flat[clues[other]]
                flat[clues[other]] = 0
                hashes[place] = pattern_hash(pattern, box_rows, work)
                cells[place, 0] = clues[one]
                cells[place, 1] = clues[other]
                flat[clues[other]] = second
            flat[clues[one]] = digit


def _patterns(variants: Variants, puzzles: Grids) -> Grids:
    """Return what is left of the puzzles: (V, side, side) uint8."""
    side = puzzles.shape[1]
    flat = puzzles[variants.puzzle].reshape(len(variants.hash), side * side)
    for k in range(2):
        (rows,) = np.nonzero(variants.cells[:, k] >= 0)
        flat[rows, variants.cells[rows, k]] = np.where(variants.marks[rows] >> k & 1, side + 1, 0)
    return flat.reshape(-1, side, side)


def _marked(variants: Variants, puzzles: Grids, box_rows: int, *marks: int) -> Variants:
    """Return the variants with some of their cells marked, one time after the other for each of ``marks``."""
    many = variants.take(np.tile(np.arange(len(variants.hash)), len(marks)))
    many = many._replace(marks=np.repeat(np.array(marks, np.uint8), len(variants.hash)))
    return many._replace(hash=pattern_hashes(_patterns(many, puzzles), box_rows))


# -- matching ----------------------------------------------------------------------------------------------------------


def _matches(
    one: Variants, other: Variants, known: Grids, held: Grids, box_rows: int
) -> Iterator[tuple[Variants, Variants]]:
    """Yield pairs of variants: where two have the same hash, their puzzles differ in at most two cells.

    Args:
        one: of ``known``.
        other: of ``held``, sorted by hash.
        known: puzzles.
        held: puzzles.
        box_rows: of a box.
    """
    one = one.take(_holds(other.hash, one.hash))
    common = np.unique(one.hash)
    lows, highs = (np.searchsorted(other.hash, common, side) for side in ("left", "right"))
    lengths = highs - lows
    other = other.take(np.repeat(lows - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum()))
    by_count = [[variants.take(variants.taken == count) for count in range(3)] for variants in (one, other)]
    for count, other_count in _FEW:
        yield by_count[0][count], by_count[1][other_count]
    (_, single, double), (_, other_single, other_double) = by_count
    for puzzles_one, puzzles_other, marks, other_marks in (
        (single, other_double, (1,), (1, 2)),
        (double, other_single, (1, 2), (1,)),
        (double, other_double, (3,), (3,)),
    ):
        yield _marked(puzzles_one, known, box_rows, *marks), _marked(puzzles_other, held, box_rows, *other_marks)


def _holds(ascending: NDArray[np.uint64], values: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """(V,) bool: whether each value is among the ascending ones."""
    places = np.searchsorted(ascending, values)
    return ascending[np.minimum(places, len(ascending) - 1)] == values


def _prove(one: Variants, other: Variants, known: Grids, held: Grids, box_rows: int, found: NDArray[np.bool_]) -> None:
    """Set ``found`` for the held puzzles of which a variant in ``other`` is equal to one in ``one``."""
    one = one.take(np.argsort(one.hash, kind="stable"))
    lows, highs = (np.searchsorted(one.hash, other.hash, side) for side in ("left", "right"))
    for row in np.flatnonzero(lows < highs):
        puzzle = other.puzzle[row]
        if not found[puzzle]:
            (pattern,) = _patterns(other.take([row]), held)
            found[puzzle] = any(
                equal_patterns(_patterns(one.take([place]), known)[0], pattern, box_rows)
                for place in range(lows[row], highs[row])
            )
