"""The records of an experiment as tables: accuracy by member, paired differences, and the split between the states."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any, NamedTuple

from agents.analysis.paper.published import ACCURACY, TASKS, accuracy_text
from agents.analysis.sweep.experiments import Experiment
from agents.analysis.sweep.records import Record, read_records
from agents.analysis.sweep.split import MEASURES, accuracy, changes_ratio, entropy_gap, focus, locality, reached
from agents.analysis.sweep.statistics import Paired, paired
from agents.analysis.tables import NOTHING, spread, text_table
from agents.config.variants import INJECTIONS

SYMMETRIC = tuple(name for name, (n_l, n_h) in INJECTIONS.items() if n_l == n_h)
"""Injections that give both updates the puzzle alike."""
ASYMMETRIC = tuple(name for name in INJECTIONS if name not in SYMMETRIC)
ONE_SIDED = tuple(name for name, pair in INJECTIONS.items() if 0 in pair)
"""Injections that give the puzzle to one kind of update alone. All of them are asymmetric."""
CONTRASTS = {("asymmetric", "symmetric"): ASYMMETRIC, ("one-sided", "two-sided"): ONE_SIDED}
"""Groups of injections that are compared: the names of a group and of the others, and the group."""
DEFAULT = "Lx_H"
"""The paper's default, which the others are compared with where it is a member."""
_SPLIT = {"entropy, z_L - z_H": entropy_gap, "locality of L - H": locality, "attention entropy, H - L": focus}


class Contrast(NamedTuple):
    """A number of two groups of injections."""

    ours: float
    """Mean over the group."""
    theirs: float
    """Mean over the others."""
    difference: Paired
    """Ours minus theirs, paired by seed."""


