"""Proving a dataset: everything it claims, from the bytes to the rules of the puzzles."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from tqdm import tqdm

from puzzles.dataset.proof import (
    BLOCK_ROWS,
    SPLIT_RULES,
    check_distinct,
    check_ratings,
    check_rows,
    check_unique,
    split_keys,
)
from puzzles.dataset.reader import Dataset
from puzzles.errors import DatasetError, PuzzleError


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
        counts = " and ".join(f"{count:,} {split}" for split, count in self.counts.items())
        return (
            f"{self.path}: {counts} puzzles of {self.family} are whole, well formed and solved; "
            f"solutions {'unique' if self.unique_solutions else 'not asked to be unique'}; "
            f"ratings {'computed again' if self.ratings_computed else 'imported, not checked'}; "
            f"no two puzzles {SPLIT_RULES[self.split_rule]}"
        )


def verify(path: Path | str, progress: bool = True) -> Verification:
    """Prove that a dataset is what it claims to be.

    Checks the checksums and the attributes; that every puzzle is well formed and correctly solved, has one solution
    where its family has ``count_solutions``, and has the rating that its family computes, unless ratings were imported;
    and that no puzzle repeats by the split rule, between train and test or inside either.

    Args:
        path: the file.
        progress: show a progress bar on standard error.

    Raises:
        FileNotFoundError: no such file.
        DatasetError: at the first thing that does not hold, naming the row.
    """
    dataset = Dataset(path)
    family = dataset.family
    for name in ("split_rule", "rating_unit"):
        if dataset.attributes[name] != (expected := getattr(family, name)):
            raise DatasetError(f"{path}: {name} {dataset.attributes[name]!r}, expected {expected!r} of {family.name}")
    computed = dataset.provenance.rating_source == "computed"
    unique = hasattr(family, "count_solutions")
    keys = {}
    with tqdm(total=sum(dataset.counts.values()), desc="verify", unit=" puzzles", disable=not progress) as bar:
        try:
            for split in dataset.splits:
                puzzles = dataset.split(split)
                split_of_keys = []
                for start in range(0, dataset.counts[split], BLOCK_ROWS):
                    block = puzzles.take(slice(start, start + BLOCK_ROWS))

                    def place(row: int, split: str = split, start: int = start) -> str:
                        return f"{split}[{start + row}]"

                    check_rows(family, block, place)
                    unique = check_unique(family, block.puzzle, place)
                    if computed:
                        check_ratings(family, block, place)
                    split_of_keys.append(split_keys(family, block.puzzle, block.solution, dataset.split_rule))
                    bar.update(len(block.puzzle))
                keys[split] = np.concatenate(split_of_keys)
            check_distinct(keys, dataset.split_rule)
        except PuzzleError as error:
            raise DatasetError(f"{path}: {error}") from None
    return Verification(dataset.path, family.name, dataset.counts, dataset.split_rule, unique, computed)
