"""The page of the experiments' tables is what its records say."""

import dataclasses
import json
import re

from benchmarks.ablations import FOLDER, PAGE, PAPER, RECORDS, _by_weights_and_seed, comparisons, files


def test_the_pages_are_up_to_date() -> None:
    for path, text in files().items():
        assert path.is_file(), f"no {path.name}: run python -m benchmarks.ablations"
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run python -m benchmarks.ablations"
    assert {*FOLDER.glob("*.md"), PAGE, PAPER} == set(files()), "pages of experiments without records"


def test_every_figure_is_there() -> None:
    for path in files():
        for name in re.findall(r"\]\(([^)]+\.png)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / name).is_file(), "run python -m benchmarks.ablations"


def test_every_record_is_counted() -> None:
    assert sum(len(found.records) for found in comparisons()) == len(list(RECORDS.glob("*/*.json"))) > 0


def test_runs_are_paired_by_step() -> None:
    """A run that lacks a checkpoint leaves a gap, and every other number stays where it was."""
    found = next(each for each in comparisons() if each.by_weights())
    first, *others = found.records
    short = dataclasses.replace(found, records=({**first, "checkpoints": first["checkpoints"][1:]}, *others))
    expected = _by_weights_and_seed(found)
    for column in (1, 1 + len(found.records)):  # of its raw and of its averaged weights
        expected[1][column] = "-"
    assert _by_weights_and_seed(short) == expected


def test_stages_of_training_are_counted_from_the_records() -> None:
    below = {"below 5 %": 0, "5 to 50 %": 0, "50 % and more": 0}
    for path in sorted((RECORDS / "injection-4x4").glob("Lx_H-*.json")):
        for checkpoint in json.loads(path.read_text(encoding="utf-8"))["checkpoints"]:
            exact = checkpoint["states"]["z_H"]["exact_accuracy"]["last"]
            frozen, normal = (checkpoint["freeze"][name]["z_L"]["content_changes"] for name in ("freeze z_H", "normal"))
            stage = "below 5 %" if exact < 0.05 else "5 to 50 %" if exact < 0.5 else "50 % and more"
            below[stage] += frozen < normal
    rows = [line.split(" | ") for line in (FOLDER / "injection-4x4.md").read_text(encoding="utf-8").splitlines()]
    (head,) = (row for row in rows if row[0] == "| exact" and len(row) > 3)
    for stage, count in below.items():
        (row,) = (row for row in rows if row[0] == f"| {stage}")
        assert f", {count} of " in row[head.index("Lx_H")]
