"""``manifest.json``: size and sha256 of the files of a checkpoint, written with them and compared when they are read.

It lists ``config.json`` and ``model.safetensors``, in a run also ``training.pt``, in a pack ``generator.json`` and
``chain.json``, in ``best`` its ``evaluation.json``. What is written later, such as ``eval.json``, metrics and the model
card, is not listed. A file may be compressed (``agents.checkpoints.compression``): size and sha256 are those of its
content. ``config.json`` names the format of the folder: from 1 on, there has to be a manifest; older
folders have neither.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, NamedTuple

from agents.checkpoints.compression import SUFFIX, compress, decompress, stored
from agents.checkpoints.errors import CheckpointError
from agents.config.model import CONFIG, FORMAT, FORMAT_FIELD, require_format
from agents.config.reading import parse_json, shown
from puzzles.files import errors_named, replacing, sha256, write_json

MANIFEST = "manifest.json"
UNLISTED = {"chain.json", "generator.json", "evaluation.json"}
"""Files that may be added to a folder later; once listed, they are compared as well."""


class Entry(NamedTuple):
    """What is known of one file."""

    size: int
    """Bytes."""
    sha256: str
    """64 hexadecimal digits."""


class Recorder:
    """Writes the files of a checkpoint folder, each whole or not at all, and then their manifest."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.entries: dict[str, Entry] = {}

    @contextlib.contextmanager
    def file(self, name: str) -> Iterator[HashedFile]:
        """Open a file of the folder to be written from its start.

        Raises:
            OSError: the system refuses it; the error names the file.
        """
        with replacing(self.folder / name) as temporary, temporary.open("wb") as raw:
            file = HashedFile(raw)
            try:
                yield file
            finally:
                if file.error is not None:  # which torch.save makes a RuntimeError of
                    raise file.error
        self.entries[name] = file.entry

    def write(self, name: str, data: bytes, compressed: bool = False) -> None:
        """Write a file at once, compressed on request.

        Raises:
            ValueError: more data than a compressed file may hold.
            OSError: as ``file``.
        """
        if not compressed:
            with self.file(name) as file:
                file.write(data)
            return
        with replacing(self.folder / (name + SUFFIX)) as temporary:
            temporary.write_bytes(compress(data))
        self.entries[name] = Entry(len(data), hashlib.sha256(data).hexdigest())

    def finish(self) -> None:
        """Write the manifest of all files that were written."""
        files = {name: entry._asdict() for name, entry in sorted(self.entries.items())}
        write_json(self.folder / MANIFEST, {FORMAT_FIELD: FORMAT, "files": files})


def record(folder: Path, *names: str) -> None:
    """Write the manifest of files that are in a folder already."""
    recorder = Recorder(folder)
    for name in names:
        recorder.entries[name] = Entry((folder / name).stat().st_size, sha256(folder / name))
    recorder.finish()


