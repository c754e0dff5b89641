"""What a wheel and a source distribution must hold, and must not."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

PACKAGES = ("puzzles", "air_envs", "agents")
MAX_WHEEL_BYTES = 3_000_000
BUILD_FILES = ("pyproject.toml", "README.md", "LICENSE", "PKG-INFO")
"""Without these a source distribution does not build."""


def problems_of_wheel(path: Path, expected: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with a wheel, one line each.

    Args:
        path: of the wheel.
        expected: names of the files that it has to hold: ``"agents/py.typed"``. Others of the packages are not allowed.
    """
    if (size := path.stat().st_size) >= MAX_WHEEL_BYTES:
        yield f"{path.name}: {size:,} bytes, expected less than {MAX_WHEEL_BYTES:,}"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    expected = set(expected)
    for name in files:
        if name not in expected and not PurePosixPath(name).parts[0].endswith(".dist-info"):
            yield f"{path.name}: {name}, expected nothing but the packages' tracked files"
    yield from _common(path.name, files, expected)


def problems_of_sdist(path: Path, expected: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with a source distribution, one line each; arguments as of ``problems_of_wheel``."""
    files = {}
    with tarfile.open(path) as archive:
        for member in archive:
            if (file := archive.extractfile(member)) is not None:
                files[member.name.partition("/")[2]] = file.read()
    for name in files:
        if "node_modules" in PurePosixPath(name).parts:
            yield f"{path.name}: {name}, expected nothing that npm installs"
    yield from _common(path.name, files, {*expected, *BUILD_FILES})


def local_path(line: str) -> str | None:
    """Return the first path of some machine in a line of text, or None."""
    found = _LOCAL.search(line)
    return found and found[0]


_TOPS = "home|Users|root|tmp|mnt|opt|srv|var|work|workspace"
_LOCAL = re.compile(rf"file:/+\S*|(?<![\w./:~-])/(?:{_TOPS})\b\S*|\b[A-Z]:\\\S+")
_METADATA = re.compile(r"(?:^|/)(?:PKG-INFO|[^/]*\.(?:dist|egg)-info/[^/]+)$")


def _common(archive: str, files: dict[str, bytes], expected: set[str]) -> Iterator[str]:
    for name in sorted(expected - files.keys()):
        yield f"{archive}: no {name}"
    for name in filter(_METADATA.search, files):
        for number, line in enumerate(files[name].decode("utf-8").splitlines(), 1):
            if found := local_path(line):
                yield f"{archive}: {name} line {number}: {found}, expected no path of a machine"
