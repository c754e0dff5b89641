"""Tables of records made by hand, whose differences, groups and order of events are known."""

import json
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from agents.analysis.sweep.comparison import ONE_SIDED, SYMMETRIC, Comparison, compare
from agents.analysis.sweep.experiments import EXPERIMENTS, Experiment
from agents.analysis.sweep.figure import draw_comparison
from agents.analysis.sweep.records import record_path, settings
from agents.analysis.sweep.split import MEASURES, accuracy, changes_ratio, entropy_gap, focus, locality, reached
from agents.config.variants import INJECTIONS
from puzzles.files import write_json

INJECTION = EXPERIMENTS["injection-4x4"]
CONDITIONS = ("normal", "freeze z_H", "freeze z_L", "freeze z_H, second half", "freeze z_L, second half")


def checkpoint(step: int, exact: float, gap: float, near: float = 0.0) -> dict[str, Any]:
    """z_L's entropy is above that of z_H by ``gap``; L attends by ``near`` more locally, twice that at 30 queries."""
    states = {
        state: {
            "entropy": {"mean": 0.1 + extra / 2, "last": 0.1 + extra},
            "open": {"mean": 0.0, "last": 0.0},
            "exact_accuracy": {"mean": 0.0, "last": exact},
        }
        for state, extra in (("z_H", 0.0), ("z_L", gap))
    }
    counts = {"exact_accuracy": exact, "content_changes": 4.0, "whole_grids": 1.0}
    freeze = {name: {"z_H": counts, "z_L": {**counts, "content_changes": 8.0}} for name in CONDITIONS}
    freeze["freeze z_H"]["z_L"]["content_changes"] = 2.0
    attention = {
        "control": {"queries": 10, "nbr": {"difference": [near, near]}, "ent": {"difference": [0.2, 0.4]}},
        "violation-adjacent": {"queries": 30, "nbr": {"difference": [2 * near] * 2}, "ent": {"difference": [0.3, 0.3]}},
    }
    return {"step": step, "states": states, "freeze": freeze, "attention": attention}


def record(member: str, seed: int, exact: float, half: float | None = 100.0) -> dict[str, Any]:
    """The gap has half its size at step 10, accuracy at step 20, locality never."""
    along = [(10, 0.1, 0.2), (20, exact / 2, 0.3), (30, exact, 0.4)]
    config = settings(INJECTION.run(member, seed, Path()))
    return {
        "experiment": INJECTION.name,
        "member": member,
        "seed": seed,
        "config": config,
        "seconds": 1.0,
        "dataset": "0",
        "measured_puzzles": 100,
        "curve": [],
        "steps_to_half": half,
        "test": {"exact_accuracy": exact, "exact_accuracy_interval_95": [0.0, 1.0], "cell_accuracy": exact},
        "checkpoints": [checkpoint(*point) for point in along],
    }


def records() -> list[dict[str, Any]]:
    """Asymmetric members at 80 % and 90 % with seeds 0 and 1, symmetric ones at 60 % and 65 %."""
    found = []
    for seed in (0, 1):
        for member in INJECTIONS:
            exact = (0.6 + 0.05 * seed) if member in SYMMETRIC else (0.8 + 0.1 * seed)
            found.append(record(member, seed, exact))
    return found


def exact(run: dict[str, Any]) -> float | None:
    return run["test"]["exact_accuracy"]


def test_symmetric_injections() -> None:
    assert SYMMETRIC == ("Lx_Hx", "L2x_H2x")


def test_one_sided_injections() -> None:
    assert ONE_SIDED == ("L_Hx", "Lx_H", "L_H2x", "L2x_H")


def test_groups_are_compared_seed_by_seed() -> None:
    found = Comparison(INJECTION, tuple(records()))
    unequal, equal, difference = found.asymmetry(exact) or (0, 0, None)
    assert (unequal, equal) == (pytest.approx(0.85), pytest.approx(0.625))
    assert difference is not None
    assert difference.mean == pytest.approx(0.225)  # 0.2 and 0.25
    assert difference.half == pytest.approx(12.7062 * 0.025, rel=1e-4)
    one_sided = found.contrast(exact, ONE_SIDED)  # against two asymmetric and two symmetric ones
    assert one_sided is not None
    assert (one_sided.ours, one_sided.theirs) == (pytest.approx(0.85), pytest.approx((0.85 + 0.625) / 2))
    assert one_sided.difference.mean == pytest.approx(0.225 / 2)
    assert found.contrast(exact, ()) is None
    pair = found.difference(exact, "Lx_Hx", "Lx_H")
    assert pair is not None
    assert pair.mean == pytest.approx(-0.225)
    # A seed that lacks a member does not count, nor does one of a run without the number.
    short = Comparison(INJECTION, tuple(records()[:-1]))
    assert short.asymmetry(exact)[2].count == 1  # type: ignore[index]
    assert short.difference(exact, "L2x_H2x", "Lx_H").count == 1  # type: ignore[union-attr]
    assert Comparison(INJECTION, ()).asymmetry(exact) is None
    assert Comparison(EXPERIMENTS["operator-4x4"], tuple(records())).asymmetry(exact) is None


