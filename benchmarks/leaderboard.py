"""Leaderboard, README table and model cards from the records in results/: ``python -m benchmarks.leaderboard``.

It writes docs/leaderboard.md whole, the README between its two marks, and of each shipped model's card what belongs to
its accuracy. A test holds the files equal to what it would write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from agents.checkpoints.folder import load_config
from agents.evaluation.records import FOLDER, read_records
from agents.hub.cards import CARD, renewed_card
from agents.models.cost import count_parameters
from agents.pretrained import FOLDER as SHIPPED
from agents.pretrained import shipped_models
from benchmarks.markdown import between_marks, table
from benchmarks.published_results import DATA, PUBLISHED, TRAINED_IN, Published
from benchmarks.search import draw_search, search_tables

ROOT = Path(__file__).parents[1]
BEGIN = "<!-- python -m benchmarks.leaderboard writes this -->"

Record = dict[str, Any]

HEAD = """\
# Leaderboard

`python -m benchmarks.leaderboard` writes this page from the records in [results/](../results) and from what the papers
report. `air-envs eval MODEL DATASET --record` makes a record.

- *Exact*: every cell of the puzzle equals the label; in brackets the 95 % interval (Wilson). *By the rules*: any valid
  answer counts, on mazes any shortest path.
- *ACT steps*: the mean number taken per puzzle, then the most allowed. A puzzle that stops early keeps its answer.
- No test puzzle equals a training puzzle of its dataset up to symmetry, except 4x4 Sudoku: its puzzles differ from
  the training puzzles as they are, but 39 % equal one up to symmetry.
- Published and generated test sets are in different tables. Numbers of different test sets must not be compared.
"""

STRUCTURES = """\
## Whose structure is it?

| model | structure | parameters | trained on | training |
| --- | --- | ---: | --- | --- |
{rows}

A *structure of our own* is in none of the papers. A state per candidate hard-codes the rows, columns and boxes of
Sudoku and is equivariant to all its symmetries; the models of the papers have to learn both from data. None of the
models in this table is the paper's AIR Lx_H.

- `sudoku-extreme` was trained on generated puzzles and on 14,383 puzzles of `forum_hardest_1905_11+`, the list that
  contributes 1 % to the published Sudoku-Extreme set.
- `sudoku-candidates-1k` has 1,000 puzzles to learn from, as the paper's model has, but generated ones.
- `maze-hard` is initialised from `maze-20x20`, so it has seen 115,000 smaller generated mazes before those of 30x30. It
  reached 84.4 % in 81 minutes of two CPU cores, and the rest in four and a half minutes of an H200
  ([notebook](notebook/2026-11-26-maze-hard.md)).
