"""One picture of an evaluation; the numbers in it are those of ``agents.evaluation.report``."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from agents.evaluation.full import Evaluation
from agents.evaluation.halting import HaltingEvaluation
from agents.evaluation.report import by_rating, halting_curve
from agents.evaluation.statistics import wilson_interval
from agents.figures.charts import BLUE, GREEN, GREY, ORANGE, PINK, SKY, YELLOW, chart, percent_limits, save_chart


def draw_evaluation(
    evaluation: Evaluation, path: Path, early: Sequence[HaltingEvaluation] = (), title: str = ""
) -> Path:
    """Draw accuracy after each ACT step and by rating, the halting head's calibration and what early stopping costs.

    Args:
        evaluation: of every puzzle, thought through to the end.
        path: PNG to write.
        early: the same puzzles, stopped early at several thresholds.
        title: above everything.
    """
    figure = chart(10, 7.4)
    figure.suptitle(title)
    (steps, rating), (reliability, halting) = figure.subplots(2, 2)
    _draw_steps(steps, evaluation)
    _draw_rating(rating, evaluation)
    _draw_reliability(reliability, evaluation)
    _draw_halting(halting, evaluation, early)
    return save_chart(figure, path)


def _draw_steps(axes: Axes, evaluation: Evaluation) -> None:
    count, taken = evaluation.exact.shape
    step = np.arange(1, taken + 1)
    exact, solved = 100 * evaluation.exact.mean(0), 100 * evaluation.solved.mean(0)
    bounds = [wilson_interval(int(right), count) for right in evaluation.exact.sum(0)]
    low, high = 100 * np.array(bounds).T
    axes.fill_between(step, low, high, color=BLUE, alpha=0.15, linewidth=0)
    axes.plot(step, 100 * evaluation.cells, "-", color=GREY, label="cells")
    if not np.array_equal(exact, solved):
        axes.plot(step, solved, "-", color=ORANGE, label="solved by the rules")
    axes.plot(step, exact, "o-", color=BLUE, markersize=3.5, label="exact, with 95 % interval")
    axes.set(title="Test-time compute", xlabel="ACT steps", ylabel="%", xlim=(0, 1.04 * taken), ylim=(-3, 103))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=8)


def _draw_rating(axes: Axes, evaluation: Evaluation) -> None:
    groups = list(by_rating(evaluation))
    place = np.arange(len(groups))
    accuracy = np.array([100 * group["exact_accuracy"] for group in groups])
    bounds = 100 * np.array([group["exact_accuracy_interval_95"] for group in groups])
    error = accuracy - bounds[:, 0], bounds[:, 1] - accuracy
    axes.bar(place, accuracy, 0.7, color=SKY, yerr=error, ecolor=GREY, capsize=3)
    axes.set_xlim(-0.7, len(groups) - 0.3)
    axes.set_xticks(place, [f"{_range(group['rating'])}\n{group['puzzles']:,}" for group in groups], fontsize=8)
    rating = f"rating ({evaluation.rating_unit}), and how many puzzles"
    axes.set(title="By difficulty", xlabel=rating, ylabel="exact, %", ylim=(0, 103))


def _range(rating: list[int]) -> str:
    low, high = rating
    return str(low) if low == high else f"{low}-{high}"


def _draw_reliability(axes: Axes, evaluation: Evaluation) -> None:
    axes.plot([0, 100], [0, 100], "--", color=GREY, linewidth=1)
    for step, color, marker, label in ((None, SKY, "s", "all steps"), (-1, BLUE, "o", "last step")):
        found = evaluation.calibration(step)
        share = found.count / found.count.sum()
        axes.plot(100 * found.predicted, 100 * found.true, "-", color=color, linewidth=1, alpha=0.6)
        axes.scatter(
            100 * found.predicted,
            100 * found.true,
            15 + 185 * np.sqrt(share),
            color=color,
            marker=marker,
            alpha=0.85,
            linewidth=0,
            label=f"{label}, calibration error {found.error:.3f}",
        )
    axes.set(
        title="Halting head",
        xlabel="predicted probability of a right answer, %",
        ylabel="answers that are exact, %",
        xlim=(-6, 106),
        ylim=(-6, 106),
    )
    legend = axes.legend(frameon=False, fontsize=8)
    for handle in legend.legend_handles:
        handle.set_sizes([30])  # type: ignore[union-attr]


def _draw_halting(axes: Axes, evaluation: Evaluation, early: Sequence[HaltingEvaluation]) -> None:
    curve = list(halting_curve(evaluation))
    axes.plot(
        [point["mean_act_steps"] for point in curve],
        [100 * point["exact_accuracy"] for point in curve],
        ".-",
        color=SKY,
        label="any threshold, by computation",
    )
    for found, color in zip(early, itertools.cycle((ORANGE, YELLOW, PINK, GREEN))):
        point = found.summary(evaluation)
        axes.plot(
            point["mean_act_steps"],
            100 * point["exact_accuracy"],
            "o",
            color=color,
            label=f"above {point['threshold']:g}: {point['mean_act_steps']:.1f} ACT steps",
        )
    axes.plot(
        evaluation.steps.mean(),
        100 * evaluation.accuracy,
        "D",
        color=BLUE,
        markersize=9,
        zorder=1,
        label="all steps" if evaluation.halt == 1 else f"above {evaluation.halt:g}",
        clip_on=False,
    )
    axes.set(title="Early stopping", xlabel="mean ACT steps", ylabel="exact, %")
    axes.set_xlim(0, 1.04 * evaluation.exact.shape[1])
    axes.margins(y=0.1)
    axes.set_ylim(percent_limits(*axes.get_ylim()))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize=8)
