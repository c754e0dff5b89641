"""Where an environment's puzzles come from: a generator or a dataset, or anything else with the same method."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from air_envs.generated import GeneratedPuzzles, PooledPuzzles, check_pool
from puzzles import PuzzleFamily, Puzzles
from puzzles.compiling import njit

if TYPE_CHECKING:
    from puzzles.dataset import Dataset


__all__ = [
    "DatasetPuzzles",
    "GeneratedPuzzles",
    "HeldPuzzles",
    "PooledPuzzles",
    "PuzzleSource",
    "adapts",
    "last_levels",
    "load_numbered",
    "make_source",
    "next_puzzles",
]


class PuzzleSource(Protocol):
    """A supply of puzzles. A key, any of the 2**64, picks one: environments draw keys at random, a batch at a time.

    A source that has a method ``load_next`` too, such as ``air_envs.PooledPuzzles``, is asked by that instead:
    ``load_next(keys, numbers)``, where ``numbers``, (N,) int64, says how many puzzles the row of each key has had since
    it was seeded.

    A source that adapts to what is solved, such as ``air_envs.CurriculumPuzzles``, has a method ``load_after`` in its
    place: ``load_after(keys, numbers, levels, solved)`` returns the puzzles and their levels, (N,) int64 from 0 on.
    ``levels`` are those that it returned for the rows' last puzzles, or -1 for a row whose last puzzle was not played
    or not of this source; ``solved``, (N,) bool, says which of them were solved. Infos then have a ``level``. It takes
    the rows in turn, so that single and vector environments are equal.
    """

    @property
    def family(self) -> PuzzleFamily:
        """Of all its puzzles."""

    def load(self, keys: NDArray[np.uint64]) -> Puzzles:
        """Return the puzzles of the keys, (N,) uint64. A puzzle depends on its key alone."""


def next_puzzles(
    source: PuzzleSource,
    keys: NDArray[np.uint64],
    numbers: NDArray[np.int64],
    levels: NDArray[np.int64],
    solved: NDArray[np.bool_],
) -> tuple[Puzzles, NDArray[np.int64]]:
    """Return a source's puzzles of ``keys`` and their levels, (N,) int64: see ``PuzzleSource``.

    The levels of a source that does not adapt are -1.
    """
    if adapts(source):
        return source.load_after(keys, numbers, levels, solved)  # type: ignore[attr-defined]
    return load_numbered(source, keys, numbers), np.full(len(keys), -1)


def last_levels(levels: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the levels, (N,) int64, of the rows' last puzzles; -1 where no step was taken, (N,) int64."""
    return np.where(steps > 0, levels, -1)


def adapts(source: PuzzleSource) -> bool:
    """Return whether a source wants to know what is solved: see ``PuzzleSource``."""
    return hasattr(source, "load_after")


def load_numbered(source: PuzzleSource, keys: NDArray[np.uint64], numbers: NDArray[np.int64]) -> Puzzles:
    """Return a source's puzzles of ``keys`` for rows that have had ``numbers`` puzzles: see ``PuzzleSource``."""
    load_next = getattr(source, "load_next", None)
    return source.load(keys) if load_next is None else load_next(keys, numbers)


class HeldPuzzles:
    """Puzzles held in memory; a key picks a row, each as likely as any other.

    Args:
        family: of them all.
        puzzles: N of them, at least one.

    Raises:
        ValueError: no puzzles, or of another shape than the family's.
    """

    def __init__(self, family: PuzzleFamily, puzzles: Puzzles):
        found = puzzles.puzzle.shape
        if len(found) != 3 or found[1:] != family.shape or found[0] == 0:
            raise ValueError(f"puzzles: shape {found}, expected (N, {family.rows}, {family.columns}), N at least 1")
        self._family = family
        self._puzzles = puzzles

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.family.name!r}, {len(self)} puzzles)"

    @property
    def family(self) -> PuzzleFamily:
        """Of all its puzzles."""
        return self._family

    def __len__(self) -> int:
        return len(self._puzzles.puzzle)

    def load(self, keys: NDArray[np.uint64]) -> Puzzles:
        """Return the rows that ``keys``, (N,) uint64, pick."""
        return self.take(_pick(keys, len(self)))

    def take(self, rows: NDArray[np.integer[Any]]) -> Puzzles:
        """Return the puzzles of ``rows``, (N,) integers from 0 to ``len(self) - 1``."""
        puzzle, solution, rating = self._puzzles
        # take needs a third of the time of indexing.
        return Puzzles(puzzle.take(rows, axis=0), solution.take(rows, axis=0), rating.take(rows))


