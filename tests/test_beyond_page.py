"""The page of analyses beyond the paper against the numbers of its records."""

import json
from statistics import fmean, stdev

from benchmarks.ablations import BEYOND
from benchmarks.beyond import ANALYSES, page, read

STUDENT_T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""Of 95 %, by the number of seeds."""
SEEDS = read(BEYOND)
ROWS = {cells[0]: cells[1:] for line in page(SEEDS).splitlines() if len(cells := line.strip("| ").split(" | ")) > 2}


def test_every_seed_has_every_analysis() -> None:
    assert len(SEEDS) >= 3
    assert len(list(BEYOND.glob("seed-*/*"))) == len(ANALYSES) * len(SEEDS)
    for numbers in SEEDS.values():
        assert {found["title"] for found in numbers.values()} == {"Lx_H, sudoku-6x6, 400 test puzzles, float32"}


def test_rows_are_means_over_seeds() -> None:
    exponents = []
    for folder in sorted(BEYOND.glob("seed-*")):
        outcomes = json.loads((folder / "dynamics.json").read_text(encoding="utf-8"))["outcomes"]
        exponents.append(outcomes["failed"]["exponent"]["mean"])
        assert outcomes["failed"]["exponent"]["puzzles"] + outcomes["solved"]["exponent"]["puzzles"] == 400
    n = len(exponents)
    mean, *each = ROWS["failed: Lyapunov exponent per ACT step"]
    assert mean == f"{fmean(exponents):.3f} ± {STUDENT_T[n] * stdev(exponents) / n**0.5:.3f}"
    assert each == [f"{value:.3f}" for value in exponents]


def test_rows_read_the_right_places() -> None:
    own = [numbers["programs"]["programs"]["LLHLLH"] for numbers in SEEDS.values()]
    assert ROWS["LLHLLH, 96 updates: exact, %"][1:] == [f"{100 * one['z_H_exact_accuracy'][-1]:.1f}" for one in own]
    unpatched = [numbers["patching"]["patches"]["none"]["exact"][-1]["mean"] for numbers in SEEDS.values()]
    assert ROWS["none, 8 later: exact, %"][1:] == [f"{100 * value:.1f}" for value in unpatched]
    first = [numbers["probes"]["places"][0]["z_L"]["probe"]["mean"] for numbers in SEEDS.values()]
    assert ROWS["ACT step 1, update 1 (L): z_L, read by a probe, %"][1:] == [f"{100 * value:.1f}" for value in first]
