"""What a package offers without loading it: names imported when first asked for, and its version."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

_DISTRIBUTION = "air-envs"


def lazy_names(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package, which also know ``__version__``.

        __getattr__, __dir__ = lazy_names(__name__, {"Dataset": "puzzles.dataset"})

    Args:
        package: its ``__name__``.
        homes: the module that defines each name.
    """

    def get(name: str) -> Any:
        if name == "__version__":
            return version()
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(homes[name]), name)

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes, "__version__"})

    return get, names


def version() -> str:
    """Return the installed version, ``"0+unknown"`` in a source tree that was never installed."""
    import importlib.metadata

    try:
        return importlib.metadata.version(_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "0+unknown"
