"""Metrics of a run, read back."""

from pathlib import Path

import pytest

from agents.training.runs.log import METRICS, read_metrics

GOOD = b'{"step": 1, "split": "train"}\n'


def test_a_last_line_cut_short_is_left_out(tmp_path: Path) -> None:
    for cut in (b'{"step": 2', b"\x80", b""):
        (tmp_path / METRICS).write_bytes(GOOD + cut)
        assert [line["step"] for line in read_metrics(tmp_path)] == [1]


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    for line in (b"null", b"{", b"[1]", b'{"step": "x", "split": "train"}', b'{"step": 2}', b"\x80"):
        (tmp_path / METRICS).write_bytes(GOOD + line + b"\n" + GOOD)
        with pytest.raises(
            ValueError, match=r"metrics\.jsonl line 2: found .*, expected an object with step and split"
        ):
            list(read_metrics(tmp_path))
