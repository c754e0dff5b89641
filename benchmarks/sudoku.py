"""Sudoku 9x9: solving, ratings, generating and canonical forms. ``python -m benchmarks.puzzles sudoku`` runs it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import puzzles
from benchmarks.table import Row, at_least, at_most, seconds
from puzzles.family import Grids
from puzzles.importers.text_list import read_text
from puzzles.threads import set_threads

FAMILY = puzzles.family("sudoku-9x9")
TDOKU = {
    "forum_hardest_1905_11+": (52, 34.2, 61.7),
    "17_clue": (3.6, 0.46, 0.57),
    "magictour_top1465": (9.5, 6.1, 8.9),
    "forum_hardest_1106": (85, 59.8, 110),
}
"""Of the C++ solver tdoku: microseconds a puzzle at limit 2; mean guesses to solution and to proof on whole lists."""


def solver() -> Iterator[Row]:
    for name, grids in _lists():
        FAMILY.count_solutions(grids[:10])
        set_threads(1)
        micros = seconds(lambda grids=grids: FAMILY.count_solutions(grids)) / len(grids) * 1e6
        set_threads(None)
        peer = TDOKU[name][0]
        note = f"one thread, limit 2, {len(grids):,} puzzles; {micros / peer:.2f} of tdoku's {peer}"
        yield at_most(f"solve {name}", micros, "µs/puzzle", 2 * peer, note)


def ratings() -> Iterator[Row]:
    for name, grids in _lists():
        for convention, whole in zip(FAMILY.rating_conventions, TDOKU[name][1:], strict=True):
            rating = FAMILY.rate(grids, convention)
            note = f"median {np.median(rating):g}, p90 {np.quantile(rating, 0.9):g}; bounds: tdoku on the whole list"
            met = bool(0.75 * whole <= rating.mean() <= 1.25 * whole)
            yield Row(f"{convention}, {name}", float(rating.mean()), "guesses", f"{whole} ± 25 %", met, note)


def generator() -> Iterator[Row]:
    _generate(16)
    count = 100_000
    made = seconds(lambda: _generate(count), repeats=1)
    yield at_most(f"generate {count:,} minimal puzzles", made, "s", 180, f"{count / made:,.0f} a second, all cores")
    _generate(4, level="extreme")
    hard: list[puzzles.Puzzles] = []
    made = seconds(lambda: hard.append(_generate(1000, level="extreme")), repeats=1)
    yield at_most("generate 1,000 extreme puzzles", made, "s", 60, "all cores")
    batch = hard[0]
    mean = float(batch.rating.mean())
    spread = ", ".join(f"p{q} {np.quantile(batch.rating, q / 100):g}" for q in (10, 50))
    yield Row("mean rating of extreme puzzles", mean, "guesses", "22 ± 3", 19 <= mean <= 25, spread)
    yield at_least("p90 rating of extreme puzzles", float(np.quantile(batch.rating, 0.9)), "guesses", 40)
    orders = float(FAMILY.mean_rating(batch.puzzle).mean())
    yield Row("the same, over random relabelled orders", orders, "guesses", note="mean of the mean ratings")
    forms = FAMILY.canonical(batch.puzzle, batch.solution).reshape(len(batch.puzzle), -1)
    yield Row("extreme puzzles that differ up to symmetry", len(np.unique(forms, axis=0)), "of 1,000")
    grids = FAMILY.canonical(batch.solution, batch.solution).reshape(len(batch.puzzle), -1)
    clues = Counter(np.count_nonzero(batch.puzzle, axis=(1, 2)).tolist())
    histogram = ", ".join(f"{count} with {number}" for number, count in sorted(clues.items()))
    yield Row("their solution grids that differ up to symmetry", len(np.unique(grids, axis=0)), "", note=histogram)


def canonical_forms() -> Iterator[Row]:
    batch = _generate(4000)
    rate = len(batch.puzzle) / seconds(lambda: FAMILY.canonical(batch.puzzle, batch.solution))
    yield at_least("canonical forms", rate, "a second", 2000, "all cores")


def _generate(count: int, **options: object) -> puzzles.Puzzles:
    return FAMILY.generate(np.arange(count, dtype=np.uint64), FAMILY.Options(**options))


def _lists() -> Iterator[tuple[str, Grids]]:
    """Yield the published lists that ``AIR_ENVS_DATA`` has."""
    folder = os.environ.get("AIR_ENVS_DATA")
    for name in TDOKU if folder else ():
        path = Path(str(folder)) / "sudoku" / f"{name}.txt"
        if path.is_file():
            _, rows = read_text(path, FAMILY)
            yield name, rows.take(np.arange(len(rows))).puzzle


PARTS = (solver, ratings, generator, canonical_forms)
