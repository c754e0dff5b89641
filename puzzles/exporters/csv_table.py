"""CSV tables with the columns source, question, answer, rating: the layout of Sudoku-Extreme."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from tqdm import tqdm

from puzzles.dataset import Dataset
from puzzles.family import Grids, PuzzleFamily
from puzzles.files import new_folder
from puzzles.importers.csv_table import COLUMNS


def export_csv(dataset: Dataset, folder: Path | str, progress: bool = True) -> Path:
    """Write ``train.csv`` and ``test.csv``, one puzzle a line, in constant memory; ``import_puzzles`` reads them back.

    A split that the dataset has not is left out.

    Args:
        dataset: what to export; its generator is named in the column source.
        folder: a new folder.
        progress: show a progress bar on standard error.

    Raises:
        FileExistsError: the folder has something in it.
        DatasetError: the dataset is damaged.
    """
    source = dataset.provenance.generator
    total = sum(dataset.counts.values())
    with (
        new_folder(folder) as place,
        tqdm(total=total, desc="export csv", unit=" puzzles", disable=not progress) as bar,
    ):
        for split in dataset.splits:
            with (place / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
                table = csv.writer(file, lineterminator="\n")
                table.writerow(COLUMNS)
                for block in dataset.blocks(split):
                    questions, answers = (texts_of(dataset.family, grids) for grids in block[:2])
                    ratings = block.rating.tolist()
                    table.writerows(zip([source] * len(ratings), questions, answers, ratings, strict=True))
                    bar.update(len(ratings))
    return Path(folder)


def texts_of(family: PuzzleFamily, grids: Grids) -> list[str]:
    """Write (N, rows, columns) grids as ``family.format`` writes each."""
    alphabet = np.frombuffer(family.cells[: family.cell_values].encode("latin-1"), np.uint8)
    length = family.rows * family.columns
    whole = alphabet[grids].tobytes().decode("latin-1")
    return [whole[start : start + length] for start in range(0, len(whole), length)]
