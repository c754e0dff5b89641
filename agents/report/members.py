"""The members of an experiment in one table, and the place of one run among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from agents.analysis.paper.published import TASKS, accuracy_text
from agents.analysis.sweep.comparison import Comparison, compare, exact_accuracy
from agents.analysis.sweep.experiments import EXPERIMENTS
from agents.analysis.sweep.members import seed_of
from agents.analysis.sweep.results import SUMMARY, read_summary
from agents.analysis.sweep.statistics import Paired, paired
from agents.analysis.tables import NOTHING, number
from agents.report.accuracy import interval, percent
from agents.report.blocks import Section, Table, Words


def accuracy_table(found: Comparison, marked: str | None = None) -> Table:
    """Return exact accuracy by member with its interval, its seeds, and what the paper has.

    Args:
        found: the records.
        marked: a member to point out.
    """
    reference = found.reference
    exact = found.values(exact_accuracy)
    head = ["", "seeds", "exact, mean", "95 % interval", "by seed", "steps to 50 %", f"minus {reference}, by seed"]
    head += ["p: t, exact", *(f"paper, {task}" for task in TASKS.values())]
    rows: list[list[str]] = []
    place = None
    for member in found.members:
        runs = found.runs(member)
        values = list(exact.get(member, {}).values())
        each = ", ".join("diverged" if "diverged" in run else percent(run["test"]["exact_accuracy"]) for run in runs)
        against = None if member == reference else found.difference(exact_accuracy, member, reference)
        if member == marked:
            place = len(rows)
        rows.append(
            [
                member,
                str(len(runs)),
                percent(fmean(values)) if values else NOTHING,
                _mean_interval(values),
                each,
                found.steps_to_half(member),
                NOTHING if against is None else difference(against, points=True),
                _p_values(against),
                *(accuracy_text(family, member, spaced=True) for family in TASKS),
            ]
        )
    caption = "Exact accuracy on all test puzzles; intervals of the mean by Student's t over seeds"
    return Table(head, rows, caption, place)


def membership_section(run: Path, records: Path) -> Section | None:
    """Return the place of a run in its sweep; None where it belongs to none.

    Args:
        run: folder of a training run, as ``air-envs ablate`` lays it out: ``SWEEP/MEMBER/seed-SEED``.
        records: folder of the records of experiments.

    Raises:
        ValueError: a damaged record.
    """
    place = run.resolve()
    member, seed = place.parent.name, seed_of(place)
    if seed is None or not member:
        return None
    sweep = place.parents[1]
    if sweep.name in EXPERIMENTS:
        found = compare(EXPERIMENTS[sweep.name], records)
        if found.records:
            words = f"This run is {member}, seed {seed}, of the experiment {sweep.name}."
            return Section("Its sweep", [Words(words), accuracy_table(found, member)])
    summary = sweep / SUMMARY
    if not summary.is_file():
        return None
    family = read_summary(sweep)
    words = f"This run is {member}, seed {seed}, of the ablation {family['ablation']}."
    return Section("Its sweep", [Words(words), family_table(family, member)])


def family_table(family: dict[str, Any], marked: str | None = None) -> Table:
    """Return exact accuracy by member of an ablation on validation puzzles.

    Args:
        family: its ``ablation.json``.
        marked: a member to point out.
    """
    head = ["", "seeds", "exact, mean", "95 % interval", "by seed", "cells", "paper, test"]
    rows: list[list[str]] = []
    place = None
    for member in family["members"]:
        values = [seed["exact_accuracy"] for seed in member["seeds"] if "exact_accuracy" in seed]
        each = ", ".join(
            percent(seed["exact_accuracy"]) if "exact_accuracy" in seed else "diverged" for seed in member["seeds"]
        )
        theirs = member["published_mean"]
        if member["name"] == marked:
            place = len(rows)
        rows.append(
            [
                member["name"],
                str(len(member["seeds"])),
                percent(fmean(values)) if values else NOTHING,
                _mean_interval(values),
                each,
                percent(member["cell_accuracy_mean"]) if member["cell_accuracy_mean"] is not None else NOTHING,
                NOTHING if theirs is None else percent(theirs),
            ]
        )
    return Table(head, rows, f"Ablation {family['ablation']}, {family['family']}: on validation puzzles", place)


def mean_interval(accuracies: Sequence[float]) -> tuple[float, float] | None:
    """Return the 95 % interval of the mean accuracy of a few runs, by Student's t inside 0 and 1; None of one run."""
    found = paired(accuracies) if len(accuracies) > 1 else None
    if found is None or found.half is None:
        return None
    return max(0.0, found.mean - found.half), min(1.0, found.mean + found.half)


def _mean_interval(accuracies: Sequence[float]) -> str:
    found = mean_interval(accuracies)
    return NOTHING if found is None else interval(*found)


def difference(found: Paired, points: bool = False) -> str:
    """Write a difference with half of its interval; shares in percentage points where asked."""
    scale, form = (100, "+.1f") if points else (1, "+.1f" if abs(found.mean) >= 100 else "+.3f")
    text = format(scale * found.mean, form)
    return text if found.half is None else f"{text} ± {format(scale * found.half, form).lstrip('+')}"


def _p_values(found: Paired | None) -> str:
    """Write the p values of the t test and of the exact test, which many differences lack; nothing of less than two."""
    if found is None or found.p_t is None:
        return NOTHING
    return f"{found.p_t:.3f}, {number(found.p_permutation, '.3f')}"
