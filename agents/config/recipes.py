"""What the presets train on: recipes of datasets, so that one command makes the data and trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agents.config.presets import PRESETS

if TYPE_CHECKING:
    from agents.config.training import TrainConfig
    from puzzles.dataset import Dataset


@dataclass(frozen=True)
class Recipe:
    """A dataset to generate: what ``air-envs data build FAMILY --train N --test M`` makes with these options, or what
    ``air-envs data mix`` makes of several of those."""

    family: str
    """Puzzle family and grid shape."""
    train: int
    """Puzzles to train on; 0 makes the test puzzles alone."""
    test: int = 1_000
    """Unseen puzzles, which share no canonical form with those (4x4: none is the same)."""
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Options of the family's generator."""
    test_options: Mapping[str, Any] | None = None
    """Those of the test puzzles, where they are not alike."""
    more: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    """Further puzzles to train on: how many, and the generator's options."""

    @property
    def posed(self) -> Mapping[str, Any]:
        """Options of the puzzles that a model is posed: the test puzzles'."""
        return self.options if self.test_options is None else self.test_options

    def build(self, path: Path) -> Dataset:
        """Generate the dataset, or go on where an interrupted build stopped; what it is mixed of stays beside it."""
        import puzzles
        from puzzles.build import build_dataset
        from puzzles.mixing import mix_datasets

        shape = puzzles.family(self.family)
        posed = shape.Options(**self.posed)
        parts = [(count, shape.Options(**fields)) for count, fields in ((self.train, self.options), *self.more)]
        if not self.train or [options for _, options in parts] == [posed]:
            return build_dataset(path, shape, posed, train=self.train, test=self.test)
        train = [
            build_dataset(path.with_stem(f"{path.stem}-train-{seed}"), shape, options, train=count, test=0, seed=seed)
            for seed, (count, options) in enumerate(parts, start=1)
        ]
        test = build_dataset(path.with_stem(f"{path.stem}-test"), shape, posed, train=0, test=self.test)
        return mix_datasets(path, train, test)


RECIPES = {
    "sudoku-extreme-1k": Recipe("sudoku-9x9", 1_000, options={"level": "extreme"}),
    "sudoku-candidates-1k": Recipe("sudoku-9x9", 1_000, options={"level": "extreme"}),
    "maze-hard-1k": Recipe("maze-30x30", 1_000, options={"generator": "percolation"}),
    "sudoku-4x4": Recipe("sudoku-4x4", 1_000),
    "sudoku-6x6": Recipe("sudoku-6x6", 100_000, options={"clues": 14}),
    "sudoku-6x6-minimal": Recipe("sudoku-6x6", 100_000),
    "sudoku-8x8": Recipe("sudoku-8x8", 10_000),
    "sudoku-9x9-easy": Recipe("sudoku-9x9", 100_000, options={"level": "easy"}),
    "sudoku-9x9-minimal": Recipe("sudoku-9x9", 100_000),
    "sudoku-extreme": Recipe(
        "sudoku-9x9",
        16_000,
        test_options={"level": "extreme"},
        more=tuple((8_000, {"level": level}) for level in ("hard", "expert", "extreme")),
    ),
    "sudoku-10x10": Recipe("sudoku-10x10", 10_000),
    "sudoku-12x12": Recipe("sudoku-12x12", 10_000),
    "sudoku-16x16": Recipe("sudoku-16x16", 20_000, options={"clues": 100, "clues_max": 112}, test_options={}),
    "maze-9x9": Recipe("maze-9x9", 100_000, options={"generator": "perfect"}),
    "maze-15x15": Recipe("maze-15x15", 100_000, options={"generator": "percolation"}),
    "maze-20x20": Recipe("maze-20x20", 15_000, options={"generator": "percolation"}),
    "maze-21x21": Recipe("maze-21x21", 20_000, options={"generator": "perfect"}),
    "maze-hard": Recipe("maze-30x30", 8_000, options={"generator": "percolation"}),
}
"""By the name of the dataset: ``data/NAME.h5`` is what the presets of ``agents.config.presets`` train on."""


def generate_missing(preset: str, config: TrainConfig) -> None:
    """Build the datasets that the preset trains on, but for those that are there or not asked for."""
    planned = PRESETS[preset]
    if config.model.family != planned.model.family:
        return
    for path in planned.datasets:
        if path in config.datasets and not path.exists():
            print(f"{path}: not there; generating what preset {preset} trains on")
            RECIPES[path.stem].build(path)
