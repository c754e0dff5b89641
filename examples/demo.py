"""The main path in one command: puzzles, training, evaluation through the environment, pictures (``make demo``)."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
from pathlib import Path

import numpy as np
import tyro

from agents import AIRAgent, Trainer
from agents.config.presets import PRESETS
from agents.config.recipes import RECIPES
from agents.evaluation import Evaluation, evaluate
from agents.evaluation.episodes import judge
from agents.figures.training_curve import draw_training_curve
from agents.models.devices import pick_device
from agents.pretrained import shipped_models
from agents.thinking.rollout import save_rollout
from puzzles.dataset import Dataset
from puzzles.importers import import_puzzles

REAL_PUZZLES = Path(os.environ.get("AIR_ENVS_DATA", Path(__file__).parents[2] / "shared" / "data"))

TARGETS = {"sudoku-4x4-units": 0.98, "sudoku-6x6": 0.95}
"""The presets that can be trained here, and the accuracy expected of each on unseen puzzles."""
SHOWN = {"sudoku-6x6": 6, "sudoku-extreme": 4, "maze-hard": 3}
"""Shipped models to show, and on how many test puzzles; their cards say how they do on more."""


def demo(
    only: str | None = None, output: Path = Path("demo"), real: Path = REAL_PUZZLES, gallery: bool = False
) -> None:
    """Build datasets, train, evaluate through the environment and draw; then show some shipped models.

    Args:
        only: train this one, sudoku-4x4-units or sudoku-6x6, and do nothing else.
        output: folder for everything; datasets and runs of an earlier demo there are replaced.
        real: folder of published puzzles, imported where it exists: sudoku/*.txt and maze-30x30-hard-1k/.
        gallery: train nothing, and show every shipped model.
    """
    if only not in (None, *TARGETS):
        raise SystemExit(f"--only {only}: expected one of {', '.join(TARGETS)}")
    lines, met = [], True
    if not gallery:
        name = only or "sudoku-4x4-units"
        heading("1. Datasets")
        dataset = build(name, output)
        print(dataset.describe(), end="\n\n")
        if not only:
            import_real(real, output)
        line, met = run(name, dataset, output)
        lines.append(line)
    shown = {} if only else dict.fromkeys(shipped_models(), 3) if gallery else SHOWN
    lines += [show(name, count, output) for name, count in shown.items()]
    heading("Done")
    print("\n".join(lines))
    print(f"Everything is in {output.resolve()}: data/, runs/ with model, metrics and pictures, shipped/ with pictures")
    print(NEXT)
    if not met:
        raise SystemExit(1)


NEXT = """
What to try next, after `source .venv/bin/activate`:
  air-envs play sudoku                     play yourself, with mouse and keyboard
  air-envs watch sudoku-extreme            watch a shipped model think
  air-envs models                          list the shipped models
  air-envs train --preset sudoku-6x6       train a model in two minutes
  python -m examples.demo --gallery        pictures of every shipped model"""


def build(name: str, output: Path, **counts: int) -> Dataset:
    """Generate what the preset of that name trains on; ``train=0`` makes the same test split alone."""
    planned = PRESETS[name].dataset
    return dataclasses.replace(RECIPES[planned.stem], **counts).build(output / planned)


def import_real(real: Path, output: Path) -> None:
    """Turn published puzzles into datasets, where they are available."""
    sources = [*sorted((real / "sudoku").glob("*.txt")), *sorted(real.glob("maze-30x30-hard-1k"))]
    if not sources:
        print(f"no published puzzles in {real}; --real FOLDER names another place")
    for source in sources:
        # Lists and published splits repeat a few puzzles up to symmetry.
        imported = import_puzzles(source, output / "data" / f"{source.stem}.h5", on_duplicate="drop")
        print(imported)


def run(name: str, dataset: Dataset, output: Path) -> tuple[str, bool]:
    """Train, evaluate and draw one task; return a line that sums it up, and whether the target was met."""
    config = dataclasses.replace(PRESETS[name], dataset=dataset.path, output=output / "runs" / name)
    shutil.rmtree(config.output, ignore_errors=True)
    device = pick_device(config.device)
    heading(f"2. Training {name} on the {device.type}")
    start = time.perf_counter()
    Trainer(config).train()
    seconds = time.perf_counter() - start

    heading(f"3. Evaluation of {name}")
    agent = AIRAgent.from_pretrained(config.output, str(device))
    judgement = judge(agent, dataset)
    print(judgement)
    draw(name, agent, dataset, judgement.evaluation, config.output / "rollout")
    print(draw_training_curve(config.output))
    target = TARGETS[name]
    met = judgement.evaluation.accuracy >= target
    line = f"{summary(name, judgement.evaluation)}, {seconds:.0f} s of training, target {target:.0%} "
    return line + ("met" if met else "MISSED"), met


def show(name: str, count: int, output: Path) -> str:
    """Evaluate a shipped model on a few puzzles and draw one; return a line that sums it up."""
    heading(f"The shipped model {name}")
    dataset = build(name, output, train=0, test=count)
    agent = AIRAgent.from_pretrained(name, str(pick_device()))
    evaluation = evaluate(agent, dataset)
    draw(name, agent, dataset, evaluation, output / "shipped" / name)
    return summary(name, evaluation)


def draw(name: str, agent: AIRAgent, dataset: Dataset, evaluation: Evaluation, picture: Path) -> None:
    """Draw the rollout of the puzzle that took the model longest to solve."""
    index = slowest_solved(evaluation)
    puzzle = dataset.split("test").puzzle[index]
    print(*save_rollout(agent, {"puzzle": puzzle}, picture, f"{name}, test puzzle {index}"))


def slowest_solved(evaluation: Evaluation) -> int:
    """Return the index of the solved puzzle that took most ACT steps; 0 where none was solved."""
    return int(np.argmax(np.where(evaluation.solved.any(1), evaluation.solved.argmax(1) + 1, 0)))


def summary(name: str, evaluation: Evaluation) -> str:
    """Return the accuracy in a line."""
    right, count = int(evaluation.solved[:, -1].sum()), len(evaluation.solved)
    return f"{name}: {right:,} of {count:,} unseen puzzles solved ({right / count:.1%})"


def heading(text: str) -> None:
    """Print a line that stands out."""
    print(f"\n=== {text} ===", flush=True)


if __name__ == "__main__":
    tyro.cli(demo, prog="python -m examples.demo")
