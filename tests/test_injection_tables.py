"""The tables by injection against numbers that are counted here, from the records as they lie in the repository."""

import json
from statistics import fmean, median, stdev
from typing import Any

from benchmarks.ablations import RECORDS, comparisons
from benchmarks.injections import injection_tables

T_4 = 2.776
"""Student's t of 95 % and 4 degrees of freedom."""
TABLES = injection_tables(comparisons()).split("\n\n")


def cell(caption: str, row: str, column: str) -> str:
    (number,) = (number for number, text in enumerate(TABLES) if text.startswith(f"**{caption}"))
    head, _, *rows = [[each.strip() for each in line.split("|")[1:-1]] for line in TABLES[number + 1].splitlines()]
    (place,) = (place for place, name in enumerate(head) if f"`{column}`" in name)
    (found,) = (cells for cells in rows if cells[0] == row)
    return found[place]


def runs(member: str, experiment: str = "injection-4x4") -> list[dict[str, Any]]:
    paths = sorted((RECORDS / experiment).glob(f"{member}-?.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def gap(run: dict[str, Any]) -> float:
    z_l, z_h = (run["checkpoints"][-1]["states"][state]["entropy"]["last"] for state in ("z_L", "z_H"))
    return z_l - z_h


def test_means_have_intervals_over_seeds() -> None:
    exact = [100 * run["test"]["exact_accuracy"] for run in runs("L_Hx")]
    assert cell("Exact", "L_Hx", "sudoku-4x4") == f"{fmean(exact):.1f} ± {T_4 * stdev(exact) / 5**0.5:.1f}"
    gaps = [gap(run) for run in runs("L2x_H")]
    assert cell("Roles", "L2x_H", "sudoku-4x4") == f"{fmean(gaps):+.3f} ± {T_4 * stdev(gaps) / 5**0.5:.3f}"


def test_groups_are_paired_by_seed() -> None:
    asymmetric = [[gap(run) for run in runs(name)] for name in ("L_Hx", "Lx_H", "L_H2x", "L2x_H", "Lx_H2x", "L2x_Hx")]
    symmetric = [[gap(run) for run in runs(name)] for name in ("Lx_Hx", "L2x_H2x")]
    differences = [fmean(run[seed] for run in asymmetric) - fmean(run[seed] for run in symmetric) for seed in range(5)]
    half = T_4 * stdev(differences) / 5**0.5
    found = cell("Roles", "asymmetric less symmetric", "sudoku-4x4")
    assert found.startswith(f"{fmean(differences):+.3f} ± {half:.3f}, p = 0.0")
    assert min(differences) > 0
    assert found.endswith(", exact 0.062"), "all five are above 0: 2 / 2^5"


def test_changes_are_multiples_of_a_normal_run() -> None:
    for caption, state, condition in (("Changes of z_L", "z_L", "freeze z_H"), ("Changes of z_H", "z_H", "freeze z_L")):
        freeze = [run["checkpoints"][-1]["freeze"] for run in runs("Lx_H")]
        ratios = [one[condition][state]["content_changes"] / one["normal"][state]["content_changes"] for one in freeze]
        above = sum(ratio > 1 for ratio in ratios)
        assert cell(caption, "Lx_H", "sudoku-4x4") == f"{median(ratios):.2f}, {above} of 5"


def test_an_injection_without_runs_has_no_number() -> None:
    assert runs("L2x_H", "injection-maze-9x9") == []
    assert cell("Roles", "L2x_H", "maze-9x9") == cell("Changes of z_H", "L2x_H", "maze-9x9") == "-"
