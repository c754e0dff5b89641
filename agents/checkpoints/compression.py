"""Compressed files of a checkpoint folder: shipped models have ``model.safetensors.xz`` for ``model.safetensors``.

The manifest lists size and sha256 of the content, so that both forms are the same checkpoint. Every reader takes either
through ``agents.checkpoints.manifest``.
"""

from __future__ import annotations

import lzma
from pathlib import Path

from agents.checkpoints.errors import CheckpointError

SUFFIX = ".xz"
MAX_BYTES = 16 << 20
"""Of the content of a compressed file. A small file could fill the memory without this bound."""
_PRESET = {"preset": 9 | lzma.PRESET_EXTREME, "dict_size": MAX_BYTES}
_BFLOAT16 = {"id": lzma.FILTER_LZMA2, "lc": 2, "lp": 1, "pb": 1, **_PRESET}
"""For values of two bytes: the byte with sign and exponent compresses well, the other one hardly."""


def stored(path: Path) -> Path:
    """Return the path of a file, or of its compressed form where only that exists."""
    compressed = path.with_name(path.name + SUFFIX)
    return compressed if compressed.is_file() and not path.exists() else path


def compress(data: bytes) -> bytes:
    """Return the content of a compressed file.

    Raises:
        ValueError: more than ``MAX_BYTES``.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"{len(data):,} bytes to compress, expected at most {MAX_BYTES:,}")
    return lzma.compress(data, format=lzma.FORMAT_XZ, filters=[_BFLOAT16])


def decompress(data: bytes, path: Path) -> bytes:
    """Return what was compressed.

    Args:
        data: the whole file.
        path: of it, for messages.

    Raises:
        CheckpointError: a damaged file, more than ``MAX_BYTES`` of content, or more than twice that to decompress it.
    """
    decompressor = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=2 * MAX_BYTES)
    try:
        content = decompressor.decompress(data, max_length=MAX_BYTES + 1)
    except lzma.LZMAError as error:
        raise CheckpointError(f"{path}: damaged, or no xz file: {error}") from error
    if len(content) > MAX_BYTES:
        raise CheckpointError(f"{path}: decompresses to more than {MAX_BYTES >> 20} MiB")
    if not decompressor.eof:
        raise CheckpointError(f"{path}: cut short, {len(data):,} bytes without the end of the xz data")
    if decompressor.unused_data:
        raise CheckpointError(f"{path}: {len(decompressor.unused_data):,} bytes after the end of the xz data")
    return content
