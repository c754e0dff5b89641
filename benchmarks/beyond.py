"""What the trained runs of Lx_H on 6x6 Sudokus show beyond the paper, over seeds: a page and a figure.

The records in results/beyond are the numbers of ``air-envs analyze``, a folder for each seed. ``benchmarks.ablations``
writes the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.analysis.beyond.curves import Curve, Panel, around
from agents.analysis.beyond.figures import draw_curves
from agents.analysis.sweep.statistics import paired
from agents.analysis.tables import NOTHING
from agents.analysis.tracing import STATES
from benchmarks.injections import mean_with_half
from benchmarks.markdown import table

NAME = "beyond-6x6"
ANALYSES = ("probes", "patching", "dynamics", "similarity", "programs")
MARKS = (12, 24, 48, 96)
"""Numbers of updates that every program comes to."""

HEAD = """\
# Beyond the paper: Lx_H on 6x6 Sudokus

The runs are those of Lx_H in [injection-6x6](injection-6x6.md), one for each seed, with the weights after the last
step: rotary positions, attention, program L L H L L H, gradient through its last L H. 400 test puzzles, 16 ACT steps of
6 updates, float32; dynamics in float64. ± is half of the 95 % interval of the mean over seeds, by Student's t.
[Analyses](../analyses.md) defines the measures, and [the paper re-tested](../paper.md) says what they mean.

    air-envs ablate injection-6x6 --only Lx_H
    air-envs analyze RUN data/sudoku-6x6.h5 --puzzles 400 --what probes patching dynamics similarity programs
