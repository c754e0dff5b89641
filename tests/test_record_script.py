"""The script that takes all records: what it measures is recorded once."""

from pathlib import Path

import pytest

from agents.evaluation.records import read_records
from benchmarks import record
from benchmarks.record import Job, jobs, record_all


def test_the_most_important_come_first() -> None:
    first = list(jobs())
    assert first[0] == Job("sudoku-extreme", "sudoku-extreme-mix", 512)
    assert first[1] == Job("maze-hard", "maze-hard-published", 32)
    assert {job.model for job in first} >= {"sudoku-candidates-1k", "sudoku-9x9-easy", "sudoku-any", "maze-any"}


def test_what_has_a_record_is_not_measured_again(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(record, "ROWS", 60)
    monkeypatch.setattr(record, "jobs", lambda: [Job("sudoku-extreme", "sudoku-extreme-mix", 3)])
    record_all(real_data, minutes=1, puzzles=2)
    (found,) = read_records()
    assert found["test_set"]["kind"] == "stand-in"
    assert (found["puzzles"], found["act_steps"], found["halt"]) == (2, 3, 0.99)
    assert sum(part["puzzles"] for part in found["by_source"].values()) == 2
    monkeypatch.setattr(record, "evaluate", None)
    record_all(real_data, minutes=1, puzzles=2)


def test_no_evaluation_begins_when_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    record_all(tmp_path, minutes=-1, puzzles=None)
    assert "run it again to resume" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