@dataclass(frozen=True)
class Comparison:
    """Every finished run of an experiment."""

    experiment: Experiment
    records: tuple[Record, ...]

    @property
    def members(self) -> list[str]:
        """The members that have a record, in the experiment's order."""
        there = {record["member"] for record in self.records}
        return [member for member in self.experiment.members if member in there]

    @property
    def compares_injections(self) -> bool:
        """Whether its members differ in the injection alone."""
        members = self.experiment.members
        return len(members) > 1 and all(member in INJECTIONS for member in members)

    def runs(self, member: str) -> list[Record]:
        """Return the records of a member, in the order of seeds."""
        return [record for record in self.records if record["member"] == member]

    @property
    def reference(self) -> str:
        """The member that the others are compared with."""
        members = self.experiment.members
        return DEFAULT if DEFAULT in members else members[0]

    def values(self, read: Callable[[Record], float | None]) -> dict[str, dict[int, float]]:
        """Return a number of every run that has it, by member and seed."""
        found: dict[str, dict[int, float]] = {}
        for record in self.records:
            value = read(record)
            if value is not None:
                found.setdefault(record["member"], {})[record["seed"]] = value
        return found

    def difference(self, read: Callable[[Record], float | None], member: str, other: str) -> Paired | None:
        """Compare a number of two members by seed, ``member`` minus ``other``; None without a common seed."""
        values = self.values(read)
        ours, theirs = values.get(member, {}), values.get(other, {})
        seeds = sorted(ours.keys() & theirs.keys())
        return paired([ours[seed] - theirs[seed] for seed in seeds]) if seeds else None

    def steps_to_half(self, member: str) -> str:
        """Write after how many steps a member comes to 50 %, the mean of its runs: ``"100 (1 never)"``."""
        runs = self.runs(member)
        steps = [run["steps_to_half"] for run in runs if run["steps_to_half"] is not None]
        mean = f"{fmean(steps):.0f}" if steps else NOTHING
        return f"{mean} ({len(runs) - len(steps)} never)" if len(steps) < len(runs) else mean

    def asymmetry(self, read: Callable[[Record], float | None]) -> Contrast | None:
        """Compare asymmetric with symmetric injections, see ``contrast``."""
        return self.contrast(read, ASYMMETRIC)

    def contrast(self, read: Callable[[Record], float | None], group: Collection[str]) -> Contrast | None:
        """Compare the mean over some injections with that over the others, seed by seed.

        Only seeds count of which every member has the number.

        Returns:
            None where there is no such seed, one of the groups is empty, or the members are no injections.
        """
        members = self.experiment.members
        parts = [[name for name in members if (name in group) == inside] for inside in (True, False)]
        values = self.values(read)
        if not self.compares_injections or not all(parts):
            return None
        common = set.intersection(*(set(values.get(name, {})) for name in members))
        if not common:
            return None
        of_seeds = [[fmean(values[name][seed] for name in part) for part in parts] for seed in sorted(common)]
        ours, theirs = (fmean(column) for column in zip(*of_seeds, strict=True))
        return Contrast(ours, theirs, paired([one - other for one, other in of_seeds]))

    def __str__(self) -> str:
        if not self.records:
            return f"{self.experiment.name}: no records yet"
        name, config = self.experiment.name, self.experiment.config
        title = f"{name}: {config.model.family}, {config.steps} steps of batch {config.batch}, {config.dtype}"
        parts = [
            f"{title}{', ' + self.experiment.note if self.experiment.note else ''}",
            self._accuracies(),
            self._asymmetries(),
            self._splits(),
            self._along_the_way(),
        ]
        if weights := self.by_weights():
            title = "content changes of z_L with z_H frozen, as a multiple of those in a normal run"
            parts.append(f"{title}\n{text_table(weights)}")
        return "\n\n".join(part for part in parts if part)

    def _accuracies(self) -> str:
        reference = self.reference
        head = ["", "seeds", "exact, mean ± std", "by seed", "steps to 50 %", f"minus {reference}, paired by seed"]
        rows = [head + [f"paper, {task}" for task in TASKS.values()]]
        exact = self.values(exact_accuracy)
        for member in self.members:
            runs = self.runs(member)
            found = list(exact.get(member, {}).values())
            mean, std = fmean(found) if found else None, stdev(found) if len(found) > 1 else None
            each = " ".join("diverged" if "diverged" in run else f"{exact_accuracy(run):.1%}" for run in runs)
            difference = None if member == reference else self.difference(exact_accuracy, member, reference)
            row = [member, str(len(runs)), spread(mean, std), each, self.steps_to_half(member)]
            row += [NOTHING if difference is None else str(difference)]
            rows.append(row + [accuracy_text(family, member) for family in TASKS])
        return text_table(rows)

    def _asymmetries(self) -> str:
        found, one_sided = (self._contrasts(names, group) for names, group in CONTRASTS.items())
        if not found:
            return ""
        theirs = [published_asymmetry(family) for family in TASKS]
        paper = ", ".join(f"{value:+.3f} on {task}" for value, task in zip(theirs, TASKS.values(), strict=True))
        return f"{found}\nThe paper's difference in exact accuracy: {paper}.\n\n{one_sided}"

    def _contrasts(self, names: tuple[str, str], group: Collection[str]) -> str:
        rows = [["last checkpoint", *names, "difference, paired by seed"]]
        for name, read in ENDS.items():
            found = self.contrast(read, group)
            if found is not None:
                rows.append([name, f"{found.ours:.3f}", f"{found.theirs:.3f}", str(found.difference)])
        return text_table(rows) if len(rows) > 1 else ""

    def _splits(self) -> str:
        members = self.members
        rows = [["last checkpoint, mean over seeds", *members]]
        for name, read in MEASURES.items():
            values = self.values(at_end(read))
            row = [f"{fmean(values[member].values()):.3f}" if member in values else NOTHING for member in members]
            rows.append([name, *row])
        return text_table(rows)

    def groups(self) -> dict[str, list[Record]]:
        """Return the runs by what is compared: asymmetric and symmetric injections, else by member."""
        found: dict[str, list[Record]] = {}
        for record in self.records:
            member = record["member"]
            name = member if not self.compares_injections else "symmetric" if member in SYMMETRIC else "asymmetric"
            found.setdefault(name, []).append(record)
        return found

    def _along_the_way(self) -> str:
        """What comes first, by step: accuracy or the split."""
        columns = {"accuracy": accuracy, **_SPLIT, "z_H frozen: changes of z_L, ratio": changes_ratio}
        rows = [["", "step", "runs", *columns]]
        lines = []
        for group, records in self.groups().items():
            for step in steps_of(records):
                here = [found for record in records for found in record["checkpoints"] if found["step"] == step]
                means = [_mean([read(found) for found in here]) for read in columns.values()]
                rows.append([group, str(step), str(len(here)), *means])
            lines += [_order(group, records, name, measure) for name, measure in _SPLIT.items()]
        return "\n".join([text_table(rows), *lines])

    def by_weights(self) -> list[list[str]]:
        """Return what the changes of z_L without z_H depend on: the stage of training, the weights or the precision.

        Returns:
            Rows of cells, the head first; none where no run measured it.
        """
        rows: list[list[str]] = []
        for step in steps_of(self.records):
            here = [
                found["by_weights"]
                for record in self.records
                for found in record["checkpoints"]
                if found["step"] == step and "by_weights" in found
            ]
            if not here:
                continue
            names = list(here[0])
            if not rows:
                rows.append(["step", *(f"{name}: {what}" for name in names for what in ("ratio", "exact"))])
            row = [str(step)]
            for name in names:
                ratios = [one[name]["freeze z_H"] / one[name]["normal"] for one in here if one[name]["normal"]]
                row += [f"{fmean(ratios):.2f}" if ratios else NOTHING]
                row += [f"{fmean(one[name]['exact_accuracy'] for one in here):.1%}"]
            rows.append(row)
        return rows


