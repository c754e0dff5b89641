"""The whole road in one command: puzzles, training, evaluation through the environment, pictures (``make demo``)."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tyro

import puzzles
from agents import AIRAgent, Trainer
from agents.devices import pick_device
from agents.figures import draw_training_curve
from agents.play import Episodes, judge
from agents.presets import PRESETS
from agents.rollout import save_rollout
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from puzzles.importers import import_puzzles

REAL_PUZZLES = Path(os.environ.get("AIR_ENVS_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Task:
    """One dataset to generate and, where the demo trains on it, the accuracy expected of the preset of that name."""

    train: int
    test: int = 1_000
    options: dict[str, Any] = field(default_factory=dict)
    target: float | None = None


TASKS = {
    "sudoku-4x4": Task(train=1_000, target=0.98),
    "maze-9x9": Task(train=10_000, options={"generator": "perfect"}),
    "sudoku-6x6": Task(train=10_000, options={"clues": 14}, target=0.95),
}
TRAINED = ("sudoku-4x4", "maze-9x9")


def demo(only: str | None = None, output: Path = Path("demo"), real: Path = REAL_PUZZLES) -> None:
    """Build datasets, train, evaluate through the environments and draw.

    Args:
        only: one task alone: sudoku-4x4, maze-9x9 or sudoku-6x6.
        output: folder for everything; datasets and runs of an earlier demo there are replaced.
        real: folder of published puzzles to import where it is there: sudoku/*.txt and maze-30x30-hard-1k/.
    """
    if only not in (None, *TASKS):
        raise SystemExit(f"--only {only}: expected one of {', '.join(TASKS)}")
    heading("1. Datasets")
    for name in [only] if only else TASKS:
        print(build(name, output).describe(), end="\n\n")
    if not only:
        import_real(real, output)

    results = [run(name, output) for name in ([only] if only else TRAINED)]
    heading("Done")
    print("\n".join(line for line, _ in results))
    print(
        f"Everything is in {output.resolve()}: data/, and per run its model, metrics, curve.png, rollout.gif and .png"
    )
    if not all(met for _, met in results):
        raise SystemExit(1)


def build(name: str, output: Path) -> Dataset:
    """Generate one dataset with its train and test split."""
    task, family = TASKS[name], puzzles.family(name)
    return build_dataset(
        output / "data" / f"{name}.h5", family, family.Options(**task.options), train=task.train, test=task.test
    )


def import_real(real: Path, output: Path) -> None:
    """Turn published puzzles into datasets, where they are at hand."""
    sources = [*sorted((real / "sudoku").glob("*.txt")), *sorted(real.glob("maze-30x30-hard-1k"))]
    if not sources:
        print(f"no published puzzles in {real}; --real FOLDER names another place")
    for source in sources:
        # Lists and published splits repeat a few puzzles up to symmetry.
        imported = import_puzzles(source, output / "data" / f"{source.stem}.h5", on_duplicate="drop")
        print(imported)


def run(name: str, output: Path) -> tuple[str, bool]:
    """Train, evaluate and draw one task; return a line that sums it up, and whether the target was met."""
    config = dataclasses.replace(PRESETS[name], dataset=output / "data" / f"{name}.h5", output=output / "runs" / name)
    shutil.rmtree(config.output, ignore_errors=True)
    device = pick_device(config.device)
    heading(f"2. Training {name} on the {device.type}")
    start = time.perf_counter()
    Trainer(config).train()
    seconds = time.perf_counter() - start

    heading(f"3. Evaluation of {name}")
    agent, dataset = AIRAgent.from_pretrained(config.output, str(device)), Dataset(config.dataset)
    judgement = judge(agent, dataset)
    print(judgement)

    heading(f"4. Pictures of {name}")
    index = hardest_solved(judgement.each)
    puzzle, title = dataset.split("test").puzzle[index], f"{name}, test puzzle {index}"
    pictures = save_rollout(agent, {"puzzle": puzzle}, config.output / "rollout", title)
    print(*pictures, draw_training_curve(config.output), sep="\n")

    evaluation, target = judgement.evaluation, TASKS[name].target
    met = target is None or evaluation.accuracy >= target
    line = (
        f"{name}: exact accuracy {evaluation.accuracy:.1%} on {len(evaluation.exact)} puzzles not in the training "
        f"split (split rule {dataset.split_rule}), solved in the environment {judgement.last.solved.mean():.1%}, "
        f"{seconds:.0f} s of training"
    )
    return line + ("" if target is None else f", target {target:.0%} {'met' if met else 'MISSED'}"), met


def hardest_solved(episodes: Episodes) -> int:
    """Return the index of the solved puzzle that took most proposals; 0 where none was solved."""
    return int(np.argmax(np.where(episodes.solved, episodes.proposals, 0)))


def heading(text: str) -> None:
    """Print a line that stands out."""
    print(f"\n=== {text} ===", flush=True)


if __name__ == "__main__":
    tyro.cli(demo, prog="python -m examples.demo")
