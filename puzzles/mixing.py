"""One dataset of several: the train splits of some, the test split of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from puzzles.dataset import Dataset, DatasetWriter, Provenance
from puzzles.dataset.keys import KeySet
from puzzles.dataset.proof import split_keys
from puzzles.errors import PuzzleError

MIXTURE = "air_envs mixture"
"""What the provenance of a dataset names as the generator where this module made it."""


def mix_datasets(
    output: Path | str,
    train: Sequence[Dataset],
    test: Dataset,
    held_out: Sequence[Dataset] = (),
    command: str | None = None,
) -> Dataset:
    """Write a dataset with the train splits of several datasets and the test split of one.

    Left out of the train split is what equals, by the family's split rule, a puzzle of the test splits of ``test`` and
    ``held_out``, or an earlier one to train on. The provenance keeps that of every source.

    Args:
        output: the file to write.
        train: whose train splits follow each other.
        test: whose test split is taken over.
        held_out: whose test splits nothing to train on may be in, either.
        command: stored in the file; None stores this call.

    Raises:
        PuzzleError: the datasets are not of one family, or rated by different conventions, or nothing is left to train
            on.
        DatasetError: a damaged dataset, or one that lacks the split.
    """
    family, convention, known = test.family, test.provenance.rating_convention, KeySet()
    for data in (*train, *held_out):
        if data.family != family:
            raise PuzzleError(f"{data.path}: holds {data.family.name}, expected {family.name}, as {test.path} does")
    for data in train:
        if data.provenance.rating_convention != convention:
            raise PuzzleError(
                f"{data.path}: rated by {data.provenance.rating_convention}, expected {convention}, as {test.path} is"
            )
    if command is None:
        command = f"mix_datasets(train={_names(train)}, test={test.path.name!r}, held_out={_names(held_out)})"
    imported = any(data.provenance.rating_source == "imported" for data in (*train, test))
    provenance = Provenance(
        MIXTURE,
        {"test": _source(test), "train": [_source(data) for data in train], "held_out": _names(held_out)},
        command=command,
        rating_source="imported" if imported else "computed",
        rating_convention=convention,
    )
    with DatasetWriter(output, family, provenance=provenance) as writer:
        for block in test.blocks("test"):
            keys = split_keys(family, block.puzzle, block.solution)
            known.add(keys)
            writer.append("test", block, keys)
        for data in held_out:
            for block in data.blocks("test"):
                known.add(split_keys(family, block.puzzle, block.solution))
        for data in train:
            for block in data.blocks("train"):
                keys = split_keys(family, block.puzzle, block.solution)
                new = np.flatnonzero(known.add(keys).new)
                writer.append("train", block.take(new), keys[new])
    return Dataset(output)


def sources(dataset: Dataset, split: str) -> list[Mapping[str, Any]]:
    """Return where the puzzles of a split come from: generator, parameters, seed and command of each of its sources.

    A dataset that is no mixture has one source, itself.
    """
    parameters = dataset.provenance.parameters
    if dataset.provenance.generator != MIXTURE:
        return [_source(dataset)]
    return parameters["train"] if split == "train" else [parameters["test"]]


def _source(dataset: Dataset) -> dict[str, Any]:
    names = ("generator", "generator_parameters", "seed", "command", "checksum")
    return {"file": dataset.path.name} | {name: dataset.attributes[name] for name in names}


def _names(datasets: Sequence[Dataset]) -> list[str]:
    return [data.path.name for data in datasets]
