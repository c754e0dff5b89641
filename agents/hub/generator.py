"""Fresh puzzles for a model: of the kind that it was trained on, if its folder says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import load_config
from agents.checkpoints.manifest import read_object
from agents.config.model import OPTIONS
from agents.config.reading import from_json
from agents.config.training import read_train_config
from puzzles import Grids, PuzzleError, PuzzleFamily
from puzzles.build import GENERATOR
from puzzles.dataset import Dataset
from puzzles.errors import check_seed
from puzzles.mixing import sources


def fresh_puzzle(family: PuzzleFamily, seed: int, folder: Path | None = None) -> Grids:
    """Generate one puzzle, (rows, columns) uint8, with the options that ``generator_options`` finds in the folder.

    For another family than the folder's model was trained on they may ask too much; then it is one of the defaults.

    Raises:
        CheckpointError: the folder's options are no options of the family's generator.
        PuzzleError: they cannot be met, or a seed outside 0 <= seed < 2**64.
    """
    check_seed(seed)
    found = generator_options(folder) if folder else {}
    try:
        options = require_options(found, family)
    except ValueError as error:
        raise CheckpointError(f"{folder}: {error}") from error
    key = np.array([seed], np.uint64)
    try:
        return family.generate(key, options).puzzle[0]
    except PuzzleError:
        if folder is None or load_config(folder).family == family.name:
            raise
        return family.generate(key).puzzle[0]


def require_options(values: dict[str, Any], family: PuzzleFamily) -> Any:
    """Return options of a family's generator, an instance of ``family.Options``.

    Raises:
        ValueError: there are no such options, or a value is of another type.
    """
    try:
        return from_json(family.Options, values)
    except ValueError as error:
        raise ValueError(f"generator options {values}, expected those of {family.name}: {error}") from error


def generator_options(folder: Path) -> dict[str, Any]:
    """Return the options that generated a model's training puzzles: its ``generator.json``, else its dataset's.

    Those of a mixture are of its test puzzles.

    Empty, which means the generator's defaults, where neither is there or the puzzles were imported.

    Raises:
        CheckpointError: a damaged ``generator.json``.
    """
    if (folder / OPTIONS).is_file():
        return read_object(folder, OPTIONS)
    train = read_train_config(folder)
    if train is None or not train.dataset.is_file():
        return {}
    (tested,) = sources(Dataset(train.dataset), "test")
    return dict(tested["generator_parameters"]) if tested["generator"] == GENERATOR else {}
