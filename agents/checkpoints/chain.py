"""What a model was trained and selected on: the datasets of its run, and of the runs that it was initialised from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.manifest import read_checked
from agents.config.reading import parse_json
from puzzles.dataset import Dataset
from puzzles.files import write_json

CHAIN = "chain.json"
USED = ("train", "validation")
"""The splits that training reads: weights are fitted to the first and chosen by the second."""

Chain = list[dict[str, Any]]
"""A link per run, the first run first. Each has ``run``, a name, and ``datasets``: None where they are unknown, else a
list of objects with ``name``, ``checksum``, ``splits`` and ``set_aside``, a sentence on train rows that are its
validation split."""


def link(run: str, datasets: Iterable[Dataset]) -> dict[str, Any]:
    """Return the link of a run that trains on these datasets."""
    return {
        "run": run,
        "datasets": [
            {
                "name": dataset.path.stem,
                "checksum": dataset.attributes["checksum"],
                "splits": list(USED),
                "set_aside": dataset.set_aside,
            }
            for dataset in datasets
        ],
    }


def read_chain(folder: Path, name: str) -> Chain:
    """Return the chain of the model in a folder; one link of unknown datasets, called ``name``, where it has none.

    Raises:
        CheckpointError: a damaged chain.
    """
    path = folder / CHAIN
    if not path.is_file():
        return [{"run": name, "datasets": None}]
    data = read_checked(folder, CHAIN)
    try:
        chain = parse_json(data)
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error
    if not (isinstance(chain, list) and all(isinstance(each, dict) and "datasets" in each for each in chain)):
        raise CheckpointError(f"{path}: not a list of runs with their datasets")
    return chain


def write_chain(folder: Path, chain: Chain) -> None:
    """Write a model's chain into its folder."""
    write_json(folder / CHAIN, chain)
