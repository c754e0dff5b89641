"""What the table of learning agents is made of: its environments, its rows, its seeds and the files of its records."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from agents.config.reading import read_object
from agents.config.rl import TaskConfig
from agents.config.rl_presets import RL_PRESETS
from agents.evaluation.records import Share
from puzzles.files import write_json

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


def rules_of(task: TaskConfig) -> dict[str, Any]:
    """Return the arguments of ``gymnasium.make`` that say which puzzles a task has, and what ends an episode."""
    return {name: value for name, value in task.arguments().items() if name != "reward"}


TITLES = {
    "sudoku-4x4-easy": "Sudoku 4x4, 10 clues",
    "sudoku-4x4": "Sudoku 4x4, 4 clues (minimal)",
    "sudoku-6x6": "Sudoku 6x6, 14 clues",
    "sudoku-9x9-easy": "Sudoku 9x9, easy",
    "maze-5x5": "Maze 5x5, perfect",
    "maze-9x9": "Maze 9x9, perfect",
    "maze-15x15": "Maze 15x15, percolation",
}
"""By the preset of ``air-envs train-rl`` that trains there."""

SETTINGS: dict[str, Setting] = {
    name: Setting(title, RL_PRESETS[name].task.id, rules_of(RL_PRESETS[name].task)) for name, title in TITLES.items()
}

ROWS: dict[str, str] = {
    "random": "random legal moves",
    "greedy": "greedy play",
    "solver": "exact solver",
    "ppo": "PPO",
    "maskable_ppo": "MaskablePPO",
    "dqn": "DQN",
    "clone": "behaviour cloning",
    "air-frozen": "AIR, frozen, heads learned by MaskablePPO",
    "air-warm": "AIR, fine-tuned by MaskablePPO",
    "air-proposals": "AIR, supervised, proposing whole grids",
    "air-moves": "AIR, supervised, playing moves",
}
"""By the key in a record: the agents, in the order of the table."""


class _Training(TypedDict):
    steps: int
    minutes: float


class _Hardware(TypedDict):
    name: str


class _Record(TypedDict):
    """What every record has, among others."""

    environment: str
    row: str
    seed: int
    puzzles: int
    solved: Share
    mean_steps: float
    training: _Training | None
    hardware: _Hardware
    date: str
    commit: str


def record_name(record: Record) -> str:
    """Return the file name of a record: what was measured, not when or where."""
    return f"{record['environment']}--{record['row']}--seed-{record['seed']}.json"


def write_record(record: Record, folder: Path) -> Path:
    """Write a record, whole or not at all, in place of an older one; return its path."""
    path = folder / record_name(record)
    write_json(path, record)
    return path


def read_records(folder: Path) -> list[Record]:
    """Read all records, in the order of their names.

    Raises:
        ValueError: a file that is no record of this table.
    """
    return [_read(path) for path in sorted(folder.glob("*.json"))]


def records_of(records: list[Record], environment: str, row: str) -> list[Record]:
    """Return the records of one agent in one environment, in the order of seeds."""
    found = [record for record in records if (record["environment"], record["row"]) == (environment, row)]
    return sorted(found, key=lambda record: record["seed"])


def _read(path: Path) -> Record:
    record = read_object(path, _Record, "a record of benchmarks.rl")
    for key, known in (("environment", SETTINGS), ("row", ROWS)):
        if record[key] not in known:
            raise ValueError(f"{path}: {key} {record[key]!r}, expected one of {list(known)}")
    return record
