"""What is raised for a checkpoint that can't be used, and writes that name their file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from agents.config.messages import one_line


class CheckpointError(ValueError):
    """A checkpoint folder lacks a file or holds a damaged one. The message is one line and starts with the path."""

    def __init__(self, message: str):
        super().__init__(one_line(message))


class OccupiedError(CheckpointError, FileExistsError):
    """Something stands where a folder was to be written, and is not replaced unasked."""


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let what the system refuses in this block name ``path``: a write to an open file says but why.

    Raises:
        OSError: as it was raised, with the path as its file name.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
