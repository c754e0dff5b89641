"""Generating a dataset: the same seed gives the same bytes, however the work is cut up.

Candidates are numbered 0, 1, 2, ...; candidate i is what the family generates from ``candidate_seeds(seed, i, 1)``. In
that order, a candidate equal by the split rule to an accepted one is skipped, the first ``test`` accepted ones are the
test split, the next ``train`` ones the train split and the next ``validation`` ones the validation split. Nothing
depends on how many candidates are generated at a time or by whom. A validation split changes neither of the others, and
growing ``train`` keeps every puzzle of both where it was; the validation puzzles are then later ones.

Shards of candidates are generated on threads or a Ray cluster and appended, in order, to a journal beside the file.
When it holds enough, the file is written from it. A build that is interrupted or killed leaves the journal, and the
next one resumes from there. Memory holds a few shards and some 50 bytes per puzzle.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import puzzles
from puzzles.dataset import Dataset, DatasetWriter, Provenance
from puzzles.dataset.existing import is_written
from puzzles.dataset.journal import Journal, Shard, remove_journal
from puzzles.dataset.keys import KeySet
from puzzles.dataset.layout import package_versions
from puzzles.dataset.proof import SPLIT_RULES
from puzzles.errors import DatasetError, PuzzleError, check_seed
from puzzles.family import PuzzleFamily
from puzzles.shards import ENGINES, candidate_seeds, make_shard, make_shards

__all__ = ["GENERATOR", "PATIENCE", "build_dataset", "candidate_seeds"]

GENERATOR = "air_envs generator"
"""What the provenance of a dataset names as the generator where this module made it."""
PATIENCE = 10_000
"""Candidates in a row without a new puzzle after which there are taken to be no more."""


def build_dataset(
    path: Path | str,
    family: PuzzleFamily | str,
    options: Any = None,
    train: int = 1000,
    test: int = 1000,
    seed: int = 0,
    command: str | None = None,
    progress: bool = True,
    *,
    validation: int = 0,
    workers: int | None = None,
    engine: str = "local",
    fresh: bool = False,
    shard: int | None = None,
    overwrite: bool = False,
) -> Dataset:
    """Generate puzzles that all differ by the family's split rule and write them to one dataset file.

    The file appears under its name when it is complete. An interrupt or a kill leaves what stood there before, and a
    hidden journal from which the same call resumes. If the same dataset is there already, nothing is done.

    Args:
        path: the file to write.
        family: the family or its name.
        options: an instance of ``family.Options``; None means its defaults.
        train: puzzles in the train split; 0 leaves the split out.
        test: puzzles in the test split; 0 leaves the split out.
        seed: 0 <= seed < 2**64; with the family, the options and the counts it decides every byte of the puzzles.
        command: stored in the file; None stores this call.
        progress: show a progress bar on standard error.
        validation: puzzles in the validation split; 0 leaves the split out.
        workers: shards generated at a time; None means every core that may be used. This and what follows changes
            nothing in the file.
        engine: ``"local"``, threads of this process, or ``"ray"``, a Ray cluster.
        fresh: start from scratch, and discard what an interrupted build has left.
        shard: candidates in a shard; None adapts it to the time they take.
        overwrite: replace whatever file is there, be it the same dataset.

    Raises:
        PuzzleError: counts or options that cannot be met, such as more puzzles than the family has.
        DatasetError: an interrupted build of something else has left its journal, or one is running now.
        FileExistsError: another file is there and ``overwrite`` is not given; or a folder or a device.
        OSError: the disk is full, or the like.
    """
    family = puzzles.family(family) if isinstance(family, str) else family
    options = family.Options() if options is None else options
    counts = {"test": test, "train": train, "validation": validation}
    _check_arguments(family, options, counts, seed, workers, engine, shard)
    if command is None:
        more = f", validation={validation}" if validation else ""
        command = f"build_dataset({family.name!r}, {options!r}, train={train}, test={test}, seed={seed}{more})"
    parameters = dataclasses.asdict(options)
    # Counts are not part of it: a build of other counts goes through the same candidates.
    identity = {"family": family.name, "options": parameters, "seed": seed, "version": package_versions()["air-envs"]}
    provenance = Provenance(GENERATOR, parameters, seed, command)
    if is_written(path, family, provenance, counts, overwrite=overwrite):
        remove_journal(path, family, identity)
        if progress:
            tqdm.write(f"{path}: there already", sys.stderr)
        return Dataset(path)
    with Journal(path, family, identity, fresh) as journal:
        try:
            build = _Build(journal, options, seed, counts)
            build.run(workers, engine, shard, progress)
        except PuzzleError:  # resuming from there would end in it again
            journal.remove()
            raise
        with DatasetWriter(
            path, family, provenance=provenance, allow_empty=not (train and test), overwrite=overwrite
        ) as writer:
            build.write(writer, progress)
        journal.remove()
    return Dataset(path)


class _Build:
    """A build under way: what its journal holds, and which of it is accepted."""

    def __init__(self, journal: Journal, options: Any, seed: int, counts: Mapping[str, int]):
        self.journal = journal
        self.family = journal.family
        self.options = options
        self.seed = seed
        self.counts = counts
        self.wanted = sum(counts.values())
        self.candidates = 0
        self.accepted: list[NDArray[np.int64]] = []
        """Of each shard: its rows that are accepted, ascending."""
        self.found = 0
        """How many are accepted in all."""
        self._last_new = 0  # candidates up to and with the last one that was accepted
        self._keys = KeySet()

    def run(self, workers: int | None, engine: str, size: int | None, progress: bool) -> None:
        """Append shards to the journal until enough puzzles are accepted."""
        with self._bar("build", progress) as bar:
            self._resume(bar, progress)
            if self.found == self.wanted:
                return
            make = make_shards(
                self.family, self.options, self.seed, self.candidates, self._needed, engine, workers, size
            )
            with contextlib.closing(make) as shards:
                try:
                    while self.found < self.wanted:
                        shard = next(shards)
                        self.journal.append(shard)
                        bar.update(self._accept(shard))
                except PuzzleError:
                    bar.leave = self.found > 0  # else the error alone says it all
                    raise
                except KeyboardInterrupt:
                    if progress:
                        bar.write(f"interrupted at {self.found:,} puzzles: the same command resumes it", sys.stderr)
                    raise

    def write(self, writer: DatasetWriter, progress: bool) -> None:
        """Write the accepted puzzles: the splits follow each other in the order of ``counts``."""
        ends = np.cumsum(list(self.counts.values()))
        done = 0
        with self._bar("write", progress, leave=False) as bar:
            for rows, shard in zip(self.accepted, self.journal.shards(), strict=False):
                parts = np.split(rows, np.clip(ends[:-1] - done, 0, len(rows)))
                for split, part in zip(self.counts, parts, strict=True):
                    writer.append(split, shard.puzzles.take(part), shard.keys[part])
                done += len(rows)
                bar.update(len(rows))

    def _resume(self, bar: tqdm[Any], progress: bool) -> None:
        """Accept what an earlier build has left in the journal, having made sure that it would be generated again."""
        last = None
        for shard in self.journal.resume():
            if self.found < self.wanted:
                self._accept(shard)
            last = shard
        if self.journal.damage is not None and progress:
            bar.write(f"{self.journal.path}: damaged at byte {self.journal.damage}, going on from there", sys.stderr)
        if last is None:
            return
        self._check_same(last)
        bar.update(self.found)
        bar.refresh()

    def _check_same(self, shard: Shard) -> None:
        """Refuse a journal whose candidates are not those of this generator: its code has changed since."""
        again, _ = make_shard(self.family, self.options, self.seed, shard.start, 1)
        if not np.array_equal(again.puzzles.puzzle, shard.puzzles.puzzle[:1]):
            raise DatasetError(
                f"{self.journal.path}: candidate {shard.start} is another puzzle than the one generated now, "
                "expected the same; build with fresh=True (--fresh) to start from scratch"
            )

    def _accept(self, shard: Shard) -> int:
        """Accept the rows of the next shard that no earlier one equals, up to ``wanted``; return how many."""
        new = np.flatnonzero(self._keys.add(shard.keys).new)[: self.wanted - self.found]
        counts = shard.start + 1 + new  # candidates up to and with each accepted one
        end = shard.start + len(shard.keys)
        last = np.concatenate([[self._last_new], counts])
        waits = np.diff(last) - 1 if self.found + len(new) == self.wanted else np.diff([*last, end + 1]) - 1
        if len(long := np.flatnonzero(waits >= PATIENCE)):
            raise PuzzleError(
                f"{self.family.name}: {self.found + long[0]} puzzles among {last[long[0]] + PATIENCE} candidates, the "
                f"last {PATIENCE} of them {SPLIT_RULES[self.family.split_rule]} to an earlier one; "
                f"expected {self.wanted} different ones"
            )
        self._last_new = int(last[-1])
        self.candidates = end
        self.accepted.append(new)
        self.found += len(new)
        return len(new)

    def _needed(self) -> int:
        """Return how many more candidates to generate: as many again as have brought nothing new, at the end."""
        return self.wanted - self.found + self.candidates - self._last_new

    def _bar(self, what: str, progress: bool, leave: bool = True) -> tqdm[Any]:
        return tqdm(
            total=self.wanted, desc=f"{what} {self.family.name}", unit=" puzzles", disable=not progress, leave=leave
        )


def _check_arguments(
    family: PuzzleFamily,
    options: Any,
    counts: Mapping[str, int],
    seed: int,
    workers: int | None,
    engine: str,
    shard: int | None,
) -> None:
    if not isinstance(options, family.Options):
        raise PuzzleError(f"options {options!r}, expected {family.Options.__name__} of {family.name}")
    for name, value in counts.items():
        if value < 0:
            raise PuzzleError(f"{name} {value}, expected 0 or more")
    if counts["train"] + counts["test"] == 0:
        raise PuzzleError("train 0 and test 0, expected a puzzle in one of them")
    check_seed(seed)
    for name, number in (("workers", workers), ("shard", shard)):
        if number is not None and number < 1:
            raise PuzzleError(f"{name} {number}, expected 1 or more")
    if engine not in ENGINES:
        raise PuzzleError(f"engine {engine!r}, expected one of {ENGINES}")
