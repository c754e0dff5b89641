"""Proving a dataset: everything it claims, from the bytes to the rules of the puzzles."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from puzzles.dataset.layout import say_counts
from puzzles.dataset.proof import SPLIT_RULES, Repeats, check_ratings, check_rows, check_unique, split_keys
from puzzles.dataset.reader import Dataset
from puzzles.errors import DatasetError, PuzzleError
from puzzles.family import Puzzles


@dataclasses.dataclass(frozen=True)
class Verification:
    """What ``verify`` has proved of a dataset."""

    path: Path
    family: str
    counts: dict[str, int]
    """Puzzles proved per split."""
    split_rule: str
    """The rule by which all puzzles of the file differ."""
    unique_solutions: bool
    """Whether each puzzle was proved to have one solution; False where its family does not ask for it."""
    ratings_computed: bool
    """Whether each rating was computed again; False where ratings were imported."""

    def __str__(self) -> str:
        return (
            f"{self.path}: {say_counts(self.counts)} puzzles of {self.family} are whole, well formed and solved; "
            f"solutions {'unique' if self.unique_solutions else 'not asked to be unique'}; "
            f"ratings {'computed again' if self.ratings_computed else 'imported, not checked'}; "
            f"no two puzzles {SPLIT_RULES[self.split_rule]}"
        )


def verify(path: Path | str, progress: bool = True) -> Verification:
    """Prove what a dataset claims.

    Checks the checksums and the attributes; that every puzzle is well formed and correctly solved, has one solution
    where its family has ``count_solutions``, and has the rating that its family computes by the file's convention,
    unless ratings were imported; and that no puzzle repeats by the split rule, between two splits or inside one.
    Memory holds one block of rows and some 30 bytes per puzzle.

    Args:
        path: the file.
        progress: show a progress bar on standard error.

    Raises:
        FileNotFoundError: no such file.
        DatasetError: at the first thing that does not hold, naming the row.
    """
    dataset = Dataset(path)
    family = dataset.family
    _check_claims(dataset)
    rows = sum(dataset.counts.values())
    if not rows:
        raise DatasetError(f"{path}: no puzzle in any split, expected at least one")
    with tqdm(total=rows, desc="checksums", unit=" puzzles", disable=not progress, leave=False) as bar:
        for split in dataset.splits:
            dataset.source(split)
            for block in dataset.blocks(split):
                bar.update(len(block.rating))
    repeats = Repeats(dataset.split_rule)
    with tqdm(total=rows, desc="verify", unit=" puzzles", disable=not progress) as bar:
        try:
            for split in dataset.splits:
                start = 0
                for block in dataset.blocks(split):
                    repeats.add(split, start, _prove(dataset, block, f"{split}[{{}}]", start))
                    start += len(block.rating)
                    bar.update(len(block.rating))
            repeats.check()
        except PuzzleError as error:
            raise DatasetError(f"{path}: {error}") from None
    unique = hasattr(family, "count_solutions")
    computed = dataset.provenance.rating_source == "computed"
    return Verification(dataset.path, family.name, dataset.counts, dataset.split_rule, unique, computed)


def _check_claims(dataset: Dataset) -> None:
    """Check the attributes that repeat what the family says."""
    family, found = dataset.family, dataset.attributes
    for name, allowed in (
        ("split_rule", [family.split_rule]),
        ("rating_unit", [family.rating_unit]),
        ("rating_convention", list(family.rating_conventions)),
    ):
        if found[name] not in allowed:
            expected = " or ".join(map(repr, allowed))
            raise DatasetError(f"{dataset.path}: {name} {found[name]!r}, expected {expected} of {family.name}")


def _prove(dataset: Dataset, block: Puzzles, name: str, start: int) -> NDArray[np.void]:
    """Prove the rows of a block, which begins at row ``start`` of its split; return their split keys."""

    def place(row: int) -> str:
        return name.format(start + row)

    check_rows(dataset.family, block, place)
    check_unique(dataset.family, block.puzzle, place)
    if dataset.provenance.rating_source == "computed":
        check_ratings(dataset.family, block, dataset.attributes["rating_convention"], place)
    return split_keys(dataset.family, block.puzzle, block.solution, dataset.split_rule)
