"""``air-envs data``: build, import, inspect and verify HDF5 datasets."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

import puzzles

_USAGE = """usage: air-envs data ACTION ...

  build FAMILY   generate puzzles: air-envs data build sudoku-6x6 --clues 14 --train 1000 --test 1000
  import SOURCE  turn published puzzles (text list, CSV, NPY folder) into a dataset
  inspect FILE   say what a dataset holds and where it comes from
  verify FILE    prove every solution, rating, checksum and the split

air-envs data ACTION --help tells more; build needs its FAMILY first, such as sudoku-9x9 or maze-30x30."""


def main(args: list[str]) -> None:
    """Run ``air-envs data ACTION ...``."""
    actions = {"build": _build, "import": _import, "inspect": _inspect, "verify": _verify}
    if not args or args[0] in ("-h", "--help"):
        print(_USAGE)
        return
    if args[0] not in actions:
        raise ValueError(f"no action {args[0]!r} of air-envs data, expected one of {', '.join(actions)}")
    actions[args[0]](args[1:])


def _build(args: list[str]) -> None:
    if args and args[0] in ("-h", "--help"):
        print(_USAGE)
        return
    family = puzzles.family(args[0] if args else "")

    def build(
        options: Annotated[Any, tyro.conf.arg(name="")],
        train: int = 1_000,
        test: int = 1_000,
        seed: int = 0,
        output: Path = Path(f"data/{family.name}.h5"),
    ) -> None:
        """Generate a dataset: puzzles that all differ by the family's split rule.

        Args:
            options: of the generator.
            train: puzzles to train on.
            test: unseen puzzles.
            seed: with the options and the counts it decides every puzzle.
            output: the file to write.
        """
        from puzzles.build import build_dataset

        command = shlex.join(["air-envs", "data", "build", *args])
        print(build_dataset(output, family, options, train, test, seed, command).describe())

    build.__annotations__["options"] = Annotated[family.Options, tyro.conf.arg(name="")]
    tyro.cli(build, prog=f"air-envs data build {args[0]}", args=args[1:])


def _import(args: list[str]) -> None:
    def import_(
        source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")],
        output: Path,
        family: str | None = None,
        format: Literal["text", "csv", "npy"] | None = None,
        train: int | None = None,
        test: int | None = None,
        seed: int = 0,
        on_duplicate: Literal["error", "drop"] = "error",
    ) -> None:
        """Import published puzzles. Each is solved, or its solution proved; ratings that come with them are kept.

        Args:
            source: a text list, a CSV, or a folder with a train and test split.
            output: the file to write.
            family: such as sudoku-6x6; by default sudoku-9x9 for a text list or CSV, and what the tokens say for NPY.
            format: by default what the source looks like.
            train: draw this many training puzzles; by default all that are not for the test.
            test: draw this many test puzzles; by default the source's own, or a tenth where it has no split.
            seed: of the draw.
            on_duplicate: puzzles equal by the split rule are an error, or all but the first are dropped.
        """
        from puzzles.importers import import_puzzles

        command = shlex.join(["air-envs", "data", "import", *args])
        print(import_puzzles(source, output, family, format, test, train, seed, on_duplicate, command))

    tyro.cli(import_, prog="air-envs data import", args=args)


def _inspect(args: list[str]) -> None:
    def inspect(file: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")], pictures: int = 1) -> None:
        """Say what a dataset holds and where it comes from.

        Args:
            file: the dataset.
            pictures: print this many puzzles of each split with their solutions.
        """
        from puzzles.dataset import Dataset

        dataset = Dataset(file)
        print(dataset.describe())
        for split in dataset.splits:
            for index in range(min(pictures, dataset.counts[split])):
                row = dataset.split_view(split)[index]
                print(f"\n{split} puzzle {index}, rating {row.rating[0] if row.rating.ndim else row.rating}")
                print(dataset.family.format(row.puzzle))
                print(dataset.family.format(row.solution))

    tyro.cli(inspect, prog="air-envs data inspect", args=args)


def _verify(args: list[str]) -> None:
    def verify(file: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]) -> None:
        """Prove every solution, its uniqueness, every rating, checksum and attribute, and the split.

        Args:
            file: the dataset.
        """
        from puzzles.dataset import verify

        print(verify(file))

    tyro.cli(verify, prog="air-envs data verify", args=args)
