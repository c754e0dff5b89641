"""One writer at a time in a run's folder: a lock that ends with the process that holds it."""

from __future__ import annotations

import contextlib
import os
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from agents.checkpoints.errors import CheckpointError
from puzzles.files import errors_named

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"


@contextlib.contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold the lock of a run's folder, which is created where it is missing.

    The system ends the lock with its process, however that ends. Where there are no such locks, on Windows and on some
    network file systems, nothing is held; a warning says so.

    Raises:
        CheckpointError: another process holds it, or another trainer in this one; the message names the process.
        OSError: the folder can't be written into.
    """
    run.mkdir(parents=True, exist_ok=True)
    path = run / LOCK
    file = _held(path)
    try:
        if file is not None:
            with errors_named(path):
                file.write(f"{os.getpid()} on {socket.gethostname()}".encode())
        yield
    finally:
        if file is not None:
            path.unlink(missing_ok=True)  # while it is held: a process that has opened it will find that it is gone
            file.close()


def _held(path: Path) -> IO[bytes] | None:
    """Return the file of a lock, open and locked; None where the system has no locks."""
    while True:
        file = path.open("a+b", buffering=0)
        try:
            if fcntl is None:
                raise OSError("no fcntl")
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = (file.read(100) or b"").decode(errors="replace")
            file.close()
            who = f"process {holder}" if holder else "another process"
            raise CheckpointError(f"{path.parent}: {who} is writing into this run; wait for it or end it") from error
        except OSError as error:
            file.close()
            path.unlink(missing_ok=True)
            warnings.warn(f"{path.parent}: no file locks here ({error}); start one trainer only", stacklevel=4)
            return None
        if _same_file(file, path):
            file.truncate(0)
            return file
        file.close()  # its holder has removed it meanwhile


def _same_file(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
