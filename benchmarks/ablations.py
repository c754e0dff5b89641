"""Pages and figures of the experiments from the records in results/ablations: ``python -m benchmarks.ablations``.

They are docs/ablations.md, and a page and a figure of each experiment in docs/ablations/. A test holds the pages equal
to what it would write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from agents.analysis.sweep.comparison import ENDS, ONE_SIDED, SYMMETRIC, Comparison, compare
from agents.analysis.sweep.experiments import EXPERIMENTS
from agents.analysis.sweep.figure import draw_comparison
from agents.analysis.sweep.split import MEASURES
from agents.analysis.tables import NOTHING
from agents.config.variants import INJECTIONS
from agents.report.members import accuracy_table

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "results" / "ablations"
PAGE = ROOT / "docs" / "ablations.md"
FOLDER = ROOT / "docs" / "ablations"

HEAD = """\
# The experiments' tables

`python -m benchmarks.ablations` writes this page, and one for each experiment, from the records in
[results/ablations](../results/ablations). `air-envs ablate NAME` makes the records. [The paper re-tested](paper.md)
says what they mean and how a run is made. `air-envs report NAME` draws all of it on one page.

- *Exact accuracy* is that of decoded z_H on all test puzzles after the last step. The other measures are taken on the
  first 100 test puzzles.
- A *difference* is paired by seed: the mean, half of its 95 % interval by Student's t, the number of seeds n, the p
  value of the t test, and that of the exact sign-flipping test, which cannot be less than 2 / 2^n.
- *Frozen* means that a state keeps its initial value for the whole episode; *from the middle*, the value that it has
  after half of the ACT steps.
- *Locality* is the attention mass on the cells that share a unit with the query, or on the four neighbours in mazes:
  L-updates minus H-updates. *Attention entropy* is normalised: H minus L. Positive values agree with the paper.
"""

CONTRASTS: dict[tuple[str, str], Collection[str]] = {
    ("asymmetric", "symmetric"): [name for name in INJECTIONS if name not in SYMMETRIC],
    ("one-sided", "two-sided"): ONE_SIDED,
}
"""Groups of injections that are compared: the names of a group and of the others, and the group."""


def main() -> None:
    """Write the pages and draw the figures."""
    FOLDER.mkdir(exist_ok=True)
    for found in comparisons():
        print(draw_comparison(found, FOLDER / f"{found.experiment.name}.png").relative_to(ROOT))
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
        PAGE: "\n".join([HEAD, markdown([["experiment", "runs", "planned", "settings"], *map(_row, found)])]),
        **{FOLDER / f"{each.experiment.name}.md": "\n".join(page(each)) for each in found},
    }


def page(found: Comparison) -> Iterator[str]:
    """Yield the parts of an experiment's page."""
    *_, settings = _row(found)
    yield f"# Tables of {found.experiment.name}\n"
    yield f"[What the columns mean](../ablations.md). {len(found.records)} runs. {settings}.\n"
    yield f"![Accuracy by step and by member]({found.experiment.name}.png)\n"
    table = accuracy_table(found)
    yield markdown([table.head, *table.rows])
    for names, group in CONTRASTS.items():
        rows = [
            [name, f"{contrast.ours:.3f}", f"{contrast.theirs:.3f}", str(contrast.difference)]
            for name, read in ENDS.items()
            if (contrast := found.contrast(read, group)) is not None
        ]
        if rows:
            yield markdown([["at the end", *names, "difference"], *rows])
    yield markdown(_by_member(found))
    if weights := found.by_weights():
        yield "Content changes of z_L with z_H frozen, as a multiple of those in a normal run:\n"
        yield markdown(weights)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells, the head first, as a table. Columns but the first are flush right."""
    head, *body = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([head, "| --- |" + " ---: |" * (len(rows[0]) - 1), *body, ""])


def _by_member(found: Comparison) -> list[list[str]]:
    members = found.members
    rows = [["at the end, mean over seeds", *members]]
    for name in MEASURES:
        values = found.values(ENDS[name])
        means = {member: sum(each.values()) / len(each) for member, each in values.items()}
        rows.append([name, *(f"{means[member]:.3f}" if member in means else NOTHING for member in members)])
    return rows


def _row(found: Comparison) -> list[str]:
    experiment, config = found.experiment, found.experiment.config
    note = f", {experiment.note}" if experiment.note else ""
    settings = f"`{config.model.family}`, {config.steps:,} steps of batch {config.batch}, {config.dtype}{note}"
    planned = len(experiment.members) * experiment.seeds
    link = f"[{experiment.name}](ablations/{experiment.name}.md)"
    return [link, str(len(found.records)), str(planned), settings]


if __name__ == "__main__":
    main()
