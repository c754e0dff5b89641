"""Test-time searches at equal compute, from the records: a table of each test set, and docs/search.png."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from agents.evaluation.statistics import wilson_interval
from agents.figures.charts import BLUE, GREEN, GREY, ORANGE, PINK, chart, save_chart

Record = dict[str, Any]

BUDGETS = (8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Mean ACT steps per puzzle, all attempts together, at which searches are compared."""
ONE = "one attempt"
COLOURS = {ONE: GREY, "noise": BLUE, "guesses": ORANGE, "symmetry": PINK, "first-to-halt": GREEN}


class Comparison(NamedTuple):
    """The searches of one model on one test set."""

    model: str
    test_set: str
    puzzles: int
    curves: dict[str, list[dict[str, Any]]]
    """Of each search and of one attempt: after each attempt, or ACT step, mean ACT steps and how many are right."""


def comparisons(records: list[Record]) -> Iterator[Comparison]:
    """Yield every model and test set of which the same puzzles were searched in several ways."""
    found: dict[tuple[str, str, int], dict[str, Record]] = {}
    for record in records:
        if record.get("curve"):
            key = record["model"], record["test_set"]["name"], record["puzzles"]
            of_key, search = found.setdefault(key, {}), record["search"] or ONE
            if search not in of_key or len(record["curve"]) > len(of_key[search]["curve"]):
                of_key[search] = record
    for (model, test_set, puzzles), by_search in found.items():
        if len(by_search) > 2:
            curves = {name: by_search[name]["curve"] for name in COLOURS if name in by_search}
            yield Comparison(model, test_set, puzzles, curves)


def search_tables(records: list[Record], table: Any) -> Iterator[str]:
    """Yield a sentence and a table per comparison: accuracy by the rules within each budget.

    Args:
        records: of all evaluations.
        table: makes Markdown of a head and rows.
    """
    for comparison in comparisons(records):
        budgets = [budget for budget in BUDGETS if any(within(c, budget) for c in comparison.curves.values())]
        rows = []
        for name, curve in comparison.curves.items():
            last = curve[-1]
            cells = [_percent(within(curve, budget), comparison.puzzles) for budget in budgets]
            low, high = wilson_interval(last["rules"], comparison.puzzles)
            end = f"{last['rules'] / comparison.puzzles:.1%} ({low:.1%} to {high:.1%}), {last['mean_act_steps']:.1f}"
            rows.append([name, *cells, end.replace("%", " %")])
        head = ["search", *(f"{budget}" for budget in budgets), "at the end, its ACT steps"]
        yield f"`{comparison.model}` on {comparison.puzzles} puzzles of `{comparison.test_set}`:"
        yield table(head, rows)


def within(curve: list[dict[str, Any]], budget: float) -> dict[str, Any] | None:
    """Return the last point of a curve within ``budget`` ACT steps per puzzle; None where none is."""
    fitting = [point for point in curve if point["mean_act_steps"] <= budget]
    return fitting[-1] if fitting else None


def draw_search(records: list[Record], path: Path) -> Path:
    """Draw accuracy by the rules against mean ACT steps, a panel per comparison; return the path of the PNG."""
    shown = list(comparisons(records))
    most = max(shown, key=lambda comparison: len(comparison.curves))  # the panel that can name every line
    figure = chart(4.2 * len(shown), 3.6)
    for index, comparison in enumerate(shown):
        axes = figure.add_subplot(1, len(shown), index + 1)
        for name, curve in comparison.curves.items():
            steps = [point["mean_act_steps"] for point in curve]
            right = [100 * point["rules"] / comparison.puzzles for point in curve]
            axes.plot(steps, right, color=COLOURS[name], marker="o", markersize=3, linewidth=1.4, label=name)
        axes.set_xscale("log", base=2)
        axes.set_xlim(left=4)
        axes.xaxis.set_major_formatter("{x:g}")
        ends = [curve[-1]["rules"] for curve in comparison.curves.values()]
        axes.set_ylim(100 * min(ends) / comparison.puzzles - 15, 101)
        axes.set_title(f"{comparison.test_set}\n{comparison.model}, {comparison.puzzles} puzzles", fontsize=9)
        axes.set_xlabel("mean ACT steps per puzzle")
        if index == 0:
            axes.set_ylabel("solved, %")
        if comparison is most:
            axes.legend(frameon=False, fontsize=8, loc="lower right")
    return save_chart(figure, path)


def _percent(point: dict[str, Any] | None, puzzles: int) -> str:
    return "" if point is None else f"{100 * point['rules'] / puzzles:.1f} %"