"""

Seeds = Mapping[int, Mapping[str, Any]]
"""By seed, the numbers of each analysis by its name."""


class Entry(NamedTuple):
    """A number of one run in a table."""

    label: str
    value: float | None
    digits: int = 1


class Course(NamedTuple):
    """How a number of one run develops."""

    label: str
    x: Sequence[int]
    y: Sequence[float]


Courses = Callable[[Mapping[str, Any]], Iterator[Course]]


def read(records: Path) -> dict[int, dict[str, Any]]:
    """Return the numbers of every analysis, by seed."""
    folders = {int(folder.name.removeprefix("seed-")): folder for folder in records.glob("seed-*")}
    return {
        seed: {name: json.loads((folders[seed] / f"{name}.json").read_text(encoding="utf-8")) for name in ANALYSES}
        for seed in sorted(folders)
    }


def page(seeds: Seeds) -> str:
    """Return the page: a table for each analysis, a row for each number, a column for each seed."""
    parts = [f"{HEAD}\n![The same by ACT step or update, mean over seeds]({NAME}.png)"]
    for title, rows in TABLES.items():
        of_seeds = zip(*map(rows, seeds.values()), strict=True)
        head = [title, "mean", *(f"seed {seed}" for seed in seeds)]
        parts.append(table(head, map(_row, of_seeds), numbers=True))
    return "\n\n".join(parts) + "\n"


def draw(seeds: Seeds, path: Path) -> Path:
    """Draw every analysis by ACT step or update, the mean over seeds with its interval, as PNG."""
    return draw_curves(_OverSeeds(seeds), path, f"Lx_H on 6x6 Sudokus, {len(seeds)} seeds", columns=2)


def _row(of_seeds: Sequence[Entry]) -> list[str]:
    label, _, digits = of_seeds[0]
    known = {seed: entry.value for seed, entry in enumerate(of_seeds) if entry.value is not None}
    cells = (NOTHING if entry.value is None else f"{entry.value:.{digits}f}" for entry in of_seeds)
    return [label, mean_with_half(known, digits) if known else NOTHING, *cells]


def _probes(numbers: Mapping[str, Any]) -> Iterator[Entry]:
    places = numbers["probes"]["places"]
    for place in (places[0], places[len(places) // 5 - 1], places[-1]):
        where = f"ACT step {place['act_step']}, update {place['position'] + 1} ({place['letter']})"
        for state in STATES[::-1]:
            for name, what in (("probe", "read by a probe"), ("decoded", "decoded"), ("options", "values ruled out")):
                yield Entry(f"{where}: {state}, {what}, %", 100 * place[state][name]["mean"])


def _patching(numbers: Mapping[str, Any]) -> Iterator[Entry]:
    last = numbers["patching"]["act_steps_after"][-1]
    for patch, found in numbers["patching"]["patches"].items():
        for after in (1, last):
            for name, what in (("exact", "exact"), ("other", "cells like the other label")):
                yield Entry(f"{patch}, {after} later: {what}, %", 100 * found[name][after]["mean"])


def _dynamics(numbers: Mapping[str, Any]) -> Iterator[Entry]:
    for outcome, found in numbers["dynamics"]["outcomes"].items():
        yield Entry(f"{outcome}: puzzles", found["exponent"]["puzzles"], 0)
        yield Entry(f"{outcome}: Lyapunov exponent per ACT step", found["exponent"]["mean"], 3)
        rest = found["at_rest"]["mean"]
        yield Entry(f"{outcome}: at rest at the end, %", None if rest is None else 100 * rest)


def _similarity(numbers: Mapping[str, Any]) -> Iterator[Entry]:
    for pair, found in numbers["similarity"]["pairs"].items():
        for step, value in zip(numbers["similarity"]["act_steps"], found["cka"], strict=True):
            yield Entry(f"CKA of {pair}, ACT step {step}", value, 3)


def _programs(numbers: Mapping[str, Any]) -> Iterator[Entry]:
    for program, found in numbers["programs"]["programs"].items():
        of = dict(zip(found["updates"], found["z_H_exact_accuracy"], strict=True))
        for mark in MARKS:
            yield Entry(f"{program}, {mark} updates: exact, %", 100 * of[mark])


TABLES: dict[str, Callable[[Mapping[str, Any]], Iterator[Entry]]] = {
    "probes": _probes,
    "patched after ACT step 8": _patching,
    "dynamics": _dynamics,
    "similarity": _similarity,
    "programs": _programs,
}


class _OverSeeds:
    """What has a course over time, as panels: means over seeds."""

    def __init__(self, seeds: Seeds):
        self.seeds = seeds

    def panels(self) -> list[Panel]:
        """Return a panel for each of ``COURSES``."""
        return [Panel(title, x, self._curves(courses)) for (title, x), courses in COURSES.items()]

    def _curves(self, courses: Courses) -> list[Curve]:
        of_seeds = [list(courses(numbers)) for numbers in self.seeds.values()]
        return [_mean_curve(same) for same in zip(*of_seeds, strict=True)]


def _mean_curve(of_seeds: Sequence[Course]) -> Curve:
    means = [paired(values) for values in zip(*(course.y for course in of_seeds), strict=True)]
    mean = np.array([each.mean for each in means])
    half = np.array([np.nan if each.half is None else each.half for each in means])
    return Curve(of_seeds[0].label, np.array(of_seeds[0].x), mean, around(mean, half))


def _right_by_update(numbers: Mapping[str, Any]) -> Iterator[Course]:
    places = numbers["probes"]["places"]
    for read in ("probe", "decoded"):
        for state in STATES[::-1]:
            yield Course(f"{state}, {read}", range(1, len(places) + 1), _percent(at[state][read] for at in places))


def _other_by_step(numbers: Mapping[str, Any]) -> Iterator[Course]:
    for patch, found in numbers["patching"]["patches"].items():
        yield Course(patch, numbers["patching"]["act_steps_after"], _percent(found["other"]))


def _growth_by_step(numbers: Mapping[str, Any]) -> Iterator[Course]:
    for outcome, found in numbers["dynamics"]["outcomes"].items():
        growth = [step["mean"] for step in found["growth"]]
        yield Course(outcome, range(1, len(growth) + 1), growth)


def _exact_by_updates(numbers: Mapping[str, Any]) -> Iterator[Course]:
    for program, found in numbers["programs"]["programs"].items():
        yield Course(program, found["updates"], [100 * share for share in found["z_H_exact_accuracy"]])


def _percent(shares: Iterable[Mapping[str, float]]) -> list[float]:
    return [100 * share["mean"] for share in shares]


COURSES: dict[tuple[str, str], Courses] = {
    ("Query cells that are right, %", "update that is probed"): _right_by_update,
    ("Cells like the other puzzle's label, %", "ACT steps after the patch"): _other_by_step,
    ("Logarithm of a disturbance's growth", "ACT step"): _growth_by_step,
    ("Exact accuracy of z_H by program, %", "updates"): _exact_by_updates,
}
"""By the title of a panel and the label of its x axis."""
