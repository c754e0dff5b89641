"""``PooledPuzzles``: random symmetric copies of a generator's puzzles."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from air_envs.generated.bases import BaseNotFound, Bases
from air_envs.generated.schedule import Schedule, check_schedule, default_schedule
from air_envs.generated.scratch import GeneratedPuzzles
from puzzles import PuzzleFamily, Puzzles
from puzzles.compiling import njit
from puzzles.errors import GenerationError, is_whole


class PooledPuzzles(GeneratedPuzzles):
    """Random symmetric copies of base puzzles, which the family's generator makes; a key picks a base and a copy.

    The bases of a pool are the same on every machine. The more puzzles a row has had, the more bases it draws from,
    each as likely as any other. Copies of one base are equal up to symmetry. A copy has the rating of its base.

    Sources of equal families, options and pools share their bases within a process. A base is generated when it is
    first drawn, or before that in a background thread, see ``air_envs.generated.bases``.

    Args:
        family: a ``PuzzleFamily`` or its name, such as ``"sudoku-9x9"``.
        pool: which bases: pools of different numbers are generated from different seeds.
        schedule: how many bases are drawn from; None takes ``air_envs.generated.schedule.default_schedule``.
        **options: fields of ``family.Options``; None leaves the family's default.

    Raises:
        PuzzleError: no such family, or options that no puzzle of it has.
        ValueError: a pool that is no integer from 0 to 2**64 - 1, or a schedule with a number below 1.
        TypeError: no such option.
    """

    def __init__(self, family: PuzzleFamily | str, pool: int = 0, schedule: Schedule | None = None, **options: Any):
        super().__init__(family, **options)
        check_pool(pool)
        self.pool = int(pool)
        self.schedule = default_schedule(self.family, self.options) if schedule is None else schedule
        check_schedule(self.schedule)

    def __repr__(self) -> str:
        return f"PooledPuzzles({self.family.name!r}, pool={self.pool}, options={self.options})"

    def load(self, keys: NDArray[np.uint64]) -> Puzzles:
        """Return the puzzles of ``keys``, (N,) uint64, for rows that have had none yet."""
        return self.load_next(keys, np.zeros(len(keys), np.int64))

    def load_next(self, keys: NDArray[np.uint64], numbers: NDArray[np.int64]) -> Puzzles:
        """Return the puzzles of ``keys``, (N,) uint64, for rows that have had ``numbers``, (N,) int64.

        Raises:
            GenerationError: the generator found no puzzle for a base; names the first key that picks it.
        """
        picked, reachable = _pick(keys, numbers, *self.schedule)
        bases = _bases(type(self.family), self.family, self.options, self.pool)
        try:
            data = bases.take(picked)
        except BaseNotFound as error:
            raise GenerationError(int(keys[picked.tolist().index(error.base)]), error.reason) from None
        bases.fill_ahead(min(reachable + self.schedule.first, self.schedule.most), len(keys))
        return self.family.random_copies(data, keys)


def check_pool(pool: Any) -> None:
    """Raise ``ValueError`` unless a pool may have that number."""
    if not is_whole(pool) or not 0 <= pool < 1 << 64:
        raise ValueError(f"pool: found {pool!r}, expected an integer from 0 to 2**64 - 1, or None for no pool")


@functools.lru_cache(maxsize=8)
def _bases(family_type: type[PuzzleFamily], family: PuzzleFamily, options: Any, pool: int) -> Bases:
    """Return the bases that all sources of a process share; families are equal if only their names are."""
    return Bases(family, options, pool)


@njit(cache=True, nogil=True)
def _pick(keys, numbers, first, every, most):
    """Return the base that each key picks, (N,) int64, and the most bases that one of them could have picked."""
    picked, reachable = np.empty(len(keys), np.int64), 0
    for i in range(len(keys)):
        size = min(first + numbers[i] // every, most)
        reachable = max(reachable, size)
        # High half of a 32 x 32 bit product: uniform but for a bias below size / 2**32, and no division.
        picked[i] = (keys[i] >> np.uint64(32)) * np.uint64(size) >> np.uint64(32)
    return picked, reachable
