"""The section of an evaluation: accuracy by ACT step and by rating, and what the halting head is worth."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.evaluation import Evaluation, report
from agents.evaluation.statistics import wilson_interval
from agents.report.blocks import Block, Figures, Printed, Section, Table
from agents.report.charts import Figure, Line, Row, line_chart, row_chart


def percent(share: float, digits: int = 1) -> str:
    """Write a share in per cent."""
    return f"{100 * share:.{digits}f} %"


def interval(low: float, high: float) -> str:
    """Write an interval of shares in per cent."""
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def accuracy_section(evaluation: Evaluation, described: str) -> tuple[Section, dict[str, Any]]:
    """Return the section and its numbers, those of ``air-envs eval``.

    Args:
        evaluation: of every puzzle, thought through to the end.
        described: the same as text.
    """
    numbers = report(evaluation)
    groups = numbers["by_rating"]
    figures = [
        _by_step(evaluation),
        _by_rating(groups, evaluation.rating_unit),
        _reliability(numbers),
        _halting(numbers),
    ]
    rows = [
        [
            _range(group["rating"]),
            str(group["puzzles"]),
            percent(group["exact_accuracy"]),
            interval(*group["exact_accuracy_interval_95"]),
            percent(group["solved_by_rules"]),
            percent(group["cell_accuracy"]),
        ]
        for group in groups
    ]
    head = [f"rating, {evaluation.rating_unit}", "puzzles", "exact", "95 % interval", "by the rules", "cells"]
    blocks: list[Block] = [
        Figures(figures),
        Table(head, rows, "By difficulty"),
        Printed("As air-envs eval prints it", described),
    ]
    return Section("Accuracy", blocks), numbers


def _by_step(evaluation: Evaluation) -> Figure:
    count, taken = evaluation.exact.shape
    bounds = [wilson_interval(int(right), count) for right in evaluation.exact.sum(0)]
    low, high = zip(*bounds, strict=True)
    steps = range(1, taken + 1)
    lines = [
        Line("exact, with 95 % interval", steps, evaluation.exact.mean(0).tolist(), low, high),
        Line("cells", steps, evaluation.cells.tolist(), colour="muted"),
    ]
    if not np.array_equal(evaluation.exact, evaluation.solved):
        lines.append(Line("solved by the rules", steps, evaluation.solved.mean(0).tolist(), colour="h", dashed=True))
    return line_chart("After each ACT step, %", "ACT step", lines, percent=True, limits=(-3, 103))


def _by_rating(groups: list[dict[str, Any]], unit: str) -> Figure:
    names = [f"{_range(group['rating'])} ({group['puzzles']})" for group in groups]
    low, high = zip(*(group["exact_accuracy_interval_95"] for group in groups), strict=True)
    exact = Row("exact", [group["exact_accuracy"] for group in groups], low, high)
    note = f"Rating in {unit}; in parentheses how many puzzles."
    return row_chart("By difficulty, exact %", names, [exact], percent=True, limits=(-2, 102), note=note)


def _reliability(numbers: dict[str, Any]) -> Figure:
    lines = [Line("as predicted", [0, 100], [0, 1], colour="muted", dashed=True)]
    for name, key, colour in (("all steps", "all_steps", "good"), ("last step", "last_step", "l")):
        found = numbers["calibration"][key]
        bins = found["bins"]
        label = f"{name}, calibration error {found['expected_calibration_error']:.3f}"
        lines.append(
            Line(label, [100 * each["predicted"] for each in bins], [each["true"] for each in bins], colour=colour)
        )
    return line_chart(
        "Halting head: answers that are right, %", "predicted probability, %", lines, percent=True, limits=(-3, 103)
    )


def _halting(numbers: dict[str, Any]) -> Figure:
    curve = numbers["halting_curve"]
    steps, exact = ([point[key] for point in curve] for key in ("mean_act_steps", "exact_accuracy"))
    line = Line("stopped above a threshold", steps, exact)
    note = "Each point is a threshold of the halting probability above which a puzzle stops."
    return line_chart("Early stopping: exact, %", "mean ACT steps", [line], percent=True, note=note)


def _range(rating: list[int]) -> str:
    low, high = rating
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
