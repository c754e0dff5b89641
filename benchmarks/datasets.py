"""Datasets: how fast they are built, proved, imported, exported and read, and in how much memory.

Each large job runs in a process of its own, whose peak of resident memory is read in the end.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import puzzles
from benchmarks.table import Row, at_most, seconds
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from puzzles.shards import candidate_seeds

MILLION = 1_000_000
ROWS = 300_000
"""Of the CSV that is imported: Sudoku-Extreme has 14 times as many."""
MEGABYTES = 1000
"""Peak memory that a million puzzles may take."""

_MEASURED = """
import json, time
from benchmarks.memory import peak_resident
{setup}
start = time.perf_counter()
{work}
wall = time.perf_counter() - start
print(json.dumps([wall, peak_resident() / 2**20]))
"""


def building() -> Iterator[Row]:
    """Build and prove a million puzzles of a quick family, and some thousands of a slow one."""
    with tempfile.TemporaryDirectory() as folder:
        for name, count in (("maze-9x9", MILLION), ("sudoku-9x9", 50_000)):
            path = Path(folder) / f"{name}.h5"
            wall, memory = _alone(
                "from puzzles.build import build_dataset",
                f"build_dataset({str(path)!r}, {name!r}, train={count}, test=1000, progress=False)",
            )
            yield Row(f"build {count:,} {name}", (count + 1000) / wall, "puzzles/s", note="all cores, one process")
            yield at_most(f"build {count:,} {name}, peak memory", memory, "MB", MEGABYTES)
            wall, memory = _alone(
                "from puzzles.dataset import verify",
                f"verify({str(path)!r}, progress=False)",
            )
            yield Row(f"verify {count:,} {name}", (count + 1000) / wall, "puzzles/s", note="everything proved again")
            yield at_most(f"verify {count:,} {name}, peak memory", memory, "MB", MEGABYTES)


def importing() -> Iterator[Row]:
    """Import a CSV as Sudoku-Extreme's, whole and 1,000 rows of it."""
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "train.csv", Path(folder) / "out.h5"
        _write_table(source)
        for what, count, draw in (("all", ROWS, "test=1000"), ("1,000", 1000, "test=0, train=1000")):
            wall, memory = _alone(
                "from puzzles.importers import import_puzzles",
                f"import_puzzles({str(source)!r}, {str(output)!r}, {draw}, on_duplicate='drop', overwrite=True, "
                "progress=False)",
            )
            if count == ROWS:
                yield Row(
                    f"import {ROWS:,} rows of CSV", count / wall, "rows/s", note="solutions and uniqueness proved"
                )
                yield at_most(f"import {ROWS:,} rows of CSV, peak memory", memory, "MB", MEGABYTES)
            else:
                yield Row(f"import {what} of them", wall, "s", note="drawn at random")


def exporting() -> Iterator[Row]:
    """Export with the 1,000 symmetry copies of each puzzle that the builders of HRM store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.h5"
        build_dataset(path, "sudoku-9x9", train=1000, test=100, progress=False)
        wall, memory = _alone(
            "from puzzles.dataset import Dataset; from puzzles.exporters import export_npy",
            f"export_npy(Dataset({str(path)!r}), {str(Path(folder) / 'npy')!r}, copies=1000, progress=False)",
        )
        yield Row("export 1,000 sudoku-9x9 with 1,000 copies each as NPY", 1_001_000 / wall, "grids/s")
        yield at_most("export of 1,001,000 grids, peak memory", memory, "MB", MEGABYTES)


def reading() -> Iterator[Row]:
    """Draw random batches from a million puzzles in memory, and read a file whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.h5"
        build_dataset(path, "maze-9x9", train=MILLION, test=0, progress=False)
        read = seconds(lambda: Dataset(path).split("train"))
        yield Row("read a million maze-9x9 whole", MILLION / read, "puzzles/s", note="hashes checked")
        view, rng = Dataset(path).split_view("train"), np.random.default_rng(0)
        row = sum(array[0].nbytes for array in view.all())
        for batch in (768, 65_536):
            wall = seconds(lambda batch=batch: view.sample(rng, batch), repeats=50)  # type: ignore[misc]
            note = f"{batch * row / wall / 1e9:.1f} GB/s, in batches of {batch:,}"
            yield Row("random batches from a million maze-9x9", batch / wall / 1e6, "M puzzles/s", note=note)


def _alone(setup: str, work: str) -> tuple[float, float]:
    """Run ``work``, after ``setup``, in a process of its own; return the seconds of the former and peak megabytes."""
    script = _MEASURED.format(setup=setup, work=work)
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    wall, memory = json.loads(done.stdout.splitlines()[-1])
    return wall, memory


def _write_table(path: Path) -> None:
    """Write ``ROWS`` puzzles that all differ up to symmetry: minimal ones with one more clue."""
    family = puzzles.family("sudoku-9x9")
    base = family.generate(candidate_seeds(0, 0, ROWS // 50))
    with path.open("w") as file:
        file.write("source,question,answer,rating\n")
        for puzzle, solution in zip(base.puzzle, base.solution, strict=True):
            question, answer = family.format(puzzle), family.format(solution)
            for cell in np.flatnonzero(puzzle.ravel() == 0)[:50]:
                clued = question[:cell] + answer[cell] + question[cell + 1 :]
                file.write(f"synthetic,{clued},{answer},{cell}\n")


PARTS = (building, importing, exporting, reading)
