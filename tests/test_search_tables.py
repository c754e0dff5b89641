"""Searches are compared on the same puzzles, at the ACT steps that each has really taken."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.markdown import table
from benchmarks.search import comparisons, draw_search, search_tables, within


def point(steps: float, right: int) -> dict[str, Any]:
    return {"mean_act_steps": steps, "exact": right - 1, "rules": right}


def record(search: str | None, curve: list[dict[str, Any]], puzzles: int = 20, name: str = "mix") -> dict[str, Any]:
    return {"model": "a", "test_set": {"name": name}, "puzzles": puzzles, "search": search, "curve": curve}


RECORDS = [
    record(None, [point(1, 2), point(7.5, 10), point(20, 16)]),
    record("noise", [point(8, 10), point(12, 15), point(24, 19)]),
    record("guesses", [point(8.5, 10), point(30, 20)]),
    record("noise", [point(8, 5), point(9, 6)], puzzles=10),
    record("noise", [point(8, 5), point(9, 6)], name="list"),
    {**record("symmetry", []), "curve": None},
]


@pytest.mark.parametrize(("budget", "right"), [(7.9, None), (8, 10), (23, 15), (24, 19), (1000, 19)])
def test_the_last_attempt_within_the_budget_counts(budget: float, right: int | None) -> None:
    found = within(RECORDS[1]["curve"], budget)
    assert (found and found["rules"]) == right


def test_only_searches_of_the_same_puzzles_are_compared() -> None:
    (found,) = comparisons(RECORDS)
    assert (found.test_set, found.puzzles) == ("mix", 20)
    assert {name: len(curve) for name, curve in found.curves.items()} == {"one attempt": 3, "noise": 3, "guesses": 2}


def test_the_table_gives_what_is_solved_by_the_rules() -> None:
    heading, rows = search_tables(RECORDS, table)
    assert heading == "`a` on 20 puzzles of `mix`:"
    lines = rows.splitlines()
    assert lines[0].startswith("| search | 8 | 12 | 16 | 24 | 32 |")
    assert lines[2].startswith("| one attempt | 50.0 % | 50.0 % | 50.0 % | 80.0 % |")
    assert lines[3].startswith("| noise | 50.0 % | 75.0 % | 75.0 % | 95.0 % |")
    assert lines[4].startswith("| guesses |  | 50.0 % | 50.0 % | 50.0 % | 100.0 % |")
    assert lines[4].endswith("| 100.0 % (83.9 % to 100.0 %), 30.0 |")


def test_the_figure_is_drawn(tmp_path: Path) -> None:
    assert draw_search(RECORDS, tmp_path / "search.png").read_bytes()[:4] == b"\x89PNG"
