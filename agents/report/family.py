"""The report of an ablation: the members of a family of variants, as ``air-envs ablate FAMILY`` leaves them."""

from __future__ import annotations

import datetime
from pathlib import Path
from statistics import fmean
from typing import Any

from agents.analysis.sweep.results import read_summary
from agents.config.training import VALIDATION
from agents.report.accuracy import percent
from agents.report.blocks import Block, Figures, Page, Section, Words
from agents.report.charts import SMALL, Figure, Line, Row, line_chart, row_chart
from agents.report.members import family_table, mean_interval
from agents.training.runs.log import read_metrics


def write_family_report(folder: Path, output: Path) -> Path:
    """Write the report of an ablation; return the path.

    Args:
        folder: its output, with ``ablation.json`` and the folders of its runs.
        output: HTML file to write.

    Raises:
        ValueError: a damaged ``ablation.json``.
    """
    return _page(read_summary(folder), folder).write(output)


def _page(family: dict[str, Any], folder: Path) -> Page:
    count = sum(len(member["seeds"]) for member in family["members"])
    blocks: list[Block] = [Figures([_accuracies(family)]), family_table(family)]
    if family["caveat"]:
        blocks.append(Words(family["caveat"]))
    curves = [_curves(member, folder) for member in family["members"]]
    words = "Exact accuracy on validation puzzles by step, in per cent; one line per seed."
    means = {member["name"]: member["exact_accuracy_mean"] for member in family["members"]}
    known = {name: mean for name, mean in means.items() if mean is not None}
    tiles = [("runs", str(count), f"of {len(family['members'])} members")]
    if known:
        best = max(known, key=lambda name: known[name])
        tiles.append(("highest mean", best, percent(known[best])))
    return Page(
        title=f"Ablation {family['ablation']}: {family['family']}",
        lead="Variants that were trained alike, with several seeds each, and measured on validation puzzles.",
        tiles=tiles,
        sections=[
            Section("Accuracy by member", blocks),
            Section("Curves", [Words(words), Figures(curves, small=True)]),
        ],
        numbers=family,
        footer=f"Written by air-envs report on {datetime.date.today().isoformat()}.",
    )


def _accuracies(family: dict[str, Any]) -> Figure:
    members = family["members"]
    seeds = [[seed["exact_accuracy"] for seed in member["seeds"] if "exact_accuracy" in seed] for member in members]
    rows = [
        Row(f"run {number + 1}", [each[number] if number < len(each) else None for each in seeds], shape="faint")
        for number in range(max(map(len, seeds)))
    ]
    low, high = zip(*(mean_interval(each) or (None, None) for each in seeds), strict=True)
    means = [fmean(each) if each else None for each in seeds]
    rows.append(Row("mean, 95 % interval over seeds", means, low, high, "l", "dot"))
    theirs = [member["published_mean"] for member in members]
    if any(value is not None for value in theirs):
        rows.append(Row("paper, test set", theirs, colour="text", shape="diamond"))
    return row_chart(
        "Exact accuracy on validation puzzles, %", [member["name"] for member in members], rows, percent=True
    )


def _curves(member: dict[str, Any], folder: Path) -> Figure:
    lines = []
    for seed in member["seeds"]:
        run = folder / member["name"] / f"seed-{seed['seed']}"
        points = list(read_metrics(run, VALIDATION))
        steps, exact = [point["step"] for point in points], [point["exact_accuracy"] for point in points]
        lines.append(Line(f"seed {seed['seed']}", steps, exact))
    return line_chart(member["name"], "step", lines, percent=True, limits=(-3, 103), size=SMALL)
