"""Which shipped models play a puzzle, and which answers it where none is named. Loads no torch."""

from __future__ import annotations

import puzzles
from agents.config.model import CONFIG, AIRConfig, config_of
from agents.config.reading import parse_json
from agents.pretrained import FOLDER, shipped_models

SPECIALISTS = ("sudoku-extreme", "sudoku-16x16", "maze-hard")
"""Models that do better at the grid shape they were trained on than the generalist of their kind."""
GENERALISTS = ("sudoku-any", "maze-any")
"""Models that were trained on several grid shapes and fit every one.

Those of a single shape are no better at easy puzzles and worse at others: of 200 percolation mazes of 9x9 ``maze-9x9``,
trained on perfect ones, solves none, ``maze-any`` all.
"""


def best_for(family: puzzles.PuzzleFamily) -> str | None:
    """Return the specialist for a family's grid shape, else the generalist of its kind; None where there is neither."""
    trained = {name: puzzles.family(_config(name).family) for name in (*SPECIALISTS, *GENERALISTS)}
    shaped = [name for name in SPECIALISTS if trained[name] == family]
    fitting = [name for name in GENERALISTS if trained[name].kind == family.kind]
    return next(iter(shaped + fitting), None)


def fitting(family: puzzles.PuzzleFamily) -> list[str]:
    """Return the names of the shipped models that play a family: those trained on it first, then those of any shape."""
    configs = {name: _config(name) for name in shipped_models()}
    own = [name for name, config in configs.items() if config.family == family.name]
    kind = [name for name, config in configs.items() if puzzles.family(config.family).kind == family.kind]
    return own + [name for name in kind if name not in own and configs[name].any_shape]


def _config(name: str) -> AIRConfig:
    return config_of(parse_json((FOLDER / name / CONFIG).read_bytes()))
