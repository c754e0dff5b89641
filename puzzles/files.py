"""Files that are whole or absent: written under a temporary name, flushed to disk, then renamed."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; when the block ends well, it takes the name ``path``.

    An exception removes the temporary file. A kill at any moment leaves whatever stood under ``path`` before, and a
    hidden file that the next writer of ``path`` removes. The folder is created where it is missing.

    Raises:
        FileExistsError: a folder or a device is at ``path``.
        OSError: the disk is full, the folder is read-only, or the like; it names ``path``.
    """
    path = Path(path)
    check_target(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    with errors_named(path):
        handle, name = tempfile.mkstemp(prefix=_prefix(path), suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    with errors_named(path), _in_use(temporary):
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        flush(temporary)
        temporary.replace(path)
        flush(path.parent)


def write_json(path: Path | str, values: Any) -> None:
    """Write a file of JSON, in place of what was there.

    Raises:
        ValueError: a number is not finite, which JSON does not have.
        OSError: as ``replacing``.
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def check_target(path: Path) -> None:
    """Make sure that a file may take the name ``path``: nothing is there, or a file.

    Raises:
        FileExistsError: a folder is there, or a device, which root could replace.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "no regular file"
        raise FileExistsError(errno.EEXIST, f"{what} is there, expected the name of a file", str(path))


@contextlib.contextmanager
def new_folder(path: Path | str) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; when the block ends well, it takes the name ``path``.

    Raises:
        FileExistsError: something is there already, other than an empty folder.
        OSError: as ``replacing``.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and not any(path.iterdir())):
        raise FileExistsError(errno.EEXIST, "is there already, expected a new folder", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    with errors_named(path):
        temporary = Path(tempfile.mkdtemp(prefix=_prefix(path), suffix=".tmp", dir=path.parent))
    with errors_named(path), _in_use(temporary):
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        for file in temporary.rglob("*"):
            flush(file)
        if path.exists():
            path.rmdir()
        temporary.rename(path)
        flush(path.parent)


# -- what killed writers leave behind ----------------------------------------------------------------------------------

_mine: set[str] = set()  # names of the temporaries that this process is writing now


@contextlib.contextmanager
def _in_use(temporary: Path) -> Iterator[None]:
    _mine.add(temporary.name)
    try:
        yield
    except BaseException:
        _remove(temporary)
        raise
    finally:
        _mine.discard(temporary.name)


def _prefix(path: Path) -> str:
    """Return how temporary names of ``path`` begin: they name their writer, so that others know when it is gone."""
    return f".{path.name}.{socket.gethostname()}-{os.getpid()}."


def _remove_leftovers(path: Path) -> None:
    """Remove the temporaries of ``path`` whose writer, a process of this machine, runs no longer."""
    start = f".{path.name}.{socket.gethostname()}-"
    for file in path.parent.iterdir():
        if file.name.startswith(start) and file.suffix == ".tmp" and file.name not in _mine:
            process = file.name[len(start) :].split(".")[0]
            if process.isdecimal() and not _others_runs(int(process)):
                _remove(file)


def _others_runs(process: int) -> bool:
    """Whether another process of this number may be running; this one knows its own temporaries."""
    if os.name != "posix":
        return True  # to ask would end it there
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


# -- the file system ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def errors_named(path: Path) -> Iterator[None]:
    """Let an error that names no file, or a temporary one of ``path``, name ``path`` or the file in it."""
    try:
        yield
    except OSError as error:
        found = error.filename
        if error.errno is not None and found is None:
            error.filename = str(path)
        elif isinstance(found, str) and found.startswith(start := str(path.parent / _prefix(path))):
            inside = Path(found[len(start) :]).parts[1:]  # the first part ends the temporary's own name
            error.filename = str(path.joinpath(*inside))
        raise


def flush(path: Path) -> None:
    """Bring a file to the disk, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
