"""Ablations: every member of a family of variants trained with several seeds, measured and compared (AIR paper).

Each run is a folder like any other run's, ``OUTPUT/NAME/seed-SEED``, so an interrupted ablation resumes where it
stopped, and several machines may share one output by taking different members.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from agents.analysis.paper.figures import published_label
from agents.analysis.paper.published import ACCURACY, TASKS, accuracy_text, caveat
from agents.analysis.sweep.members import ABLATIONS, member_run, members, seed_of
from agents.analysis.sweep.results import RESULT, SUMMARY, read_result
from agents.analysis.sweep.resuming import trainer_of
from agents.analysis.tables import spread, text_table
from agents.config.training import VALIDATION, TrainConfig, differences, read_train_config
from agents.evaluation import evaluate
from agents.figures.charts import BLUE, SKY, chart, percent_limits, save_chart
from agents.figures.training_curve import draw_training_curve
from agents.hub.cards import write_card
from agents.thinking.agent import AIRAgent
from agents.training.runs.divergence import TrainingDiverged
from puzzles.files import write_json

_FREE = ("output", "device", "compile", "wandb")
"""Fields of a run that may differ when it is resumed."""


@dataclass(frozen=True)
class Member:
    """One variant."""

    name: str
    results: tuple[dict[str, Any], ...]
    """What each finished seed measured, in the order of the seeds; those that diverged say so."""

    @property
    def accuracies(self) -> list[float]:
        """Exact accuracy of each seed that did not diverge."""
        return [result["exact_accuracy"] for result in self.results if "exact_accuracy" in result]

    @property
    def mean(self) -> float | None:
        """Over the seeds; None where all diverged."""
        return float(np.mean(self.accuracies)) if self.accuracies else None

    @property
    def cells(self) -> float | None:
        """Cell accuracy over the seeds; None where all diverged."""
        found = [result["cell_accuracy"] for result in self.results if "cell_accuracy" in result]
        return float(np.mean(found)) if found else None

    @property
    def std(self) -> float | None:
        """Standard deviation over the seeds; None of less than two."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.accuracies) > 1 else None


@dataclass(frozen=True)
class Ablation:
    """What is known of a family of variants so far."""

    name: str
    """A key of ``ABLATIONS``."""
    family: str
    """Of the puzzles."""
    members: tuple[Member, ...]
    """Those that have a finished run."""
    caveat: str = ""
    """In what the model that they are variants of differs from the paper's."""

    @property
    def published(self) -> dict[str, tuple[float, float | None]]:
        """The paper's mean and standard deviation by name, for the paper's puzzles alone."""
        return ACCURACY.get(self.family, {})

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs, with the paper's for comparison, which are of a test set."""
        rows = []
        for member in self.members:
            mean, std = self.published.get(member.name, (None, None))
            rows.append(
                {
                    "name": member.name,
                    "exact_accuracy_mean": member.mean,
                    "exact_accuracy_std": member.std,
                    "cell_accuracy_mean": member.cells,
                    "published_mean": mean,
                    "published_std": std,
                    "seeds": list(member.results),
                }
            )
        about = {"ablation": self.name, "family": self.family, "split": VALIDATION, "caveat": self.caveat}
        return about | {"members": rows}

    def table(self) -> str:
        """Return exact accuracy on validation puzzles by variant as text, with the paper's for comparison."""
        head = ["", "exact, mean ± std", "by seed", "cells"]
        rows = [head + ([f"paper, {TASKS[self.family]}"] if self.published else [])]
        for member in self.members:
            seeds = " ".join(_percent(result.get("exact_accuracy")) for result in member.results)
            row = [member.name, spread(member.mean, member.std), seeds, spread(member.cells, None)]
            rows.append(row + ([accuracy_text(self.family, member.name)] if self.published else []))
        measured = f"Measured on {VALIDATION} puzzles{'; the paper: on a test set' if self.published else ''}."
        return "\n\n".join(part for part in (text_table(rows), measured, self.caveat) if part)


def ablate(
    ablation: str,
    config: TrainConfig,
    seeds: int = 3,
    puzzles: int | None = None,
    only: tuple[str, ...] = (),
    progress: bool = True,
) -> Ablation:
    """Train every member of a family of variants with several seeds, and measure each on the validation split.

    Members are compared and chosen by these numbers, so that test puzzles stay unseen.

    Finished runs are skipped and interrupted ones resumed; after each, ``ablation.json`` and ``ablation.png`` in the
    output tell of all that are finished. A run that diverges counts as finished, without an accuracy.

    Args:
        ablation: a key of ``agents.analysis.sweep.members.ABLATIONS``.
        config: the run that all share but for what a member's name sets; its seed is the first one.
        seeds: how many.
        puzzles: of the validation split to measure each run on, from the first on; None takes all.
        only: members to train, by default all.
        progress: show bars.

    Raises:
        ValueError: an unknown family or member, fields that do not go together, less than 1 seed or puzzle, or the
            output holds runs that were trained otherwise or a damaged result.
        DatasetError: a damaged dataset.
    """
    if seeds < 1:
        raise ValueError(f"seeds {seeds}, expected at least 1")
    if puzzles is not None and puzzles < 1:
        raise ValueError(f"puzzles {puzzles}, expected at least 1")
    names = members(ablation, only)
    runs = [member_run(config, name, seed) for seed in range(config.seed, config.seed + seeds) for name in names]
    for name in ABLATIONS[ablation]:
        for run in _begun(config, name):
            _require_same(run)
    for number, run in enumerate(runs, 1):
        if _result(run, puzzles) is None:
            if progress:
                tqdm.write(f"run {number} of {len(runs)}: {run.output}")
            _finish(run, puzzles, progress)
            _write(collect(ablation, config, puzzles), config.output)
    found = collect(ablation, config, puzzles)
    _write(found, config.output)
    return found


