"""From a source in any format to a dataset file: choose, prove, tell apart, write."""

from __future__ import annotations

import dataclasses
import errno
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import puzzles
from puzzles.dataset import Dataset, DatasetWriter, Provenance
from puzzles.dataset.existing import is_written
from puzzles.dataset.layout import REQUIRED, SPLITS, say_counts
from puzzles.dataset.setting_aside import MOST
from puzzles.errors import DatasetError, PuzzleError, check_seed
from puzzles.family import PuzzleFamily
from puzzles.files import check_target, sha256
from puzzles.importers.choosing import Choice
from puzzles.importers.csv_table import has_header, read_csv
from puzzles.importers.npy_folder import read_npy
from puzzles.importers.rows import Rows, Source
from puzzles.importers.text_list import read_text
from puzzles.notation import check_zero
from puzzles.random import drawn_order

FORMATS = ("text", "csv", "npy")
SUFFIXES = {"text": ".txt", "csv": ".csv"}
TABLE_SUFFIXES = (".csv", ".tsv")
TABLES: dict[str, Callable[[Path, PuzzleFamily | None, str | None], tuple[PuzzleFamily, Rows]]] = {
    "text": read_text,
    "csv": read_csv,
}


@dataclasses.dataclass(frozen=True)
class Imported:
    """What an import has written."""

    path: Path
    format: str
    family: str
    counts: dict[str, int]
    """Puzzles written per split."""
    dropped: int
    """Puzzles left out because an earlier one is equal by the split rule."""
    first_pair: tuple[str, str] | None
    """The places of the first puzzle left out and of the one it is equal to; None where the dataset was there."""
    lone: bool = False
    """Whether the source has one puzzle, which is in the test split because ``train`` was not given."""

    def __str__(self) -> str:
        text = f"{self.path}: {say_counts(self.counts)} puzzles of {self.family} from {self.format}"
        if self.first_pair:
            text += f"; left out {self.dropped:,} repeats, first {self.first_pair[0]}, equal to {self.first_pair[1]}"
        if self.lone:
            text += "; a single puzzle is put into the test split, or with train=1 (--train 1) into the train split"
        return text


