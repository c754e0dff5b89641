"""Datasets of the GPU runs: ``python -m benchmarks.gpu_data NAME --folder FOLDER [--tiny]`` writes FOLDER/NAME.h5.

``AIR_ENVS_DATA`` names the folder of published puzzles, sudoku/*.txt and maze-30x30-hard-1k/; without it, what needs
them is left out. A dataset that is there already is kept, and an interrupted one goes on where it stopped, so all of
them can be built beforehand, on another machine.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import puzzles
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from puzzles.importers import import_puzzles
from puzzles.mixing import mix_datasets

PUBLISHED = Path(os.environ["AIR_ENVS_DATA"]) if "AIR_ENVS_DATA" in os.environ else None


class Counts(NamedTuple):
    """How many puzzles of each kind."""

    train: int
    test: int
    sudoku_test: int
    published_test: int
    minimal: int
    level: int
    mazes: int


FULL = Counts(
    train=1_000,
    test=1_000,
    sudoku_test=20_000,
    published_test=10_000,
    minimal=16_000,
    level=8_000,
    mazes=8_000,
)
TINY = Counts(train=8, test=8, sudoku_test=8, published_test=8, minimal=16, level=8, mazes=8)


def sudoku_extreme(path: Path, counts: Counts) -> None:
    """The paper's setting: puzzles of the extreme generator."""
    _build(path, "sudoku-9x9", {"level": "extreme"}, counts.train, counts.sudoku_test)


def sudoku_published(path: Path, counts: Counts) -> None:
    """The forum's hardest puzzles."""
    if PUBLISHED is not None:
        source = PUBLISHED / "sudoku" / "forum_hardest_1905_11+.txt"
        import_puzzles(source, path, test=counts.published_test, on_duplicate="drop")


def sudoku_mixture(path: Path, counts: Counts) -> None:
    """Random minimal puzzles, those of each hard level, and as many of the forum's hardest as there are.

    None equals one to be tested on, generated or published, up to symmetry.
    """
    minimal = _pool(path.with_name("sudoku-pool.h5"), "sudoku-9x9", {}, counts.minimal, seed=7)
    hard = [
        _pool(path.with_name(f"sudoku-{level}.h5"), "sudoku-9x9", {"level": level}, counts.level, seed)
        for level, seed in {"hard": 4, "expert": 5, "extreme": 1}.items()
    ]
    published = path.with_name("sudoku-published.h5")
    held_out = [Dataset(published)] if published.exists() else []
    mix_datasets(path, [minimal, *hard, *held_out], Dataset(path.with_name("sudoku-extreme-1k.h5")), held_out)


def maze_hard(path: Path, counts: Counts) -> None:
    """Maze-Hard: all that is published of both splits, else generated mazes."""
    if PUBLISHED is None:
        _build(path, "maze-30x30", {"generator": "percolation"}, counts.train, counts.test)
    else:
        import_puzzles(PUBLISHED / "maze-30x30-hard-1k", path, on_duplicate="drop")


def maze_generated(path: Path, counts: Counts) -> None:
    """Generated Maze-Hard mazes, for testing alone."""
    _build(path, "maze-30x30", {"generator": "percolation"}, 0, counts.test, seed=1)


def maze_mixture(path: Path, counts: Counts) -> None:
    """Generated mazes, labelled as the published ones are, tested on those of ``maze_hard``.

    No maze to train on equals one to be tested on, published or generated, up to symmetry.
    """
    pool = _pool(path.with_name("maze-pool.h5"), "maze-30x30", {"generator": "percolation"}, counts.mazes, seed=2)
    test, generated = (path.with_name(f"{name}.h5") for name in ("maze-hard-1k", "maze-generated"))
    mix_datasets(path, [pool], Dataset(test), [Dataset(generated)])


DATASETS: dict[str, Callable[[Path, Counts], None]] = {
    "sudoku-extreme-1k": sudoku_extreme,
    "sudoku-published": sudoku_published,
    "sudoku-mixture": sudoku_mixture,
    "maze-hard-1k": maze_hard,
    "maze-generated": maze_generated,
    "maze-mixture": maze_mixture,
}


def _pool(path: Path, family: str, options: dict[str, Any], count: int, seed: int) -> Dataset:
    """Puzzles to train on, which an interrupted mixture may have left."""
    if not path.exists():
        _build(path, family, options, count, 0, seed)
    return Dataset(path)


def _build(path: Path, family: str, options: dict[str, Any], train: int, test: int, seed: int = 0) -> None:
    build_dataset(path, family, puzzles.family(family).Options(**options), train, test, seed)


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.gpu_data", description=__doc__)
    parser.add_argument("name", choices=DATASETS)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true", help="a few puzzles")
    asked = parser.parse_args()
    path = asked.folder / f"{asked.name}.h5"
    if not path.exists():
        DATASETS[asked.name](path, TINY if asked.tiny else FULL)
    print(Dataset(path).describe() if path.exists() else f"{path}: left out, AIR_ENVS_DATA names no published puzzles")


if __name__ == "__main__":
    main()
