"""One way to write down what a benchmark measured: rows, a table in Markdown, the machine and the day."""

from __future__ import annotations

import datetime
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """One measured figure."""

    what: str
    figure: float
    unit: str
    target: str = ""
    """What was asked for, as text: ``"<= 104"``; empty where nothing was."""
    met: bool | None = None
    """Whether it was met; None where nothing was asked for."""
    note: str = ""
    """How it was measured, in a few words, or the ratio to a peer measured in the same run."""


def at_most(what: str, figure: float, unit: str, bound: float, note: str = "") -> Row:
    """Return a row whose figure should not exceed ``bound``."""
    return Row(what, figure, unit, f"<= {bound:g}", figure <= bound, note)


def at_least(what: str, figure: float, unit: str, bound: float, note: str = "") -> Row:
    """Return a row whose figure should reach ``bound``."""
    return Row(what, figure, unit, f">= {bound:g}", figure >= bound, note)


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the least wall time of ``repeats`` calls of ``work``, in seconds. Call it once before, to compile."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def report(title: str, parts: Iterable[Callable[[], Iterator[Row]]]) -> None:
    """Run the parts, show each row as it comes on standard error, and print the table on standard output."""
    rows = []
    for part in parts:
        for row in part():
            print(_line(row), file=sys.stderr, flush=True)
            rows.append(row)
    print(f"## {title}\n\n{machine()}\n\n| what | figure | target | met | note |\n| --- | ---: | --- | --- | --- |")
    print("\n".join(_line(row) for row in rows))


def machine() -> str:
    """Return the day, the processor, how many of its cores may be used, and the Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{datetime.date.today()}, {_processor()}, {cores} cores, Python {platform.python_version()}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _line(row: Row) -> str:
    met = "" if row.met is None else "yes" if row.met else "**no**"
    return f"| {row.what} | {_number(row.figure)} {row.unit} | {row.target} | {met} | {row.note} |"


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 1000 else f"{figure:.3g}"
