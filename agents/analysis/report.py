"""All analyses of one model in one call: numbers as JSON, pictures, and a page that holds them together."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from agents.analysis.beyond.dynamics import measure_dynamics
from agents.analysis.beyond.figures import draw_curves
from agents.analysis.beyond.patching import measure_patching
from agents.analysis.beyond.probes import measure_probes
from agents.analysis.beyond.programs import measure_programs
from agents.analysis.beyond.similarity import measure_similarity
from agents.analysis.paper.attention import measure_attention, require_comparable
from agents.analysis.paper.figures import draw_attention, draw_freeze, draw_rollouts
from agents.analysis.paper.freeze import measure_freeze
from agents.analysis.paper.rollouts import measure_rollouts
from agents.evaluation.selection import select
from agents.thinking.agent import AIRAgent
from puzzles import Grids
from puzzles.dataset import Dataset
from puzzles.files import replacing, write_json

REPORT = "report.md"


class Result(Protocol):
    """What one analysis found."""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs."""

    def table(self) -> str:
        """Return the numbers as text, with the paper's for comparison."""


class Analysis(NamedTuple):
    """One analysis: how it measures and draws, and what its table shows."""

    measure: Callable[..., Any]
    draw: Callable[..., Path]
    caption: str


ANALYSES: dict[str, Analysis] = {
    "rollouts": Analysis(
        measure_rollouts,
        draw_rollouts,
        "Decoded states at the end of an ACT step: cells and whole grids equal to the label, cells left open, violating"
        " cells per puzzle.",
    ),
    "freeze": Analysis(
        measure_freeze,
        draw_freeze,
        "What each decoded state changes, and whether it is right after the last update, while the other is held still:"
        " all the time at its initial value, or for one half of the episode at the value that it has by then.",
    ),
    "attention": Analysis(
        measure_attention,
        draw_attention,
        "First L-update against first H-update, by layer, as the mean over the heads. Mass on neighbours and on"
        " violations: L minus H. Normalised entropy: H minus L.",
    ),
    "probes": Analysis(
        measure_probes,
        draw_curves,
        "Query cells whose solution a linear probe reads off a state, and lm_head does; and how well a probe predicts"
        " which values a given rules out there (50 % by chance). Probes are trained on the first half of the puzzles"
        " and tested on the rest.",
    ),
    "patching": Analysis(
        measure_patching,
        draw_curves,
        "States replaced after half of the ACT steps. Exact accuracy of z_H, and of the cells where the own label and"
        " the other puzzle's differ, the share like the own and like the other.",
    ),
    "dynamics": Analysis(
        measure_dynamics,
        draw_curves,
        "Largest finite-time Lyapunov exponent per ACT step (positive: chaotic), puzzles that come to rest, and how far"
        " states move in the last ACT step, root mean square.",
    ),
    "similarity": Analysis(
        measure_similarity,
        draw_curves,
        "Linear CKA of z_H and z_L at the cells, and of each with itself after the last ACT step.",
    ),
    "programs": Analysis(
        measure_programs,
        draw_curves,
        "Exact accuracy of z_H under programs that training never ran, by the number of updates.",
    ),
}
PAPER = ("rollouts", "freeze", "attention")
"""Those of the paper, which are taken where none is named; the others go beyond it."""


class Report(NamedTuple):
    """What ``analyze`` found."""

    title: str
    """Model, puzzles and split, in a line."""
    results: dict[str, Any]
    """By the names in ``ANALYSES``."""

    def __str__(self) -> str:
        sections = [f"{name}: {ANALYSES[name].caption}\n\n{found.table()}" for name, found in self.results.items()]
        return "\n\n".join([self.title, *sections])


def analyze(
    agent: AIRAgent,
    dataset: Dataset,
    what: Collection[str] | None = None,
    *,
    split: str = "test",
    puzzles: int | None = 1000,
    act_steps: int | None = None,
    batch: int = 256,
    output: Path | None = None,
    pictures: int = 3,
    progress: bool = True,
) -> Report:
    """Run the paper's analyses, or those beyond it, on a trained model.

    Args:
        agent: of the dataset's family.
        dataset: opened.
        what: keys of ``ANALYSES``; None takes those in ``PAPER``, without "attention" where the model has none.
        split: of the dataset.
        puzzles: how many, from the first on; None takes all.
        act_steps: per puzzle; None takes the model's maximum.
        batch: puzzles at a time, at most.
        output: folder for ``NAME.json`` and ``NAME.png`` of each analysis and the page ``report.md``; None writes none.
        pictures: rollouts of so many puzzles are drawn too, update by update, where pygame is installed.
        progress: show bars.

    Raises:
        ValueError: an unknown analysis, a number below 1, the model is for another family, its family has no analysis,
            or it has no attention to analyse, which was asked for.
        DatasetError: no such split, or a damaged one.
    """
    if what is None:
        what = [name for name in PAPER if name != "attention" or agent.model.config.attends]
    if unknown := [name for name in what if name not in ANALYSES]:
        raise ValueError(f"analysis {unknown[0]!r}, expected one of {', '.join(ANALYSES)}")
    if pictures < 0:
        raise ValueError(f"pictures {pictures}, expected at least 0")
    if "attention" in what:
        require_comparable(agent.model)  # said now, not after the others have run
    selection = select(agent, dataset, split, puzzles, act_steps, batch)
    results = {name: ANALYSES[name].measure(agent, selection, progress) for name in dict.fromkeys(what)}
    count = len(selection.data.puzzle)
    precision = str(agent.dtype).removeprefix("torch.")
    title = f"{agent.model.config.variant_name}, {agent.family.name}, {count:,} {split} puzzles, {precision}"
    report = Report(title, results)
    if output is not None:
        _write(report, output)
        drawn = []
        if "rollouts" in results and pictures:
            drawn = _draw_puzzles(agent, selection.data.puzzle[:pictures], split, act_steps, output)
        _write_page(report, output, drawn)
    return report


def _write(report: Report, folder: Path) -> None:
    for name, found in report.results.items():
        write_json(folder / f"{name}.json", {"title": report.title, **found.summary()})
        ANALYSES[name].draw(found, folder / f"{name}.png", report.title)


def _draw_puzzles(agent: AIRAgent, puzzles: Grids, split: str, act_steps: int | None, folder: Path) -> list[Path]:
    """Draw puzzles' rollouts; return the sheets, none where the drawing's packages are missing."""
    if not all(importlib.util.find_spec(name) for name in ("pygame", "gymnasium", "imageio")):
        return []
    from agents.thinking.rollout import save_rollout

    sheets = []
    for index, puzzle in enumerate(puzzles):
        title = f"{agent.family.name}, {split} puzzle {index}"
        path = folder / f"puzzle-{index}"
        sheets.append(save_rollout(agent, {"puzzle": puzzle}, path, title, act_steps)[1])
    return sheets


def _write_page(report: Report, folder: Path, sheets: list[Path]) -> None:
    lines = [f"# {report.title}"]
    for name, found in report.results.items():
        lines += [f"## {name.capitalize()}", ANALYSES[name].caption, f"```\n{found.table()}\n```", f"![]({name}.png)"]
    if sheets:
        lines += ["## Puzzles, update by update", *(f"![]({sheet.name})" for sheet in sheets)]
    with replacing(folder / REPORT) as temporary:
        temporary.write_text("\n\n".join(lines) + "\n", encoding="utf-8")
