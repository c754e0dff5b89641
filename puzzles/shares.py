"""A test set of several sources in given shares, in which each row keeps its source.

The puzzles of a source are taken in a random order, shuffled by a random symmetry and rated again, as those of
Sudoku-Extreme were. None equals, up to symmetry, another row or a puzzle of a dataset that is to be kept out.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from puzzles.build import GENERATOR, PATIENCE
from puzzles.dataset import Dataset, DatasetWriter, Provenance, split_keys
from puzzles.dataset.existing import is_written
from puzzles.dataset.keys import KeySet
from puzzles.dataset.proof import located
from puzzles.errors import PuzzleError, check_seed
from puzzles.family import PuzzleFamily, Puzzles
from puzzles.files import sha256
from puzzles.importers.rows import Rows
from puzzles.importers.text_list import read_text
from puzzles.random import drawn_order, uniform_rows, words
from puzzles.shards import candidate_seeds

MIXTURE_BY_SHARES = "air_envs mixture by shares"
"""What the provenance of a dataset names as the generator where this module made it."""
BLOCK = 128
"""Puzzles of a source that are taken at a time: not many more are solved or generated than are used."""
_TAKEN, _SYMMETRIES, _ROWS = 16, 17, 18  # streams of random numbers


@dataclasses.dataclass(frozen=True)
class Source:
    """Where some puzzles of a mixture come from; see ``from_dataset``, ``from_list`` and ``from_generator``."""

    name: str
    share: float
    """Of the mixture, relative to the shares of the other sources."""
    family: PuzzleFamily
    draw: Callable[[int], Iterator[Puzzles]]
    """Yields the puzzles, block by block, in a random order that a seed decides. The ratings are not used."""
    origin: Mapping[str, Any]
    """Enough to find the puzzles again; JSON."""


class Mixed(NamedTuple):
    """What ``mix_by_shares`` has written."""

    dataset: Dataset
    shortage: str
    """Which source was too short for the count asked for, in one line; empty where none was."""


def mix_by_shares(
    output: Path | str,
    sources: Sequence[Source],
    count: int,
    exclude: Sequence[Dataset] = (),
    seed: int = 0,
    command: str | None = None,
    progress: bool = True,
    *,
    overwrite: bool = False,
) -> Mixed:
    """Write a dataset whose test split has puzzles of several sources in given shares; it has no other split.

    The rows of all sources are in random order, so the first N of them are a sample of the mixture. A source with fewer
    puzzles than its share of ``count`` limits the whole: the shares are kept, and there are fewer rows in all. A puzzle
    that two sources have is counted for the first of them. If the same dataset is there already, nothing is done.

    Args:
        output: the file to write.
        sources: their names become the ``source_names`` of the dataset.
        count: rows asked for.
        exclude: datasets that models were trained on: no puzzle of their train and validation splits may be in the
            mixture, up to symmetry. Where a dataset has a test split alone, no puzzle of that may be.
        seed: 0 <= seed < 2**64; with the sources and the count it decides every row.
        command: stored in the file; None stores this call.
        progress: show a progress bar on standard error.
        overwrite: replace whatever file is there.

    Raises:
        FileExistsError: another file is there and ``overwrite`` is not given; or a folder or a device.
        OSError: the disk is full, or the like.
        PuzzleError: no source, equal names, a share that is not above 0, a count below 1, several families, a puzzle of
            a list that is malformed or has not one solution, or a source without a puzzle that may be used.
        DatasetError: a damaged dataset, or one without a test split.
    """
    family = _check_arguments(sources, count, exclude, seed)
    if command is None:
        named, names = {source.name: source.share for source in sources}, [data.path.name for data in exclude]
        command = f"mix_by_shares({named}, {count=}, exclude={names}, {seed=})"
    parameters: dict[str, Any] = {
        "asked": count,
        "sources": [{"name": source.name, "share": source.share, **source.origin} for source in sources],
        "excluded": [{"file": data.path.name, "checksum": data.attributes["checksum"]} for data in exclude],
    }
    provenance = Provenance(MIXTURE_BY_SHARES, parameters, seed, command)
    if is_written(output, family, provenance, decisive=_decisive, overwrite=overwrite):
        there = Dataset(output)
        return Mixed(there, there.provenance.parameters.get("shortage", ""))
    known = KeySet()
    for data in exclude:
        for split in _excluded(data):
            for block in data.blocks(split):
                known.add(split_keys(family, block.puzzle, block.solution, "canonical"))
    shares = [source.share for source in sources]
    found = []
    with tqdm(total=count, desc=f"mix {family.name}", unit=" puzzles", disable=not progress) as bar:
        seeds = words(np.uint64(seed), _TAKEN << 40, len(sources)).tolist()
        for source, own_seed, wanted in zip(sources, seeds, quotas(shares, count), strict=True):
            found.append(_take(source, own_seed, wanted, known, bar))
    rows = _fitting(shares, count, [len(part.rating) for part in found])
    order = drawn_order(sum(rows), seed, _ROWS)
    taken = [part.take(slice(number)) for part, number in zip(found, rows, strict=True)]
    mixed = _shuffled(family, Puzzles(*map(np.concatenate, zip(*taken, strict=True))), seed).take(order)
    for listed, number in zip(parameters["sources"], rows, strict=True):
        listed["rows"] = number
    if shortage := _shortage(sources, count, found, sum(rows)):
        parameters["shortage"] = shortage
    writer = DatasetWriter(
        output,
        family,
        provenance=provenance,
        allow_empty=True,
        sources=[source.name for source in sources],
        overwrite=overwrite,
    )
    with writer:
        writer.append("test", mixed, source=np.repeat(np.arange(len(rows), dtype=np.uint8), rows)[order])
    return Mixed(Dataset(output), shortage)


# -- sources -----------------------------------------------------------------------------------------------------------


def from_dataset(name: str, share: float, dataset: Dataset) -> Source:
    """Take the puzzles from the test split of a dataset."""

    def draw(seed: int) -> Iterator[Puzzles]:
        rows = dataset.split("test")
        for part in _parts(len(rows.rating), seed):
            yield rows.take(part)

    origin = {"file": dataset.path.name, "split": "test", "checksum": dataset.attributes["checksum"]}
    return Source(name, share, dataset.family, draw, origin)


def from_list(name: str, share: float, path: Path, family: PuzzleFamily, stands_for: Sequence[str] = ()) -> Source:
    """Take the puzzles from a text list, one a line; each that is drawn is solved and proved to have one solution.

    Args:
        name: of the source.
        share: of the mixture.
        path: of the list.
        family: of its puzzles.
        stands_for: names of the sources whose place this list takes; empty where it is the source itself.
    """

    def draw(seed: int) -> Iterator[Puzzles]:
        _, rows = read_text(path, family)
        for part in _parts(len(rows), seed):
            yield _solved(family, rows, part)

    origin = {"list": path.name, "sha256": sha256(path), "stands_for": list(stands_for)}
    return Source(name, share, family, draw, origin)


def from_generator(
    name: str, share: float, family: PuzzleFamily, options: Any, stands_for: Sequence[str] = ()
) -> Source:
    """Take the puzzles from the family's generator for as long as it makes new ones; arguments as in ``from_list``."""

    def draw(seed: int) -> Iterator[Puzzles]:
        start = 0
        while True:
            yield family.generate(candidate_seeds(seed, start, BLOCK), options)
            start += BLOCK

    parameters = dataclasses.asdict(options)
    origin = {"generator": GENERATOR, "generator_parameters": parameters, "stands_for": list(stands_for)}
    return Source(name, share, family, draw, origin)


