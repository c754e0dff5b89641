"""An HDF5 file that is written whole or not at all, also where the disk takes nothing more.

HDF5 does not survive a write that fails: when it closes the file, the process ends in a segmentation fault. So it
writes to ``_Sink``, which keeps the first error to itself. HDF5 calls it back in Python, where an interrupt could be
raised; so all of HDF5's work is done in a thread of its own, since interrupts reach the main thread alone.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import h5py
from h5py import h5f, h5p

from puzzles.files import replacing

Result = TypeVar("Result")


class Output:
    """An HDF5 file that is open for writing."""

    def __init__(self, sink: _Sink, thread: ThreadPoolExecutor):
        self._sink = sink
        self._thread = thread
        self.file: h5py.File = thread.submit(_create_file, sink).result()

    def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call a function that uses ``file``, which nothing else may use, and return its result.

        Raises:
            OSError: the disk has refused something, in this call or an earlier one.
        """
        try:
            result = self._thread.submit(function, *arguments).result()
        except Exception:
            self._check()
            raise
        self._check()
        return result

    def _check(self) -> None:
        if self._sink.error is not None:
            raise self._sink.error from None


def create_group(file: h5py.File, name: str) -> h5py.Group:
    """Create a group that does not say when; ``h5py.Group.create_group`` leaves that out from h5py 3.15 on."""
    creation = h5p.create(h5p.GROUP_CREATE)
    creation.set_obj_track_times(False)
    return h5py.Group(h5py.h5g.create(file.id, name.encode(), gcpl=creation))


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Output]:
    """Yield a new HDF5 file that takes the name ``path`` when the block ends well, as ``replacing`` has it."""
    with (
        replacing(path) as temporary,
        temporary.open("r+b", buffering=0) as raw,
        ThreadPoolExecutor(1, thread_name_prefix="hdf5") as thread,
    ):
        output = Output(_Sink(raw), thread)
        try:
            yield output
        finally:
            output.run(output.file.close)


def _create_file(sink: _Sink) -> h5py.File:
    """Create a file as ``h5py.File`` does, but for the time of its creation: equal datasets have equal bytes."""
    access = h5p.create(h5p.FILE_ACCESS)
    access.set_fclose_degree(h5f.CLOSE_STRONG)
    # Not the latest format: this one checksums all metadata, and HDF5 libraries of years past still read it.
    access.set_libver_bounds(h5f.LIBVER_V110, h5f.LIBVER_V110)
    access.set_fileobj_driver(h5py.h5fd.fileobj_driver, sink)
    creation = h5p.create(h5p.FILE_CREATE)
    creation.set_obj_track_times(False)
    return h5py.File(h5f.create(b"dataset", h5f.ACC_TRUNC, fcpl=creation, fapl=access))


class _Sink:
    """The file that HDF5 writes to: what the disk refuses is kept in memory, and the reason in ``error``."""

    def __init__(self, raw: io.FileIO):
        self.error: Exception | None = None
        self._raw = raw
        self._position = 0
        self._end = 0
        self._kept: list[tuple[int, bytes]] = []  # where each piece begins, and the piece

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> None:
        self._position = offset + (self._end if whence == os.SEEK_END else 0)

    def tell(self) -> int:
        return self._position

    def read(self, size: int) -> bytes:
        start, found = self._position, bytearray()
        with self._refusals():
            self._raw.seek(start)
            found += self._raw.read(size)
        found += bytes(size - len(found))
        for at, piece in self._kept:
            low, high = max(start, at), min(start + size, at + len(piece))
            if low < high:
                found[low - start : high - start] = piece[low - at : high - at]
        return bytes(found)

    def write(self, data: Any) -> None:
        view, done = memoryview(data), 0
        self._end = max(self._end, self._position + len(view))
        if self.error is None:
            with self._refusals():
                self._raw.seek(self._position)
                while done < len(view):  # a disk that is nearly full takes a part
                    done += self._raw.write(view[done:]) or 0
        if done < len(view):
            self._kept.append((self._position, view.tobytes()))

    def truncate(self, size: int) -> None:
        self._end = size
        if self.error is None:
            with self._refusals():
                self._raw.truncate(size)

    def flush(self) -> None:
        """Leave it to ``replacing``."""

    @contextlib.contextmanager
    def _refusals(self) -> Iterator[None]:
        """Keep the first error; it is a ``ValueError`` where a second interrupt has had the file closed already."""
        try:
            yield
        except (OSError, ValueError) as error:
            self.error = self.error or error
