"""What the presets train on: recipes of datasets, so that one command makes the data and trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agents.presets import PRESETS

if TYPE_CHECKING:
    from agents.train_config import TrainConfig
    from puzzles.dataset import Dataset


@dataclass(frozen=True)
class Recipe:
    """A dataset to generate: what ``air-envs data build FAMILY --train N --test M`` makes with these options, or what
    ``air-envs data mix`` makes of several of those."""

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

    def build(self, family: str, path: Path) -> Dataset:
        """Generate the dataset, or go on where an interrupted build stopped; what it is mixed of stays beside it."""
        import puzzles
        from puzzles.build import build_dataset
        from puzzles.mixing import mix_datasets

        shape = puzzles.family(family)
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
    "sudoku-extreme-1k": Recipe(1_000, options={"level": "extreme"}),
    "sudoku-candidates-1k": Recipe(1_000, options={"level": "extreme"}),
    "maze-hard-1k": Recipe(1_000, options={"generator": "percolation"}),
    "sudoku-4x4": Recipe(1_000),
    "sudoku-6x6": Recipe(100_000, options={"clues": 14}),
    "sudoku-6x6-minimal": Recipe(100_000),
    "sudoku-9x9-easy": Recipe(100_000, options={"level": "easy"}),
    "sudoku-9x9-minimal": Recipe(100_000),
    "sudoku-extreme": Recipe(
        16_000,
        test_options={"level": "extreme"},
        more=tuple((8_000, {"level": level}) for level in ("hard", "expert", "extreme")),
    ),
    "sudoku-16x16": Recipe(20_000, options={"clues": 100, "clues_max": 112}, test_options={}),
    "maze-9x9": Recipe(100_000, options={"generator": "perfect"}),
    "maze-15x15": Recipe(100_000, options={"generator": "percolation"}),
    "maze-20x20": Recipe(15_000, options={"generator": "percolation"}),
    "maze-hard": Recipe(8_000, options={"generator": "percolation"}),
}
"""By the name of the preset in ``agents.presets``."""


def generate_missing(preset: str, config: TrainConfig) -> None:
    """Build the dataset that the preset trains on, unless it is there or another one or family was asked for."""
    planned = PRESETS[preset]
    as_planned = (config.dataset, config.model.family) == (planned.dataset, planned.model.family)
    if as_planned and not config.dataset.exists():
        print(f"{config.dataset}: not there; generating what preset {preset} trains on")
        RECIPES[preset].build(config.model.family, config.dataset)
