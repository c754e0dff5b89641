"""The report of an experiment: all of its runs compared."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from agents.analysis.sweep.comparison import CONTRASTS, ENDS, SYMMETRIC, Comparison, at_end, compare, exact_accuracy
from agents.analysis.sweep.experiments import Experiment
from agents.analysis.sweep.records import Record, settings
from agents.analysis.sweep.split import MEASURES, accuracy, changes_ratio, entropy_gap, focus, locality
from agents.analysis.sweep.statistics import paired
from agents.analysis.tables import NOTHING
from agents.config.variants import INJECTIONS
from agents.report.accuracy import interval, percent
from agents.report.blocks import Block, Facts, Figures, Page, Printed, Section, Table, Words, said
from agents.report.charts import PALETTE, SMALL, Figure, Line, Row, line_chart, row_chart
from agents.report.members import accuracy_table, difference, mean_interval

Read = Callable[[Any], float | None]

_DRAWN = (
    "entropy, z_L - z_H",
    "z_H frozen: changes of z_L, ratio",
    "z_H frozen: z_L exact",
    "z_H frozen from the middle: z_H exact",
    "z_L frozen from the middle: z_H exact",
    "locality of L - H",
    "attention entropy, H - L",
    "open cells of z_L",
)
"""Measures that are drawn by member."""
_ALONG: dict[str, tuple[Read, bool]] = {
    "Exact accuracy of z_H, %": (accuracy, True),
    "Entropy of z_L minus that of z_H": (entropy_gap, False),
    "Attention on the neighbourhood, L minus H": (locality, False),
    "Attention entropy, H minus L": (focus, False),
    "Changes of z_L with z_H frozen, as a multiple": (changes_ratio, False),
}
"""Measures at each checkpoint, and whether they are shares."""


def write_sweep_report(experiment: Experiment, records: Path, output: Path) -> Path:
    """Write the report of an experiment's records; return the path.

    Args:
        experiment: whose runs are compared.
        records: folder of the records of experiments.
        output: HTML file to write.

    Raises:
        ValueError: no records yet, a damaged one, or one of a run with other settings.
    """
    found = compare(experiment, records)
    if not found.records:
        raise ValueError(
            f"{records / experiment.name}: no records, expected those of air-envs ablate {experiment.name}"
        )
    return sweep_page(found).write(output)


def sweep_page(found: Comparison) -> Page:
    """Return the page of an experiment's records, at least one."""
    experiment, config = found.experiment, found.experiment.config
    about = f"{config.model.family}, {config.steps:,} steps of batch {config.batch} in {config.dtype}"
    sections = [
        _accuracy_section(found),
        _groups_section(found),
        _curves_section(found),
        _measures_section(found),
        _along_section(found),
        _runs_section(found),
        _settings_section(found),
    ]
    return Page(
        title=f"Experiment {experiment.name}",
        lead=f"{about}{'; ' + experiment.note if experiment.note else ''}.",
        tiles=_tiles(found),
        sections=[section for section in sections if section is not None],
        numbers=_numbers(found),
        footer=f"Written by air-envs report on {datetime.date.today().isoformat()} from {len(found.records)} records.",
    )


def _accuracy_section(found: Comparison) -> Section:
    names, exact = found.members, found.values(exact_accuracy)
    rows = []
    for seed in sorted({record["seed"] for record in found.records}):
        rows.append(
            Row(f"seed {seed}", [exact.get(name, {}).get(seed) for name in names], colour="muted", shape="faint")
        )
    means, *_ = _spread(exact, names)
    edges = [mean_interval(list(exact.get(name, {}).values())) or (None, None) for name in names]
    low, high = zip(*edges, strict=True)
    rows.append(Row("mean, 95 % interval over seeds", means, low, high, "l", "dot"))
    steps = found.values(ENDS["steps to 50 %"])
    reach, early, late = _spread(steps, names)
    figures = [
        row_chart("Exact accuracy on all test puzzles, %", names, rows, percent=True),
        row_chart("Steps to 50 % on validation puzzles", names, [Row("mean", reach, early, late, "h", "dot")]),
    ]
    return Section("Accuracy by member", [Figures(figures), accuracy_table(found)])


