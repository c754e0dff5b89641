"""Pages and figures of the experiments from the records in results/ablations: ``python -m benchmarks.ablations``.

They are docs/ablations.md, a page and a figure of each experiment in docs/ablations/, and the tables by injection of
docs/paper.md. A test holds the pages equal to what it would write.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import get_args

from agents.analysis.sweep.comparison import CONTRASTS, ENDS, Comparison, compare, steps_of
from agents.analysis.sweep.experiments import EXPERIMENTS
from agents.analysis.sweep.figure import draw_comparison
from agents.analysis.sweep.split import MEASURES, Checkpoint, accuracy, changes_ratio, entropy_gap
from agents.analysis.tables import NOTHING
from agents.analysis.weights import Weights
from agents.report.members import accuracy_table
from benchmarks import beyond
from benchmarks.injections import injection_tables, mean_with_half
from benchmarks.markdown import between_marks, table

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "results" / "ablations"
BEYOND = ROOT / "results" / "beyond"
PAGE = ROOT / "docs" / "ablations.md"
FOLDER = ROOT / "docs" / "ablations"
PAPER = ROOT / "docs" / "paper.md"
BEGIN = "<!-- python -m benchmarks.ablations writes this -->"

HEAD = """\
# The experiments' tables

`python -m benchmarks.ablations` writes this page, and one for each experiment, from the records in
[results/ablations](../results/ablations). `air-envs ablate NAME` makes the records. [The paper re-tested](paper.md)
says what they mean and how a run is made. `air-envs report NAME` draws all of it on one page.
[Beyond the paper](ablations/beyond-6x6.md) has what the runs of one member show of probes, patches and dynamics.

- *Exact accuracy* is that of decoded z_H on all test puzzles after the last step. The other measures are taken on the
  first 100 test puzzles; *accuracy* is that of z_H on these.
- *L_Hx* and so on: how many times the puzzle is added to the input of L-updates and of H-updates. *One-sided* are those
  that add it to one of them alone.
- *Entropy* is that of a decoded state after the last update: the mean over cells, as a share of the highest. *All
  updates* is the mean over the updates of an episode. *Open cells* are blank ones, or padding in mazes.
- *Changes* are cells whose decoded value an update changes, summed over an episode of one puzzle. *Whole grids* are
  updates that change every cell at once. The updates of z_L are twice as many as those of z_H.
- ± is half of the 95 % interval of the mean over seeds, by Student's t.
- A *difference* is paired by seed: the mean, half of its 95 % interval by Student's t, the number of seeds n, the p
  value of the t test, and that of the exact sign-flipping test, which cannot be less than 2 / 2^n.
- *Frozen* means that a state keeps its initial value for the whole episode; *from the middle*, the value that it has
  after half of the ACT steps.
- *Locality* is the attention mass on the cells that share a unit with the query, or on the four neighbours in mazes:
  L-updates minus H-updates. *Attention entropy* is normalised: H minus L. Positive values agree with the paper.
"""

STAGES = {"below 5 %": (0, 0.05), "5 to 50 %": (0.05, 0.5), "50 % and more": (0.5, math.inf)}
"""Of training: from which accuracy of a checkpoint on, and below which."""


def main() -> None:
    """Write the pages and draw the figures."""
    FOLDER.mkdir(exist_ok=True)
    for found in comparisons():
        print(draw_comparison(found, FOLDER / f"{found.experiment.name}.png").relative_to(ROOT))
    print(beyond.draw(beyond.read(BEYOND), FOLDER / f"{beyond.NAME}.png").relative_to(ROOT))
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))


def comparisons(records: Path = RECORDS) -> list[Comparison]:
    """Return the experiments that have records."""
    found = [compare(experiment, records) for experiment in EXPERIMENTS.values()]
    return [each for each in found if each.records]


def files(records: Path = RECORDS) -> dict[Path, str]:
    """Return the text of every page."""
    found = comparisons(records)
    return {
        PAGE: f"{HEAD}\n{table(['experiment', 'runs', 'planned', 'settings'], map(_row, found), numbers=True)}\n",
        PAPER: between_marks(PAPER.read_text(encoding="utf-8"), injection_tables(found), BEGIN),
        FOLDER / f"{beyond.NAME}.md": beyond.page(beyond.read(BEYOND)),
        **{FOLDER / f"{each.experiment.name}.md": "\n".join(page(each)) for each in found},
    }


def page(found: Comparison) -> Iterator[str]:
    """Yield the parts of an experiment's page."""
    *_, settings = _row(found)
    yield f"# Tables of {found.experiment.name}\n"
    yield f"[What the columns mean](../ablations.md). {len(found.records)} runs. {settings}.\n"
    yield f"![Accuracy by step and by member]({found.experiment.name}.png)\n"
    accuracies = accuracy_table(found)
    yield _numbers([accuracies.head, *accuracies.rows])
    for names, group in CONTRASTS.items():
        rows = [
            [name, f"{contrast.ours:.3f}", f"{contrast.theirs:.3f}", str(contrast.difference)]
            for name, read in ENDS.items()
            if (contrast := found.contrast(read, group)) is not None
        ]
        if rows:
            yield _numbers([["at the end", *names, "difference"], *rows])
    yield _numbers(_by_member(found))
    yield "By step: exact accuracy of z_H, and the entropy of z_L less that of z_H; means over seeds:\n"
    yield _numbers(_by_step(found))
    yield "Content changes of z_L with z_H frozen, as a multiple of those in a normal run, by exact accuracy of the"
    yield "checkpoint: median, and in how many checkpoints it is below 1:\n"
    yield _numbers(_by_stage(found))
    if weights := found.by_weights():
        yield "Content changes of z_L with z_H frozen, as a multiple of those in a normal run:\n"
        yield _numbers(weights)
        yield "The same run by run, in float32, with exact accuracy:\n"
        yield _numbers(_by_weights_and_seed(found))


