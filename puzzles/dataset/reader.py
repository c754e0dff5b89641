"""Reading a dataset: nothing is returned that its checksums do not vouch for."""

from __future__ import annotations

import collections
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

import puzzles
from puzzles.dataset import layout
from puzzles.dataset.layout import (
    ARRAYS,
    ATTRIBUTES,
    CHUNK_ROWS,
    FORMAT_VERSIONS,
    OPTIONAL_ATTRIBUTES,
    SOURCE,
    SOURCE_NAMES,
    SPLITS,
    Provenance,
    say_counts,
)
from puzzles.dataset.opening import check_stored, reading
from puzzles.dataset.proof import SPLIT_RULES
from puzzles.errors import DatasetError, PuzzleError
from puzzles.family import PuzzleFamily, Puzzles


class Dataset:
    """A dataset file, opened for reading.

    The constructor reads and checks the attributes and the shapes; the arrays are read when they are asked for. No file
    stays open between calls, so a ``Dataset`` can be pickled, sent to another process and carried through a fork.

    Args:
        path: the file.

    Raises:
        FileNotFoundError: no such file.
        OSError: it cannot be read.
        DatasetError: the file is damaged, incomplete or no dataset, here or whenever something is read from it. The
            message starts with the path and says what was found and what was expected.
    """

    set_aside = ""
    """What ``with_validation`` has set aside, in one line."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        with reading(self.path) as file:
            self.attributes = _read_attributes(self.path, file)
            self.counts: collections.Counter[str] = collections.Counter(self.attributes["counts"])
            """Puzzles per split; 0 for a split that the file does not have."""
            try:
                self.family: PuzzleFamily = puzzles.family(self.attributes["family"])
            except PuzzleError as error:
                raise DatasetError(f"{self.path}: {error}") from None
            hashes = {}
            for split in self.splits:
                for name in (*ARRAYS, *self._sourced(file, split)):
                    hashes[f"{split}/{name}"] = layout.get_value(self._find(file, split, name), "sha256")
            self._hashes = hashes
            found, expected = self.attributes["checksum"], layout.checksum(layout.raw_attributes(file), hashes)
            if found != expected:
                raise DatasetError(f"{self.path}: checksum of the attributes is {found}, expected {expected}")

    def __repr__(self) -> str:
        return f"Dataset({str(self.path)!r})"

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that hold puzzles, in the order train, validation, test."""
        return tuple(split for split in SPLITS if self.counts[split])

    @property
    def split_rule(self) -> str:
        """How any two puzzles of the file differ: ``"canonical"`` (not equal up to symmetry) or ``"exact"``."""
        return self.attributes["split_rule"]

    @property
    def provenance(self) -> Provenance:
        """Where the puzzles come from."""
        return Provenance(
            generator=self.attributes["generator"],
            parameters=self.attributes["generator_parameters"],
            seed=self.attributes["seed"],
            command=self.attributes["command"],
            rating_source=self.attributes["rating_source"],
            rating_convention=self.attributes["rating_convention"],
        )

    def split(self, name: str) -> Puzzles:
        """Read all puzzles of one split: (N, rows, columns) uint8 twice and (N,) int32.

        Raises:
            DatasetError: no such split, or content that does not have its checksum.
        """
        return Puzzles(*self._columns(name, *ARRAYS))

    @property
    def source_names(self) -> tuple[str, ...]:
        """The sources that ``source`` numbers; none in a file whose rows have no source."""
        return tuple(self.attributes.get(SOURCE_NAMES, ()))

    def source(self, name: str) -> NDArray[np.uint8] | None:
        """Read which of ``source_names`` each puzzle of a split comes from, (N,) uint8; None where it is not kept.

        Raises:
            DatasetError: no such split, content that does not have its checksum, or a number without a name.
        """
        self._check_split(name)
        if self._stored(name, SOURCE) not in self._hashes:
            return None
        (numbers,) = self._columns(name, SOURCE)
        if len(unknown := np.flatnonzero(numbers >= len(self.source_names))):
            row, most = unknown[0], len(self.source_names) - 1
            place = f"{self._stored(name, SOURCE)}[{row}]"
            raise DatasetError(f"{self.path}: {place} is {numbers[row]}, expected 0 to {most}")
        return numbers

    def blocks(self, name: str, rows: int = CHUNK_ROWS) -> Iterator[Puzzles]:
        """Yield the puzzles of one split block by block, in constant memory.

        Each chunk of the file is vouched for by HDF5's checksum when it is read, the split as a whole by its hash when
        the last block has been taken.

        Args:
            name: of the split.
            rows: puzzles in a block at most.

        Raises:
            DatasetError: no such split, or content that does not have its checksum.
        """
        running = {array: hashlib.sha256() for array in ARRAYS}
        with reading(self.path) as file:
            arrays = {array: self._find(file, name, array) for array in ARRAYS}
            for start in range(0, len(arrays["rating"]), rows):
                block = {array: arrays[array][start : start + rows] for array in ARRAYS}
                for array, content in block.items():
                    running[array].update(content.data)
                yield Puzzles(**block)
            for array, digest in running.items():
                self._check_hash(name, array, digest.hexdigest())

    def split_view(self, name: str) -> SplitView:
        """Return one split as a sequence of rows, read when the first row is asked for."""
        self._check_split(name)
        return SplitView(self, name)

    def describe(self) -> str:
        """Return a few lines of text that say what the file holds and where it comes from."""
        size = self.path.stat().st_size / 1e6
        lines = [
            f"{self.path}: {self.family.name}, {say_counts(self.counts)} puzzles, {size:,.2f} MB",
            f"split rule  {self.split_rule}: no two puzzles are {SPLIT_RULES[self.split_rule]}",
        ]
        for split in self.splits:
            (rating,) = self._columns(split, "rating")
            median = np.quantile(rating, 0.5, method="inverted_cdf")  # a value that occurs, as in the summary
            spread = f"{rating.min()} to {rating.max()}, mean {rating.mean():.1f}, median {median}"
            lines.append(f"rating      {split}: {spread} {self.family.rating_unit}")
        lines.append(f"            {self.attributes['rating_source']}, {self.attributes['rating_convention']}")
        for split in self.splits:
            if (numbers := self.source(split)) is not None:
                counts = np.bincount(numbers, minlength=len(self.source_names))
                shares = (f"{count:,} {name}" for name, count in zip(self.source_names, counts, strict=True))
                lines.append(f"source      {split}: {', '.join(shares)}")
        lines += [
            f"generator   {self.provenance.generator}, seed {self.provenance.seed}",
            f"parameters  {layout.to_json(self.provenance.parameters)}",
            f"command     {self.provenance.command}",
            f"versions    {', '.join(f'{name} {version}' for name, version in self.attributes['versions'].items())}",
        ]
        return "\n".join(lines)

    def _check_split(self, name: str) -> None:
        if name not in self.splits:
            raise DatasetError(f"{self.path}: no split {name!r}, expected one of {list(self.splits)}")

    def _find(self, file: h5py.File, split: str, name: str) -> h5py.Dataset:
        """Return an array of the open file, of the right type and shape and with all its rows."""
        self._check_split(split)
        array = file.get(f"{split}/{name}")
        if not isinstance(array, h5py.Dataset):
            raise DatasetError(f"{self.path}: no array '{split}/{name}', expected {', '.join(ARRAYS)} in {split}")
        shape = layout.array_shape(name, self.attributes["counts"][split], self.family.shape)
        dtype = layout.array_type(name)
        if array.dtype != dtype or array.shape != shape:
            found = f"{array.dtype} of shape {array.shape}"
            raise DatasetError(f"{self.path}: {split}/{name} is {found}, expected {dtype} of shape {shape}")
        check_stored(self.path, array)
        return array

    def _stored(self, split: str, name: str) -> str:
        """Return where the file keeps an array of a split: "train/puzzle"."""
        return f"{split}/{name}"

    def _sourced(self, file: h5py.File, split: str) -> tuple[str, ...]:
        """Return the name of the source array where the split of the open file has one."""
        return (SOURCE,) if SOURCE_NAMES in self.attributes and f"{split}/{SOURCE}" in file else ()

    def _columns(self, split: str, *names: str) -> list[NDArray[Any]]:
        """Read whole arrays of a split."""
        with reading(self.path) as file:
            return [self._read(file, split, name) for name in names]

    def _read(self, file: h5py.File, split: str, name: str) -> NDArray[Any]:
        content = self._find(file, split, name)[...]
        self._check_hash(split, name, hashlib.sha256(np.ascontiguousarray(content).data).hexdigest())
        return content

    def _check_hash(self, split: str, name: str, found: str) -> None:
        expected = self._hashes[f"{split}/{name}"]
        if found != expected:
            raise DatasetError(f"{self.path}: {split}/{name} has sha256 {found}, expected {expected}")