def import_puzzles(
    source: Path | str,
    output: Path | str,
    family: PuzzleFamily | str | None = None,
    format: str | None = None,
    test: int | None = None,
    train: int | None = None,
    seed: int = 0,
    on_duplicate: str = "error",
    command: str | None = None,
    progress: bool = True,
    *,
    rating_convention: str | None = None,
    zero: str | None = None,
    notes: Mapping[str, Any] | None = None,
    validation: int | None = None,
    validation_share: float = 0.0,
    overwrite: bool = False,
) -> Imported:
    """Read puzzles in a foreign format, prove them and write them to one dataset file.

    Every puzzle taken is checked, solved (or its given solution proved), proved to have one solution where its family
    asks for it, and rated where the source has no rating of it.

    A source that has its own train and test keeps them; ``train`` and ``test`` then draw that many puzzles of each. One
    that has either alone makes a dataset of one split. A source without is split at random: ``test`` puzzles, by
    default a tenth, for the test split, and ``train`` of the rest, by default all; a source of one puzzle has it for
    the test split alone, unless ``train`` or ``test`` say otherwise. The draw depends on the seed and the number of
    rows alone, a larger draw contains a smaller one, and the puzzles of a split keep the order of the source.

    A validation split of the source is kept. From a source without, ``validation`` puzzles are drawn that are neither
    for the test nor for ``train``: which puzzles a given number of ``train`` draws does not depend on it.

    Where a table has a column ``source`` with 2 to 256 names, the dataset keeps the source of each row.

    No two puzzles of the dataset are equal by the family's split rule. The test split is filled first, then validation,
    so a published test set stays whole if one of its puzzles stands in train too. If the same dataset is there already,
    nothing is done.

    Args:
        source: a file or a folder, see ``puzzles.importers``.
        output: the dataset file to write. It appears when it is complete; an error leaves nothing under this name.
        family: the family or its name; None deduces it from the first puzzle, or from the tokens of NPY.
        format: ``"text"``, ``"csv"`` or ``"npy"``; None guesses by the name of a file or the content of a folder.
        test: puzzles in the test split; 0 leaves the split out.
        train: puzzles in the train split; 0 leaves the split out.
        seed: 0 <= seed < 2**64; decides which puzzles are drawn.
        on_duplicate: ``"error"`` refuses puzzles equal by the split rule, ``"drop"`` keeps the first of them.
        command: stored in the file; None stores this call.
        progress: show a progress bar on standard error.
        rating_convention: which of ``family.rating_conventions`` the ratings of the source follow, which are kept as
            they are, or the puzzles of a source without are rated by; None means the first, which is what
            Sudoku-Extreme's column holds.
        zero: ``"digit"`` or ``"blank"``: what the character 0 of a Sudoku stands for. None means a blank, and refuses
            a grid that has another blank beside it.
        notes: stored with the parameters, such as where the source was downloaded from; JSON.
        validation: puzzles in the validation split; 0 leaves the split out. None takes all of the source's own; from a
            source without one, what ``validation_share`` says.
        validation_share: of the training puzzles, at most 1,000, and no more than a given ``train`` leaves over.
        overwrite: replace whatever file is there.

    Raises:
        FileNotFoundError: no such source.
        FileExistsError: another file is there and ``overwrite`` is not given; or a folder or a device.
        OSError: the disk is full, or the like.
        PuzzleError: a puzzle is not what its family expects, or puzzles are equal or too few; names file and place.
        DatasetError: the source as a whole is not what its format says.
    """
    source = Path(source)
    if not source.exists():
        raise FileNotFoundError(errno.ENOENT, "no such source of puzzles", str(source))
    check_target(Path(output))
    check_seed(seed)
    format = format or guess_format(source)
    _check_arguments(format, {"test": test, "validation": validation, "train": train}, on_duplicate, validation_share)
    check_zero(zero)
    read = read_source(source, format, puzzles.family(family) if isinstance(family, str) else family, zero)
    lone = False
    if len(read.rows.get("all", ())) == 1:  # one puzzle cannot be split
        lone = train is None and test != 0
        train, test = (0, test) if lone else (train, test or 0)
    wanted = {"test": test, "validation": validation, "train": train}
    _check_splits(source, read, wanted)
    convention = read.family.rating_convention(rating_convention)
    aside = {} if validation is None else {"validation": validation}
    if command is None:
        arguments = (
            f"family={read.family.name!r}, {format=}, {test=}, {train=}, {seed=}, {on_duplicate=}, "
            f"rating_convention={convention!r}" + (f", {zero=}" if zero else "")
        )
        arguments += "".join(f", {name}={value}" for name, value in aside.items())
        arguments += f", {validation_share=}" if validation_share else ""
        command = f"import_puzzles({source.name!r}, {arguments})"
    parameters = {
        "files": {path.relative_to(source.parent).as_posix(): sha256(path) for path in read.files},
        "test": test,
        "train": train,
        **aside,
        **({"validation_share": validation_share} if validation_share and validation is None else {}),
        "on_duplicate": on_duplicate,
        **({} if zero is None else {"zero": zero}),
        **({"sources": "kept"} if any(rows.named for rows in read.rows.values()) else {}),  # older versions did not
        **read.notes,
        **(notes or {}),
    }
    provenance = Provenance(f"import: {format}", parameters, seed, command, rating_convention=convention)
    if is_written(output, read.family, provenance, decisive=_decisive, overwrite=overwrite):
        there = Dataset(output)
        dropped = there.provenance.parameters["dropped"]
        return Imported(there.path, format, read.family.name, dict(there.counts), dropped, None, lone)
    choice = Choice(read.family, convention)
    with tqdm(desc=f"import {read.family.name}", unit=" puzzles", disable=not progress) as bar:
        _choose(choice, read, wanted, validation_share, seed, bar)
    choice.refuse(source, wanted, drop=on_duplicate == "drop")

    parameters["dropped"] = choice.repeats
    if 0 < choice.rated < choice.chosen:
        parameters["ratings_computed"] = choice.chosen - choice.rated
    source_of_ratings = "imported" if choice.rated else "computed"
    provenance = dataclasses.replace(provenance, parameters=parameters, rating_source=source_of_ratings)
    allow_empty = 0 in (train, test) or bool(read.missing)
    with DatasetWriter(
        output,
        read.family,
        provenance=provenance,
        allow_empty=allow_empty,
        sources=choice.sources,
        overwrite=overwrite,
    ) as writer:
        for split in wanted:
            choice.write(split, writer)
    return Imported(Path(output), format, read.family.name, writer.counts, choice.repeats, choice.first_pair, lone)