def _solved(family: PuzzleFamily, rows: Rows, part: NDArray[np.int64]) -> Puzzles:
    """Return some rows of a list with their solutions, not rated."""
    puzzle = rows.take(part).puzzle
    solution = located(lambda some: family.solve(puzzle[some]), len(part), lambda row: rows.place(int(part[row])))
    return Puzzles(puzzle, solution, np.zeros(len(part), np.int32))


def _parts(count: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield rows 0 .. count - 1 in a random order, cut into blocks."""
    order = drawn_order(count, seed)
    for start in range(0, count, BLOCK):
        yield order[start : start + BLOCK]


# -- choosing ----------------------------------------------------------------------------------------------------------


def quotas(shares: Sequence[float], count: int) -> list[int]:
    """Return how many of ``count`` rows each share gets, by the method of largest remainders."""
    exact = np.array(shares, np.float64) / sum(shares) * count
    rows = np.floor(exact).astype(np.int64)
    most = np.argsort(rows - exact, kind="stable")
    rows[most[: count - rows.sum()]] += 1
    return rows.tolist()


def _take(source: Source, seed: int, wanted: int, known: KeySet, bar: tqdm[Any]) -> Puzzles:
    """Return the first ``wanted`` puzzles of a source that are new up to symmetry, or all there are."""
    family, blocks = source.family, source.draw(seed)
    nothing = np.zeros((0, *family.shape), np.uint8)
    taken, left, stale = [Puzzles(nothing, nothing, np.zeros(0, np.int32))], wanted, 0
    while left and stale < PATIENCE and (block := next(blocks, None)) is not None:
        keys = split_keys(family, block.puzzle, block.solution, "canonical")
        fresh = np.flatnonzero(known.add(keys).new)[:left]
        taken.append(block.take(fresh))
        left -= len(fresh)
        stale = 0 if len(fresh) else stale + len(keys)
        bar.update(len(fresh))
    if left == wanted > 0:
        raise PuzzleError(f"{source.name}: no puzzle is left, expected one that no other dataset or source holds")
    return Puzzles(*map(np.concatenate, zip(*taken, strict=True)))


def _fitting(shares: Sequence[float], count: int, found: Sequence[int]) -> list[int]:
    """Return the largest quotas, of ``count`` rows at most, that the found numbers of rows can meet."""
    short = [
        n * sum(shares) / share for share, n, most in zip(shares, found, quotas(shares, count), strict=True) if n < most
    ]
    total = min([count, *(int(limit) + len(shares) for limit in short)])
    while any(np.array(quotas(shares, total)) > found):
        total -= 1
    return quotas(shares, total)


def _shortage(sources: Sequence[Source], count: int, found: Sequence[Puzzles], rows: int) -> str:
    """Say which source limits the mixture most."""
    if rows == count:
        return ""
    whole = sum(source.share for source in sources)
    name, share, number = min(
        ((source.name, source.share / whole, len(part.rating)) for source, part in zip(sources, found, strict=True)),
        key=lambda item: item[2] / item[1],
    )
    return f"{name}: {number:,} puzzles for a share of {100 * share:.1f} %, so {rows:,} rows in all, not {count:,}"


def _shuffled(family: PuzzleFamily, rows: Puzzles, seed: int) -> Puzzles:
    """Return a random symmetry copy of each puzzle with its own rating."""
    elements = family.symmetries(uniform_rows(len(rows.rating), family.symmetry_dim, seed, _SYMMETRIES))
    copies = family.copies(rows, *elements)
    return copies._replace(rating=family.rate(copies.puzzle))


def _decisive(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters without what only mixing finds out."""
    sources = [
        {name: value for name, value in source.items() if name != "rows"} for source in parameters.get("sources", ())
    ]
    return {**{name: value for name, value in parameters.items() if name != "shortage"}, "sources": sources}


def _excluded(data: Dataset) -> list[str]:
    """Return the splits that a run trains or selects on; those of a test set, which has neither, are all."""
    return [split for split in ("train", "validation") if data.counts[split]] or list(data.splits)


def _check_arguments(sources: Sequence[Source], count: int, exclude: Sequence[Dataset], seed: int) -> PuzzleFamily:
    """Return the family of all puzzles."""
    check_seed(seed)
    if count < 1:
        raise PuzzleError(f"count {count}, expected 1 or more")
    if not sources:
        raise PuzzleError("no source, expected one or more")
    family = sources[0].family
    for source in sources:
        if not 0 < source.share < math.inf:
            raise PuzzleError(f"{source.name}: share {source.share}, expected more than 0")
    for name, other in [*((s.name, s.family) for s in sources), *((str(data.path), data.family) for data in exclude)]:
        if other != family:
            raise PuzzleError(f"{name}: holds {other.name}, expected {family.name}, as {sources[0].name} does")
    return family
