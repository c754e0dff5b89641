"""The folder of an exported model: ``model.json`` and five graphs.

``model.json`` says all that a runtime needs to run the graphs without this package; ``docs/export.md`` describes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import puzzles
from agents.config.model import EXPORTED, OPTIONS, AIRConfig
from agents.config.training import read_train_config
from agents.exporting.programs import Program, programs
from agents.exporting.runtime import FORMAT
from agents.exporting.tracing import write_torch
from agents.models.air import AIR
from agents.models.cost import count_parameters
from agents.pretrained.listing import training_puzzles

Format = Literal["onnx", "torch"]
LICENCE = "Apache-2.0"
_FILES = {"start": "start", "L": "update_L", "H": "update_H", "decode": "decode", "halt": "halt"}
"""The file of each program, without its suffix."""


def export(model: AIR, folder: Path, name: str, trained_on: str | None, format: Format = "onnx") -> None:
    """Write a model's graphs and ``model.json`` into a folder.

    Args:
        model: on the CPU.
        folder: exists, and is empty.
        name: of the model, for people.
        trained_on: what its puzzles were, for people.
        format: ``"onnx"``, or ``"torch"`` for programs that ``torch.export.load`` reads.
    """
    suffix, write = _writer(format)
    made = programs(model)
    files = {key: f"{_FILES[key]}{suffix}" for key in made}
    for key, program in made.items():
        write(program, folder / files[key])
    values = {
        "format": FORMAT,
        "name": name,
        **_description(model.config),
        "graphs": files,
        "inputs": {key: list(program.inputs) for key, program in made.items()},
        "outputs": {key: list(program.outputs) for key, program in made.items()},
        "sha256": {key: hashlib.sha256((folder / file).read_bytes()).hexdigest() for key, file in files.items()},
        "trained_on": trained_on,
        "licence": LICENCE,
    }
    (folder / EXPORTED).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def trained_on(folder: Path, config: AIRConfig) -> str | None:
    """Say which puzzles a model was trained on: the datasets of a run, or what generates those of a pack.

    Returns:
        None where the folder does not say.
    """
    train = read_train_config(folder)
    if train is not None:
        return ", ".join(path.stem for path in train.datasets)
    path = folder / OPTIONS
    return training_puzzles(config, json.loads(path.read_bytes())) if path.is_file() else None


def _writer(format: Format) -> tuple[str, Callable[[Program, Path], None]]:
    """Return the suffix of a format's files, and what writes one; only ONNX needs the extra web."""
    if format == "onnx":
        from agents.exporting.graphs import write_onnx

        return ".onnx", write_onnx
    return ".pt2", write_torch


def _description(config: AIRConfig) -> dict[str, Any]:
    family = puzzles.family(config.family)
    box = {"box": list(family.regions[-1])} if family.regions else {}  # after rows and columns
    return {
        "kind": family.kind,
        "family": family.name,
        "rows": family.rows,
        "columns": family.columns,
        **box,
        "cells": family.cells[: family.cell_values],
        "vocabulary_size": family.vocabulary_size,
        "program": config.program,
        "act_steps": config.max_steps,
        "parameters": count_parameters(config),
    }
