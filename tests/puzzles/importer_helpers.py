"""What the tests of importers share: sources in every format, and calls that must succeed or be refused."""

import json

import numpy as np
import pytest

import puzzles
from puzzles import DatasetError, PuzzleError
from puzzles.importers import import_puzzles
from tests.puzzles.dataset_helpers import generate, symmetry_copy

QUESTION = "5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36.."
ANSWER = "583427169974136528216859374792364851351298746648715293865971432137642985429583617"
OTHER = "1....2....9.67...3..2.9..4.46.5...9..58....3..1....2.....71.......9.37......6...."
OTHER_ANSWER = "136452978594678123782391546463527891258149637917836254829714365645983712371265489"


def puzzles_of(name, count, options=None):
    """Return the family and ``count`` of its puzzles, no two equal by the split rule."""
    family = puzzles.family(name)
    return family, generate(family, count, options=options)


def rows_of(dataset, split):
    return {puzzle.tobytes() for puzzle in dataset.split(split).puzzle}


def run(source, output, **arguments):
    return import_puzzles(source, output, progress=False, overwrite=True, **arguments)


def refused(source, output, **arguments):
    """Return the message of the error, having checked that nothing was written."""
    with pytest.raises((PuzzleError, DatasetError)) as caught:
        run(source, output, **arguments)
    assert not list(output.parent.iterdir())
    return str(caught.value)


def write_text(path, family, batch, head=""):
    path.write_text(head + "".join(f"{family.format(puzzle)}\n" for puzzle in batch.puzzle))
    return path


def write_csv(path, family, batch, ratings=None):
    ratings = batch.rating if ratings is None else ratings
    rows = [
        f"hard,{family.format(puzzle)},{family.format(solution)},{rating},x"
        for puzzle, solution, rating in zip(batch.puzzle, batch.solution, ratings, strict=True)
    ]
    path.write_text("\n".join(["source,question,answer,rating,note", *rows]) + "\n")
    return path


def write_npy(folder, family, train, test, copies=0):
    """Write the layout of the HRM builders, each puzzle followed by ``copies`` symmetry copies."""
    for name, batch in (("train", train), ("test", test)):
        place = folder / name
        place.mkdir(parents=True)
        examples = [batch, *(symmetry_copy(family, batch) for _ in range(copies))]
        for array, field in (("inputs", "puzzle"), ("labels", "solution")):
            grids = np.stack([getattr(each, field) for each in examples], axis=1)
            np.save(place / f"all__{array}.npy", grids.reshape(-1, family.rows * family.columns) + np.uint8(1))
        count = len(batch.puzzle) * (1 + copies)
        np.save(place / "all__puzzle_identifiers.npy", np.zeros(count, np.int32))
        np.save(place / "all__puzzle_indices.npy", np.arange(count + 1, dtype=np.int32))
        np.save(place / "all__group_indices.npy", np.arange(0, count + 1, 1 + copies, dtype=np.int32))
        meta = {"pad_id": 0, "vocab_size": family.vocabulary_size, "seq_len": family.rows * family.columns}
        (place / "dataset.json").write_text(json.dumps(meta))
    return folder