class SplitView:
    """The rows of one split: ``len(view)``, and ``view[index]`` for an integer, a slice or an array of integers.

    Fits whatever wants a map-style dataset, such as ``torch.utils.data.DataLoader`` with any number of workers, forked
    or spawned. The split is read once per process, at the first row; forked workers share what was read before.
    """

    def __init__(self, dataset: Dataset, name: str):
        self.dataset = dataset
        self.name = name
        self._puzzles: Puzzles | None = None

    def __len__(self) -> int:
        return self.dataset.counts[self.name]

    def __getitem__(self, index: Any) -> Puzzles:
        """Return one row, (rows, columns) uint8 twice and an int32, or a batch of rows."""
        return self.all().take(index)

    def all(self) -> Puzzles:
        """Return the whole split; not a copy."""
        if self._puzzles is None:
            self._puzzles = self.dataset.split(self.name)
        return self._puzzles

    def sample(self, rng: np.random.Generator, count: int) -> Puzzles:
        """Draw ``count`` rows with replacement, each as likely as any other.

        Raises:
            ValueError: a negative count.
        """
        rows = rng.integers(len(self), size=count)
        puzzle, solution, rating = self.all()  # ``take`` is faster than an index in brackets
        return Puzzles(puzzle.take(rows, 0), solution.take(rows, 0), rating.take(rows))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_puzzles": None}


