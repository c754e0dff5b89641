"""Generating a dataset: the same seed gives the same bytes, however the work is cut up.

Candidates are numbered 0, 1, 2, ...; candidate i is what the family generates from ``candidate_seeds(seed, i, 1)``. In
that order, a candidate equal by the split rule to an accepted one is skipped, the first ``test`` accepted ones are the
test split and the next ``train`` ones the train split. Nothing depends on how many candidates are generated at a time
or by whom; and growing ``train`` keeps every puzzle of the smaller dataset where it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

import puzzles
from puzzles.dataset import Dataset, DatasetWriter, Provenance, split_keys
from puzzles.dataset.proof import SPLIT_RULES
from puzzles.errors import PuzzleError
from puzzles.family import PuzzleFamily, Puzzles

BLOCK = 256
"""Candidates generated at a time."""
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
    block: int = BLOCK,
) -> Dataset:
    """Generate puzzles that all differ by the family's split rule and write them to one dataset file.

    Args:
        path: the file to write. It appears when it is complete; an exception or a kill leaves nothing under this name.
        family: the family or its name.
        options: an instance of ``family.Options``; None means its defaults.
        train: puzzles in the train split; 0 leaves the split out.
        test: puzzles in the test split; 0 leaves the split out.
        seed: 0 <= seed < 2**64; with the family, the options and the counts it decides every byte of the puzzles.
        command: stored in the file; None stores this call.
        progress: show a progress bar on standard error.
        block: candidates generated at a time; changes nothing but memory and the pace of the bar.

    Raises:
        PuzzleError: counts or options that cannot be met, such as more puzzles than the family has.
    """
    family = puzzles.family(family) if isinstance(family, str) else family
    options = family.Options() if options is None else options
    _check_arguments(family, options, train, test, seed, block)
    if command is None:
        command = f"build_dataset({family.name!r}, {options!r}, train={train}, test={test}, seed={seed})"
    parameters = dataclasses.asdict(options)
    provenance = Provenance("air_envs generator", parameters, seed, command)
    writer = DatasetWriter(path, family, provenance=provenance, allow_empty=not (train and test))
    bar = tqdm(total=train + test, desc=f"build {family.name}", unit=" puzzles", disable=not progress)
    with bar, writer:
        for accepted, keys in _distinct(family, options, train + test, seed, block):
            done = sum(writer.counts.values())
            in_test = max(0, min(test - done, len(keys)))
            writer.append("test", accepted.take(slice(in_test)), keys[:in_test])
            writer.append("train", accepted.take(slice(in_test, None)), keys[in_test:])
            bar.update(len(keys))
    return Dataset(path)


def candidate_seeds(seed: int, start: int, count: int) -> NDArray[np.uint64]:
    """Return the seeds of candidates ``start`` to ``start + count - 1``: (count,) uint64, splitmix64 by its counter."""
    gamma = np.uint64(0x9E3779B97F4A7C15)
    origin = _mix(np.array([seed], np.uint64) + gamma)  # scrambled: the streams of neighbouring seeds start far apart
    return _mix(origin + np.arange(start + 1, start + count + 1, dtype=np.uint64) * gamma)


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _distinct(
    family: PuzzleFamily, options: Any, wanted: int, seed: int, block: int
) -> Iterator[tuple[Puzzles, NDArray[np.void]]]:
    """Yield ``wanted`` distinct puzzles with their split keys, in candidate order, block by block."""
    seen: set[bytes] = set()
    candidates = last_new = 0
    while len(seen) < wanted:
        count = min(block, wanted - len(seen))
        generated = family.generate(candidate_seeds(seed, candidates, count), options)
        keys = split_keys(family, generated.puzzle, generated.solution)
        new = []
        for row, key in enumerate(keys):
            candidates += 1
            if key.tobytes() not in seen:
                seen.add(key.tobytes())
                new.append(row)
                last_new = candidates
            elif candidates - last_new == PATIENCE:
                raise PuzzleError(
                    f"{family.name}: {len(seen)} puzzles among {candidates} candidates, the last {PATIENCE} of them "
                    f"{SPLIT_RULES[family.split_rule]} to an earlier one; expected {wanted} different ones"
                )
        yield generated.take(new), keys[new]


def _check_arguments(family: PuzzleFamily, options: Any, train: int, test: int, seed: int, block: int) -> None:
    if not isinstance(options, family.Options):
        raise PuzzleError(f"options {options!r}, expected {family.Options.__name__} of {family.name}")
    for name, value in (("train", train), ("test", test)):
        if value < 0:
            raise PuzzleError(f"{name} {value}, expected 0 or more")
    if train + test == 0:
        raise PuzzleError("train 0 and test 0, expected a puzzle in one of them")
    if not 0 <= seed < 2**64:
        raise PuzzleError(f"seed {seed}, expected 0 <= seed < 2**64")
    if block < 1:
        raise PuzzleError(f"block {block}, expected 1 or more")