def _groups_section(found: Comparison) -> Section | None:
    blocks: list[Block] = []
    for names, group in CONTRASTS.items():
        rows = []
        for name, read in ENDS.items():
            contrast = found.contrast(read, group)
            if contrast is not None:
                p = contrast.difference.p_t
                rows.append(
                    [name, _rounded(contrast.ours), _rounded(contrast.theirs), difference(contrast.difference)]
                    + [str(contrast.difference.count), NOTHING if p is None else f"{p:.3f}"]
                )
        if rows:
            blocks.append(
                Table(
                    ["", *names, "difference", "seeds", "p of t"], rows, f"{names[0]} against {names[1]}".capitalize()
                )
            )
    if not blocks:
        return None
    words = (
        "An injection is asymmetric where L and H get the puzzle in unlike strength, and one-sided where one of them"
        " does not get it. Group means, paired by seed; only seeds that every member has count. Differences are the"
        " first group minus the second, ± half of the 95 % interval by Student's t."
    )
    return Section("Groups", [Words(words), *blocks])


def _curves_section(found: Comparison) -> Section:
    figures = []
    for member in found.members:
        runs = found.runs(member)
        colour = "h" if member in SYMMETRIC else "l"
        lines = [
            Line(f"seed {run['seed']}", *_curve(run["curve"]), colour=colour, faint=True)
            for run in runs
            if run["curve"]
        ]
        figures.append(
            line_chart(member, "step", [*lines, _mean_line(runs, colour)], percent=True, limits=(-3, 103), size=SMALL)
        )
    words = "Exact accuracy on validation puzzles by step, in per cent: each seed thin, their mean thick."
    if all(member in INJECTIONS for member in found.members):
        words += " Symmetric injections are orange."
    return Section("Curves", [Words(words), Figures(figures, small=True)])


def _measures_section(found: Comparison) -> Section:
    names = found.members
    figures = []
    for measure in _DRAWN:
        means, low, high = _spread(found.values(at_end(MEASURES[measure])), names)
        if any(mean is not None for mean in means):
            figures.append(row_chart(measure, names, [Row("mean over seeds", means, low, high, "l", "dot")]))
    rows = []
    for measure, read in MEASURES.items():
        values = found.values(at_end(read))
        rows.append(
            [measure, *(_rounded(fmean(values[name].values())) if values.get(name) else NOTHING for name in names)]
        )
    caption = "At the last checkpoint, mean over seeds"
    words = (
        "Whether z_H is committed and z_L uncertain, what freezing one state does to the other, and whether L-updates"
        f" attend more locally than H-updates; each on {found.records[0]['measured_puzzles']} test puzzles."
    )
    return Section("The two states", [Words(words), Figures(figures), Table(["", *names], rows, caption)])


def _along_section(found: Comparison) -> Section:
    groups = found.groups()
    figures: list[Figure] = []
    for title, (read, share) in _ALONG.items():
        lines: list[Line] = []
        for number, (group, runs) in enumerate(groups.items()):
            colour = PALETTE[number % len(PALETTE)]
            at: dict[int, list[float]] = {}
            for run in runs:
                points = [(each["step"], value) for each in run["checkpoints"] if (value := read(each)) is not None]
                lines.append(
                    Line("", [step for step, _ in points], [value for _, value in points], colour=colour, faint=True)
                )
                for step, value in points:
                    at.setdefault(step, []).append(value)
            means = [fmean(values) for _, values in sorted(at.items())]
            lines.append(Line(f"{group}, {len(runs)} runs", sorted(at), means, colour=colour))
        limits = (-3.0, 103.0) if share else None
        figures.append(line_chart(title, "step", lines, percent=share, limits=limits, zero=not share))
    words = "Measured at every kept checkpoint: each run thin, the mean of its group thick."
    return Section(
        "Along the way", [Words(words), Figures(figures), Printed("As air-envs ablate prints it", str(found))]
    )


