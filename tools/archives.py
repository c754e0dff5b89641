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
SHIPPED_FILES = ("README.md", "config.json", "generator.json", "manifest.json", "model.safetensors")
"""Of each shipped model."""
_METADATA = re.compile(r"(?:^|/)(?:PKG-INFO|[^/]*\.(?:dist|egg)-info/[^/]+)$")


def problems_of_wheel(path: Path, models: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with a wheel, one line each.

    Args:
        path: of the wheel.
        models: names of the shipped models, each of which has to be in it.
    """
    if (size := path.stat().st_size) >= MAX_WHEEL_BYTES:
        yield f"{path.name}: {size:,} bytes, expected less than {MAX_WHEEL_BYTES:,}"
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    for name in files:
        top = PurePosixPath(name).parts[0]
        if top not in PACKAGES and not top.endswith(".dist-info"):
            yield f"{path.name}: {name}, expected nothing but {', '.join(PACKAGES)}"
    yield from _common(path.name, files, models)


def problems_of_sdist(path: Path, models: Iterable[str]) -> Iterator[str]:
    """Yield what is wrong with a source distribution, one line each; arguments as of ``problems_of_wheel``."""
    with tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        files = {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]
    for name in BUILD_FILES:
        if name not in files:
            yield f"{path.name}: no {name}"
    for name in files:
        if "node_modules" in PurePosixPath(name).parts:
            yield f"{path.name}: {name}, expected no installed packages of the page"
    yield from _common(path.name, files, models)


def _common(archive: str, files: dict[str, bytes], models: Iterable[str]) -> Iterator[str]:
    for package in PACKAGES:
        if f"{package}/py.typed" not in files:
            yield f"{archive}: no {package}/py.typed"
    for model in models:
        for name in SHIPPED_FILES:
            if f"agents/pretrained/{model}/{name}" not in files:
                yield f"{archive}: no agents/pretrained/{model}/{name}"
    for name in filter(_METADATA.search, files):
        for number, line in enumerate(files[name].decode("utf-8").splitlines(), 1):
            if found := local_path(line):
                yield f"{archive}: {name} line {number}: {found}, expected no path of a machine"


_LOCAL = re.compile(
    r"file:/+\S*|(?<![\w./:~-])/(?:home|Users|root|tmp|mnt|opt|srv|var|work|workspace)\b\S*|\b[A-Z]:\\\S+"
)


def local_path(line: str) -> str | None:
    """Return the first path of some machine in a line of text, or None."""
    found = _LOCAL.search(line)
    return found and found[0]
