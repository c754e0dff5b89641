"""One dataset of several: the train splits of some, the validation and the test split of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puzzles.dataset import Dataset, DatasetWriter, Provenance
from puzzles.dataset.existing import is_written
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
    *,
    validation: Dataset | None = None,
    overwrite: bool = False,
) -> Dataset:
    """Write a dataset with the train splits of several datasets and the test split of one.

    Nothing is in two splits, by the family's split rule. Left out of the validation split is what equals a puzzle of
    the test splits of ``test`` and ``held_out``. Left out of the train split is what equals one of those, of the
    validation split, of the validation splits of ``held_out``, or an earlier one to train on. The provenance keeps that
    of every source. The ``source`` of rows is kept for the splits in which all rows have one. If the same dataset is
    there already, nothing is done.

    Args:
        output: the file to write.
        train: whose train splits follow each other.
        test: whose test split is taken over.
        held_out: whose validation and test splits nothing to train on may be in, either.
        command: stored in the file; None stores this call.
        validation: whose validation split is taken over; None means that of ``test``, if it has one.
        overwrite: replace whatever file is there.

    Raises:
        FileExistsError: another file is there and ``overwrite`` is not given; or a folder or a device.
        OSError: the disk is full, or the like.
        PuzzleError: the datasets are not of one family, or rated by different conventions, or nothing is left to train
            on or to validate on.
        DatasetError: a damaged dataset, or one that lacks the split.
    """
    family, convention = test.family, test.provenance.rating_convention
    selected = validation or (test if test.counts["validation"] else None)
    rated = [*train, *([selected] if selected else [])]
    for data in (*rated, *held_out):
        if data.family != family:
            raise PuzzleError(f"{data.path}: holds {data.family.name}, expected {family.name}, as {test.path} does")
    for data in rated:
        if data.provenance.rating_convention != convention:
            raise PuzzleError(
                f"{data.path}: rated by {data.provenance.rating_convention}, expected {convention}, as {test.path} is"
            )
    if command is None:
        more = f", validation={validation.path.name!r}" if validation else ""
        command = f"mix_datasets(train={_names(train)}, test={test.path.name!r}, held_out={_names(held_out)}{more})"
    imported = any(data.provenance.rating_source == "imported" for data in (*rated, test))
    parameters: dict[str, Any] = {
        "test": _source(test),
        "train": [_source(data) for data in train],
        "held_out": [_file(data) for data in held_out],
    }
    if selected:
        parameters["validation"] = _source(selected)
    provenance = Provenance(
        MIXTURE,
        parameters,
        command=command,
        rating_source="imported" if imported else "computed",
        rating_convention=convention,
    )
    parts = {"test": [test], "validation": [selected] if selected else [], "train": train}
    if is_written(output, family, provenance, overwrite=overwrite):
        return Dataset(output)
    with DatasetWriter(
        output, family, provenance=provenance, sources=_kept_sources(parts), overwrite=overwrite
    ) as writer:
        mixer = _Mixer(writer)
        mixer.write("test", parts["test"])
        mixer.keep_out("test", held_out)
        mixer.write("validation", parts["validation"])
        if selected and not writer.counts.get("validation"):
            raise PuzzleError(f"{selected.path}: no validation puzzle is left, expected one that is in no test set")
        mixer.keep_out("validation", held_out)
        mixer.write("train", parts["train"])
    return Dataset(output)


class _Mixer:
    """Writes what equals nothing that came before."""

    def __init__(self, writer: DatasetWriter):
        self.writer = writer
        self._known = KeySet()

    def write(self, split: str, datasets: Sequence[Dataset]) -> None:
        """Append what is new in a split of each dataset."""
        sourced = _sourced(split, datasets)
        for data in datasets:
            column, start = _column(data, split, self.writer.sources) if sourced else None, 0
            for block in data.blocks(split):
                keys = split_keys(data.family, block.puzzle, block.solution)
                new = np.flatnonzero(self._known.add(keys).new)
                source = None if column is None else column[start + new]
                self.writer.append(split, block.take(new), keys[new], source)
                start += len(keys)

    def keep_out(self, split: str, datasets: Sequence[Dataset]) -> None:
        """Let nothing that comes later equal a puzzle in this split of the datasets; validation they may lack."""
        for data in datasets:
            if split == "test" or data.counts[split]:
                for block in data.blocks(split):
                    self._known.add(split_keys(data.family, block.puzzle, block.solution))


def sources(dataset: Dataset, split: str) -> list[Mapping[str, Any]]:
    """Return where the puzzles of a split come from: generator, parameters, seed and command of each of its sources.

    A dataset that is no mixture has one source, itself.
    """
    parameters = dataset.provenance.parameters
    if dataset.provenance.generator != MIXTURE:
        return [_source(dataset)]
    return parameters["train"] if split == "train" else [parameters[split]]


def _sourced(split: str, datasets: Sequence[Dataset]) -> bool:
    """Whether all rows of a split of the datasets have a source."""
    return all(data.source(split) is not None for data in datasets)


def _kept_sources(parts: Mapping[str, Sequence[Dataset]]) -> list[str]:
    """Return the names of the sources that a mixture of these datasets has."""
    kept = [data for split, datasets in parts.items() if _sourced(split, datasets) for data in datasets]
    return list(dict.fromkeys(name for data in kept for name in data.source_names))


def _column(dataset: Dataset, split: str, names: Sequence[str]) -> NDArray[np.uint8] | None:
    """Return the source of each row, numbered by ``names``."""
    numbers = dataset.source(split)
    if numbers is None:
        return None
    return np.array([names.index(name) for name in dataset.source_names], np.uint8)[numbers]


def _source(dataset: Dataset) -> dict[str, Any]:
    names = ("generator", "generator_parameters", "seed", "command")
    return _file(dataset) | {name: dataset.attributes[name] for name in names}


def _file(dataset: Dataset) -> dict[str, str]:
    found = {"file": dataset.path.name, "checksum": dataset.attributes["checksum"]}
    return found | ({"set_aside": dataset.set_aside} if dataset.set_aside else {})


def _names(datasets: Sequence[Dataset]) -> list[str]:
    return [data.path.name for data in datasets]
