"""Training: ``python -m benchmarks.training [PART ...]`` prints one table, in about six minutes.

Parts are step, batches and memory; without any, all. Needs a C++ compiler, to compile the step.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

import puzzles
from agents.config.model import AIRConfig
from agents.config.presets import PRESETS
from agents.config.training import TrainConfig
from agents.data.batches import PuzzleBatches
from agents.models.cost import training_memory, training_step_flops
from agents.training.trainer import Trainer
from benchmarks.memory import peak_resident
from benchmarks.table import Row, at_most, report, seconds
from puzzles.build import build_dataset

# The authors' code, float32, on two cores of the kind this project was built on: hidden 128, 4 heads, 2 blocks, 2 x 2
# cycles, batch 64, 81 cells, continue target included.
AUTHORS = {"eager": 1.21, "compiled": 0.95}
BOUNDS = {"float32": 0.65 * AUTHORS["eager"], "bfloat16": 0.35 * AUTHORS["eager"]}
BATCH = 64
KINDS = {
    "eager": {"compile": "off", "q_continue": True},
    "compiled": {"compile": "default", "q_continue": True},
    "compiled, halt-only": {"compile": "default", "q_continue": False},
}


def step() -> Iterator[Row]:
    """One optimizer step of the authors' setting, as ``Trainer`` takes it: batches, ACT step, target, loss, update."""
    with tempfile.TemporaryDirectory() as folder:
        dataset = Path(folder) / "sudoku.h5"
        build_dataset(dataset, puzzles.family("sudoku-9x9"), train=200, test=10, progress=False)
        for dtype, bound in BOUNDS.items():
            took, ceilings = {}, []
            for kind in KINDS:
                took[kind] = _step_seconds(dataset, dtype, **KINDS[kind])
                ceilings.append(_ceiling(dtype))  # several times: something else may run in between
            yield Row(f"matrix ceiling, {dtype}", max(ceilings) / 1e9, "GFLOP/s", note="2048 x 2048 product")
            for kind, figure in took.items():
                rate = training_step_flops(_model(KINDS[kind]["q_continue"]), BATCH) / figure
                note = f"{rate / 1e9:.0f} GFLOP/s, {rate / max(ceilings):.0%} of the ceiling"
                what = f"step, {dtype}, {kind}"
                if kind in AUTHORS:
                    note += f"; {figure / AUTHORS[kind]:.2f} of the authors' {AUTHORS[kind]} s"
                if kind == "compiled":
                    yield at_most(what, figure, "s", bound, note)
                else:
                    yield Row(what, figure, "s", note=note)


def batches() -> Iterator[Row]:
    """768 puzzles of 9x9 with their solutions, each in a random symmetry copy."""
    family = puzzles.family("sudoku-9x9")
    data = family.generate(np.arange(1000, dtype=np.uint64))
    drawn, generator = PuzzleBatches(family, data, torch.device("cpu")), torch.Generator().manual_seed(0)
    took = seconds(lambda: drawn.draw(768, generator), 500)
    yield at_most("768 augmented 9x9 puzzles", took * 1e3, "ms", 1.0, f"{torch.get_num_threads()} threads")


def memory() -> Iterator[Row]:
    """Peak memory: computed for the paper's settings, measured for the small ones."""
    for name in ("sudoku-extreme-1k", "maze-hard-1k"):
        config = PRESETS[name]
        computed = training_memory(config.model, config.batch).total
        yield Row(f"{name}, peak computed", computed / 2**30, "GiB", note=f"batch {config.batch}, bfloat16, eager")
    for name in ("sudoku-4x4", "sudoku-6x6", "maze-9x9"):
        with tempfile.TemporaryDirectory() as folder:
            peak = _in_new_process(_peak, name, folder)
        yield Row(f"{name}, peak measured", peak / 2**20, "MiB", note="resident, eager, torch itself included")


def _step_seconds(dataset: Path, dtype: str, compile: str, q_continue: bool) -> float:
    torch.compiler.reset()
    config = TrainConfig(
        dataset, dataset.parent, _model(q_continue), batch=BATCH, dtype=dtype, compile=compile, device="cpu"
    )
    trainer = Trainer(config)
    for _ in range(3):
        trainer.train_step()
    return seconds(trainer.train_step, 20)


def _model(q_continue: bool) -> AIRConfig:
    return AIRConfig(family="sudoku-9x9", hidden=128, heads=4, layers=2, q_continue=q_continue)


def _ceiling(dtype: str) -> float:
    """Operations per second of a large product."""
    a = torch.randn(2048, 2048, dtype=getattr(torch, dtype))
    return 2 * 2048**3 / seconds(lambda: a @ a, 20)


def _peak(name: str, folder: str, answer: multiprocessing.SimpleQueue) -> None:
    """Train a preset for some steps and answer the most memory it held, in bytes."""
    config = PRESETS[name]
    dataset = Path(folder) / "data.h5"
    build_dataset(dataset, puzzles.family(config.model.family), train=100, test=10, progress=False)
    trainer = Trainer(dataclasses.replace(config, dataset=dataset, output=Path(folder), compile="off", device="cpu"))
    for _ in range(20):
        trainer.train_step()
    answer.put(peak_resident())


def _in_new_process(work, *args):
    context = multiprocessing.get_context("spawn")
    answer = context.SimpleQueue()
    process = context.Process(target=work, args=(*args, answer))
    process.start()
    found = answer.get()
    process.join()
    return found


PARTS = {"step": step, "batches": batches, "memory": memory}


def main(wanted: list[str]) -> None:
    unknown = set(wanted) - set(PARTS)
    if unknown:
        sys.exit(f"no part {sorted(unknown)}, expected some of {', '.join(PARTS)}")
    report("Training", [PARTS[part] for part in wanted or PARTS])


if __name__ == "__main__":
    main(sys.argv[1:])
