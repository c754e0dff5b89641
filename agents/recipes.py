"""What the presets train on: recipes of datasets, so that one command makes the data and trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from puzzles import PuzzleFamily
    from puzzles.dataset import Dataset


@dataclass(frozen=True)
class Recipe:
    """A dataset to generate: what ``air-envs data build FAMILY --train N --test M`` makes with these options.

    With ``also``, what ``air-envs data mix`` makes of several of them.
    """

    train: int
    """Puzzles to train on."""
    test: int = 1_000
    """Unseen puzzles, which share no canonical form with those (4x4: none is the same)."""
    options: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Options of the family's generator."""
    also: tuple[Mapping[str, Any], ...] = ()
    """Other options, each of which adds up to ``train`` puzzles to train on: repeats are left out."""

    def build(self, family: str, path: Path) -> Dataset:
        """Generate the dataset, or go on where an interrupted build stopped."""
        import puzzles
        from puzzles.mixing import mix_datasets

        shape = puzzles.family(family)
        if not (self.also and self.train):
            return _generate(shape, self.options, path, self.train, self.test)
        parts: list[Dataset] = []
        for seed, options in enumerate((self.options, *self.also)):
            place, test = path.with_name(f".{path.stem}-{seed}.h5"), 0 if parts else self.test
            parts.append(
                _finished(shape, options, place, self.train, test, seed)
                or _generate(shape, options, place, self.train, test, seed)
            )
        mixture = mix_datasets(path, parts, parts[0])
        for part in parts:
            part.path.unlink()
        return mixture


def _generate(
    family: PuzzleFamily, options: Mapping[str, Any], path: Path, train: int, test: int, seed: int = 0
) -> Dataset:
    from puzzles.build import build_dataset

    return build_dataset(path, family, family.Options(**options), train, test, seed)


def _finished(
    family: PuzzleFamily, options: Mapping[str, Any], path: Path, train: int, test: int, seed: int
) -> Dataset | None:
    """Return what ``_generate`` has left in an earlier call, None where it would be something else."""
    from puzzles.dataset import Dataset

    if not path.exists():
        return None
    found, wanted = Dataset(path), asdict(family.Options(**options))
    same = found.family == family and found.provenance.parameters == wanted and found.provenance.seed == seed
    return found if same and found.counts == {"train": train, "test": test} else None


RECIPES = {
    "sudoku-extreme-1k": Recipe(1_000, options={"level": "extreme"}),
    "maze-hard-1k": Recipe(1_000, options={"generator": "percolation"}),
    "sudoku-4x4": Recipe(1_000),
    "sudoku-6x6": Recipe(100_000, options={"clues": 14}),
    "sudoku-6x6-minimal": Recipe(100_000),
    "sudoku-9x9-easy": Recipe(100_000, options={"level": "easy"}),
    "sudoku-9x9-minimal": Recipe(100_000),
    "sudoku-extreme": Recipe(8_000, options={"level": "extreme"}, also=({"level": "expert"}, {"level": "hard"})),
    "maze-9x9": Recipe(100_000, options={"generator": "perfect"}),
    "maze-15x15": Recipe(100_000, options={"generator": "percolation"}),
    "maze-20x20": Recipe(15_000, options={"generator": "percolation"}),
    "maze-hard": Recipe(8_000, options={"generator": "percolation"}),
}
"""By the name of the preset in ``agents.presets``."""