def _read_attributes(path: Path, file: h5py.File) -> dict[str, Any]:
    """Read the root attributes, those in JSON decoded."""
    version = layout.get_value(file, "format_version") if "format_version" in file.attrs else max(FORMAT_VERSIONS)
    if isinstance(version, int) and version not in FORMAT_VERSIONS:
        known = " or ".join(map(str, FORMAT_VERSIONS))
        what = "made by a newer release" if version > max(FORMAT_VERSIONS) else "build or import it again"
        raise DatasetError(f"{path}: format version {version}, expected {known}: {what}")
    missing = [name for name in [*ATTRIBUTES, "checksum"] if name not in file.attrs]
    if missing:
        raise DatasetError(f"{path}: no attribute {missing[0]!r}, expected those of a dataset of puzzles")
    attributes: dict[str, Any] = {}
    for name, value in [*layout.raw_attributes(file).items(), ("checksum", layout.get_value(file, "checksum"))]:
        kind = (ATTRIBUTES | OPTIONAL_ATTRIBUTES).get(name, "text")
        if isinstance(value, int) != (kind == "int"):
            raise DatasetError(f"{path}: attribute {name!r} is {value!r}, expected {kind}")
        attributes[name] = json.loads(str(value)) if kind == "json" else value
    counts, splits = attributes["counts"], layout.splits_of(attributes["format_version"])
    if not (isinstance(counts, dict) and set(counts) == set(splits) and all(_natural(n) for n in counts.values())):
        raise DatasetError(f"{path}: counts {counts!r}, expected a whole number for each of {splits}")
    attributes["counts"] = {split: counts[split] for split in splits}
    _check_source_names(path, attributes.get(SOURCE_NAMES, ["unnamed"]))
    for name, allowed in (("split_rule", tuple(SPLIT_RULES)), ("rating_source", layout.RATING_SOURCES)):
        if attributes[name] not in allowed:
            raise DatasetError(f"{path}: {name} {attributes[name]!r}, expected one of {allowed}")
    return attributes


def _check_source_names(path: Path, names: Any) -> None:
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise DatasetError(f"{path}: {SOURCE_NAMES} {names!r}, expected a list of names")
    if not 1 <= len(set(names)) == len(names) <= layout.MOST_SOURCES:
        raise DatasetError(f"{path}: {len(names)} {SOURCE_NAMES}, expected 1 to {layout.MOST_SOURCES}, all different")


def _natural(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
