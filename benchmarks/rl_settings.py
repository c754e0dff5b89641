"""What the table of learning agents is made of: its environments, its rows, its seeds and the files of its records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from puzzles.files import replacing

Record = dict[str, Any]

FOLDER = Path("results") / "rl"
"""Where records lie, in the root of the repository: one file per environment, row and seed."""

PUZZLES = 1000
"""Unseen puzzles that each agent plays. Those of seed s are others than those of another seed."""
SEEDS = (0, 1, 2)


class Setting(NamedTuple):
    """One environment of the table: puzzles and rules, without the reward, which only training needs."""

    title: str
    id: str
    arguments: dict[str, Any]


def _sudoku(title: str, side: int, **arguments: Any) -> Setting:
    """Digits that fit are legal; a board with a cell that no digit fits ends its episode."""
    rules = {"action_mask": "candidates", "end_on_contradiction": True, "max_episode_steps": side**2}
    return Setting(title, "air_envs/Sudoku-v0", {"size": side, **arguments, **rules})


def _maze(title: str, side: int, max_episode_steps: int, **arguments: Any) -> Setting:
    shape = {"rows": side, "columns": side}
    return Setting(title, "air_envs/Maze-v0", {**shape, **arguments, "max_episode_steps": max_episode_steps})


SETTINGS: dict[str, Setting] = {
    "sudoku-4x4-easy": _sudoku("Sudoku 4x4, 10 clues", 4, clues=10),
    "sudoku-4x4": _sudoku("Sudoku 4x4, 4 clues (minimal)", 4, clues=4),
    "sudoku-6x6": _sudoku("Sudoku 6x6, 14 clues", 6, clues=14),
    "sudoku-9x9-easy": _sudoku("Sudoku 9x9, easy", 9, level="easy"),
    "maze-5x5": _maze("Maze 5x5, perfect", 5, 50),
    "maze-9x9": _maze("Maze 9x9, perfect", 9, 100),
    "maze-15x15": _maze("Maze 15x15, percolation", 15, 200, generator="percolation"),
}
"""By the name of the preset of ``air-envs train-rl`` that trains there."""

ROWS: dict[str, str] = {
    "random": "random legal moves",
    "greedy": "greedy play",
    "solver": "exact solver",
    "ppo": "PPO",
    "maskable_ppo": "MaskablePPO",
    "dqn": "DQN",
    "clone": "behaviour cloning",
    "air-warm": "AIR, fine-tuned by MaskablePPO",
    "air-proposals": "AIR, supervised, proposing whole grids",
    "air-moves": "AIR, supervised, playing moves",
}
"""By the key in a record: the agents, in the order of the table."""

_NEEDED = frozenset(
    {"environment", "row", "seed", "puzzles", "solved", "mean_steps", "training", "hardware", "date", "commit"}
)


def record_name(record: Record) -> str:
    """Return the file name of a record: what was measured, not when or where."""
    return f"{record['environment']}--{record['row']}--seed-{record['seed']}.json"


def write_record(record: Record, folder: Path) -> Path:
    """Write a record, whole or not at all, in place of an older one; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / record_name(record)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return path


def read_records(folder: Path) -> list[Record]:
    """Read all records, in the order of their names.

    Raises:
        ValueError: a file that is no record of this table.
    """
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def _read(path: Path) -> Record:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}, expected a record of benchmarks.rl") from error
    if not isinstance(record, dict) or _NEEDED - record.keys():
        missing = sorted(_NEEDED - set(record)) if isinstance(record, dict) else "everything"
        raise ValueError(f"{path}: lacks {missing}, expected a record of benchmarks.rl")
    for key, known in (("environment", SETTINGS), ("row", ROWS)):
        if record[key] not in known:
            raise ValueError(f"{path}: {key} {record[key]!r}, expected one of {list(known)}")
    return record