def test_measures_of_a_checkpoint() -> None:
    found = checkpoint(10, 0.5, 0.25, near=0.1)
    assert accuracy(found) == 0.5
    assert entropy_gap(found) == pytest.approx(0.25)
    assert MEASURES["entropy, z_L - z_H, all updates"](found) == pytest.approx(0.125)
    assert changes_ratio(found) == 0.25
    assert locality(found) == pytest.approx((10 * 0.1 + 30 * 0.2) / 40)
    assert focus(found) == pytest.approx(0.3)
    assert all(read(found) is not None for read in MEASURES.values())
    del found["attention"]
    assert (locality(found), focus(found)) == (None, None)
    found["freeze"]["normal"]["z_L"]["content_changes"] = 0.0
    assert changes_ratio(found) is None


def test_what_came_first() -> None:
    along = record("Lx_H", 0, 0.8)["checkpoints"]
    assert (reached(along, entropy_gap), reached(along, accuracy), reached(along, locality)) == (10, 20, None)
    assert reached([], accuracy) is None


def test_tables_of_records(tmp_path: Path) -> None:
    for run in records():
        write_json(record_path(tmp_path, INJECTION.name, run["member"], run["seed"]), run)
    text = str(compare(INJECTION, tmp_path))
    lines = {line.split("  ")[0]: line for line in text.splitlines()}
    assert "85.0% ± 7.1%" in lines["L_Hx"]
    assert "80.0% 90.0%" in lines["L_Hx"]
    assert "58.7% ± 3.3%" in lines["L_Hx"], "the paper's, on Sudoku-Extreme"
    assert "75.3% ± 3.2%" in lines["L_Hx"], "the paper's, on Maze-Hard"
    assert "-0.225" in lines["Lx_Hx"]
    contrasts = [line for line in text.splitlines() if line.startswith("exact accuracy, all test puzzles")]
    assert ["+0.225" in line for line in contrasts] == [True, False], "asymmetric against symmetric comes first"
    assert "+0.113" in contrasts[1], "one-sided against two-sided"
    assert "The paper's difference in exact accuracy: +0.076 on Sudoku-Extreme, +0.032 on Maze-Hard." in text
    order = "half of its last value entropy, z_L - z_H reaches before accuracy in 12, at the same checkpoint in 0,"
    assert f"asymmetric: {order} later in 0 of 12 runs." in text
    assert "later in 0 of 0 runs; of 4 one of the two ends at 0 or below." in text
    along = [line.split() for line in text.splitlines() if line.startswith("symmetric   ")]
    assert along[2] == ["symmetric", "30", "4", "+0.625", "+0.400", "+0.000", "+0.300", "+0.250"]


def test_runs_that_never_got_there(tmp_path: Path) -> None:
    late, lost = record("Lx_H", 0, 0.3, half=None), record("L_Hx", 0, 0.0)
    del lost["test"]
    lost |= {"diverged": "the loss is not finite", "checkpoints": [], "steps_to_half": None}
    for run in (late, lost):
        write_json(record_path(tmp_path, INJECTION.name, run["member"], run["seed"]), run)
    lines = {line.split("  ")[0]: line for line in str(compare(INJECTION, tmp_path)).splitlines()}
    assert "- (1 never)" in lines["Lx_H"]
    assert "diverged" in lines["L_Hx"]
    json.loads(record_path(tmp_path, INJECTION.name, "L_Hx", 0).read_text())


def test_the_picture_groups_injections_and_shows_every_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr("agents.analysis.sweep.figure.save_chart", lambda figure, path: figures.append(figure) or path)
    assert draw_comparison(Comparison(INJECTION, tuple(records())), tmp_path / "drawn.png") == tmp_path / "drawn.png"
    members, curve, gap, _ = figures[0].axes
    assert [label.get_text() for label in members.get_yticklabels()] == list(INJECTIONS)
    labels = [text.get_text() for text in curve.get_legend().get_texts()]
    assert labels == ["asymmetric, 12 runs", "symmetric, 4 runs"]
    assert len(curve.get_lines()) == 16 + 2
    mean = next(line for line in gap.get_lines() if line.get_label() == "asymmetric, 12 runs")
    assert mean.get_xydata().tolist() == [[10, pytest.approx(0.2)], [20, pytest.approx(0.3)], [30, pytest.approx(0.4)]]
    for line in curve.get_lines():
        if line.get_label() == "symmetric, 4 runs":
            assert line.get_ydata()[-1] == pytest.approx(62.5)


def test_nothing_yet(tmp_path: Path) -> None:
    assert str(compare(INJECTION, tmp_path)) == "injection-4x4: no records yet"
    wrong = Experiment("injection-4x4", "injection", ("Lx_H",), 1, INJECTION.config)
    assert compare(wrong, tmp_path).records == ()
