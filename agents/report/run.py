"""The report of one model: a run's folder, a packed model or a shipped one."""

from __future__ import annotations

import datetime
import math
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.analysis.paper.attention import require_comparable
from agents.analysis.report import ANALYSES
from agents.analysis.sweep.records import RECORDS
from agents.analysis.weights import Weights, use_weights
from agents.config.structure import structure
from agents.config.training import read_train_config
from agents.evaluation import Evaluation, describe, evaluate, select
from agents.evaluation.records import model_name
from agents.hub.generator import generator_options, require_options
from agents.models.cost import act_step_flops, count_parameters
from agents.pretrained import find
from agents.report.accuracy import accuracy_section, interval, percent
from agents.report.analyses import analysis_section
from agents.report.blocks import Block, Page, Players, Section, Words
from agents.report.members import membership_section
from agents.report.origin import configuration_section, data_section, training_section
from agents.thinking.agent import AIRAgent
from agents.thinking.ending import until_over
from agents.thinking.player import Player
from puzzles import Puzzles
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from puzzles.dataset.layout import package_versions

DEFAULT = ("rollouts", "freeze", "attention", "probes")
"""Analyses of a report where none are named; attention where the model has one to compare."""
EVALUATED, ANALYSED = 100e9, 12e9
"""Operations of one pass over the puzzles to evaluate, and over those to analyse: about a minute in all on one core."""
ANALYSED_STEPS = 16
"""ACT steps of the analyses where nothing is asked for, as in the paper, or the model's maximum where that is less."""
LEAST, MOST = {"evaluated": 20, "analysed": 8}, {"evaluated": 300, "analysed": 100}
"""Bounds of the numbers of puzzles that follow from these."""
BATCH = 64
"""Puzzles that are analysed at a time, at most."""
SEED = 20_260_517
"""Of the puzzles that are generated where no dataset is given, unlike that of any recipe."""


@dataclass(frozen=True)
class Asked:
    """What a report of a model shows."""

    what: Collection[str] | None = None
    """Analyses, keys of ``ANALYSES``; None takes those of ``DEFAULT`` that the model has."""
    split: str = "test"
    """Of the dataset."""
    puzzles: int | None = None
    """How many are evaluated, from the first on; None takes as many as a minute allows."""
    analysed: int | None = None
    """How many of these are analysed; None takes as many as a minute allows."""
    rollouts: int = 3
    """Puzzles in the player."""
    act_steps: int | None = None
    """Per puzzle; None takes the model's maximum, of which the analyses take ``ANALYSED_STEPS`` at most."""
    weights: Weights | None = None
    """Of a run, raw or averaged; None takes what its folder holds to be used."""
    device: str = "auto"
    dtype: str = "float32"
    records: Path = RECORDS
    """Folder of the records of experiments."""


def write_run_report(run: str, output: Path, dataset: Dataset | None = None, asked: Asked | None = None) -> Path:
    """Measure a model and write its report; return the path.

    Args:
        run: folder of a run or a packed model, or the name of a shipped model.
        output: HTML file to write.
        dataset: to measure it on; None takes the one that the run was trained on, where its folder names one that is
            there, else puzzles generated as its training puzzles were.
        asked: what to show.

    Raises:
        ValueError: numbers below 1, an unknown analysis, or a dataset of another family than the model takes.
        CheckpointError: no model, or a damaged one.
        DatasetError: no such split, or a damaged one.
    """
    asked = asked or Asked()
    _check(asked)
    with tempfile.TemporaryDirectory() as folder:
        data = _own_dataset(run) if dataset is None else dataset
        family = None if data is None else data.family.name
        agent = AIRAgent.from_pretrained(run, asked.device, asked.dtype, family=family)
        fresh = data is None
        if data is None:
            count = asked.puzzles or _affordable(agent, asked, "evaluated")
            data = _fresh_dataset(agent, find(run), count, Path(folder) / "puzzles.h5")
        if asked.weights is not None:
            use_weights(agent, Path(run), asked.weights)
        return run_page(run, agent, data, asked, fresh).write(output)


def run_page(run: str, agent: AIRAgent, data: Dataset, asked: Asked, fresh: bool = False) -> Page:
    """Measure a model and return its page.

    Args:
        run: folder or name of the model.
        agent: loaded from it.
        data: to measure it on.
        asked: what to show.
        fresh: whether the puzzles were generated for the report.
    """
    what = _chosen(agent, asked.what)
    evaluated = asked.puzzles or _affordable(agent, asked, "evaluated")
    measured = evaluate(agent, data, asked.split, evaluated, asked.act_steps)
    analysed = min(len(measured.exact), asked.analysed or _affordable(agent, asked, "analysed"))
    steps = _analysed_steps(agent, asked)
    some = select(agent, data, asked.split, analysed, steps, BATCH)
    results = {name: ANALYSES[name].measure(agent, some, True) for name in what}
    accuracy, numbers = accuracy_section(measured, describe(measured))
    folder, name = find(run), model_name(run)
    own = folder if folder is not None and Path(run).is_dir() else None
    sections = [
        _player_section(agent, data.split(asked.split), measured, asked),
        accuracy,
        training_section(own),
        membership_section(own, asked.records) if own else None,
        *(analysis_section(key, found) for key, found in results.items()),
        configuration_section(agent.model.config, own),
        data_section(folder, name, data, fresh),
    ]
    return Page(
        title=f"{name}: {agent.family.name}",
        lead=_lead(agent, measured, analysed, steps, fresh),
        tiles=_tiles(agent, numbers),
        sections=[section for section in sections if section is not None],
        numbers={
            "model": name,
            "evaluation": numbers,
            "analysed_puzzles": analysed,
            "analyses": {key: found.summary() for key, found in results.items()},
        },
        footer=_footer(),
    )