def collect(ablation: str, config: TrainConfig, puzzles: int | None) -> Ablation:
    """Read what the finished runs of an output have measured on so many puzzles; on others it can't be compared."""
    found = []
    for name in ABLATIONS[ablation]:
        results = [result for run in _begun(config, name) if (result := _result(run, puzzles)) is not None]
        if results:
            found.append(Member(name, tuple(results)))
    return Ablation(ablation, config.model.family, tuple(found), caveat(config.model))


def _begun(config: TrainConfig, name: str) -> list[TrainConfig]:
    """Return the runs of a member that the output holds, finished or not, as they should be, in the order of seeds."""
    found = (seed_of(path) for path in (config.output / name).glob("seed-*"))
    return [member_run(config, name, seed) for seed in sorted(seed for seed in found if seed is not None)]


def _require_same(config: TrainConfig) -> None:
    """Refuse to take for this run one that was trained otherwise."""
    begun = read_train_config(config.output)
    if begun is None:
        return
    for field, (expected, found) in differences(config, begun).items():
        if field not in _FREE and not (field == "dtype" and expected == "auto"):
            raise ValueError(
                f"{config.output}: was trained with {field} {found}, expected {expected}: choose another output"
            )


def _result(config: TrainConfig, puzzles: int | None) -> dict[str, Any] | None:
    """Return what a finished run measured on so many puzzles, or that it diverged; None if it is not finished."""
    result = read_result(config.output, config.seed)
    return result if result and ("diverged" in result or result["asked_puzzles"] == puzzles) else None


def _finish(config: TrainConfig, puzzles: int | None, progress: bool) -> None:
    """Train a run to its end, from wherever it is, measure it and write its result."""
    if config.compile != "off":
        torch.compiler.reset()  # or it stops compiling a function after so many models
    trainer = trainer_of(config)
    result: dict[str, Any] = {"seed": config.seed, "asked_puzzles": puzzles}
    try:
        if not trainer.is_finished:
            trainer.train(progress)
        agent = AIRAgent(trainer.trained_model, trainer.dtype)
        dataset = trainer.tasks[0].dataset
        measured = evaluate(agent, dataset, VALIDATION, puzzles, batch=config.batch, progress=progress)
        result |= {"training_seconds": trainer.seconds, **measured.summary()}
        write_card(config.output)
        draw_training_curve(config.output)
    except TrainingDiverged as error:
        result["diverged"] = str(error)
    write_json(config.output / RESULT, result)


def _write(ablation: Ablation, folder: Path) -> None:
    write_json(folder / SUMMARY, ablation.summary())
    draw_ablation(ablation, (folder / SUMMARY).with_suffix(".png"))


def draw_ablation(ablation: Ablation, path: Path) -> Path:
    """Draw the accuracy of every variant, each seed and mean ± standard deviation, with the paper's, as PNG."""
    names = [member.name for member in ablation.members]
    figure = chart(7.5, 1.7 + 0.5 * len(names))
    axes = figure.subplots()
    for place, member in enumerate(ablation.members):
        seeds = [100 * accuracy for accuracy in member.accuracies]
        axes.plot(seeds, [place] * len(seeds), "o", color=SKY, markersize=4, label="one seed")
        if member.mean is not None:
            mean, std = 100 * member.mean, 100 * (member.std or 0)
            label = "mean ± standard deviation"
            axes.errorbar(mean, place, xerr=std, fmt="s", color=BLUE, markersize=7, capsize=4, label=label, zorder=1)
        if member.name in ablation.published:
            theirs, width = ablation.published[member.name]
            style: dict[str, Any] = {
                "color": "black",
                "markerfacecolor": "white",
                "markersize": 5,
                "capsize": 3,
                "linewidth": 1,
            }
            label = f"{published_label(ablation.family, ablation.caveat)}, test set"
            axes.errorbar(100 * theirs, place + 0.25, xerr=100 * (width or 0), fmt="D", label=label, **style)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.margins(x=0.08)
    axes.set_xlim(percent_limits(*axes.get_xlim()))
    axes.set_title(f"{ablation.name.replace('-', ' ').capitalize()}, {ablation.family}")
    axes.set_xlabel("exact accuracy on validation puzzles, %")
    labelled = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(labelled.values(), labelled.keys(), loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return save_chart(figure, path)


def _percent(value: float | None) -> str:
    return "diverged" if value is None else f"{value:.1%}"
