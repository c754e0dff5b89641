"""Evaluation of shipped models: ``python -m benchmarks.evaluation`` prints one table.

Each model answers generated puzzles of its family three times in turn, so that a busy machine slows all alike: as
``air-envs eval`` did it (256 puzzles at a time, every ACT step of each, then once more for each of three halting
thresholds), in one evaluation of every step, and in one that stops puzzles of which the halting head is sure. The
answers are compared. All three have today's blocks, so what these gained is not in the ratios. The ceiling is what the
machine multiplies: one large product of float32 matrices.

Times are of the processor (``time.process_time``), which other programs disturb less than wall time. With several
threads they add up over the cores.
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch

from agents.config.recipes import RECIPES
from agents.evaluation import Evaluation, cut_short, evaluate, evaluate_halting
from agents.evaluation.selection import default_batch
from agents.models.cost import act_step_flops
from agents.thinking.agent import AIRAgent
from benchmarks.table import Row, report
from puzzles.dataset import Dataset

MODELS = {"sudoku-6x6": 128, "sudoku-9x9-easy": 64, "sudoku-extreme": 48, "maze-15x15": 64}
"""Shipped models, and on how many puzzles each is measured."""
HALT_AT, HALT = (0.5, 0.9, 0.99), 0.99
OLD_BATCH = 256
SIDE = 2048

Result = TypeVar("Result")


class Timed(NamedTuple):
    """What a call returned, and the seconds of the processor that it took."""

    seconds: float
    found: Evaluation


def speed() -> Iterator[Row]:
    ceiling = matrix_flops()
    yield Row("float32 product", ceiling / 1e9, "GFLOP/s", note=f"{SIDE} x {SIDE}, of one core")
    with tempfile.TemporaryDirectory() as folder:
        for name, count in MODELS.items():
            recipe = dataclasses.replace(RECIPES[name], train=0, test=count)
            yield from compare(name, recipe.build(Path(folder) / f"{name}.h5"), ceiling)


def compare(name: str, dataset: Dataset, ceiling: float) -> Iterator[Row]:
    """Measure one model in all three ways."""
    agent = AIRAgent.from_pretrained(name)
    count = dataset.counts["test"]
    before = timed(lambda: as_before(agent, dataset))
    full = timed(lambda: evaluate(agent, dataset, keep_steps=True, progress=False))
    halted = timed(lambda: evaluate(agent, dataset, keep_steps=True, halt=HALT, progress=False))
    same = np.array_equal(before.found.answers, full.found.answers)
    for threshold in HALT_AT:
        one, other = (cut_short(timed.found, threshold) for timed in (full, halted))
        same &= np.array_equal(one.answers, other.answers) and np.array_equal(one.steps, other.steps)
    step = act_step_flops(agent.model.config, 1)
    for what, found, note in (
        ("as before, thresholds thought anew", before, f"batch {OLD_BATCH}"),
        ("every ACT step, thresholds read off", full, f"batch {default_batch(agent)}"),
        ("halted above 99 %, the default", halted, f"{halted.found.steps.mean():.1f} ACT steps on average"),
    ):
        yield Row(f"{name}: {what}", count / found.seconds, "puzzles/s", note=note)
    share = full.found.computed * step / full.seconds / ceiling
    yield Row(f"{name}: of the machine's product", 100 * share, "%", note="every ACT step")
    for what, found in (("every ACT step", full), ("halted", halted)):
        ratio = before.seconds / found.seconds
        yield Row(f"{name}: faster, {what}", ratio, "x", ">= 2", ratio >= 2, "the same answers" if same else "OTHERS")


def as_before(agent: AIRAgent, dataset: Dataset) -> Evaluation:
    """Think every puzzle through, and again until each threshold, as ``air-envs eval`` did."""
    found = evaluate(agent, dataset, batch=OLD_BATCH, keep_steps=True, progress=False)
    for threshold in HALT_AT:
        evaluate_halting(agent, dataset, threshold, batch=OLD_BATCH, progress=False)
    return found


def matrix_flops() -> float:
    """Return the floating-point operations per second of the processor in a large product of float32 matrices."""
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    a @ b
    best = min(_seconds(lambda: a @ b)[0] for _ in range(5))
    return 2 * SIDE**3 / best


def timed(work: Callable[[], Evaluation]) -> Timed:
    return Timed(*_seconds(work))


def _seconds(work: Callable[[], Result]) -> tuple[float, Result]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


PARTS = (speed,)

if __name__ == "__main__":
    report("Evaluation", PARTS)