def _runs_section(found: Comparison) -> Section:
    rows = []
    for record in found.records:
        row = [record["member"], str(record["seed"])]
        if "test" in record:
            test = record["test"]
            row += [percent(test["exact_accuracy"]), interval(*test["exact_accuracy_interval_95"])]
            row += [percent(test["cell_accuracy"], 2)]
        else:
            row += ["diverged", "", ""]
        steps = record["steps_to_half"]
        rows.append([*row, NOTHING if steps is None else f"{steps:.0f}", f"{record['seconds']:,.0f}"])
    head = ["member", "seed", "exact", "95 % interval", "cells", "steps to 50 %", "seconds"]
    return Section("Runs", [Table(head, rows, "Every finished run; intervals by Wilson over its test puzzles")])


def _settings_section(found: Comparison) -> Section:
    shown = settings(found.experiment.config)
    model = shown.pop("model")
    rows = [(name.replace("_", " "), said(value)) for name, value in (model | shown).items()]
    words = "All runs share these, but for what a member's name sets and the seed."
    return Section("Settings", [Words(words), Facts(rows)])


def _tiles(found: Comparison) -> list[tuple[str, str, str]]:
    experiment = found.experiment
    planned = experiment.seeds * len(experiment.members)
    tiles = [("runs", str(len(found.records)), f"of {planned} planned")]
    exact = found.values(exact_accuracy)
    means = {name: fmean(values.values()) for name, values in exact.items() if values}
    if means:
        best, worst = max(means, key=lambda name: means[name]), min(means, key=lambda name: means[name])
        tiles += [("highest mean", best, percent(means[best])), ("lowest mean", worst, percent(means[worst]))]
    contrast = found.asymmetry(exact_accuracy)
    if contrast is not None:
        seeds = contrast.difference.count
        note = f"points of exact accuracy, {seeds} {'seed' if seeds == 1 else 'seeds'}"
        tiles.append(("asymmetric minus symmetric", difference(contrast.difference, points=True), note))
    return tiles


def _numbers(found: Comparison) -> dict[str, Any]:
    """All that the page draws, by member and seed."""
    values = {
        name: {
            member: {str(seed): value for seed, value in seeds.items()} for member, seeds in found.values(read).items()
        }
        for name, read in ENDS.items()
    }
    curves = {f"{record['member']}-{record['seed']}": record["curve"] for record in found.records}
    return {"experiment": found.experiment.name, "at_end": values, "curves": curves}


def _spread(
    values: dict[str, dict[int, float]], names: Sequence[str]
) -> tuple[list[float | None], list[float | None], list[float | None]]:
    """Return the mean over seeds of each member and its interval, None where there is none."""
    means: list[float | None] = []
    low: list[float | None] = []
    high: list[float | None] = []
    for name in names:
        seeds = list(values.get(name, {}).values())
        found = paired(seeds) if seeds else None
        half = None if found is None else found.half
        means.append(None if found is None else found.mean)
        low.append(None if found is None or half is None else found.mean - half)
        high.append(None if found is None or half is None else found.mean + half)
    return means, low, high


def _curve(curve: list[dict[str, float]]) -> tuple[list[float], list[float | None]]:
    return [point["step"] for point in curve], [point["exact_accuracy"] for point in curve]


def _mean_line(runs: list[Record], colour: str) -> Line:
    at: dict[float, list[float]] = {}
    for run in runs:
        for point in run["curve"]:
            at.setdefault(point["step"], []).append(point["exact_accuracy"])
    whole = {step: values for step, values in sorted(at.items()) if len(values) == len(runs)}
    return Line("mean", list(whole), [fmean(values) for values in whole.values()], colour=colour)


def _rounded(value: float) -> str:
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3f}"
