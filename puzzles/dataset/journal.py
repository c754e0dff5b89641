"""The journal of an unfinished build: its finished shards, so that a killed build can be resumed.

A build of ``data/set.h5`` keeps ``data/.set.h5.journal`` beside it, and removes it in the end. The journal is a magic
word and a row of frames: a length, a BLAKE2b digest and that many bytes. The first frame says as JSON what is built,
each other one holds a shard, compressed. Frames are only ever appended: a kill can damage the last one alone, and
whatever a digest does not vouch for is generated again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles.dataset.keys import KEY_BYTES
from puzzles.dataset.layout import to_json
from puzzles.errors import DatasetError
from puzzles.family import PuzzleFamily, Puzzles
from puzzles.files import check_target, errors_named

try:
    import fcntl
except ImportError:  # Windows: two builds of one file at a time are then the user's to avoid
    fcntl = None  # type: ignore[assignment]

MAGIC = b"puzzles build 1\n"
_FRAME = struct.Struct("<Q16s")
_SHARD = struct.Struct("<QQ")


class Shard(NamedTuple):
    """Consecutive candidates of a build."""

    start: int
    """The number of the first candidate."""
    puzzles: Puzzles
    keys: NDArray[np.void]
    """(N,) their split keys."""


class Journal:
    """The journal beside a dataset file, held by one build at a time::

        with Journal(path, family, {"seed": 3}) as journal:
            for shard in journal.resume(): ...   # what an earlier build has finished
            journal.append(shard)
            for shard in journal.shards(): ...   # all of them

    Args:
        target: the dataset file that is built.
        family: of its puzzles.
        identity: what decides the candidates; JSON. A journal of another identity is refused.
        fresh: forget what an earlier build has left.

    Raises:
        DatasetError: the journal belongs to another build, or to one that is running.
        FileExistsError: the target is a folder or a device.
        OSError: the disk takes no more; what it has taken stays, and the next build resumes from there.
    """

    def __init__(self, target: Path | str, family: PuzzleFamily, identity: Mapping[str, Any], fresh: bool = False):
        self.target = Path(target)
        self.path = self.target.with_name(f".{self.target.name}.journal")
        self.family = family
        self.identity = to_json(dict(identity))
        self.fresh = fresh
        self.damage: int | None = None
        """The byte at which damage was found and the journal cut."""

    def __enter__(self) -> Journal:
        check_target(self.target)
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = open(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        try:
            self._lock()
            self._begin()
        except BaseException:
            self._abandon()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._file.close()
        else:
            self._abandon()

    def resume(self) -> Iterator[Shard]:
        """Yield the shards that are whole and follow each other, then cut off what is not; ``append`` goes on there."""
        end, candidates = self._start, 0
        for shard, after in self._read():
            if shard is None or shard.start != candidates:
                break
            candidates += len(shard.keys)
            end = after
            yield shard
        size = self._file.seek(0, io.SEEK_END)
        self.damage = end if end < size else self.damage
        self._file.truncate(end)
        self._file.seek(end)

    def append(self, shard: Shard) -> None:
        """Add a finished shard."""
        arrays = (*shard.puzzles, shard.keys)
        raw = b"".join([_SHARD.pack(shard.start, len(shard.keys)), *(array.tobytes() for array in arrays)])
        self._write(zlib.compress(raw, 1))

    def shards(self) -> Iterator[Shard]:
        """Yield all shards.

        Raises:
            DatasetError: the journal has been damaged since they were written.
        """
        self._file.flush()
        for shard, end in self._read():
            if shard is None:
                raise DatasetError(f"{self.path}: damaged before byte {end}; build again to repair it")
            yield shard

    def remove(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)

    def _abandon(self) -> None:
        """Close after an error: what the disk has refused is written once more, in vain."""
        with contextlib.suppress(OSError):
            self._file.close()

    # -- frames -----------------------------------------------------------------------------------------------------

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatasetError(f"{self.target}: another build is writing it; its journal is {self.path}") from None

    def _begin(self) -> None:
        """Start a journal, or find that this one is of the same build."""
        self._file.seek(0)
        head = self._file.read(len(MAGIC))
        identity = self._frame() if head == MAGIC else None
        if identity is None or self.fresh:
            if head != MAGIC[: len(head)] and not self.fresh:
                raise DatasetError(f"{self.path}: no journal of a build; remove it or build with fresh=True (--fresh)")
            self.damage = 0 if len(head) == len(MAGIC) and not self.fresh else None
            self._file.truncate(0)
            self._file.seek(0)
            self._file.write(MAGIC)
            self._write(self.identity.encode())
        elif identity.decode() != self.identity:
            raise DatasetError(
                f"{self.path}: an unfinished build of {identity.decode()}, expected {self.identity}; "
                "finish that one, or build with fresh=True (--fresh) to forget it"
            )
        self._start = self._file.tell()

    def _read(self) -> Iterator[tuple[Shard | None, int]]:
        """Yield each shard, None for a damaged one, with the byte at which it ends."""
        self._file.seek(self._start)
        while self._file.peek(1):  # type: ignore[attr-defined]
            payload = self._frame()
            end = self._file.tell()
            yield (None if payload is None else self._shard(payload)), end
            if payload is None:
                return
            self._file.seek(end)

    def _shard(self, payload: bytes) -> Shard | None:
        raw = zlib.decompress(payload)
        start, count = _SHARD.unpack_from(raw)
        cells = self.family.rows * self.family.columns
        if len(raw) != _SHARD.size + count * (2 * cells + 4 + KEY_BYTES):
            return None
        arrays, offset = [], _SHARD.size
        for dtype, shape in (("u1", self.family.shape), ("u1", self.family.shape), ("<i4", ()), (f"V{KEY_BYTES}", ())):
            array = np.frombuffer(raw, dtype, count * int(np.prod(shape)), offset)
            offset += array.nbytes
            arrays.append(array.reshape(count, *shape))
        return Shard(start, Puzzles(*arrays[:3]), arrays[3])

    def _write(self, payload: bytes) -> None:
        with errors_named(self.path):
            self._file.write(_FRAME.pack(len(payload), _digest(payload)) + payload)
            self._file.flush()

    def _frame(self) -> bytes | None:
        """Return what the next frame holds, None if it is not whole."""
        head = self._file.read(_FRAME.size)
        if len(head) < _FRAME.size:
            return None
        length, digest = _FRAME.unpack(head)
        if length > os.fstat(self._file.fileno()).st_size:
            return None
        payload = self._file.read(length)
        return payload if len(payload) == length and _digest(payload) == digest else None


def remove_journal(target: Path | str, family: PuzzleFamily, identity: Mapping[str, Any]) -> None:
    """Remove the journal of a dataset that is written, which a build that was killed then has left, if there is one.

    Raises:
        DatasetError: it belongs to another build, or to one that is running.
    """
    journal = Journal(target, family, identity)
    if journal.path.exists():
        with journal:
            journal.remove()


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=16).digest()
