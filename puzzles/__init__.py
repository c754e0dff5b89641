"""Rules, solvers, generators, symmetries and HDF5 datasets of puzzle families, with no environment and no torch."""

from __future__ import annotations

import functools
import importlib
import re
from typing import TYPE_CHECKING

from puzzles.errors import DatasetError, PuzzleError
from puzzles.family import Grids, PuzzleFamily, Puzzles
from puzzles.lazy_names import lazy_names
from puzzles.text.forms import parse

if TYPE_CHECKING:
    from puzzles.build import build_dataset
    from puzzles.dataset import Dataset

    __version__: str

__all__ = [
    "Dataset",
    "DatasetError",
    "Grids",
    "PuzzleError",
    "PuzzleFamily",
    "Puzzles",
    "__version__",
    "build_dataset",
    "family",
    "kinds",
    "parse",
    "register",
]

# h5py and the generators, which `import puzzles` must not load.
__getattr__, __dir__ = lazy_names(__name__, {"Dataset": "puzzles.dataset", "build_dataset": "puzzles.build"})

# A family is imported when it is first asked for: its kernels load numba, which `import puzzles` must not.
_FAMILIES: dict[str, str] = {
    "maze": "puzzles.maze:Maze",
    "sudoku": "puzzles.sudoku:Sudoku",
}


def register(kind: str, entry_point: str) -> None:
    """Make a family known: ``register("kakuro", "my_package.kakuro:Kakuro")``. The class takes (rows, columns)."""
    _FAMILIES[kind] = entry_point


def kinds() -> dict[str, type[PuzzleFamily]]:
    """Return the class of every registered kind, by name."""
    return {kind: _load(kind) for kind in sorted(_FAMILIES)}


@functools.cache
def family(name: str) -> PuzzleFamily:
    """Return the family called ``name``, such as ``"sudoku-9x9"`` or ``"maze-30x30"``.

    Raises:
        PuzzleError: no such kind, or a grid shape that the kind does not have.
    """
    match = re.fullmatch(r"([a-z_]+)-(\d+)x(\d+)", name)
    if match is None or match[1] not in _FAMILIES:
        raise PuzzleError(f"unknown family {name!r}, expected KIND-ROWSxCOLUMNS with KIND in {sorted(_FAMILIES)}")
    return _load(match[1])(int(match[2]), int(match[3]))


def _load(kind: str) -> type[PuzzleFamily]:
    module, _, attribute = _FAMILIES[kind].partition(":")
    return getattr(importlib.import_module(module), attribute)
