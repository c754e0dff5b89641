"""Opening a dataset file for reading, and refusing one that declares more than it holds."""

from __future__ import annotations

import contextlib
import errno
import math
import os
from collections.abc import Iterator
from pathlib import Path

import h5py

from puzzles.errors import DatasetError

# HDF5 shares a file that this process has open already, if both ask for the same locks. None is h5py's default.
_LOCKINGS = (False, None, True, "best-effort")
_OF_DAMAGE = (None, 0, errno.EINVAL, errno.EOVERFLOW, errno.EFBIG)  # what a wrong address in the file leads to
_MOST_COMPRESSION = 1032
"""Bytes that one byte of deflate expands to at most."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[h5py.File]:
    """Open a file for the length of a block.

    Raises:
        FileNotFoundError: no such file.
        OSError: the operating system does not let it be read; names the path.
        DatasetError: whatever else goes wrong, also in the block; the message starts with the path.
    """
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "no such dataset", str(path))
    if not path.is_file():
        what = "a folder" if path.is_dir() else "no regular file"
        raise DatasetError(f"{path}: {what}, expected an HDF5 file")
    written_here = False
    try:
        with _opened(path) as file:
            written_here = file.id.get_intent() & h5py.h5f.ACC_RDWR != 0
            yield file
    except MemoryError:
        raise
    except Exception as error:  # h5py turns what HDF5 reports into half of Python's exceptions
        if isinstance(error, DatasetError) and not written_here:
            raise
        raise _explained(path, error, written_here) from error


def check_stored(path: Path, array: h5py.Dataset) -> None:
    """Make sure that a file holds every row that an array declares: what it does not hold reads as zeros.

    Takes the time of counting the chunks, whatever the array declares.

    Raises:
        DatasetError: not so.
    """
    name = f"{path}: {array.name.lstrip('/')}"
    if array.is_virtual or array.external:
        raise DatasetError(f"{name} keeps its rows in other files, expected them in this one")
    declared = math.prod(array.shape) * array.dtype.itemsize
    size = array.file.id.get_filesize()
    if declared > size * _MOST_COMPRESSION:
        raise DatasetError(f"{name} declares {declared:,} bytes, more than a file of {size:,} bytes can hold")
    if array.chunks:
        found = array.id.get_num_chunks()
        expected = math.prod(-(-rows // chunk) for rows, chunk in zip(array.shape, array.chunks, strict=True))
        unit = "chunks"
    else:
        found, expected, unit = array.id.get_storage_size(), declared, "bytes"
    if found < expected:
        raise DatasetError(f"{name} holds {found:,} of {expected:,} {unit}, expected all of them")


def _opened(path: Path) -> h5py.File:
    """Open without a lock if possible: a file is only ever replaced, and some network disks have no locks."""
    refusal = None
    for locking in _LOCKINGS:
        try:
            return h5py.File(path, "r", locking=locking)
        except OSError as error:
            if "file locking" not in str(error):
                raise
            refusal = error
    assert refusal is not None
    raise refusal


def _explained(path: Path, error: Exception, written_here: bool) -> Exception:
    """Say in one line what an exception of h5py, or of the reader while another writes, means."""
    reason = " ".join(str(error).removeprefix(f"{path}: ").split())
    if written_here:
        return DatasetError(f"{path}: this process has it open for writing and has changed it: {reason}")
    if isinstance(error, OSError) and error.errno not in _OF_DAMAGE:
        assert error.errno is not None
        return OSError(error.errno, os.strerror(error.errno), str(path))
    if "already open" in reason:
        return DatasetError(
            f"{path}: marked as open for writing, expected it closed; if the program that wrote it has died, "
            "h5clear --status removes the mark"
        )
    return DatasetError(f"{path}: damaged, or no HDF5 file: {reason}")
