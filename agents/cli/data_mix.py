"""``air-envs data mix``: one dataset of several, or a test set of several sources in given shares."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import tyro

from agents.cli.parsing import parse, rerun


def main(args: list[str]) -> None:
    """Run ``air-envs data mix ...``."""

    def mix(
        files: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FILE")],
        output: Path,
        test: Path | None = None,
        validation: Path | None = None,
        held_out: tuple[Path, ...] = (),
        shares: tuple[str, ...] = (),
        recipe: Literal["sudoku-extreme-mix"] | None = None,
        lists: Path | None = None,
        rows: int = 10_000,
        exclude: tuple[Path, ...] = (),
        seed: int = 0,
        overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    ) -> None:
        """Write one dataset of several, of one family; no two of its puzzles are equal by the family's split rule.

        With --test, the train splits of the files and the test split of that one. With --shares or --recipe, a test
        set alone: puzzles of several sources in given shares, each shuffled by a random symmetry and rated again, with
        the source of each row.

        Args:
            files: datasets: with --test those to train on; with --shares those whose test splits are drawn from.
            output: the file to write.
            test: the dataset whose test split is taken over.
            validation: with --test: the dataset whose validation split is taken over; by default that of --test.
            held_out: with --test: datasets of whose validation and test splits nothing may be trained on, either.
            shares: NAME=SHARE for each file NAME.h5, such as forum=48.4 unbiased=23.1; relative to their sum.
            recipe: instead of files and shares: sudoku-extreme-mix, a stand-in for the published test set of
                Sudoku-Extreme, from public lists.
            lists: with --recipe: the folder of these lists; by default that of the variable AIR_ENVS_DATA.
            rows: with --shares or --recipe: how many puzzles; fewer where a source is too short for its share.
            exclude: with --shares or --recipe: datasets that models were trained on: no puzzle of their train and
                validation splits may be in the file, up to symmetry; of a test set, no puzzle at all.
            seed: with --shares or --recipe: decides which puzzles are drawn, their symmetries and their order.
            overwrite: replace another file of this name.
        """
        from puzzles.dataset import Dataset

        given = [name for name, value in (("--test", test), ("--shares", shares), ("--recipe", recipe)) if value]
        if len(given) != 1:
            raise ValueError(f"{' and '.join(given) or 'none'} of --test, --shares and --recipe, expected one of them")
        if test is not None and exclude:
            raise ValueError("--exclude with --test, expected --held-out")
        if test is None and (held_out or validation):
            raise ValueError("--held-out or --validation without --test, expected --exclude")
        command = rerun("mix", args)
        if test is not None:
            from puzzles.mixing import mix_datasets

            if not files:
                raise ValueError("no FILE to train on, expected one or more before --test")
            parts, others = ([Dataset(path) for path in paths] for paths in (files, held_out))
            chosen = None if validation is None else Dataset(validation)
            mixture = mix_datasets(
                output, parts, Dataset(test), others, command, validation=chosen, overwrite=overwrite
            )
            print(mixture.describe())
            return
        unwanted = [Dataset(path) for path in exclude]
        if recipe is not None:
            from puzzles.published import mix_sudoku_extreme

            if files:
                raise ValueError(f"{files[0]} and --recipe {recipe}, expected one of them")
            mixed = mix_sudoku_extreme(
                output, lists or _lists(recipe), rows, unwanted, seed, command, overwrite=overwrite
            )
        else:
            from puzzles.shares import from_dataset, mix_by_shares

            sources = [from_dataset(path.stem, share, Dataset(path)) for path, share in _shared_out(files, shares)]
            mixed = mix_by_shares(output, sources, rows, unwanted, seed, command, overwrite=overwrite)
        print(mixed.dataset.describe())
        if mixed.shortage:
            print(mixed.shortage)

    parse(mix, "air-envs data mix", args)


def _shared_out(files: tuple[Path, ...], shares: tuple[str, ...]) -> list[tuple[Path, float]]:
    """Return each file with its share."""
    found: dict[str, float] = {}
    for text in shares:
        name, _, number = text.rpartition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise ValueError(f"--shares {text}, expected NAME=NUMBER") from None
    names = [path.stem for path in files]
    if sorted(found) != sorted(names) or len(found) < len(shares):
        raise ValueError(
            f"shares of {', '.join(found)}, expected one for each file: {', '.join(names) or 'none given'}"
        )
    return [(path, found[path.stem]) for path in files]


def _lists(recipe: str) -> Path:
    """Return the folder that the environment names."""
    if "AIR_ENVS_DATA" not in os.environ:
        raise ValueError(
            f"--recipe {recipe}: no --lists and no variable AIR_ENVS_DATA, expected the folder of its lists"
        )
    return Path(os.environ["AIR_ENVS_DATA"])
