"""What the presets train on: recipes of datasets, so that one command makes the data and trains."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agents.config.flags import flags
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
    validation: int | None = None
    """Puzzles for every choice made in training; None takes ``default_validation``."""
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Options of the family's generator."""
    test_options: Mapping[str, Any] | None = None
    """Those of the test puzzles, where they are not alike."""
    more: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    """Further puzzles to train on: how many, and the generator's options."""

    @property
    def evaluation_options(self) -> Mapping[str, Any]:
        """Options of the test puzzles."""
        return self.options if self.test_options is None else self.test_options

    @property
    def mixed(self) -> bool:
        """Whether the training puzzles are generated apart from the test puzzles, and mixed."""
        return bool(self.more) or self.options != self.evaluation_options

    def build(self, path: Path, seed: int = 0) -> Dataset:
        """Generate the dataset, or resume an interrupted build; the files that it is mixed from are kept next to it.

        Args:
            path: the file to write.
            seed: of the test puzzles, and of all where they are not mixed.
        """
        import puzzles
        from puzzles.build import build_dataset
        from puzzles.mixing import mix_datasets

        options = puzzles.family(self.family).Options(**self.evaluation_options)
        mixed = self.mixed and self.train > 0
        held_out = build_dataset(
            path.with_stem(f"{path.stem}-test") if mixed else path,
            self.family,
            options,
            0 if mixed else self.train,
            self.test,
            seed,
            validation=default_validation(self.train, self.test) if self.validation is None else self.validation,
        )
        return mix_datasets(path, self.build_training(path, seed), held_out) if mixed else held_out

    def build_training(self, path: Path, seed: int = 0) -> list[Dataset]:
        """Generate the training puzzles alone, one file beside ``path`` for each kind of them.

        Args:
            path: of the dataset that they are meant for.
            seed: of its test puzzles; the files have the seeds after it.
        """
        import puzzles
        from puzzles.build import build_dataset

        family, built = puzzles.family(self.family), []
        for number, (count, options) in enumerate([(self.train, self.options), *self.more], start=1):
            part = path.with_stem(f"{path.stem}-train-{number}")
            built.append(build_dataset(part, family, family.Options(**options), count, 0, seed + number))
        return built

    def command(self, path: Path) -> str | None:
        """Return the ``air-envs data build`` that makes the same puzzles; None of a mixture, which takes several."""
        import puzzles

        if self.mixed:
            return None
        family = puzzles.family(self.family)
        counts = {"train": self.train, "validation": self.validation, "test": self.test}
        words = [word for name, value in counts.items() if value is not None for word in (f"--{name}", str(value))]
        options = flags(family.Options(**self.options), family.Options())
        return shlex.join(["air-envs", "data", "build", self.family, *options, *words, "--output", str(path)])


def default_validation(train: int, test: int) -> int:
    """Return how many validation puzzles a dataset gets if nothing else is said: as for the test, 1,000 at most."""
    return min(test, 1_000) if train else 0


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