"""

STAND_IN = """\
The published file is not available to this project. This set has the published shares of its sources, from public lists
of the same kind; see [datasets](datasets.md#what-is-sudoku-extreme-mix). On a machine with internet the published file
itself is measured by

    {command}

and added to the table above.
"""

PUBLISHED_COMMAND = (
    "air-envs data import --hub sapientinc/sudoku-extreme --train 0 --output data/sudoku-extreme-published.h5 && "
    "air-envs eval sudoku-extreme data/sudoku-extreme-published.h5 --record"
)
"""Measures the published test file, 422,786 puzzles."""

SEARCH = """\
![Solved puzzles against mean ACT steps, one line per search](search.png)

Each column is a budget: the mean number of ACT steps per puzzle, over all puzzles and all attempts. Its numbers are the
share of puzzles solved by the rules. A search retries a puzzle while the halting head gives a right answer at most 90 %
(`--threshold 0.9`). *One attempt* takes more ACT steps instead of a retry. By default `air-envs eval --attempts`
searches with `guesses` on Sudokus and with `symmetry` on mazes. Both were chosen on puzzles that are in none of these
sets ([notebook](notebook/2026-11-29-search.md)).
"""

README_PUBLISHED = (
    ("Sudoku-Extreme", "AIR Lx_H"),
    ("Sudoku-Extreme", "TRM, MLP"),
    ("Sudoku-Extreme", "Probabilistic TRM"),
    ("Maze-Hard", "AIR Lx_H"),
    ("Maze-Hard", "AIR L_H2x"),
    ("Maze-Hard", "TRM, attention"),
)
"""What the README shows of others, by test set: the paper's model, its best variant on mazes, and the best of TRM."""

README_MODELS = ("sudoku-extreme", "maze-hard")
"""Which of ours it shows."""

MAZE_HALF = """\
Two halves, because only one half of the published test split is available here; the author of issue 24 measured the
other one. `maze-hard` was trained on an H200 twice in the same way, for a given time. The first run took 6,287 steps
and solves 93.2 % (90.6 to 95.1) of our half. The second took 6,332 steps and solves 93.4 % (90.9 to 95.3), one puzzle
more; its weights are shipped.
"""


def main() -> None:
    """Write all files."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(ROOT))
    print(draw_search(read_records(ROOT / FOLDER), ROOT / "docs" / "search.png").relative_to(ROOT))


def files(records: list[Record] | None = None) -> dict[Path, str]:
    """Return the text of every file that is generated, wholly or in part."""
    records = read_records(ROOT / FOLDER) if records is None else records
    readme = ROOT / "README.md"
    cards = {}
    for name in shipped_models():
        path = SHIPPED / name / CARD
        own = [record for record in records if record["model"] == name]
        config, rows = load_config(path.parent), our_table(_measured(own))
        data = f"{DATA[name][:1].upper()}{DATA[name][1:]}. Trained for {TRAINED_IN[name]}."
        cards[path] = renewed_card(path.read_text(encoding="utf-8"), config, own, data, rows)
    return {
        ROOT / "docs" / "leaderboard.md": leaderboard(records),
        readme: between_marks(readme.read_text(encoding="utf-8"), readme_tables(records), BEGIN),
        **cards,
    }


def leaderboard(records: list[Record]) -> str:
    """Return docs/leaderboard.md."""
    sudoku, maze = (chosen(records, kind) for kind in ("sudoku", "maze"))
    extreme = [record for record in sudoku("published") if record["test_set"]["name"].startswith("sudoku-extreme")]
    lists = [record for record in sudoku("published") if record not in extreme]
    parts = [
        HEAD,
        "## How good is each shipped model on its own puzzles?",
        shipped_table(records),
        STRUCTURES.format(rows="\n".join(_structure_rows())),
        "## Sudoku-Extreme, the published test set (422,786 puzzles)",
        published_table(lambda row: row.sudoku),
        our_table(extreme) if extreme else "No model of this project was measured on it yet.",
        "## Sudoku-Extreme-mix, a stand-in for the published file",
        STAND_IN.format(command=PUBLISHED_COMMAND),
        our_table(sudoku("stand-in")),
        *_sources(_measured(sudoku("stand-in"))),
        "## Test-time search at equal compute",
        SEARCH,
        *search_tables(records, table),
        "## Published lists of Sudokus",
        "`forum_hardest_1905_11+` is one of the sources of Sudoku-Extreme, and the hardest.",
        our_table(lists),
        "## Maze-Hard, the published test set (1,000 mazes)",
        published_table(lambda row: row.maze),
        MAZE_HALF,
        our_table(maze("published")),
        "## Generated Sudokus",
        our_table(sudoku("generated")),
        "## Generated mazes",
        our_table(maze("generated")),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def shipped_table(records: list[Record]) -> str:
    """Return a line for each shipped model: its record on the generated test set of its own puzzles."""
    generated = [record for record in records if record["test_set"]["kind"] == "generated"]
    own = [record for record in generated if record["test_set"]["family"] == _family(record["model"])]
    rows = [
        [f"`{record['model']}`", TRAINED_IN[record["model"]], _short(record)[0], _short(record)[-1]]
        for record in _best_of_each(own, alone=True)
    ]
    return table(["model", "training", "test set", "exact"], rows)


def chosen(records: list[Record], family: str) -> Callable[[str], list[Record]]:
    """Return a function from the kind of a test set to its records of a kind of puzzle, the best of a set first."""

    def of_kind(kind: str) -> list[Record]:
        found = [
            record
            for record in records
            if record["test_set"]["kind"] == kind and record["test_set"]["family"].startswith(family)
        ]
        return sorted(found, key=lambda r: (r["test_set"]["name"], r["model"], -r["puzzles"], -r["exact"]["accuracy"]))

    return of_kind


def published_table(accuracy: Callable[[Published], str]) -> str:
    """Return the table of what others report."""
    head = ["model", "structure", "parameters", "trained on", "hardware", "exact, %", "source"]
    rows = [
        [row.model, row.whose, row.parameters, row.trained_on, row.hardware, accuracy(row), row.source]
        for row in PUBLISHED
        if accuracy(row)
    ]
    return table(head, rows)


def our_table(records: Iterable[Record]) -> str:
    """Return a table of records."""
    head = ["test set", "model", "structure", "puzzles", "ACT steps", "search", "exact", "by the rules", "measured"]
    return table(head, [_row(record) for record in records])


def readme_tables(records: list[Record]) -> str:
    """Return what the README shows: what others report, and in a table of its own what we measured on other sets."""
    by_model = {row.model: row for row in PUBLISHED}
    reported = [
        [test_set, model, by_model[model].parameters, f"{_reported(by_model[model], test_set)} %"]
        for test_set, model in README_PUBLISHED
    ]
    stand_in = _measured([record for record in records if record["test_set"]["kind"] == "stand-in"])
    halves = _best_of_each(record for record in records if _is(record, "published", "maze") and record["attempts"] == 1)
    ours = [record for record in [*stand_in, *halves] if record["model"] in README_MODELS]
    return "\n\n".join(
        [
            table(["published test set, reported by its authors", "model", "parameters", "exact"], reported),
            "Ours, on a stand-in for the published Sudoku-Extreme file, and on the two halves of Maze-Hard.",
            table(
                ["test set", "model", "structure", "parameters", "exact, 95 % interval"],
                [_short(record) for record in ours],
            ),
            "All other numbers, with data, hardware and search: [docs/leaderboard.md](docs/leaderboard.md).",
        ]
    )


def _row(record: Record) -> list[str]:
    steps, most = record["mean_act_steps"], record["act_steps"]
    taken = f"{most}" if steps == most else f"{most} at most" if steps is None else f"{steps:.1f} of {most}"
    search = f"{record['attempts']} attempts, {record['search']}" if record["attempts"] > 1 else ""
    where = record["hardware"]["name"]
    measured = f"{record['date']}, {where}; {record['origin']}" if record["commit"] is None else (
        f"{record['date']}, {where}, {record['seconds']:,.0f} s, commit {record['commit']}"
    )  # fmt: skip
    note = f"; {record['note']}" if record.get("note") else ""
    return [
        f"`{record['test_set']['name']}`",
        f"`{record['model']}`",
        _whose(record["structure"]),
        f"{record['puzzles']:,}",
        taken,
        search,
        percent(record["exact"]),
        percent(record["rules"]) if record["rules"] else "",
        measured + note,
    ]


def percent(proportion: dict[str, Any]) -> str:
    """Return a proportion with its interval."""
    low, high = proportion["interval_95"]
    return f"{proportion['accuracy']:.1%} ({low:.1%} to {high:.1%})".replace("%", " %")


def _short(record: Record) -> list[str]:
    steps = record["mean_act_steps"]
    how = f"{record['puzzles']:,} puzzles"
    if record["attempts"] > 1:
        how += f", {record['search']}, up to {record['attempts']} attempts"
    elif steps is not None:
        most = record["act_steps"]
        how += f", {most} ACT steps" if steps == most else f", {steps:.0f} of {most} ACT steps"
    parameters = f"{record['parameters'] / 1e6:.2f} M"
    name = f"`{record['test_set']['name']}`, {how}"
    return [name, f"`{record['model']}`", _whose(record["structure"]), parameters, percent(record["exact"])]


def _whose(found: dict[str, Any]) -> str:
    return {"own": "our own: ", "variant": "variant: ", "paper": ""}[found["kind"]] + found["text"]


def _measured(records: list[Record]) -> list[Record]:
    """Return for each model and test set one attempt and the best search, of a model's measured records if it has any.

    The others are taken over from older pages.
    """
    measured = {record["model"] for record in records if record["commit"] is not None}
    kept = [record for record in records if record["commit"] is not None or record["model"] not in measured]
    once = _best_of_each([record for record in kept if record["attempts"] == 1])
    several = [record for record in kept if record["attempts"] > 1]
    best = {
        (record["model"], record["test_set"]["name"]): record
        for record in sorted(several, key=lambda r: r["exact"]["accuracy"])
    }
    return [
        found
        for record in once
        for found in (record, best.get((record["model"], record["test_set"]["name"])))
        if found is not None
    ]


def _best_of_each(records: Iterable[Record], alone: bool = False) -> list[Record]:
    """Return for each model and test set, or each model, the record of most puzzles, of one attempt before several."""
    best: dict[tuple[str, ...], Record] = {}
    for record in records:
        key = (record["model"],) if alone else (record["model"], record["test_set"]["name"])
        if key not in best or _weight(record) > _weight(best[key]):
            best[key] = record
    return [best[key] for key in sorted(best)]


def _weight(record: Record) -> tuple[Any, ...]:
    return record["commit"] is not None, record["puzzles"], record["attempts"] == 1, record["act_steps"], record["halt"]


def _is(record: Record, kind: str, family: str) -> bool:
    return record["test_set"]["kind"] == kind and record["test_set"]["family"].startswith(family)


def _family(model: str) -> str:
    return load_config(SHIPPED / model).family


def _reported(row: Published, test_set: str) -> str:
    return row.sudoku if test_set == "Sudoku-Extreme" else row.maze


def _structure_rows() -> Iterator[str]:
    from agents.config.structure import structure

    for name in shipped_models():
        config = load_config(SHIPPED / name)
        found = structure(config)
        whose = _whose(found._asdict()) + (f"; {found.note}" if found.note else "")
        yield f"| `{name}` | {whose} | {count_parameters(config):,} | {DATA[name]} | {TRAINED_IN[name]} |"


def _sources(records: list[Record]) -> Iterator[str]:
    """Yield a table by source for the records that keep it."""
    rows = [
        [f"`{record['model']}`", _row(record)[4], _row(record)[5], name, f"{part['puzzles']:,}", percent(part["exact"])]
        for record in records
        for name, part in record["by_source"].items()
    ]
    if rows:
        yield "By source:"
        yield table(["model", "ACT steps", "search", "source", "puzzles", "exact"], rows)


if __name__ == "__main__":
    main()
