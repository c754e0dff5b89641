"""The benchmark of thinking runs, at toy size; it claims no speed here."""

import pytest

from benchmarks import thinking


def test_every_part_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thinking, "COUNT", 4)
    monkeypatch.setattr(thinking, "PUZZLES", 8)
    monkeypatch.setattr(thinking, "ACT_STEPS", 1)
    monkeypatch.setattr(thinking, "SHIPPED", ("maze-9x9",))
    rows = [row for part in thinking.PARTS for row in part()]
    assert len(rows) == 2 * 3 + 2
    assert all(row.figure > 0 for row in rows)
    ratios = [row for row in rows if row.unit == "x"]
    assert [row.target for row in ratios] == [">= 20"] * 2 + ["<= 1.5"] * 2