def steps_of(records: Iterable[Record]) -> list[int]:
    """Return the steps of which some run has a checkpoint, in order."""
    return sorted({found["step"] for record in records for found in record["checkpoints"]})


def compare(experiment: Experiment, output: Path) -> Comparison:
    """Read the records of an experiment.

    Raises:
        ValueError: a damaged record, or one of a run with other settings.
    """
    return Comparison(experiment, tuple(read_records(output, experiment)))


def _order(group: str, records: list[Record], name: str, measure: Callable[[Any], float | None]) -> str:
    """Say in how many runs a measure came to half of its last value before accuracy did."""
    pairs = [(reached(run["checkpoints"], measure), reached(run["checkpoints"], accuracy)) for run in records]
    both = [(split, right) for split, right in pairs if split is not None and right is not None]
    before, same = sum(split < right for split, right in both), sum(split == right for split, right in both)
    left_out = f"; of {len(pairs) - len(both)} one of the two ends at 0 or below" if len(both) < len(pairs) else ""
    return (
        f"{group}: half of its last value {name} reaches before accuracy in {before}, at the same checkpoint in {same},"
        f" later in {len(both) - before - same} of {len(both)} runs{left_out}."
    )


def exact_accuracy(record: Record) -> float | None:
    """Return a run's exact accuracy on all test puzzles; None where it diverged."""
    return record["test"]["exact_accuracy"] if "test" in record else None


def at_end(read: Callable[[Any], float | None]) -> Callable[[Record], float | None]:
    """A measure of the last checkpoint of a run that came to its end."""
    return lambda record: None if "diverged" in record else read(record["checkpoints"][-1])


ENDS: dict[str, Callable[[Record], float | None]] = {
    "exact accuracy, all test puzzles": exact_accuracy,
    "steps to 50 %": lambda record: record["steps_to_half"],
    **{name: at_end(read) for name, read in MEASURES.items()},
}
"""Numbers of a run at its end, by name, in the order of the tables."""


def _mean(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{fmean(known):+.3f}" if known else NOTHING


def published_asymmetry(family: str) -> float:
    """Return the paper's mean exact accuracy of asymmetric injections less that of symmetric ones."""
    means = {name: ACCURACY[family][name][0] for name in INJECTIONS}
    return fmean(means[name] for name in ASYMMETRIC) - fmean(means[name] for name in SYMMETRIC)
