"""One dataset of several: the train splits of some, the test split of another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from puzzles.dataset import Dataset, DatasetWriter, Provenance
from puzzles.dataset.keys import KeySet
from puzzles.dataset.proof import split_keys
from puzzles.errors import PuzzleError

MIXTURE = "mixture"
"""The generator of such a dataset, in its provenance."""


def mix_datasets(
    output: Path | str,
    train: Sequence[Dataset],
    test: Dataset,
    held_out: Sequence[Dataset] = (),
    command: str = "",
) -> Dataset:
    """Write a dataset with the train splits of several datasets and the test split of one.

    Left out of the train split is what equals, by the family's split rule, a puzzle of the test splits of ``test`` and
    ``held_out``, or an earlier one to train on.

    Args:
        output: the file to write.
        train: whose train splits follow each other.
        test: whose test split is taken over.
        held_out: whose test splits nothing to train on may be in, either.
        command: what to write down as its origin.

    Raises:
        PuzzleError: the datasets are not of one family.
        DatasetError: a damaged dataset, or one that lacks the split.
    """
    family, known = test.family, KeySet()
    for data in (*train, *held_out):
        if data.family != family:
            raise PuzzleError(f"{data.path}: holds {data.family.name}, expected {family.name}, as {test.path} does")
    parameters = {
        "test": test.path.name,
        "train": [data.path.name for data in train],
        "held_out": [data.path.name for data in held_out],
    }
    provenance = Provenance(MIXTURE, parameters, command=command)
    with DatasetWriter(output, family, provenance=provenance, allow_empty=True) as writer:
        for data in (test, *held_out):
            for block in data.blocks("test"):
                keys = split_keys(family, block.puzzle, block.solution)
                known.add(keys)
                if data is test:
                    writer.append("test", block, keys)
        for data in train:
            for block in data.blocks("train"):
                keys = split_keys(family, block.puzzle, block.solution)
                new = np.flatnonzero(known.add(keys).new)
                writer.append("train", block.take(new), keys[new])
    return Dataset(output)