def _decisive(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters without what only an import finds out."""
    return {name: value for name, value in parameters.items() if name not in ("dropped", "ratings_computed")}


def _check_arguments(format: str, wanted: dict[str, int | None], on_duplicate: str, share: float) -> None:
    for name, value, allowed in (("format", format, FORMATS), ("on_duplicate", on_duplicate, ("error", "drop"))):
        if value not in allowed:
            raise PuzzleError(f"{name} {value!r}, expected one of {allowed}")
    for name, number in wanted.items():
        if number is not None and number < 0:
            raise PuzzleError(f"{name} {number}, expected 0 or more")
    if not 0 <= share < 1:
        raise PuzzleError(f"validation_share {share}, expected 0 or more and less than 1")


# -- reading -----------------------------------------------------------------------------------------------------------


def guess_format(source: Path) -> str:
    """Return the format of a file by its name and its first line, of a folder by the files in it.

    Raises:
        DatasetError: a folder that holds nothing an importer reads, or neither a folder nor a file.
    """
    if source.is_file():
        return "csv" if source.suffix.lower() in TABLE_SUFFIXES or has_header(source) else "text"
    if not source.is_dir():
        raise DatasetError(f"{source}: no regular file, expected a file or a folder")
    signs = {"npy": "/dataset.json", "csv": ".csv", "text": ".txt"}
    for format, sign in signs.items():
        if any((source / f"{split}{sign}").is_file() for split in REQUIRED):
            return format
    raise DatasetError(f"{source}: expected one of {[f'train{sign}' for sign in signs.values()]} in the folder")


def read_source(source: Path, format: str, family: PuzzleFamily | None, zero: str | None = None) -> Source:
    """Read a file or folder; nothing in it is proved.

    Args:
        source: what to read.
        format: one of ``FORMATS``.
        family: None deduces it.
        zero: see ``PuzzleFamily.notation``.

    Raises:
        DatasetError: the source as a whole is not what its format says.
        PuzzleError: a grid that is drawn over several lines has a row too few or a cell too many.
    """
    if format == "npy":
        if not source.is_dir():
            raise DatasetError(f"{source}: a file, expected the folder of the NPY layout")
        return read_npy(source, family)
    table = TABLES[format]
    if source.is_file():
        family, rows = table(source, family, zero)
        return Source(family, {"all": rows}, [source])
    files = [path for split in SPLITS if (path := source / f"{split}{SUFFIXES[format]}").is_file()]
    if not any(path.stem in REQUIRED for path in files):
        names = " or ".join(repr(f"{split}{SUFFIXES[format]}") for split in REQUIRED)
        raise DatasetError(f"{source}: no file {names}, expected one or both")
    found = {}
    for path in files:
        family, found[path.stem] = table(path, family, zero)
    assert family is not None
    return Source(family, found, files)


def _check_splits(source: Path, read: Source, wanted: dict[str, int | None]) -> None:
    """Refuse to draw from a split that is not there."""
    for split in read.missing:
        if wanted[split]:
            raise PuzzleError(f"{source}: no {split} split, expected one to take {wanted[split]} puzzles from")
    if wanted["validation"] and "train" in read.missing and "validation" not in read.rows:
        count = wanted["validation"]
        raise PuzzleError(f"{source}: no train or validation split, expected one to take {count} puzzles from")


# -- choosing ----------------------------------------------------------------------------------------------------------


def _choose(
    choice: Choice, read: Source, wanted: dict[str, int | None], share: float, seed: int, bar: tqdm[Any]
) -> None:
    """Fill test, then validation, then train."""
    if "all" in read.rows:
        rows, test = read.rows["all"], wanted["test"]
        order = drawn_order(len(rows), seed)
        used = choice.fill("test", rows, order, max(1, len(rows) // 10) if test is None else test, bar)
        order = order[used:]
    else:
        for stream, split in ((0, "test"), (3, "validation")):
            if split in read.rows:
                own, number = read.rows[split], wanted[split]
                drawn = np.arange(len(own)) if number is None else drawn_order(len(own), seed, stream)
                choice.fill(split, own, drawn, number, bar)
        if "train" not in read.rows:
            return
        rows = read.rows["train"]
        order = drawn_order(len(rows), seed, stream=1)
    if "validation" not in read.rows:  # from the end of the order: what train draws stays the same
        used = choice.fill("validation", rows, order[::-1], _set_aside(len(order), wanted, share), bar)
        order = order[: len(order) - used]
    if wanted["train"] is None and "all" not in read.rows:
        order = np.sort(order)  # of equal rows the first in the source is kept
    choice.fill("train", rows, order, wanted["train"], bar)


def _set_aside(rows: int, wanted: dict[str, int | None], share: float) -> int:
    """Return how many of the rows left for training to validate on."""
    if wanted["validation"] is not None:
        return wanted["validation"]
    train = wanted["train"]
    if train == 0:
        return 0
    most = min(MOST, round(share * rows))
    return most if train is None else max(0, min(most, rows - train))