def _check(asked: Asked) -> None:
    """Refuse numbers that are none before anything is measured."""
    for name, value, least in (
        ("puzzles", asked.puzzles, 1),
        ("analysed", asked.analysed, 1),
        ("rollouts", asked.rollouts, 0),
    ):
        if value is not None and value < least:
            raise ValueError(f"{name} {value}, expected at least {least}")
    if unknown := [name for name in asked.what or () if name not in ANALYSES]:
        raise ValueError(f"analysis {unknown[0]!r}, expected one of {', '.join(ANALYSES)}")


def _chosen(agent: AIRAgent, what: Collection[str] | None) -> list[str]:
    """Return the analyses to run; of those that nobody named, attention only where it can be compared."""
    if what is not None:
        if "attention" in what:
            require_comparable(agent.model)
        return list(dict.fromkeys(what))
    config = agent.model.config
    comparable = config.attends and config.h_layers in (0, config.layers)
    return [name for name in DEFAULT if name != "attention" or comparable]


def _affordable(agent: AIRAgent, asked: Asked, kind: str) -> int:
    """Return how many puzzles a report can measure in its minute."""
    steps = agent.act_steps(asked.act_steps) if kind == "evaluated" else _analysed_steps(agent, asked)
    each = act_step_flops(agent.model.config, 1) * steps
    room = EVALUATED if kind == "evaluated" else ANALYSED
    return min(MOST[kind], max(LEAST[kind], math.floor(room / each)))


def _analysed_steps(agent: AIRAgent, asked: Asked) -> int:
    return asked.act_steps or min(ANALYSED_STEPS, agent.act_steps(None))


def _own_dataset(run: str) -> Dataset | None:
    """Return the dataset that a run's folder names, where it is there."""
    train = read_train_config(Path(run)) if Path(run).is_dir() else None
    return Dataset(train.dataset) if train is not None and train.dataset.is_file() else None


def _fresh_dataset(agent: AIRAgent, folder: Path | None, count: int, path: Path) -> Dataset:
    """Generate puzzles as the model's training puzzles were, where its folder says how."""
    options = require_options(generator_options(folder) if folder else {}, agent.family)
    return build_dataset(path, agent.family, options, train=0, test=count, seed=SEED, progress=False)


def _player_section(agent: AIRAgent, data: Puzzles, measured: Evaluation, asked: Asked) -> Section | None:
    players, names = [], []
    for why, index in _shown(measured, asked.rollouts):
        program = agent.model.config.program
        thoughts = until_over(agent.think({"puzzle": data.puzzle[index]}, asked.act_steps), len(program))
        rating = f"rating {data.rating[index]:,} {agent.family.rating_unit}"
        title = f"{agent.family.name}, {asked.split} puzzle {index}, {rating}"
        players.append(Player(thoughts, title, data.solution[index]))
        names.append(why)
    if not players:
        return None
    words = (
        "Every update of the two states, decoded. z_L is the scratchpad, z_H the proposal. Cells that an update changes"
        " are yellow, cells of the proposal that break a rule or miss a clue are orange. What is faint is improbable."
    )
    if agent.family.symbols:
        words += " Small digits are candidates, where none exceeds 50 %."
    blocks: list[Block] = [Words(words), Players(players, names)]
    return Section("Player", blocks)


def _shown(measured: Evaluation, count: int) -> Iterator[tuple[str, int]]:
    """Yield the puzzles of the player, each with the reason for it."""
    order = [int(index) for index in np.argsort(measured.rating, kind="stable")]
    failed = [index for index in order if not measured.solved[index, -1]]
    candidates = [("median difficulty", order[len(order) // 2])]
    candidates += [("easiest that fails", index) for index in failed[:1]]
    candidates += [("hardest", order[-1]), ("easiest", order[0])]
    candidates += [(f"puzzle {index}", index) for index in order]
    taken: list[int] = []
    for why, index in candidates:
        if len(taken) == count:
            return
        if index not in taken:
            taken.append(index)
            yield why, index


def _lead(agent: AIRAgent, measured: Evaluation, analysed: int, analysed_steps: int, fresh: bool) -> str:
    count, steps = measured.exact.shape
    puzzles = f"{count:,} {'fresh ' if fresh else ''}{measured.split} puzzles"
    return (
        f"{agent.model.config.variant_name}, program {agent.model.config.program}, measured on {puzzles} with {steps}"
        f" ACT steps each in {measured.dtype}. The analyses are of the first {analysed:,} of them, with"
        f" {analysed_steps} ACT steps each."
    )


def _tiles(agent: AIRAgent, numbers: dict[str, Any]) -> list[tuple[str, str, str]]:
    bounds = interval(*numbers["exact_accuracy_interval_95"])
    rules = interval(*numbers["solved_by_rules_interval_95"])
    curve = numbers["exact_accuracy_by_step"]
    return [
        ("exact accuracy", percent(numbers["exact_accuracy"]), f"95 % interval {bounds}"),
        ("solved by the rules", percent(numbers["solved_by_rules"]), f"95 % interval {rules}"),
        ("cells right", percent(numbers["cell_accuracy"], 2), f"of {numbers['puzzles']:,} puzzles"),
        ("after 1 ACT step", percent(curve[0]), f"exact; after {len(curve)} {percent(curve[-1])}"),
        ("weights", f"{count_parameters(agent.model.config):,}", structure(agent.model.config).text),
    ]


def _footer() -> str:
    versions = dict(package_versions())
    made = ", ".join(f"{name} {versions[name]}" for name in ("air-envs", "numpy") if name in versions)
    return f"Written by air-envs report on {datetime.date.today().isoformat()}; {made}."
