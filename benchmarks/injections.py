"""The paper's eight injections at several sizes, one table for each measure: a part of docs/paper.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from agents.analysis.paper.published import TASKS, accuracy_text
from agents.analysis.sweep.comparison import CONTRASTS, ENDS, Comparison, published_asymmetry
from agents.analysis.sweep.statistics import Paired, paired
from agents.analysis.tables import NOTHING
from agents.config.variants import INJECTIONS
from benchmarks.markdown import table


def injection_tables(found: Sequence[Comparison]) -> str:
    """Return accuracy, roles, freezing and locality by injection, a column for each experiment that compares them."""
    experiments = [each for each in found if each.compares_injections]
    return "\n\n".join(
        [
            "**Exact accuracy** of z_H in %, all test puzzles:",
            _accuracies(experiments),
            "**Roles**: entropy of z_L less that of z_H after the last update, as a share of the highest:",
            _means(experiments, "entropy, z_L - z_H", 3),
            "**Changes of z_L while z_H is frozen**, as a multiple of those in a normal run: the median over seeds,"
            " and how many are above 1:",
            _multiples(experiments, "z_H frozen: changes of z_L, ratio"),
            "**Changes of z_H while z_L is frozen**, the same:",
            _multiples(experiments, "z_L frozen: changes of z_H, ratio"),
            "**Locality**: attention mass on the query's units, or on its four neighbours in mazes, L-updates less"
            " H-updates:",
            _means(experiments, "locality of L - H", 4),
        ]
    )


def mean_with_half(of_seeds: Mapping[int, float], digits: int = 3, sign: str = "") -> str:
    """Write the mean over seeds and half of its 95 % interval."""
    mean = paired(list(of_seeds.values()))
    half = "" if mean.half is None else f" ± {mean.half:.{digits}f}"
    return f"{mean.mean:{sign}.{digits}f}{half}"


def _head(experiments: Sequence[Comparison]) -> list[str]:
    return ["", *(f"`{each.experiment.config.model.family}`, {_seeds(each)}" for each in experiments)]


def _seeds(found: Comparison) -> str:
    counts = {len(found.runs(member)) for member in found.experiment.members}
    return f"n = {counts.pop()}" if len(counts) == 1 else f"n = {min(counts)} or {max(counts)}"


def _accuracies(experiments: Sequence[Comparison]) -> str:
    rows = [
        [*row, *(accuracy_text(family, row[0]) for family in TASKS)]
        for row in _by_injection(experiments, "exact accuracy, all test puzzles", 1, 100, "")
    ]
    contrasts = list(_contrasts(experiments, "exact accuracy, all test puzzles", 1, 100))
    contrasts[0] += [f"{100 * published_asymmetry(family):+.1f}" for family in TASKS]
    contrasts[1] += [NOTHING for _ in TASKS]
    head = [*_head(experiments), *(f"paper, {task}" for task in TASKS.values())]
    return table(head, [*rows, *contrasts], numbers=True)


def _means(experiments: Sequence[Comparison], name: str, digits: int) -> str:
    rows = [*_by_injection(experiments, name, digits, 1, "+"), *_contrasts(experiments, name, digits)]
    return table(_head(experiments), rows, numbers=True)


def _multiples(experiments: Sequence[Comparison], name: str) -> str:
    values = [each.values(ENDS[name]) for each in experiments]
    rows = [[member, *(_multiple(of.get(member, {})) for of in values)] for member in INJECTIONS]
    return table(_head(experiments), rows, numbers=True)


def _multiple(of_seeds: Mapping[int, float]) -> str:
    ratios = list(of_seeds.values())
    return f"{median(ratios):.2f}, {sum(ratio > 1 for ratio in ratios)} of {len(ratios)}" if ratios else NOTHING


def _by_injection(
    experiments: Sequence[Comparison], name: str, digits: int, scale: float, sign: str
) -> Iterator[list[str]]:
    values = [each.values(ENDS[name]) for each in experiments]
    for member in INJECTIONS:
        scaled = [{seed: scale * value for seed, value in of.get(member, {}).items()} for of in values]
        yield [member, *(mean_with_half(each, digits, sign) if each else NOTHING for each in scaled)]


def _contrasts(experiments: Sequence[Comparison], name: str, digits: int, scale: float = 1) -> Iterator[list[str]]:
    for (ours, theirs), group in CONTRASTS.items():
        found = [each.contrast(ENDS[name], group) for each in experiments]
        cells = [_difference(each.difference, digits, scale) if each else NOTHING for each in found]
        yield [f"{ours} less {theirs}", *cells]


def _difference(found: Paired, digits: int, scale: float) -> str:
    mean = f"{scale * found.mean:+.{digits}f}"
    if found.half is None or found.p_t is None:
        return mean
    t = f"p = {found.p_t:.3f}" if found.p_t >= 0.0005 else "p < 0.001"
    exact = "" if found.p_permutation is None else f", exact {found.p_permutation:.3f}"
    return f"{mean} ± {scale * found.half:.{digits}f}, {t}{exact}"
