"""All records of a quiet machine, most important first: ``python -m benchmarks.record FOLDER``.

FOLDER holds the public puzzle lists and half of the published Maze-Hard (AIR_ENVS_DATA, ``sudoku/*.txt`` and
``maze-30x30-hard-1k``). What a record of the same weights exists for is left out, so an interrupted run is started
again and resumes. It writes datasets to ``data/`` and records to ``results/``; ``python -m benchmarks.leaderboard``
then renews the pages.

The four searches are compared at equal compute: each gets as many attempts as fit into the ACT steps of ``noise``
with eight.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from agents.checkpoints.folder import load_config
from agents.config.search import Search
from agents.evaluation import evaluate, evaluate_attempts
from agents.evaluation.attempts import AttemptsEvaluation
from agents.evaluation.records import evaluation_record, read_records, weights_hash, write_record
from agents.pretrained import FOLDER as SHIPPED
from agents.pretrained import shipped_models
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset
from puzzles.importers import import_puzzles
from puzzles.published import mix_sudoku_extreme

MIX, MAZES = "sudoku-extreme-mix", "maze-hard-published"
ROWS = 676
HALT = 0.99
MIX_STEPS, MAZE_STEPS = 64, 32
NOISE = 0.3
SEARCHES: dict[Search, int] = {"noise": 8, "guesses": 8, "symmetry": 8, "first-to-halt": 4}
"""Attempts of each; those beyond the ACT steps of ``noise`` are not counted."""


class Job(NamedTuple):
    """One evaluation."""

    model: str
    dataset: str
    act_steps: int
    searches: bool = False


def jobs() -> Iterator[Job]:
    """Yield what is to be measured, the most important first."""
    yield Job("sudoku-extreme", MIX, MIX_STEPS)
    yield Job("maze-hard", MAZES, MAZE_STEPS)
    yield Job("sudoku-extreme", MIX, MIX_STEPS, searches=True)
    nine = [name for name in shipped_models() if load_config(SHIPPED / name).family == "sudoku-9x9"]
    for name in nine:
        if name != "sudoku-extreme":
            yield Job(name, MIX, MIX_STEPS)
    yield Job("maze-any", MAZES, MAZE_STEPS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=os.environ.get("AIR_ENVS_DATA"))
    parser.add_argument("--exclude", nargs="*", type=Path, default=[], help="datasets that models were trained on")
    parser.add_argument("--minutes", type=float, default=15.0, help="begin no evaluation after so many")
    parser.add_argument("--puzzles", type=int, default=None, help="of each test set; by default all")
    asked = parser.parse_args()
    if asked.folder is None:
        parser.error("no FOLDER and no variable AIR_ENVS_DATA")
    record_all(Path(asked.folder), asked.exclude, asked.minutes, asked.puzzles)


def record_all(folder: Path, exclude: list[Path], minutes: float, puzzles: int | None) -> None:
    """Take all evaluations that have no record yet, until time is over."""
    start = time.monotonic()
    for job in jobs():
        if time.monotonic() - start > 60 * minutes:
            print("time is over; start again to go on", file=sys.stderr)
            return
        data = Dataset(_dataset(job.dataset, folder, exclude))
        (_search if job.searches else _measure)(job, data, puzzles)


def _measure(job: Job, data: Dataset, puzzles: int | None) -> None:
    if _found(job, data, puzzles, None):
        return
    agent = AIRAgent.from_pretrained(job.model, family=data.family.name)
    found = evaluate(agent, data, count=puzzles, max_steps=job.act_steps, halt=HALT)
    _write(evaluation_record(job.model, agent, data, found, command=_command(job, data, puzzles)))


def _search(job: Job, data: Dataset, puzzles: int | None) -> None:
    """Compare the searches at the ACT steps that ``noise`` spends in its attempts."""
    agent, budget = AIRAgent.from_pretrained(job.model, family=data.family.name), 0.0
    plain = None
    for search, attempts in SEARCHES.items():
        if record := _found(job, data, puzzles, search):
            budget = budget or record["mean_act_steps"]
            continue
        start = time.perf_counter()
        found = evaluate_attempts(
            agent, data, attempts, search, count=puzzles, max_steps=job.act_steps, noise=NOISE, threshold=0.9
        )
        seconds = time.perf_counter() - start
        budget = budget or float(found.steps[:, -1].mean())
        found = within(found, budget)
        plain = plain or evaluate(agent, data, count=puzzles, max_steps=1, progress=False)
        command = [*_command(job, data, puzzles)[:-2], "--attempts", str(found.steps.shape[1]), "--search", search]
        record = evaluation_record(job.model, agent, data, plain, found, NOISE, command, seconds)
        _write(record | {"act_steps": job.act_steps, "compute": round(budget, 3)})


def within(found: AttemptsEvaluation, budget: float) -> AttemptsEvaluation:
    """Return the first attempts of a search that spend at most ``budget`` ACT steps per puzzle, one at least."""
    fitting = max(1, int((found.steps.mean(0) <= budget + 1e-9).sum()))
    return AttemptsEvaluation(
        found.search, found.threshold, found.right[:, :fitting], found.solved[:, :fitting], found.steps[:, :fitting],
        found.answers,
    )  # fmt: skip


def _dataset(name: str, folder: Path, exclude: list[Path]) -> Path:
    """Return a test set, made where it is not there yet."""
    path = Path("data") / f"{name}.h5"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        if name == MIX:
            command = f"air-envs data mix --recipe {MIX} --rows {ROWS} --output data/{MIX}.h5"
            mix_sudoku_extreme(path, folder, ROWS, [Dataset(other) for other in exclude], command=command)
        else:
            import_puzzles(folder / "maze-30x30-hard-1k", path, on_duplicate="drop")
    return path


def _found(job: Job, data: Dataset, puzzles: int | None, search: str | None) -> dict[str, object] | None:
    """Return the record of a job with these weights on these puzzles, where there is one."""
    asked = {
        "model": job.model,
        "weights": weights_hash(SHIPPED / job.model),
        "act_steps": job.act_steps,
        "puzzles": min(puzzles or data.counts["test"], data.counts["test"]),
        "search": search,
    }
    for record in read_records():
        if record["test_set"]["checksum"] == data.attributes["checksum"] and asked.items() <= record.items():
            return record
    return None


def _command(job: Job, data: Dataset, puzzles: int | None) -> list[str]:
    count = ["--puzzles", str(puzzles)] if puzzles else []
    words = ["air-envs", "eval", job.model, f"data/{data.path.name}", *count, "--act-steps", str(job.act_steps)]
    return [*words, "--halt", f"{HALT:g}"]


def _write(record: dict[str, object]) -> None:
    path = write_record(record)
    exact = record["exact"]
    print(f"{path}: {exact['right']} of {record['puzzles']} exact, {record['mean_act_steps']} ACT steps", flush=True)


if __name__ == "__main__":
    main()
