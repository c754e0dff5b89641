"""Writing a dataset: block by block, in constant memory, whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from puzzles.dataset import layout
from puzzles.dataset.existing import check_absent
from puzzles.dataset.layout import ARRAYS, CHUNK_ROWS, REQUIRED, SPLITS, Provenance
from puzzles.dataset.proof import Repeats, check_rows, split_keys
from puzzles.dataset.sink import Output, create_group, writing
from puzzles.errors import PuzzleError
from puzzles.family import PuzzleFamily, Puzzles


def write_dataset(
    path: Path | str,
    family: PuzzleFamily,
    train: Puzzles,
    test: Puzzles,
    *,
    provenance: Provenance,
    allow_empty: bool = False,
    validation: Puzzles | None = None,
    overwrite: bool = False,
) -> None:
    """Write one dataset file from whole arrays; see ``DatasetWriter`` for what it refuses."""
    with DatasetWriter(path, family, provenance=provenance, allow_empty=allow_empty, overwrite=overwrite) as writer:
        writer.append("test", test)
        if validation is not None:
            writer.append("validation", validation)
        writer.append("train", train)


class DatasetWriter:
    """Writes a dataset file block by block::

        with DatasetWriter("sudoku.h5", family, provenance=Provenance("mine")) as writer:
            for block in blocks:
                writer.append("train", block)

    The file appears under its name when the ``with`` block ends well. An exception, or a kill at any moment, leaves
    what stood there before. Memory holds less than one chunk of rows per split and some 30 bytes per puzzle. The same
    appended rows give the same bytes, however they are cut into blocks, if the rows of each split follow each other and
    the splits come in the same order.

    Args:
        path: the file to write; missing folders are created.
        family: the family of all puzzles.
        provenance: where the puzzles come from.
        allow_empty: accept a dataset in which train or test, or both, has no puzzle; validation may always be empty.
        sources: names of the sources that ``append`` numbers, if the file is to keep where each row comes from.
        overwrite: replace a file of this name.

    Raises:
        FileExistsError: at the beginning of the ``with`` block, a file of this name; or a folder or a device.
        OSError: the disk is full, or the like.
        PuzzleError: source names that are empty, equal or more than 256; on ``append``, a row that is malformed or
            whose solution is wrong, or a source without a name; at the end of the ``with`` block, puzzles that repeat
            by the family's split rule, between two splits or inside one of them, or no puzzle in train or test. The
            message names the file and the rows.
    """

    def __init__(
        self,
        path: Path | str,
        family: PuzzleFamily,
        *,
        provenance: Provenance,
        allow_empty: bool = False,
        sources: Sequence[str] = (),
        overwrite: bool = False,
    ) -> None:
        self.path = Path(path)
        self.family = family
        self.provenance = provenance
        self.allow_empty = allow_empty
        self.overwrite = overwrite
        self.sources = tuple(sources)
        if len(set(sources)) != len(sources) or not all(sources) or len(sources) > layout.MOST_SOURCES:
            raise PuzzleError(
                f"{path}: sources {list(sources)}, expected at most {layout.MOST_SOURCES} different names"
            )
        self._open: contextlib.AbstractContextManager[Output] | None = None
        self._splits: dict[str, _SplitWriter] = {}
        self._repeats = Repeats(family.split_rule)
        self._convention = family.rating_convention(provenance.rating_convention)

    @property
    def counts(self) -> dict[str, int]:
        """Rows appended so far: {"train": N, "test": M}, and "validation" between them where there are any."""
        counts = {split: self._splits[split].count if split in self._splits else 0 for split in SPLITS}
        stored = layout.splits_of(layout.format_version(counts, self.sources))
        return {split: count for split, count in counts.items() if split in stored}

    def __enter__(self) -> DatasetWriter:
        check_absent(self.path, self.overwrite)
        self._open = writing(self.path)
        self._output = self._open.__enter__()
        return self

    def append(
        self,
        split: str,
        puzzles: Puzzles,
        keys: NDArray[np.void] | None = None,
        source: NDArray[np.uint8] | None = None,
    ) -> None:
        """Append rows to ``split``.

        Args:
            split: ``"train"``, ``"validation"`` or ``"test"``.
            puzzles: any number of rows.
            keys: (N,) their ``split_keys``, if they are known already.
            source: (N,) uint8, which of the writer's sources each row comes from; for all rows of a split or for none.
        """
        if self._open is None:
            raise RuntimeError("DatasetWriter.append works inside its `with` block only")
        if split not in SPLITS:
            raise PuzzleError(f"{self.path}: split {split!r}, expected one of {SPLITS}")
        if not len(puzzles.puzzle):
            return
        before = self._splits[split].count if split in self._splits else 0
        check_rows(self.family, puzzles, lambda row: f"{self.path}: {split}[{before + row}]")
        self._check_source(split, source, len(puzzles.puzzle))
        if keys is None:
            keys = split_keys(self.family, puzzles.puzzle, puzzles.solution)
        if split not in self._splits:
            self._splits[split] = self._output.run(
                _SplitWriter, self._output.file, split, self.family, source is not None
            )
        self._repeats.add(split, before, keys)
        self._output.run(self._splits[split].append, puzzles, source)

    def _check_source(self, split: str, source: NDArray[np.uint8] | None, rows: int) -> None:
        """Refuse a source without a name, and rows with one among rows without."""
        sourced = split in self._splits and self._splits[split].sourced
        if split in self._splits and sourced != (source is not None):
            raise PuzzleError(f"{self.path}: a source for some rows of {split}, expected one for all of them or none")
        if source is None:
            return
        if source.shape != (rows,) or source.dtype != layout.array_type(layout.SOURCE):
            found = f"source {source.dtype} of shape {source.shape}"
            raise PuzzleError(f"{self.path}: {split}: {found}, expected uint8 of shape ({rows},)")
        if source.max() >= len(self.sources):
            raise PuzzleError(f"{self.path}: {split}: source {source.max()}, expected one of {list(self.sources)}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        manager, self._open = self._open, None
        assert manager is not None
        if kind is None:
            try:
                self._check()
                self._output.run(self._finish)
            except BaseException as refusal:
                manager.__exit__(type(refusal), refusal, refusal.__traceback__)
                raise
        manager.__exit__(kind, error, trace)

    def _check(self) -> None:
        """Refuse what must not become a dataset."""
        empty = [split for split in REQUIRED if not self.counts[split]]
        if empty and not self.allow_empty:
            raise PuzzleError(f"{self.path}: no puzzle in {' and '.join(empty)}, expected at least one")
        try:
            self._repeats.check()
        except PuzzleError as error:
            raise PuzzleError(f"{self.path}: {error}") from None

    def _finish(self) -> None:
        """Complete the file: the last rows, the hash of each array and the root attributes."""
        counts, file, hashes = self.counts, self._output.file, {}
        for split in (split for split in SPLITS if split in self._splits):
            for name, digest in self._splits[split].finish().items():
                hashes[f"{split}/{name}"] = digest
        attributes: dict[str, str | int] = {
            "format_version": layout.format_version(counts, self.sources),
            "family": self.family.name,
            "generator": self.provenance.generator,
            "generator_parameters": layout.to_json(dict(self.provenance.parameters)),
            "seed": self.provenance.seed,
            "versions": layout.to_json(dict(layout.package_versions())),
            "counts": layout.to_json(counts),
            "command": self.provenance.command,
            "split_rule": self.family.split_rule,
            "rating_unit": self.family.rating_unit,
            "rating_convention": self._convention,
            "rating_source": self.provenance.rating_source,
        }
        if self.sources:
            attributes[layout.SOURCE_NAMES] = layout.to_json(list(self.sources))
        for name, value in attributes.items():
            layout.set_value(file, name, value)
        # Read back, so that the checksum covers what the file holds: a text may have been escaped on its way.
        layout.set_value(file, "checksum", layout.checksum(layout.raw_attributes(file), hashes))


class _SplitWriter:
    """The arrays of one split, written in whole chunks, whatever the blocks they come in."""

    def __init__(self, file: h5py.File, split: str, family: PuzzleFamily, sourced: bool):
        group = create_group(file, split)
        self.count = 0
        self.sourced = sourced
        self._pending: list[dict[str, NDArray[Any]]] = []
        self._arrays = {}
        self._hashes = {}
        for name in (*ARRAYS, layout.SOURCE) if sourced else ARRAYS:
            self._hashes[name] = hashlib.sha256()
            self._arrays[name] = group.create_dataset(
                name,
                shape=layout.array_shape(name, 0, family.shape),
                maxshape=(None, *layout.array_shape(name, 0, family.shape)[1:]),
                chunks=layout.array_shape(name, CHUNK_ROWS, family.shape),
                dtype=layout.array_type(name),
                compression="gzip",
                shuffle=True,
                fletcher32=True,
                track_times=False,
            )

    def append(self, puzzles: Puzzles, source: NDArray[np.uint8] | None) -> None:
        rows: dict[str, NDArray[Any]] = puzzles._asdict() if source is None else {**puzzles._asdict(), "source": source}
        self._pending.append({name: array.copy() for name, array in rows.items()})
        self.count += len(puzzles.puzzle)
        self._write(self.count // CHUNK_ROWS * CHUNK_ROWS)

    def finish(self) -> dict[str, str]:
        """Write the rows of the last, incomplete chunk; return the hash of each array, also kept as its attribute."""
        self._write(self.count)
        hashes = {name: running.hexdigest() for name, running in self._hashes.items()}
        for name, digest in hashes.items():
            layout.set_value(self._arrays[name], "sha256", digest)
        return hashes

    def _write(self, end: int) -> None:
        """Write the pending rows that lie before row ``end``, and keep the others."""
        start = len(self._arrays["rating"])
        if end == start:
            return
        pending = {name: np.concatenate([block[name] for block in self._pending]) for name in self._arrays}
        for first in range(start, end, CHUNK_ROWS):
            last = min(first + CHUNK_ROWS, end)
            for name, array in self._arrays.items():
                rows = pending[name][first - start : last - start].astype(array.dtype)
                self._hashes[name].update(rows.tobytes())
                array.resize(last, axis=0)
                array[first:last] = rows
        self._pending = [{name: rows[end - start :] for name, rows in pending.items()}]
