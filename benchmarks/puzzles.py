"""Solvers, generators, symmetries and datasets: ``python -m benchmarks.puzzles [PART ...]`` prints one table.

Parts are sudoku, mazes and datasets; without any, all. ``AIR_ENVS_DATA`` names the folder of the published puzzle
lists; rows that need them are left out where it is not set.
"""

from __future__ import annotations

import importlib
import sys

from benchmarks.table import report

PARTS = ("sudoku", "mazes", "datasets")


def main(wanted: list[str]) -> None:
    unknown = set(wanted) - set(PARTS)
    if unknown:
        sys.exit(f"no part {sorted(unknown)}, expected some of {', '.join(PARTS)}")
    modules = [importlib.import_module(f"benchmarks.{part}") for part in wanted or PARTS]
    report("Puzzles", [part for module in modules for part in module.PARTS])


if __name__ == "__main__":
    main(sys.argv[1:])
