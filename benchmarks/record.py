"""All records of a quiet machine, most important first: ``python -m benchmarks.record FOLDER``.

FOLDER holds the public puzzle lists and half of the published Maze-Hard (AIR_ENVS_DATA, ``sudoku/*.txt`` and
``maze-30x30-hard-1k``). What a record of the same weights exists for is left out, so an interrupted run is started
again and resumes. It writes datasets to ``data/`` and records to ``results/``; ``python -m benchmarks.leaderboard``
then renews the pages.

The four searches get as many attempts as ``SEARCHES`` says. A record keeps the accuracy after each attempt, from which
``benchmarks.search`` compares them at equal compute.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from agents.checkpoints.folder import load_config
from agents.config.search import Search
from agents.evaluation import evaluate, evaluate_attempts
from agents.evaluation.records import evaluation_record, read_records, weights_hash, write_record
from agents.pretrained import FOLDER as SHIPPED
from agents.pretrained import shipped_models
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset
from puzzles.importers import import_puzzles
from puzzles.published import mix_sudoku_extreme
from puzzles.shares import from_dataset, mix_by_shares

MIX, MAZES = "sudoku-extreme-mix", "maze-hard-published"
FORUM, HELD_OUT = "forum_hardest_1905_11+", "forum_hardest_1905_11+-held-out"
ROWS = 692
"""Of the mixture: as many as the shortest list allows."""
FORUM_TEST, FORUM_ROWS = 10_000, 500
"""Puzzles of the forum's list that ``sudoku-extreme`` was not trained on, as it was on the other 14,383; and how many
of these are drawn. Neighbours in the list have the same pattern of clues, so that its first rows are no sample."""
HALT = 0.99
NOISE = 0.3
THRESHOLD = 0.9
"""Probability that the answer is right above which a search does not retry a puzzle."""
SEARCHES: dict[Search, int] = {"noise": 16, "guesses": 16, "symmetry": 4, "first-to-halt": 4}
"""Attempts of each."""
MAZE_SEARCHES: dict[Search, int] = {"noise": 8, "symmetry": 4, "first-to-halt": 4}


class Job(NamedTuple):
    """One evaluation, or all searches of one."""

    model: str
    dataset: str
    act_steps: int
    """At most, per attempt."""
    searches: Mapping[Search, int] | None = None
    puzzles: int | None = None
    """From the first on; None takes all."""


def jobs() -> Iterator[Job]:
    """Yield what is to be measured, the most important first."""
    yield Job("sudoku-extreme", MIX, 512)
    yield Job("maze-hard", MAZES, 32)
    yield Job("sudoku-extreme", MIX, 64, SEARCHES)
    yield Job("sudoku-extreme", HELD_OUT, 512)
    yield Job("sudoku-extreme", HELD_OUT, 512, puzzles=300)
    yield Job("sudoku-extreme", HELD_OUT, 64, SEARCHES, 300)
    nine = [name for name in shipped_models() if load_config(SHIPPED / name).family == "sudoku-9x9"]
    for name in nine:
        if name != "sudoku-extreme":
            yield Job(name, MIX, 32)
    yield Job("maze-hard", MAZES, 32, puzzles=200)
    yield Job("maze-hard", MAZES, 32, MAZE_SEARCHES, 200)
    yield Job("maze-any", MAZES, 32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=os.environ.get("AIR_ENVS_DATA"))
    parser.add_argument("--minutes", type=float, default=15.0, help="begin no evaluation after so many")
    parser.add_argument("--puzzles", type=int, default=None, help="of each test set, at most")
    asked = parser.parse_args()
    if asked.folder is None:
        parser.error("no FOLDER and no variable AIR_ENVS_DATA")
    record_all(Path(asked.folder), asked.minutes, asked.puzzles)


def record_all(folder: Path, minutes: float, puzzles: int | None) -> None:
    """Take all evaluations that have no record yet, until time is over."""
    start = time.monotonic()
    for job in jobs():
        if time.monotonic() - start > 60 * minutes:
            print("time is over; run it again to resume", file=sys.stderr)
            return
        data = Dataset(_dataset(job.dataset, folder))
        count = min(filter(None, (job.puzzles, puzzles, data.counts["test"])))
        if job.searches is None:
            _measure(job, data, count)
        for search, attempts in (job.searches or {}).items():
            _search(job, data, count, search, attempts)


def _measure(job: Job, data: Dataset, count: int) -> None:
    if _found(job, data, count, None):
        return
    agent = AIRAgent.from_pretrained(job.model, family=data.family.name)
    found = evaluate(agent, data, count=count, max_steps=job.act_steps, halt=HALT)
    command = [*_command(job, data, count), "--halt", f"{HALT:g}"]
    _write(evaluation_record(job.model, agent, data, found, command=command))


def _search(job: Job, data: Dataset, count: int, search: Search, attempts: int) -> None:
    if _found(job, data, count, search):
        return
    agent = AIRAgent.from_pretrained(job.model, family=data.family.name)
    start = time.perf_counter()
    found = evaluate_attempts(
        agent, data, attempts, search, count=count, max_steps=job.act_steps, noise=NOISE, threshold=THRESHOLD
    )
    seconds = time.perf_counter() - start
    plain = evaluate(agent, data, count=count, max_steps=1, progress=False)  # what a record says of the puzzles
    asked = ["--attempts", str(attempts), "--search", search, "--threshold", f"{THRESHOLD:g}"]
    command = [*_command(job, data, count), *asked]
    _write(
        evaluation_record(job.model, agent, data, plain, found, NOISE, command, seconds) | {"act_steps": job.act_steps}
    )


def _dataset(name: str, folder: Path) -> Path:
    """Return a test set, made where it is not there yet."""
    path = Path("data") / f"{name}.h5"
    if path.exists():
        return path
    path.parent.mkdir(exist_ok=True)
    if name == MIX:
        trained_on = Dataset(_dataset(FORUM, folder))
        command = f"air-envs data mix --recipe {MIX} --rows {ROWS} --exclude data/{FORUM}.h5 --output data/{MIX}.h5"
        mix_sudoku_extreme(path, folder, ROWS, [trained_on], command=command)
    elif name == HELD_OUT:
        source = from_dataset(FORUM, 1, Dataset(_dataset(FORUM, folder)))
        command = (
            f"air-envs data mix data/{FORUM}.h5 --shares {FORUM}=1 --rows {FORUM_ROWS} --output data/{HELD_OUT}.h5"
        )
        mix_by_shares(path, [source], FORUM_ROWS, command=command)
    elif name == FORUM:
        import_puzzles(folder / "sudoku" / f"{FORUM}.txt", path, test=FORUM_TEST)
    else:
        import_puzzles(folder / "maze-30x30-hard-1k", path, on_duplicate="drop")
    return path


def _found(job: Job, data: Dataset, count: int, search: str | None) -> bool:
    """Return whether there is a record of a job with these weights on these puzzles."""
    asked = {
        "model": job.model,
        "weights": weights_hash(SHIPPED / job.model),
        "act_steps": job.act_steps,
        "puzzles": count,
        "search": search,
    }
    checksum = data.attributes["checksum"]
    return any(
        record["test_set"]["checksum"] == checksum and asked.items() <= record.items() for record in read_records()
    )


def _command(job: Job, data: Dataset, count: int) -> list[str]:
    puzzles = [] if count == data.counts["test"] else ["--puzzles", str(count)]
    return ["air-envs", "eval", job.model, f"data/{data.path.name}", *puzzles, "--act-steps", str(job.act_steps)]


def _write(record: dict[str, Any]) -> None:
    path = write_record(record)
    exact = record["exact"]
    print(f"{path}: {exact['right']} of {record['puzzles']} exact, {record['mean_act_steps']} ACT steps", flush=True)


if __name__ == "__main__":
    main()