class DatasetPuzzles(HeldPuzzles):
    """Puzzles of one split of an HDF5 dataset, held in memory; a key picks a row, each as likely as any other.

    All sources of one file in a process share its arrays; pickles hold its path and read the file again.

    Args:
        dataset: opened, or its path.
        split: of the dataset, such as ``"train"`` or ``"test"``.

    Raises:
        FileNotFoundError: no such file.
        DatasetError: a damaged file, or no such split in it.
    """

    def __init__(self, dataset: Dataset | str | os.PathLike[str], split: str = "train"):
        from puzzles.dataset import Dataset

        self.dataset = dataset if isinstance(dataset, Dataset) else Dataset(os.fspath(dataset))
        self.path, self.split_name = os.path.abspath(self.dataset.path), split
        checksum = self.dataset.attributes["checksum"]
        rows = _read(_Split(self.path, checksum, self.dataset.set_aside, split, self.dataset))
        super().__init__(self.dataset.family, rows)

    def __repr__(self) -> str:
        return f"DatasetPuzzles({os.fspath(self.dataset.path)!r}, {self.split_name!r})"

    def __deepcopy__(self, memo: Any) -> DatasetPuzzles:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        dataset = (
            self.dataset if self.dataset.set_aside else self.path
        )  # the file does not say which rows are set aside
        return DatasetPuzzles, (dataset, self.split_name)


@njit(cache=True, nogil=True)
def _pick(keys, count):
    rows = np.empty(len(keys), np.int64)
    for i in range(len(keys)):
        # High half of a 32 x 32 bit product: uniform but for a bias below count / 2**32, and no division.
        rows[i] = (keys[i] >> np.uint64(32)) * np.uint64(count) >> np.uint64(32)
    return rows


@dataclass(frozen=True)
class _Split:
    """A split of a file as it was when it was opened: the checksum differs from that of a file that replaced it."""

    path: str
    checksum: str
    set_aside: str
    """What ``puzzles.dataset.with_validation`` has set aside."""
    name: str
    dataset: Dataset = field(compare=False)


@functools.lru_cache(maxsize=8)
def _read(split: _Split) -> Puzzles:
    """Read a split once per process, however many environments draw from it."""
    return split.dataset.split(split.name)


def make_source(
    kind: str,
    shape: tuple[int | None, int | None],
    default_shape: tuple[int, int],
    dataset: Dataset | str | os.PathLike[str] | None,
    split: str,
    options: dict[str, Any],
    source: PuzzleSource | None = None,
    generated: dict[str, Any] | None = None,
    pool: int | None = None,
) -> PuzzleSource:
    """Return the source that an environment's arguments describe.

    Args:
        kind: of the environment: ``"sudoku"``.
        shape: (rows, columns) asked for; None where left open.
        default_shape: what generated puzzles have where it was left open.
        dataset: opened, or its path; None to generate.
        split: of the dataset.
        options: of the generator; None where left open.
        source: taken as it is.
        generated: defaults of the generator's options, which don't matter to puzzles from elsewhere.
        pool: the number of the pool of generated puzzles, where generating one takes longer than copying one; None
            generates every puzzle from scratch.

    Raises:
        ValueError: puzzles of another kind or shape than asked for, generator options along with a source, or a pool
            that is no integer from 0 to 2**64 - 1.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if source is None and dataset is None:
        rows, columns = (
            default if asked is None else asked for asked, default in zip(shape, default_shape, strict=True)
        )
        return _generated(f"{kind}-{rows}x{columns}", pool, (generated or {}) | given)
    if given:
        raise ValueError(
            f"{next(iter(given))}: an option of the generator, given along with {'source' if source else 'dataset'}"
        )
    if source is None:
        assert dataset is not None
        source = DatasetPuzzles(dataset, split)
    elif dataset is not None:
        raise ValueError("dataset and source: found both, expected one")
    family = source.family
    wrong = any(asked is not None and asked != found for asked, found in zip(shape, family.shape, strict=True))
    if family.kind != kind or wrong:
        asked = "x".join("?" if side is None else str(side) for side in shape)
        where = source.dataset.path if isinstance(source, DatasetPuzzles) else source
        raise ValueError(f"{where}: puzzles of {family.name}, expected {kind}-{asked}")
    return source


def _generated(family: str, pool: int | None, options: dict[str, Any]) -> GeneratedPuzzles:
    source = GeneratedPuzzles(family, **options)
    if pool is None:
        return source
    check_pool(pool)
    return PooledPuzzles(family, pool, **options) if source.family.generation_time(source.options) else source
