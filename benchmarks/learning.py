"""Learning: ``python -m benchmarks.learning [PRESET ...] [--seeds 3] [--paper]`` trains, and prints one table.

Each preset is trained with several seeds on what its recipe generates, as ``air-envs train --preset`` does, and
measured on the 1,000 puzzles of its test split. ``--paper`` adds, for as long as the first seed took, the same model
under the paper's rule: attention, rotary positions, gradient through the last L H of L L H L L H, early halting, and
the paper's weight of the halting head's loss; optimizer and schedule stay the preset's.
Runs are kept in the output folder: finished ones are not repeated, interrupted ones go on.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agents.config.presets import PRESETS
from agents.config.recipes import RECIPES
from agents.config.training import TRAIN_CONFIG, TrainConfig
from agents.training.runs.log import read_metrics
from agents.training.trainer import Trainer
from benchmarks.table import Row, at_least, report

TARGETS = {
    "sudoku-4x4": 99.5,
    "sudoku-6x6": 99.0,
    "sudoku-6x6-minimal": 90.0,
    "maze-9x9": 98.0,
    "maze-15x15": 90.0,
    "sudoku-9x9-easy": 0.0,
}
"""Exact accuracy asked for, in per cent; nothing was of the last one."""
STEPS_TIMED = 20


def learning(name: str, seeds: int, paper: bool, output: Path) -> Iterator[Row]:
    """Train one preset with several seeds."""
    dataset = output / "data" / f"{name}.h5"
    if not dataset.exists():
        RECIPES[name].build(dataset)
    config = dataclasses.replace(PRESETS[name], dataset=dataset)
    results = []
    for seed in range(seeds):
        results.append(_train(dataclasses.replace(config, seed=seed, output=output / name / f"seed-{seed}")))
        yield _row(f"{name}, seed {seed}", results[-1], config, TARGETS[name])
    if paper:
        ruled = _ruled_by_the_paper(config, output / name / "paper")
        steps = max(1, round(results[0]["seconds"] / _seconds_of_a_step(ruled)))
        every = math.ceil(steps / 4)
        timed = dataclasses.replace(ruled, steps=steps, eval_every=every, checkpoint_every=every)
        yield _row(f"{name}, the paper's rule", _train(timed), timed)


def _train(config: TrainConfig) -> dict[str, Any]:
    """Train to the end, from wherever an earlier call has come, and return the last measurement."""
    trainer = Trainer.resume(config.output) if (config.output / TRAIN_CONFIG).exists() else Trainer(config)
    if trainer.step < trainer.config.steps:
        trainer.train()
    return list(read_metrics(config.output, "validation"))[-1]


def _row(what: str, result: dict[str, Any], config: TrainConfig, target: float = 0.0) -> Row:
    model = config.model
    mixing = model.mixer + (f" and convolution {model.convolution}" if model.convolution else "")
    note = f"{result['seconds']:.0f} s, {result['step']:,} steps, gradient {model.gradient} of {model.program}, "
    note += f"{mixing}, positions {model.position}"
    if result["solved_by_rules"] != result["exact_accuracy"]:
        note += f", solved by the rules {result['solved_by_rules']:.1%}"
    accuracy = 100 * result["exact_accuracy"]
    return at_least(what, accuracy, "%", target, note) if target else Row(what, accuracy, "%", note=note)


def _ruled_by_the_paper(config: TrainConfig, output: Path) -> TrainConfig:
    paper = PRESETS["sudoku-extreme-1k"]
    model = _with(config.model, paper.model, "h_cycles", "l_cycles", "gradient", "mixer", "position", "convolution")
    ruled = _with(config, paper, "early_halting", "halting_weight", "random_act_steps", "act_steps")
    return dataclasses.replace(ruled, model=model, output=output)


def _with(config: Any, other: Any, *fields: str) -> Any:
    """Return the same configuration with these fields of another."""
    return dataclasses.replace(config, **{field: getattr(other, field) for field in fields})


def _seconds_of_a_step(config: TrainConfig) -> float:
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(dataclasses.replace(config, output=Path(folder)))
        trainer.train_step()  # which may compile
        start = time.perf_counter()
        for _ in range(STEPS_TIMED):
            trainer.train_step()
        return (time.perf_counter() - start) / STEPS_TIMED


def main() -> None:
    """Train the presets named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learning")
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--paper", action="store_true", help="and the paper's rule, for as long")
    parser.add_argument("--output", type=Path, default=Path("runs/learning"))
    chosen = parser.parse_args()
    unknown = set(chosen.presets) - set(TARGETS)
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: expected some of {', '.join(TARGETS)}")
    names = chosen.presets or list(TARGETS)
    report(
        "Learning",
        [functools.partial(learning, name, chosen.seeds, chosen.paper, chosen.output) for name in names],
    )


if __name__ == "__main__":
    main()
