"""Where a model comes from: its configuration, its training curves, and the datasets of all runs of its chain."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from agents.checkpoints.chain import Chain, read_chain
from agents.config.model import AIRConfig
from agents.config.structure import structure
from agents.config.training import json_values, read_train_config
from agents.hub.cards import portable, training_command
from agents.models.cost import act_step_flops, count_parameters
from agents.report.blocks import Block, Command, Facts, Figures, Section, Table, Words, said
from agents.report.charts import PALETTE, Figure, Line, line_chart
from agents.training.runs.log import read_metrics
from puzzles.dataset import Dataset
from puzzles.mixing import sources

_PLACES = ("dataset", "output", "model", "also", "device", "wandb")
"""Fields of a run that are shown elsewhere, or say where it ran."""


def configuration_section(config: AIRConfig, run: Path | None) -> Section:
    """Return what the model is and how it was trained, as far as its folder says so."""
    found = structure(config)
    about = [
        ("structure", found.text),
        ("variant", config.variant_name),
        ("weights", f"{count_parameters(config):,}"),
        ("program of an ACT step", config.program),
        ("operations of an ACT step", f"{act_step_flops(config, 1) / 1e6:,.1f} million"),
    ]
    fields = [(name.replace("_", " "), said(value)) for name, value in dataclasses.asdict(config).items()]
    blocks: list[Block] = [Facts(about), Words(f"{found.note.capitalize()}.")] if found.note else [Facts(about)]
    blocks.append(Facts(fields))
    train = read_train_config(run) if run else None
    if train is not None:
        trained = [
            (name.replace("_", " "), said(value)) for name, value in json_values(train).items() if name not in _PLACES
        ]
        blocks += [Words("Training:"), Facts(trained), Command(training_command(portable(train)))]
    return Section("Configuration", blocks)


def training_section(run: Path | None) -> Section | None:
    """Return the curves of a run's ``metrics.jsonl``; None where there are none, as of a packed model."""
    lines = list(read_metrics(run)) if run else []
    if not lines:
        return None
    train = [line for line in lines if line["split"] == "train"]
    others = list(dict.fromkeys(line["split"] for line in lines if line["split"] != "train"))
    figures = [_loss(train)] if train else []
    accuracy = [_accuracy("training, when halted", train, "muted")]
    for number, split in enumerate(others):
        points = [line for line in lines if line["split"] == split]
        name = split if split in ("validation", "test") else split.partition("-")[2]
        accuracy.append(_accuracy(name, points, PALETTE[number % 5]))
    figures.append(line_chart("Exact accuracy, %", "step", accuracy, percent=True, limits=(-3, 103)))
    if train and any("lr" in line for line in train):
        rate = Line(
            "learning rate", [line["step"] for line in train], [line.get("lr") for line in train], colour="good"
        )
        figures.append(line_chart("Learning rate", "step", [rate], zero=True))
    last = lines[-1]
    words = f"{last['step']:,} steps"
    words += f" in {last['seconds']:,.0f} s of training." if "seconds" in last else "."
    return Section("Training", [Words(words), Figures(figures)])


def data_section(folder: Path | None, name: str, dataset: Dataset, fresh: bool) -> Section:
    """Return the datasets of the model's chain, and the one that it is measured on here."""
    chain: Chain = read_chain(folder, name) if folder else [{"run": name, "datasets": None}]
    rows: list[list[str]] = []
    for link in chain:
        if link["datasets"] is None:
            rows.append([link["run"], "not recorded", "", "", ""])
            continue
        for data in link["datasets"]:
            splits = ", ".join(data["splits"])
            rows.append([link["run"], data["name"], splits, data["checksum"][:12], data.get("set_aside") or ""])
    head = ["run", "dataset", "read in training", "sha256", "note"]
    caption = "Runs from the first to the last, and what each trained and selected on"
    (tested,) = sources(dataset, "test")[:1]
    about = [
        ("dataset", "generated for this report" if fresh else dataset.path.name),
        ("family", dataset.family.name),
        ("generator", str(tested["generator"])),
        ("seed", str(tested["seed"])),
        ("sha256", dataset.attributes["checksum"][:12]),
        *((key.replace("_", " "), said(value)) for key, value in sorted(tested["generator_parameters"].items())),
    ]
    measured: list[Block] = [Words("Measured here on:"), Facts(about)]
    if fresh:
        measured.append(
            Words(
                "These puzzles are generated as the model's training puzzles were, with a seed of their own. On a small"
                " grid some of them may be among the training puzzles."
            )
        )
    return Section("Data", [Table(head, rows, caption), *measured])


def _loss(train: list[dict[str, Any]]) -> Figure:
    points = [(line["step"], line["answer_loss"]) for line in train if line.get("answer_loss", 0) > 0]
    steps, values = zip(*points, strict=True) if points else ((0,), (1,))
    line = Line("training", steps, values, colour="l")
    return line_chart("Training loss, cross-entropy per cell", "step", [line], log=True)


def _accuracy(label: str, lines: list[dict[str, Any]], colour: str) -> Line:
    lines = [line for line in lines if "exact_accuracy" in line]  # none halted yet, at the beginning
    edges = [line.get("exact_accuracy_interval_95") or (None, None) for line in lines]
    low, high = zip(*edges, strict=True) if edges else ((), ())
    return Line(label, [line["step"] for line in lines], [line["exact_accuracy"] for line in lines], low, high, colour)
