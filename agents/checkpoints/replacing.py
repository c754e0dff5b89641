"""Folders that replace others: whole or not at all, and never both gone."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from puzzles.files import flush, new_folder


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder; when the block ends well, it takes the name ``path``, and what had it is removed.

    A kill at any moment leaves the previous folder or the new one, in the place that ``settled`` returns.

    Raises:
        OSError: the system refuses a write; the error names the file by its place in ``path``.
    """
    new, old = _places(path)
    settle(path)
    try:
        with new_folder(new) as temporary:
            yield temporary
        if path.exists():
            path.rename(old)
        new.rename(path)
    except OSError as error:
        if isinstance(error.filename, str):
            error.filename = error.filename.replace(str(new), str(path), 1)
        raise
    flush(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Remove a folder, under another name from the first moment: a kill leaves no half of it under its own."""
    removed = path.with_name(f".{path.name}.removed")
    shutil.rmtree(removed, ignore_errors=True)
    path.rename(removed)
    shutil.rmtree(removed)


def settled(path: Path) -> Path:
    """Return where the folder is that should be at ``path``; another place only after a kill while it was replaced."""
    if path.exists():
        return path
    return next((place for place in _places(path) if place.exists()), path)


def settle(path: Path) -> None:
    """Bring a folder to its place where a kill came between, and remove what is left of the previous one."""
    found = settled(path)
    if found != path:
        found.rename(path)
    for place in _places(path):
        shutil.rmtree(place, ignore_errors=True)


def _places(path: Path) -> tuple[Path, Path]:
    """Where the new folder waits for its name, and where the previous one waits to be removed."""
    path = Path(os.path.abspath(path))
    return path.with_name(f".{path.name}.new"), path.with_name(f".{path.name}.old")