class HashedFile:
    """A file that hashes what is written to it, and keeps the error of a write that failed."""

    def __init__(self, raw: IO[bytes]):
        self.error: OSError | None = None
        self._raw, self._size, self._hash = raw, 0, hashlib.sha256()

    def write(self, data: bytes) -> int:
        """Append some bytes."""
        try:
            self._raw.write(data)
        except OSError as error:
            self.error = error
            raise
        self._size += len(data)
        self._hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Hand what was written to the system."""
        try:
            self._raw.flush()
        except OSError as error:
            self.error = error
            raise

    @property
    def entry(self) -> Entry:
        """Size and sha256 of what was written so far."""
        return Entry(self._size, self._hash.hexdigest())


@contextlib.contextmanager
def opened(folder: Path, name: str) -> Iterator[BufferedReader | io.BytesIO]:
    """Open a file of a checkpoint folder, compressed or not, and compare it with the manifest before it is used.

    Raises:
        CheckpointError: no such file, or it is not what the manifest says.
        OSError: the system refuses to read it; the error names the file.
    """
    entries, path = read_manifest(folder), stored(folder / name)
    if not path.is_file():
        raise CheckpointError(f"{folder}: no {name}")
    with errors_named(path), _content(path, name) as file:
        if entries is not None:
            _compare(file, path, name, entries)
        yield file


def read_checked(folder: Path, name: str) -> bytes:
    """Return a file's bytes, compared with the manifest.

    Raises:
        CheckpointError: see ``opened``.
    """
    with opened(folder, name) as file:
        return file.read()


def read_object(folder: Path, name: str) -> dict[str, Any]:
    """Return a file's JSON object, compared with the manifest.

    Raises:
        CheckpointError: see ``opened``, or it holds something else.
    """
    data = read_checked(folder, name)
    try:
        values = parse_json(data)
    except ValueError as error:
        raise CheckpointError(f"{folder / name}: {error}") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{folder / name}: {shown(values)}, expected an object")
    return values


def check_files(folder: Path) -> None:
    """Compare every file that a folder's manifest lists; a folder without a manifest has nothing to compare.

    Raises:
        CheckpointError: one is missing or another than listed.
    """
    for name in read_manifest(folder) or ():
        with opened(folder, name):
            pass


def read_manifest(folder: Path) -> dict[str, Entry] | None:
    """Return what a folder's manifest lists, by name of the file; None for a folder without a manifest.

    Raises:
        CheckpointError: a damaged manifest, one of a later version of air-envs, or none where there has to be one.
    """
    path = folder / MANIFEST
    if not path.is_file():
        if _format_of(folder) > 0:
            raise CheckpointError(f"{folder}: no {MANIFEST}, which belongs to its {CONFIG}")
        return None
    try:
        return _entries(parse_json(path.read_bytes()))
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error


def _content(path: Path, name: str) -> BufferedReader | io.BytesIO:
    return path.open("rb") if path.name == name else io.BytesIO(decompress(path.read_bytes(), path))


def _compare(file: BufferedReader | io.BytesIO, path: Path, name: str, entries: dict[str, Entry]) -> None:
    if name not in entries:
        if name in UNLISTED:
            return
        raise CheckpointError(f"{path}: not listed in {MANIFEST}")
    expected, size = entries[name], file.seek(0, io.SEEK_END)
    file.seek(0)
    if size != expected.size:
        wanted = f"expected {expected.size:,} by {MANIFEST}"
        raise CheckpointError(f"{path}: {size:,} bytes, {wanted}: cut short or replaced")
    if hashlib.file_digest(file, "sha256").hexdigest() != expected.sha256:
        raise CheckpointError(f"{path}: damaged, its sha256 is not the one in {MANIFEST}")
    file.seek(0)


def _format_of(folder: Path) -> int:
    """Return the format that a folder's configuration names: 0 where it names none, or can't be read."""
    path = folder / CONFIG
    if not path.is_file():
        return 0
    try:
        values = parse_json(path.read_bytes())
    except ValueError:  # which the reader of the configuration reports
        return 0
    number = values.get(FORMAT_FIELD, 0) if isinstance(values, dict) else 0
    return number if type(number) is int else 0


def _entries(values: object) -> dict[str, Entry]:
    """Return the entries of a manifest's JSON."""
    if not isinstance(values, dict) or values.keys() != {FORMAT_FIELD, "files"}:
        raise ValueError(f"not a manifest, expected {FORMAT_FIELD} and files")
    require_format(values[FORMAT_FIELD])
    if not isinstance(values["files"], dict):
        raise ValueError("files: expected an object")
    entries = {}
    for name, entry in values["files"].items():
        if not re.fullmatch(r"[\w.-]+", name):
            raise ValueError(f"files {name!r}, expected the name of a file")
        if not isinstance(entry, dict) or entry.keys() != {"size", "sha256"}:
            raise ValueError(f"files {name}: expected size and sha256")
        size, digest = entry["size"], entry["sha256"]
        if type(size) is not int or size < 0 or type(digest) is not str or not re.fullmatch("[0-9a-f]{64}", digest):
            raise ValueError(f"files {name}: expected a size in bytes and 64 hexadecimal digits")
        entries[name] = Entry(size, digest)
    return entries
