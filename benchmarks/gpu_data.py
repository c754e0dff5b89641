"""Datasets of the GPU runs: ``python -m benchmarks.gpu_data NAME --folder FOLDER [--tiny]`` writes FOLDER/NAME.h5.

``AIR_ENVS_DATA`` names the folder of published puzzles, sudoku/*.txt and maze-30x30-hard-1k/; without it, what needs
them is left out. A dataset that is there already is kept, and an interrupted one goes on where it stopped, so all of
them can be built beforehand, on another machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.config.recipes import RECIPES, Recipe
from puzzles.dataset import Dataset
from puzzles.importers import import_puzzles
from puzzles.mixing import mix_datasets

PUBLISHED = Path(os.environ["AIR_ENVS_DATA"]) if "AIR_ENVS_DATA" in os.environ else None
SUDOKU_TEST, PUBLISHED_TEST = 20_000, 10_000
TINY = 8
"""Puzzles of each kind at toy size."""


def recipe(name: str, tiny: bool, **changes: Any) -> Recipe:
    """Return the recipe of a preset's dataset, at toy size or with other counts."""
    found = dataclasses.replace(RECIPES[name], **changes)
    if not tiny:
        return found
    train, test = (min(TINY, count) for count in (found.train, found.test))
    return dataclasses.replace(found, train=train, test=test, more=tuple((TINY, kind) for _, kind in found.more))


def sudoku_extreme(path: Path, tiny: bool) -> None:
    """The paper's setting: puzzles of the extreme generator."""
    recipe("sudoku-extreme-1k", tiny, test=SUDOKU_TEST).build(path)


def sudoku_published(path: Path, tiny: bool) -> None:
    """The forum's hardest puzzles."""
    if PUBLISHED is not None:
        source = PUBLISHED / "sudoku" / "forum_hardest_1905_11+.txt"
        import_puzzles(source, path, test=TINY if tiny else PUBLISHED_TEST, on_duplicate="drop")


def sudoku_mixture(path: Path, tiny: bool) -> None:
    """Random minimal puzzles, those of each hard level, and as many of the forum's hardest as there are.

    None equals one to be tested on, generated or published, up to symmetry.
    """
    published = path.with_name("sudoku-published.h5")
    held_out = [Dataset(published)] if published.exists() else []
    train = [*recipe("sudoku-extreme", tiny).build_training(path), *held_out]
    mix_datasets(path, train, Dataset(path.with_name("sudoku-extreme-1k.h5")), held_out)


def maze_hard(path: Path, tiny: bool) -> None:
    """Maze-Hard: all that is published of both splits, else generated mazes."""
    if PUBLISHED is None:
        recipe("maze-hard-1k", tiny).build(path)
    else:
        import_puzzles(PUBLISHED / "maze-30x30-hard-1k", path, on_duplicate="drop")


def maze_generated(path: Path, tiny: bool) -> None:
    """Generated Maze-Hard mazes, for testing alone."""
    recipe("maze-hard", tiny, train=0).build(path, seed=1)


def maze_mixture(path: Path, tiny: bool) -> None:
    """Generated mazes, labelled as the published ones are, tested on those of ``maze_hard``.

    No maze to train on equals one to be tested on, published or generated, up to symmetry.
    """
    test, generated = (path.with_name(f"{name}.h5") for name in ("maze-hard-1k", "maze-generated"))
    train = recipe("maze-hard", tiny).build_training(path, seed=1)
    mix_datasets(path, train, Dataset(test), [Dataset(generated)])


DATASETS: dict[str, Callable[[Path, bool], None]] = {
    "sudoku-extreme-1k": sudoku_extreme,
    "sudoku-published": sudoku_published,
    "sudoku-mixture": sudoku_mixture,
    "maze-hard-1k": maze_hard,
    "maze-generated": maze_generated,
    "maze-mixture": maze_mixture,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.gpu_data", description=__doc__)
    parser.add_argument("name", choices=DATASETS)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--tiny", action="store_true", help="a few puzzles")
    asked = parser.parse_args()
    path = asked.folder / f"{asked.name}.h5"
    if not path.exists():
        DATASETS[asked.name](path, asked.tiny)
    print(Dataset(path).describe() if path.exists() else f"{path}: left out, AIR_ENVS_DATA names no published puzzles")


if __name__ == "__main__":
    main()
