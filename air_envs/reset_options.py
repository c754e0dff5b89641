"""Puzzles of one's choice: what ``options`` of an environment's ``reset`` ask for."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import numpy as np

import puzzles
from air_envs.sources import PuzzleSource
from puzzles import PuzzleFamily, Puzzles


def requested_puzzles(source: PuzzleSource, options: dict[str, Any] | None, count: int = 1) -> Puzzles | None:
    """Return the ``count`` puzzles that ``options`` ask for, or None if they ask for none.

    Args:
        source: of the environment.
        options: None; or ``{"index": i}``, a row of the source's dataset, or (count,) of them; or ``{"puzzle": grid}``,
            (rows, columns) integers or a text, see ``read_puzzle``, or ``count`` of them. One stands for all.
        count: how many puzzles are wanted.

    Raises:
        PuzzleError: a puzzle that is malformed, or has no solution or several where one is required.
        ValueError: an index out of range or without a dataset, or another option.
    """
    options = options or {}
    unknown = [name for name in options if name not in ("index", "puzzle")]
    if unknown or len(options) > 1:
        raise ValueError(f"options: found {sorted(options)}, expected 'index' or 'puzzle' or none")
    if options.get("puzzle") is not None:
        return _read_puzzles(source.family, options["puzzle"], count)
    if options.get("index") is not None:
        return _dataset_rows(source, options["index"], count)
    return None


def read_puzzle(family: PuzzleFamily, puzzle: Any) -> Puzzles:
    """Return a puzzle of a user's, solved and rated, as a batch of one.

    Args:
        family: of the puzzle.
        puzzle: (rows, columns) integers, an array or nested lists; or a text in any form that ``puzzles.parse`` reads.

    Raises:
        PuzzleError: malformed, or without exactly the solutions that the family wants.
    """
    batch = puzzles.parse(puzzle, family)[1][None]
    family.check(batch)
    return Puzzles(batch, family.solve(batch), family.rate(batch))


def _read_puzzles(family: PuzzleFamily, puzzle: Any, count: int) -> Puzzles:
    if _depth(puzzle) != 3:
        return read_puzzle(family, puzzle).take(np.zeros(count, np.int64))
    if len(puzzle) != count:
        raise ValueError(f"options: {len(puzzle)} puzzles, expected {count}")
    each = [read_puzzle(family, one) for one in puzzle]
    return Puzzles(*(np.concatenate(parts) for parts in zip(*each, strict=True)))


def _depth(puzzle: Any) -> int:
    """Return how deep a puzzle, or a list of them, is nested: 2 for a grid, which a text stands for."""
    if isinstance(puzzle, str):
        return 2
    if isinstance(puzzle, (list, tuple)):
        return 1 + (_depth(puzzle[0]) if puzzle else 0)
    return np.ndim(puzzle)


def _dataset_rows(source: PuzzleSource, index: Any, count: int) -> Puzzles:
    if not isinstance(source, Sized) or not hasattr(source, "take"):
        raise ValueError(f"options: index {index!r} without a dataset")
    rows = np.asarray(index)
    if not np.issubdtype(rows.dtype, np.integer) or (rows.ndim > 0 and rows.shape != (count,)):
        expected = f"an integer 0 to {len(source) - 1}" + (f", or {count} of them" if count > 1 else "")
        raise ValueError(f"options: index {index!r}, expected {expected}")
    rows = np.broadcast_to(rows, count)
    wrong = rows[(rows < 0) | (rows >= len(source))]
    if len(wrong):
        raise ValueError(f"options: index {wrong[0]}, expected an integer 0 to {len(source) - 1}")
    return source.take(rows)
