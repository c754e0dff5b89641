"""Tables of learning agents from their records, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from agents.evaluation.statistics import wilson_interval
from agents.report.members import mean_interval
from benchmarks.markdown import table
from benchmarks.rl_settings import ROWS, SETTINGS, Record, records_of

NOTHING = "none yet"


def tables(records: list[Record]) -> str:
    """Return an overview of all environments, and a table of each that has records."""
    return "\n\n".join([overview(records), *_environments(records)])


def overview(records: list[Record]) -> str:
    """Return a table of agents by environments: what is solved, the mean over seeds."""
    head = ["agent", *(f"`{name}`" for name in SETTINGS)]
    rows = [
        [title, *(_solved(records_of(records, name, row)) for name in SETTINGS)]
        for row, title in ROWS.items()
        if any(record["row"] == row for record in records)
    ]
    return table(head, rows or [[NOTHING, *("" for _ in SETTINGS)]])


def _environments(records: list[Record]) -> Iterator[str]:
    for name, setting in SETTINGS.items():
        rows = [_row(ROWS[row], found) for row in ROWS if (found := records_of(records, name, row))]
        if not rows:
            continue
        yield f"### {setting.title}"
        arguments = ", ".join(f"{key}={value!r}" for key, value in setting.arguments.items())
        yield f'`gym.make("{setting.id}", {arguments})`, preset `{name}`.'
        yield table(
            [
                "agent", "solved, 95 % interval", "each seed", "steps a puzzle",
                "environment steps", "minutes", "steps a second", "measured",
            ],
            rows,
        )  # fmt: skip


def _solved(found: list[Record]) -> str:
    if not found:
        return ""
    right, puzzles = _pooled(found)
    return _percent(right / puzzles)


def _pooled(found: list[Record]) -> tuple[int, int]:
    """Return how many puzzles of all seeds are solved, and how many there are."""
    return sum(record["solved"]["right"] for record in found), sum(record["puzzles"] for record in found)


def interval(found: list[Record]) -> tuple[float, float]:
    """Return the 95 % interval of what an agent solves.

    It is the wider one of two: of all puzzles together (Wilson), and of the mean over trainings (Student's t).
    """
    low, high = wilson_interval(*_pooled(found))
    trainings = [record["solved"]["accuracy"] for record in found if record["training"] is not None]
    over_seeds = mean_interval(trainings)
    return (low, high) if over_seeds is None else (min(low, over_seeds[0]), max(high, over_seeds[1]))


def _row(title: str, found: list[Record]) -> list[str]:
    right, puzzles = _pooled(found)
    low, high = interval(found)
    trained = [record["training"] for record in found if record["training"] is not None]
    return [
        title,
        f"{_percent(right / puzzles)} ({_percent(low)} to {_percent(high)})",
        " · ".join(_percent(record["solved"]["accuracy"]) for record in found),
        f"{sum(record['mean_steps'] * record['puzzles'] for record in found) / puzzles:.1f}",
        _mean([each["steps"] for each in trained], ",.0f"),
        _mean([each["minutes"] for each in trained], ",.1f"),
        _mean([each["steps"] / (60 * each["minutes"]) for each in trained if each["minutes"]], ",.0f"),
        _measured(found),
    ]


def _measured(found: list[Record]) -> str:
    dates = sorted({record["date"] for record in found})
    commits = sorted({record["commit"] or "no commit" for record in found})
    places = sorted({record["hardware"]["name"] for record in found})
    days = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"{days}, {' and '.join(places)}, {', '.join(commits)}"


def _mean(values: list[float], form: str) -> str:
    return format(sum(values) / len(values), form) if values else ""


def _percent(part: float) -> str:
    return f"{part:.1%}".replace("%", " %")
