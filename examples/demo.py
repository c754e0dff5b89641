"""The whole road in one command: puzzles, training, evaluation through the environment, pictures (``make demo``)."""

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
from agents.evaluation.episodes import Episodes, Judgement, judge
from agents.figures.training_curve import draw_training_curve
from agents.models.devices import pick_device
from agents.pretrained import shipped_models
from agents.thinking.rollout import save_rollout
from puzzles.dataset import Dataset
from puzzles.importers import import_puzzles

REAL_PUZZLES = Path(os.environ.get("AIR_ENVS_DATA", Path(__file__).parents[2] / "shared" / "data"))


TARGETS = {"sudoku-4x4": 0.98, "sudoku-6x6": 0.95}
"""The presets that can be trained here, and the accuracy expected of each."""
SHOWN = 12
"""Test puzzles on which a shipped model is shown; its card tells how it does on more."""


def demo(only: str | None = None, output: Path = Path("demo"), real: Path = REAL_PUZZLES) -> None:
    """Build datasets, train, evaluate through the environments and draw; then show the models that are shipped.

    Args:
        only: train this one, sudoku-4x4 or sudoku-6x6, and do nothing else.
        output: folder for everything; datasets and runs of an earlier demo there are replaced.
        real: folder of published puzzles to import where it is there: sudoku/*.txt and maze-30x30-hard-1k/.
    """
    if only not in (None, *TARGETS):
        raise SystemExit(f"--only {only}: expected one of {', '.join(TARGETS)}")
    trained, shown = only or "sudoku-4x4", [] if only else shipped_models()
    heading("1. Datasets")
    dataset = build(trained, output)
    print(dataset.describe(), end="\n\n")
    if not only:
        import_real(real, output)

    line, met = run(trained, dataset, output)
    lines = [line, *(show(name, output) for name in shown)]
    heading("Done")
    print("\n".join(lines))
    print(f"Everything is in {output.resolve()}: data/, runs/ with model, metrics and pictures, shipped/ with pictures")
    if not met:
        raise SystemExit(1)


def build(name: str, output: Path, **counts: int) -> Dataset:
    """Generate what the preset of that name trains on; ``train=0`` makes the same test split alone."""
    planned = PRESETS[name].dataset
    return dataclasses.replace(RECIPES[planned.stem], **counts).build(output / planned)


def import_real(real: Path, output: Path) -> None:
    """Turn published puzzles into datasets, where they are at hand."""
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
    judgement = measure(name, AIRAgent.from_pretrained(config.output, str(device)), dataset, config.output / "rollout")
    print(draw_training_curve(config.output))

    accuracy, target = judgement.evaluation.accuracy, TARGETS[name]
    met = accuracy >= target
    line = f"{summary(name, judgement)}, {seconds:.0f} s of training, target {target:.0%} {'met' if met else 'MISSED'}"
    return line, met


def show(name: str, output: Path) -> str:
    """Evaluate and draw a shipped model; return a line that sums it up."""
    heading(f"4. The shipped model {name}")
    dataset = build(name, output, train=0, test=SHOWN)
    agent = AIRAgent.from_pretrained(name, str(pick_device()))
    return summary(name, measure(name, agent, dataset, output / "shipped" / name))


def measure(name: str, agent: AIRAgent, dataset: Dataset, picture: Path) -> Judgement:
    """Judge an agent on the test split, on tensors and in the environment, and draw the hardest puzzle it solved."""
    judgement = judge(agent, dataset)
    print(judgement)
    index = hardest_solved(judgement.each)
    print(
        *save_rollout(agent, {"puzzle": dataset.split("test").puzzle[index]}, picture, f"{name}, test puzzle {index}")
    )
    return judgement


def summary(name: str, judgement: Judgement) -> str:
    """Return the two accuracies in a line."""
    evaluation = judgement.evaluation
    return (
        f"{name}: exact accuracy {evaluation.accuracy:.1%} on {len(evaluation.exact)} puzzles not in the training "
        f"split, solved in the environment {judgement.last.solved.mean():.1%}"
    )


def hardest_solved(episodes: Episodes) -> int:
    """Return the index of the solved puzzle that took most proposals; 0 where none was solved."""
    return int(np.argmax(np.where(episodes.solved, episodes.proposals, 0)))


def heading(text: str) -> None:
    """Print a line that stands out."""
    print(f"\n=== {text} ===", flush=True)


if __name__ == "__main__":
    tyro.cli(demo, prog="python -m examples.demo")
