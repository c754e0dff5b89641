"""``CurriculumPuzzles``: harder puzzles once the easier ones are solved."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from air_envs.sources import DatasetPuzzles, HeldPuzzles, PuzzleSource, load_numbered
from puzzles import PuzzleFamily, Puzzles
from puzzles.compiling import njit
from puzzles.errors import is_whole
from puzzles.random import mix

if TYPE_CHECKING:
    from puzzles.dataset import Dataset

_LEVEL, _COUNT, _SOLVED = range(3)


class CurriculumPuzzles:
    """Puzzles of several levels, the easiest first; moves up when enough of a level's last puzzles are solved.

    An environment says with each request how its last puzzle ended (``PuzzleSource``). A puzzle of the highest level
    reached counts, others do not. When the last ``window`` of them are there, and the fraction ``threshold`` of them
    is solved, the next level is reached and counting starts again. It never moves down.

    All rows of a vector environment, and all environments that are given the same object, share one curriculum. It
    starts over when one of them is seeded, so that a seed still fixes all puzzles. Give an evaluation a source of its
    own. Environments in processes of their own have a curriculum each.

    An episode counts when the next one starts: as solved, or as not solved, also if a reset cut it short. One without a
    step does not count, nor does one of a puzzle from ``reset(options=...)``.

    Args:
        levels: sources of one family, the easiest first.
        threshold: fraction that has to be solved, above 0 and at most 1.
        window: how many puzzles of a level are looked at.
        earlier: probability of a puzzle of a level below, each of these as likely.
        start: the level to start from, 0 for the easiest: what a resumed training has reached.

    Raises:
        ValueError: no levels, levels of different families, or a number out of range.
    """

    def __init__(
        self,
        levels: Sequence[PuzzleSource],
        threshold: float = 0.8,
        window: int = 200,
        earlier: float = 0.2,
        start: int = 0,
    ):
        names = list(dict.fromkeys(level.family.name for level in levels))
        if len(names) != 1:
            raise ValueError(f"levels: found {names or 'none'}, expected one or more, of one family")
        if not 0 < threshold <= 1:
            raise ValueError(f"threshold: found {threshold!r}, expected above 0, at most 1")
        if not is_whole(window) or window < 1:
            raise ValueError(f"window: found {window!r}, expected an integer of 1 or more")
        if not 0 <= earlier < 1:
            raise ValueError(f"earlier: found {earlier!r}, expected 0 or more, below 1")
        self.levels = tuple(levels)
        # Plain numbers: each other type would have the kernels compiled once more.
        self.threshold, self.window, self.earlier = float(threshold), int(window), float(earlier)
        # Level, count and solved puzzles, and how the level's last ones ended: now, and where seeding goes back to.
        self._state, self._start_state = np.zeros(3, np.int64), np.zeros(3, np.int64)
        self._recent, self._start_recent = np.zeros(window, np.bool_), np.zeros(window, np.bool_)
        self.start_from(start)

    @classmethod
    def by_rating(
        cls,
        dataset: Dataset | str | os.PathLike[str],
        bounds: Sequence[int],
        split: str = "train",
        **options: Any,
    ) -> CurriculumPuzzles:
        """Make levels of a dataset's puzzles by their rating.

        Args:
            dataset: opened, or its path.
            bounds: highest rating of each level but the last, ascending; the last level has all ratings above.
            split: of the dataset.
            **options: further arguments of ``CurriculumPuzzles``.

        Raises:
            ValueError: bounds that do not ascend, or a level without puzzles.
            DatasetError: a damaged file, or no such split in it.
        """
        if any(low >= high for low, high in itertools.pairwise(bounds)):
            raise ValueError(f"bounds: found {list(bounds)}, expected ascending ratings")
        source = DatasetPuzzles(dataset, split)
        rows = source.take(np.arange(len(source)))
        level = np.searchsorted(np.asarray(bounds), rows.rating, "left")
        counts = np.bincount(level, minlength=len(bounds) + 1)
        if not counts.all():
            found = f"level {int(counts.argmin())} without puzzles"
            raise ValueError(
                f"bounds: {list(bounds)} leave {found}, ratings are {rows.rating.min()} to {rows.rating.max()}"
            )
        held = [HeldPuzzles(source.family, rows.take(level == number)) for number in range(len(counts))]
        return cls(held, **options)

    def __repr__(self) -> str:
        return f"CurriculumPuzzles({self.family.name!r}, level {self.level} of {len(self.levels)})"

    @property
    def family(self) -> PuzzleFamily:
        """Of all its puzzles."""
        return self.levels[0].family

    @property
    def level(self) -> int:
        """The highest level reached, 0 for the easiest."""
        return int(self._state[_LEVEL])

    @property
    def solve_rate(self) -> float | None:
        """Fraction of the last ``window`` puzzles of this level that were solved; None before the first."""
        count = min(int(self._state[_COUNT]), self.window)
        return int(self._state[_SOLVED]) / count if count else None

    @property
    def outcomes(self) -> list[bool]:
        """Whether each of the last ``window`` counted puzzles of this level was solved, the oldest first."""
        count = int(self._state[_COUNT])
        recent = self._recent[:count] if count < self.window else np.roll(self._recent, -count)
        return recent.tolist()

    def start_from(self, level: int, outcomes: Sequence[bool] = ()) -> None:
        """Start over from a level, 0 for the easiest, now and whenever an environment is seeded.

        Args:
            level: the highest reached.
            outcomes: of puzzles of this level that count already, as ``outcomes`` returns them.

        Raises:
            ValueError: no such level, or more outcomes than the window has.
        """
        if not is_whole(level) or not 0 <= level < len(self.levels):
            raise ValueError(f"start: found {level!r}, expected an integer from 0 to {len(self.levels) - 1}")
        if len(outcomes) > self.window:
            raise ValueError(f"outcomes: found {len(outcomes)}, expected at most the window, {self.window}")
        self._start_state[:] = level, len(outcomes), sum(outcomes)
        self._start_recent[: len(outcomes)] = outcomes
        self._state[:], self._recent[:] = self._start_state, self._start_recent

    def load(self, keys: NDArray[np.uint64]) -> Puzzles:
        """Return the puzzles of ``keys``, (N,) uint64, at the level reached."""
        chosen = np.empty(len(keys), np.int64)
        for row in range(len(keys)):
            chosen[row] = _choose(keys[row], self.level, self.earlier)
        return self._load(keys, np.zeros(len(keys), np.int64), chosen)

    def load_after(
        self,
        keys: NDArray[np.uint64],
        numbers: NDArray[np.int64],
        levels: NDArray[np.int64],
        solved: NDArray[np.bool_],
    ) -> tuple[Puzzles, NDArray[np.int64]]:
        """Return the next puzzles of N rows and their levels, (N,) int64; see ``PuzzleSource``."""
        chosen = _walk(
            keys, numbers, levels, solved,
            self._state, self._recent, self._start_state, self._start_recent,
            self.threshold, self.earlier, len(self.levels) - 1,
        )  # fmt: skip
        return self._load(keys, numbers, chosen), chosen

    def _load(self, keys: NDArray[np.uint64], numbers: NDArray[np.int64], chosen: NDArray[np.int64]) -> Puzzles:
        puzzle = np.empty((len(keys), *self.family.shape), np.uint8)
        solution, rating = np.empty_like(puzzle), np.empty(len(keys), np.int32)
        for level in np.unique(chosen).tolist():
            rows = np.flatnonzero(chosen == level)
            puzzle[rows], solution[rows], rating[rows] = load_numbered(self.levels[level], keys[rows], numbers[rows])
        return Puzzles(puzzle, solution, rating)


@njit(cache=True, nogil=True)
def _walk(keys, numbers, levels, solved, state, recent, start_state, start_recent, threshold, earlier, last):
    """Count the rows' outcomes in turn, and return the level of each row's next puzzle, (N,) int64.

    One row after another, so that a vector environment's batch equals single environments that take turns.
    """
    window = len(recent)
    chosen = np.empty(len(keys), np.int64)
    for i in range(len(keys)):
        if numbers[i] == 0:
            state[:], recent[:] = start_state, start_recent
        elif levels[i] == state[_LEVEL]:
            place = state[_COUNT] % window
            if state[_COUNT] >= window:
                state[_SOLVED] -= recent[place]
            recent[place] = solved[i]
            state[_SOLVED] += solved[i]
            state[_COUNT] += 1
            if state[_LEVEL] < last and state[_COUNT] >= window and state[_SOLVED] / window >= threshold:
                state[_LEVEL], state[_COUNT], state[_SOLVED] = state[_LEVEL] + 1, 0, 0
        chosen[i] = _choose(keys[i], state[_LEVEL], earlier)
    return chosen


@njit(cache=True, nogil=True)
def _choose(key, level, earlier):
    """Return the level of a key's puzzle: ``level``, or with probability ``earlier`` one below."""
    part = np.float64(mix(key ^ np.uint64(0x5851F42D4C957F2D)) >> np.uint64(11)) * 2.0**-53
    if level == 0 or part >= earlier:
        return np.int64(level)
    return min(np.int64(part / earlier * level), np.int64(level - 1))
