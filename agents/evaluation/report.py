"""What was measured as one JSON object, and as a page of text. ``KEYS`` says what every number in it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from agents.evaluation.attempts import AttemptsEvaluation
from agents.evaluation.full import Evaluation, halting_steps
from agents.evaluation.halting import HaltingEvaluation
from agents.evaluation.statistics import quantile_bins, wilson_interval

RATING_BINS = 8
CURVE_THRESHOLDS = (0.01, 0.02, 0.05, *(i / 10 for i in range(1, 10)), 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)

_CALIBRATION = {
    "expected_calibration_error": "mean distance of predicted and true, weighted by count",
    "brier_score": "mean squared distance of each prediction from what came true",
    "auroc": "probability that a right answer is predicted above a wrong one; null where all or none are right",
    "bins[].interval": "predicted probabilities in the bin, [from, to); bins without any are left out",
    "bins[].count": "answers in the bin",
    "bins[].predicted": "mean predicted probability",
    "bins[].true": "fraction that is exact",
}

KEYS = {
    "run": "folder or hub name of the model",
    "dataset": "path of the dataset",
    "dataset_checksum": "its checksum",
    "puzzles": "how many were measured",
    "split": "of the dataset",
    "split_rule": "how no two puzzles of the dataset are equal: canonical (not even up to symmetry) or exact",
    "act_steps": "ACT steps per puzzle at most",
    "halt": "probability of a right answer above which a puzzle stopped and kept its answer; 1 where none did",
    "mean_act_steps": "taken per puzzle",
    "dtype": "precision of the hidden states",
    "exact_accuracy": "fraction of puzzles with every cell equal to the label after the last step: the papers' number",
    "exact_accuracy_interval_95": "its 95 % interval (Wilson)",
    "exact_accuracy_within": "fraction exact after some step",
    "exact_accuracy_by_step": "exact accuracy after each step, the first one first",
    "solved_by_rules": "fraction right by the rules after the last step; on a Maze by any shortest path",
    "solved_by_rules_interval_95": "its 95 % interval (Wilson)",
    "solved_by_rules_within": "fraction right by the rules after some step",
    "solved_by_rules_by_step": "fraction right by the rules after each step",
    "cell_accuracy": "fraction of cells equal to the label after the last step",
    "cell_accuracy_interval_95": "its 95 % interval, puzzles being the independent units (normal)",
    "cell_accuracy_by_step": "cell accuracy after each step",
    "halting_calibration_error": "calibration.last_step.expected_calibration_error",
    "puzzles_per_second": "throughput of the forward passes, compiling left out",
    **{
        f"calibration.last_step.{key}": f"halting head after the last step: {value}"
        for key, value in _CALIBRATION.items()
    },
    **{
        f"calibration.all_steps.{key}": f"halting head, all steps pooled: {value}"
        for key, value in _CALIBRATION.items()
    },
    "rating_unit": "what a rating counts",
    "by_rating[].rating": "least and greatest rating in the group; groups are quantiles, equal ratings in one",
    "by_rating[].puzzles": "puzzles in the group",
    "by_rating[].exact_accuracy": "after the last step",
    "by_rating[].exact_accuracy_interval_95": "its 95 % interval (Wilson)",
    "by_rating[].solved_by_rules": "after the last step",
    "by_rating[].cell_accuracy": "after the last step",
    "by_source": "source of puzzles -> how many, how many exact and right by the rules; empty where it is not kept",
    "halting_curve[].threshold": "probability above which a puzzle would halt; computed from the full evaluation",
    "halting_curve[].exact_accuracy": "of the answers at that moment",
    "halting_curve[].mean_act_steps": "taken until then",
    "early_stopping[].threshold": "probability above which a puzzle halts",
    "early_stopping[].exact_accuracy": "of the answers then",
    "early_stopping[].exact_accuracy_interval_95": "its 95 % interval (Wilson)",
    "early_stopping[].exact_accuracy_cost": "exact_accuracy of all steps minus this one",
    "early_stopping[].exact_accuracy_cost_interval_95": "its 95 % interval, puzzle by puzzle (normal)",
    "early_stopping[].solved_by_rules": "fraction right by the rules",
    "early_stopping[].mean_act_steps": "taken per puzzle",
    "early_stopping[].occupancy": "of the computed ACT steps, fraction that served a puzzle; --time-early alone",
    "early_stopping[].puzzles_per_second": "throughput, refilling included, compiling left out; --time-early alone",
    "early_stopping[].speedup": "time of the evaluation divided by this time; --time-early alone",
    "attempts[].search": "how a puzzle is retried: noise, symmetry, guesses or first-to-halt",
    "attempts[].threshold": "probability above which a puzzle halts and is not retried",
    "attempts[].attempts": "at a puzzle, at most",
    "attempts[].exact_accuracy": "of the answers kept by then",
    "attempts[].exact_accuracy_interval_95": "its 95 % interval (Wilson)",
    "attempts[].solved_by_rules": "fraction right by the rules; on a Maze go by it, as copies have other labels",
    "attempts[].solved_by_rules_interval_95": "its 95 % interval (Wilson)",
    "attempts[].mean_act_steps": "taken per puzzle, all attempts together",
    "environment_solved_last_proposal": "fraction of episodes solved by one proposal after the last step",
    "environment_solved_some_proposal": "fraction of episodes solved when every step's answer is proposed",
    "environment_proposals": "proposals made per such episode",
}
"""Every key of the JSON file: "." goes into an object, "[]" into each element of a list."""


def report(
    evaluation: Evaluation, early: Sequence[HaltingEvaluation] = (), attempts: AttemptsEvaluation | None = None
) -> dict[str, Any]:
    """Return everything that was measured, ready for JSON; ``KEYS`` explains it.

    Args:
        evaluation: of every puzzle, thought through to the end.
        early: the same puzzles, stopped early at several thresholds.
        attempts: the same puzzles, retried while in doubt.
    """
    again = {"attempts": attempts.summary()} if attempts else {}
    return {
        **evaluation.summary(),
        "calibration": {
            "last_step": evaluation.calibration().summary(),
            "all_steps": evaluation.calibration(None).summary(),
        },
        "rating_unit": evaluation.rating_unit,
        "by_rating": list(by_rating(evaluation)),
        "halting_curve": list(halting_curve(evaluation)),
        "early_stopping": [stopped.summary(evaluation) for stopped in early],
        **again,
    }


def by_rating(evaluation: Evaluation, bins: int = RATING_BINS) -> Iterator[dict[str, Any]]:
    """Yield the accuracy of each quantile of difficulty, the easiest first."""
    exact, solved, right = evaluation.exact[:, -1], evaluation.solved[:, -1], evaluation.right[:, -1]
    for group in quantile_bins(evaluation.rating, bins):
        rating = evaluation.rating[group]
        yield {
            "rating": [int(rating.min()), int(rating.max())],
            "puzzles": len(group),
            "exact_accuracy": float(exact[group].mean()),
            "exact_accuracy_interval_95": list(wilson_interval(int(exact[group].sum()), len(group))),
            "solved_by_rules": float(solved[group].mean()),
            "cell_accuracy": float(right[group].mean()) / evaluation.answers[0].size,
        }


def halting_curve(evaluation: Evaluation, thresholds: Sequence[float] = CURVE_THRESHOLDS) -> Iterator[dict[str, float]]:
    """Yield what stopping at each threshold, up to the evaluation's own, would cost and save; nothing runs again."""
    exact = evaluation.exact
    for threshold in (threshold for threshold in thresholds if threshold <= evaluation.halt):
        steps = halting_steps(evaluation.q_halt, threshold)
        stopped = exact[np.arange(len(exact)), steps - 1]
        yield {
            "threshold": threshold,
            "exact_accuracy": float(stopped.mean()),
            "mean_act_steps": float(steps.mean()),
        }