def _numbers(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells, the head first, as a table and a blank line."""
    return table(rows[0], rows[1:], numbers=True) + "\n"


def _by_member(found: Comparison) -> list[list[str]]:
    members = found.members
    rows = [["at the end, mean over seeds", *members]]
    for name in MEASURES:
        values = found.values(ENDS[name])
        rows.append([name, *(mean_with_half(values[member]) if member in values else NOTHING for member in members)])
    return rows


def _by_step(found: Comparison) -> list[list[str]]:
    rows = [["step", *found.members]]
    for step in steps_of(found.records):
        row = [f"{step:,}"]
        for member in found.members:
            here = [each for each in _checkpoints(found, member) if each["step"] == step]
            means = [fmean(map(measure, here)) for measure in (accuracy, entropy_gap)] if here else None
            row.append(f"{means[0]:.1%}, {means[1]:+.3f}" if means else NOTHING)
        rows.append(row)
    return rows


def _by_stage(found: Comparison) -> list[list[str]]:
    rows = [["exact", *found.members]]
    for name, (low, high) in STAGES.items():
        row = [name]
        for member in found.members:
            here = [each for each in _checkpoints(found, member) if low <= accuracy(each) < high]
            ratios = [ratio for ratio in map(changes_ratio, here) if ratio is not None]
            below = sum(ratio < 1 for ratio in ratios)
            row.append(f"{median(ratios):.2f}, {below} of {len(ratios)}" if ratios else NOTHING)
        rows.append(row)
    at_the_end = found.values(ENDS["z_H frozen: changes of z_L, ratio"])
    each = (", ".join(f"{ratio:.2f}" for ratio in at_the_end.get(name, {}).values()) for name in found.members)
    return [*rows, ["at the end, by seed", *(text or NOTHING for text in each)]]


def _by_weights_and_seed(found: Comparison) -> list[list[str]]:
    runs = [(record, weights) for weights in get_args(Weights) for record in found.records]
    measured = [
        {each["step"]: each["by_weights"][f"{weights}, float32"] for each in record["checkpoints"]}
        for record, weights in runs
    ]
    rows = [["step", *(f"{weights}, seed {record['seed']}" for record, weights in runs)]]
    for step in sorted({step for run in measured for step in run}):
        rows.append([f"{step:,}", *(_ratio(run[step]) if step in run else NOTHING for run in measured)])
    return rows


def _ratio(measured: Mapping[str, float]) -> str:
    ratio = f"{measured['freeze z_H'] / measured['normal']:.2f}" if measured["normal"] else NOTHING
    return f"{ratio} ({measured['exact_accuracy']:.0%})"


def _checkpoints(found: Comparison, member: str) -> list[Checkpoint]:
    return [checkpoint for record in found.runs(member) for checkpoint in record["checkpoints"]]


def _row(found: Comparison) -> list[str]:
    experiment, config = found.experiment, found.experiment.config
    note = f", {experiment.note}" if experiment.note else ""
    settings = f"`{config.model.family}`, {config.steps:,} steps of batch {config.batch}, {config.dtype}{note}"
    planned = len(experiment.members) * experiment.seeds
    link = f"[{experiment.name}](ablations/{experiment.name}.md)"
    return [link, str(len(found.records)), str(planned), settings]


if __name__ == "__main__":
    main()
