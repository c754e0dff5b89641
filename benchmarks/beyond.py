"""What the trained runs of Lx_H on 6x6 Sudokus show beyond the paper, over seeds: a page and a figure.

The records in results/beyond are the numbers of ``air-envs analyze``, a folder for each seed. ``benchmarks.ablations``
writes the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.analysis.beyond.curves import Curve, Panel, around
from agents.analysis.beyond.figures import draw_curves
from agents.analysis.sweep.statistics import paired
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
        found = {seed: dict(rows(numbers)) for seed, numbers in seeds.items()}
        head = [title, "mean", *(f"seed {seed}" for seed in seeds)]
        parts.append(table(head, [_row(label, found) for label in next(iter(found.values()))], numbers=True))
    return "\n\n".join(parts) + "\n"


def draw(seeds: Seeds, path: Path) -> Path:
    """Draw every analysis by ACT step or update, the mean over seeds with its interval, as PNG."""
    return draw_curves(_OverSeeds(seeds), path, f"Lx_H on 6x6 Sudokus, {len(seeds)} seeds", columns=2)


def _row(label: str, found: Mapping[int, Mapping[str, float | None]]) -> list[str]:
    digits = 0 if "puzzles" in label else 3 if "exponent" in label or "CKA" in label else 1
    values = {seed: numbers[label] for seed, numbers in found.items()}
    known = {seed: value for seed, value in values.items() if value is not None}
    cells = ("-" if value is None else f"{value:.{digits}f}" for value in values.values())
    return [label, mean_with_half(known, digits) if known else "-", *cells]


def _probes(numbers: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    places = numbers["probes"]["places"]
    for place in (places[0], places[len(places) // 5 - 1], places[-1]):
        where = f"ACT step {place['act_step']}, update {place['position'] + 1} ({place['letter']})"
        for state in STATES[::-1]:
            for name, what in (("probe", "read by a probe"), ("decoded", "decoded"), ("options", "values ruled out")):
                yield f"{where}: {state}, {what}, %", 100 * place[state][name]["mean"]


def _patching(numbers: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    last = numbers["patching"]["act_steps_after"][-1]
    for patch, found in numbers["patching"]["patches"].items():
        for after in (1, last):
            for name, what in (("exact", "exact"), ("other", "cells like the other label")):
                yield f"{patch}, {after} later: {what}, %", 100 * found[name][after]["mean"]


def _dynamics(numbers: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    for outcome, found in numbers["dynamics"]["outcomes"].items():
        yield f"{outcome}: puzzles", found["exponent"]["puzzles"]
        yield f"{outcome}: Lyapunov exponent per ACT step", found["exponent"]["mean"]
        rest = found["at_rest"]["mean"]
        yield f"{outcome}: at rest at the end, %", None if rest is None else 100 * rest


def _similarity(numbers: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    for pair, found in numbers["similarity"]["pairs"].items():
        for step, value in zip(numbers["similarity"]["act_steps"], found["cka"], strict=True):
            yield f"CKA of {pair}, ACT step {step}", value


def _programs(numbers: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    for program, found in numbers["programs"]["programs"].items():
        of = dict(zip(found["updates"], found["z_H_exact_accuracy"], strict=True))
        for mark in MARKS:
            yield f"{program}, {mark} updates: exact, %", 100 * of[mark]


TABLES: dict[str, Callable[[Mapping[str, Any]], Iterator[tuple[str, float | None]]]] = {
    "probes": _probes,
    "patched after ACT step 8": _patching,
    "dynamics": _dynamics,
    "similarity": _similarity,
    "programs": _programs,
}


class _OverSeeds:
    """Every analysis as a panel: means over seeds."""

    def __init__(self, seeds: Seeds):
        self.seeds = seeds

    def panels(self) -> list[Panel]:
        """Return one for each analysis that is a function of time."""
        first = next(iter(self.seeds.values()))
        probed = range(1, len(first["probes"]["places"]) + 1)
        after = first["patching"]["act_steps_after"]
        steps = range(1, len(first["dynamics"]["outcomes"]["solved"]["growth"]) + 1)
        programs = first["programs"]["programs"]
        return [
            Panel(
                "Query cells that are right, %",
                "update that is probed",
                [
                    self._curve(f"{state}, {read}", probed, lambda of, at=(state, read): _share_right(of, *at))
                    for read in ("probe", "decoded")
                    for state in STATES[::-1]
                ],
            ),
            Panel(
                "Cells like the other puzzle's label, %",
                "ACT steps after the patch",
                [
                    self._curve(patch, after, lambda of, at=patch: _share_like_the_other(of, at))
                    for patch in first["patching"]["patches"]
                ],
            ),
            Panel(
                "Logarithm of a disturbance's growth",
                "ACT step",
                [
                    self._curve(outcome, steps, lambda of, at=outcome: _growth(of, at))
                    for outcome in first["dynamics"]["outcomes"]
                ],
            ),
            Panel(
                "Exact accuracy of z_H by program, %",
                "updates",
                [
                    self._curve(program, found["updates"], lambda of, at=program: _exact(of, at))
                    for program, found in programs.items()
                ],
            ),
        ]

    def _curve(self, label: str, x: Iterable[int], read: Callable[[Mapping[str, Any]], Sequence[float]]) -> Curve:
        means = [paired(at) for at in zip(*map(read, self.seeds.values()), strict=True)]
        mean = np.array([each.mean for each in means])
        half = np.array([np.nan if each.half is None else each.half for each in means])
        return Curve(label, np.array(list(x)), mean, around(mean, half))


def _share_right(numbers: Mapping[str, Any], state: str, read: str) -> list[float]:
    return [100 * place[state][read]["mean"] for place in numbers["probes"]["places"]]


def _share_like_the_other(numbers: Mapping[str, Any], patch: str) -> list[float]:
    return [100 * after["mean"] for after in numbers["patching"]["patches"][patch]["other"]]


def _growth(numbers: Mapping[str, Any], outcome: str) -> list[float]:
    return [step["mean"] for step in numbers["dynamics"]["outcomes"][outcome]["growth"]]


def _exact(numbers: Mapping[str, Any], program: str) -> list[float]:
    return [100 * share for share in numbers["programs"]["programs"][program]["z_H_exact_accuracy"]]
