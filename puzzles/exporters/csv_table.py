"""CSV tables with the columns source, question, answer, rating: the layout of Sudoku-Extreme."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from puzzles.dataset import Dataset
from puzzles.family import Grids, PuzzleFamily
from puzzles.files import new_folder
from puzzles.importers.csv_table import COLUMNS


def export_csv(dataset: Dataset, folder: Path | str, progress: bool = True) -> Path:
    """Write ``train.csv``, ``validation.csv`` and ``test.csv``, one puzzle a line; ``import_puzzles`` reads them back.

    A split without puzzles is left out. Grids are held in memory a block at a time.

    Args:
        dataset: what to export. The column source has the source of each row where the dataset keeps it, else the
            dataset's generator.
        folder: a new folder.
        progress: show a progress bar on standard error.

    Raises:
        FileExistsError: the folder has something in it.
        DatasetError: the dataset is damaged.
    """
    total = sum(dataset.counts.values())
    with (
        new_folder(folder) as place,
        tqdm(total=total, desc="export csv", unit=" puzzles", disable=not progress) as bar,
    ):
        for split in dataset.splits:
            with (place / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
                table = csv.writer(file, lineterminator="\n")
                table.writerow(COLUMNS)
                sources = _sources(dataset, split)
                for block in dataset.blocks(split):
                    questions, answers = (texts_of(dataset.family, grids) for grids in block[:2])
                    ratings = block.rating.tolist()
                    names = itertools.islice(sources, len(ratings))
                    table.writerows(zip(names, questions, answers, ratings, strict=True))
                    bar.update(len(ratings))
    return Path(folder)


def _sources(dataset: Dataset, split: str) -> Iterator[str]:
    """Yield the source of each row, or the dataset's generator, without end."""
    numbers = dataset.source(split)
    if numbers is None:
        return itertools.repeat(dataset.provenance.generator)
    return (dataset.source_names[number] for number in numbers)


def texts_of(family: PuzzleFamily, grids: Grids) -> list[str]:
    """Write (N, rows, columns) grids as ``family.format`` writes each."""
    alphabet = np.frombuffer(family.cells[: family.cell_values].encode("latin-1"), np.uint8)
    length = family.rows * family.columns
    whole = alphabet[grids].tobytes().decode("latin-1")
    return [whole[start : start + length] for start in range(0, len(whole), length)]