def describe(
    evaluation: Evaluation, early: Sequence[HaltingEvaluation] = (), attempts: AttemptsEvaluation | None = None
) -> str:
    """Return a page of text about what was measured."""
    last = evaluation.calibration()
    separation = "" if last.auroc is None else f", area under the ROC curve {last.auroc:.3f}"
    lines = [
        str(evaluation),
        f"exact after ACT step {_by_step(evaluation)}",
        f"halting head after the last step: calibration error {last.error:.3f}{separation}",
        f"by rating ({evaluation.rating_unit}):",
        *(_rating_line(group) for group in by_rating(evaluation)),
    ]
    if early:
        lines.append("stopped early by the halting head:")
        lines += [_early_line(stopped.summary(evaluation)) for stopped in early]
    if attempts:
        lines.append(f"search by {attempts.search}, threshold {attempts.threshold:.0%}:")
        lines += [_attempts_line(attempt) for attempt in attempts.summary()]
    return "\n".join(lines)


def _by_step(evaluation: Evaluation) -> str:
    """Accuracy after steps 1, 2, 4, 8 ... and the last one."""
    accuracy = evaluation.exact.mean(0)
    steps = [step for step in range(1, len(accuracy) + 1) if step & (step - 1) == 0 or step == len(accuracy)]
    return ", ".join(f"{step}: {accuracy[step - 1]:.1%}" for step in steps)


def _rating_line(group: dict[str, Any]) -> str:
    low, high = group["exact_accuracy_interval_95"]
    least, most = group["rating"]
    return (
        f"  {f'{least} to {most}' if least < most else most!s:>14}: {group['exact_accuracy']:6.1%} exact "
        f"({low:.1%} to {high:.1%}) of {group['puzzles']:,}"
    )


def _early_line(stopped: dict[str, Any]) -> str:
    low, high = stopped["exact_accuracy_cost_interval_95"]
    line = (
        f"  above {stopped['threshold']:5.1%}: {stopped['exact_accuracy']:6.1%} exact, costs "
        f"{stopped['exact_accuracy_cost']:.2%} ({low:.2%} to {high:.2%}); {stopped['mean_act_steps']:.1f} ACT steps"
    )
    if "speedup" not in stopped:
        return line
    return f"{line}, {stopped['puzzles_per_second']:.1f} puzzles/s, {stopped['speedup']:.1f} times as fast"


def _attempts_line(attempt: dict[str, Any]) -> str:
    low, high = attempt["exact_accuracy_interval_95"]
    return (
        f"  {attempt['attempts']:3} attempts: {attempt['exact_accuracy']:6.1%} exact ({low:.1%} to {high:.1%}), "
        f"solved by the rules {attempt['solved_by_rules']:.1%}; {attempt['mean_act_steps']:.1f} ACT steps"
    )
