"""``air-envs data``: build, import, export, inspect and verify HDF5 datasets."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

import puzzles
from agents.cli import data_mix, data_overlap
from agents.cli.parsing import generator_options, parse, rerun
from agents.config.flags import flags
from agents.config.recipes import default_validation

_USAGE = """usage: air-envs data ACTION ...

  build FAMILY   generate puzzles: air-envs data build sudoku-6x6 --clues 14 --train 1000 --test 1000
  import SOURCE  turn published puzzles (text list, CSV, NPY folder, --hub OWNER/NAME) into a dataset
  mix FILE ...   one dataset of several: what to train on from these, what to test on from --test;
                 or a test set of several sources in given shares: --shares, --recipe
  export FILE    write a dataset as CSV, as the NPY folder of HRM, TRM and AIR, or as Minari episodes
  inspect FILE   say what a dataset holds and where it comes from, as text, JSON or a picture
  overlap A [B]  count shared puzzles, shared solution grids and near puzzles between splits
  verify FILE    prove every solution, rating, checksum and the splits

air-envs data ACTION --help describes its flags; build needs its FAMILY first, such as sudoku-9x9 or maze-30x30."""

MOST_COMPARED = 50_000
"""Puzzles of train and test up to which ``inspect`` compares their layouts: some seconds of a core."""

File = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")]


def main(args: list[str]) -> None:
    """Run ``air-envs data ACTION ...``."""
    actions = {
        "build": _build,
        "import": _import,
        "mix": data_mix.main,
        "export": _export,
        "inspect": _inspect,
        "overlap": data_overlap.main,
        "verify": _verify,
    }
    if not args or args[0] in ("-h", "--help"):
        print(_USAGE)
        return
    if args[0] not in actions:
        raise ValueError(f"no action {args[0]!r} of air-envs data, expected one of {', '.join(actions)}")
    actions[args[0]](args[1:])


# -- build -------------------------------------------------------------------------------------------------------------


def _build(args: list[str]) -> None:
    if args and args[0] in ("-h", "--help"):
        print(f"{_USAGE}\n\n{generator_options()}")
        return
    family = puzzles.family(args[0] if args else "")

    def build(
        options: Annotated[Any, tyro.conf.arg(name="")],
        train: int = 1_000,
        validation: int | None = None,
        test: int = 1_000,
        seed: int = 0,
        output: Path = Path(f"data/{family.name}.h5"),
        workers: int | None = None,
        engine: Literal["local", "ray"] = "local",
        fresh: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
        overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    ) -> None:
        """Generate a dataset: puzzles that all differ by the family's split rule.

        An interrupted build leaves its work in a hidden file beside the output, and the same command resumes from it.

        If the same dataset exists already, nothing is done.

        Args:
            options: of the generator.
            train: puzzles to train on.
            validation: unseen puzzles for every choice made in training. By default as many as for the test, but
                1,000 at most, and none where there is nothing to train on.
            test: unseen puzzles for the final evaluation alone.
            seed: with the options and the counts it decides every puzzle.
            output: the file to write.
            workers: shards of puzzles made at a time; by default every core. Changes no byte, nor does the engine.
            engine: threads of this process, or a Ray cluster: RAY_ADDRESS, or one started on this machine.
            fresh: start from scratch, and discard what an interrupted build has left.
            overwrite: replace another file of this name.
        """
        from puzzles.build import build_dataset

        if validation is None:
            validation = default_validation(train, test)
        command = _build_command(family, options, train, validation, test, seed)
        print(
            build_dataset(
                output, family, options, train, test, seed, command,
                validation=validation, workers=workers, engine=engine, fresh=fresh, overwrite=overwrite,
            ).describe()
        )  # fmt: skip

    build.__annotations__["options"] = Annotated[family.Options, tyro.conf.arg(name="")]
    parse(build, f"air-envs data build {args[0]}", args[1:])


def _build_command(
    family: puzzles.PuzzleFamily, options: Any, train: int, validation: int, test: int, seed: int
) -> str:
    """Return the command that builds the same bytes: without what has no part in them, such as the workers."""
    counts = {"train": train, "validation": validation, "test": test, "seed": seed}
    words = ["air-envs", "data", "build", family.name, *flags(options, family.Options())]
    return shlex.join([*words, *(word for name, value in counts.items() for word in (f"--{name}", str(value)))])


# -- import and export -------------------------------------------------------------------------------------------------


def _import(args: list[str]) -> None:
    def import_(
        output: Path,
        source: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")] = None,
        hub: str | None = None,
        revision: str | None = None,
        family: str | None = None,
        format: Literal["text", "csv", "npy"] | None = None,
        train: int | None = None,
        validation: int | None = None,
        test: int | None = None,
        seed: int = 0,
        on_duplicate: Literal["error", "drop"] = "error",
        rating_convention: str | None = None,
        zero: Literal["digit", "blank"] | None = None,
        overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    ) -> None:
        """Import published puzzles. Each is solved, or its solution proved; ratings that come with them are kept.

        Args:
            output: the file to write.
            source: a text file, a CSV, or a folder with a train and test split, perhaps validation too; docs/formats.md
                shows what is read.
            hub: instead of a source, a data set of the Hugging Face hub: sapientinc/sudoku-extreme,
                sapientinc/maze-30x30-hard-1k.
            revision: a branch, tag or commit of it.
            family: such as sudoku-6x6; by default what the first puzzle, or the tokens of NPY, say.
            format: by default what the source looks like.
            train: draw this many training puzzles (1000 for the papers' 1k); by default all that are for nothing else.
            validation: draw this many puzzles for every choice made in training. By default the source's own; from a
                source without, a tenth of the training puzzles, 1,000 at most and no more than --train leaves over.
            test: draw this many test puzzles; by default the source's own, or a tenth where it has no split.
            seed: of the draw.
            on_duplicate: puzzles equal by the split rule are an error, or all but the first are dropped.
            rating_convention: what the source's ratings follow, or puzzles without are rated by; by default the
                family's first convention.
            zero: what 0 stands for in a Sudoku with another blank: a digit, as in 16x16 grids of 0 to F; or a blank.
            overwrite: replace another file of this name.
        """
        from puzzles.dataset.setting_aside import SHARE
        from puzzles.importers import import_puzzles
        from puzzles.importers.hub import download

        if (source is None) == (hub is None):
            raise ValueError(f"SOURCE {source} and --hub {hub}, expected one of them")
        notes = None
        if hub is not None:
            source, notes = download(hub, revision)
        assert source is not None
        command = rerun("import", args)
        print(
            import_puzzles(
                source, output, family, format, test, train, seed, on_duplicate, command,
                rating_convention=rating_convention, zero=zero, notes=notes,
                validation=validation, validation_share=SHARE, overwrite=overwrite,
            )
        )  # fmt: skip

    parse(import_, "air-envs data import", args)


def _export(args: list[str]) -> None:
    def export(
        file: File,
        format: Literal["csv", "npy", "minari"],
        output: Path | None = None,
        copies: int = 0,
        seed: int = 0,
        id: str | None = None,
        episodes: int | None = None,
        split: Literal["train", "validation", "test"] = "train",
        action_type: str | None = None,
        infos: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    ) -> None:
        """Write a dataset in a form that others read.

        Args:
            file: the dataset.
            format: CSV as Sudoku-Extreme's, the NPY folder that the code of HRM, TRM and AIR trains on, or expert
                episodes for Minari.
            output: the new folder to write; for Minari the folder of all its datasets, by default its own.
            copies: NPY: random symmetry copies of each training puzzle.
            seed: NPY: of the copies; Minari: of the order in which the expert acts.
            id: Minari: the name of the new dataset, by default FAMILY/expert-v0.
            episodes: Minari: the first so many puzzles, by default all.
            split: Minari: whose puzzles are solved.
            action_type: Minari: of the environment, by default step by step: place, move; or propose.
            infos: Minari: store infos too, with the action masks.
        """
        from puzzles.dataset import Dataset

        dataset = Dataset(file)
        if format == "minari":
            from air_envs.minari import export_minari

            name = id or f"{dataset.family.name}/expert-v0"
            print(
                export_minari(
                    dataset, name, episodes,
                    split=split, action_type=action_type, seed=seed, infos=infos, root=output,
                )
            )  # fmt: skip
            return
        if output is None:
            raise ValueError("no --output, expected the new folder to write")
        from puzzles.exporters import export_csv, export_npy

        print(export_csv(dataset, output) if format == "csv" else export_npy(dataset, output, copies, seed))

    parse(export, "air-envs data export", args)


# -- inspect and verify ------------------------------------------------------------------------------------------------


def _inspect(args: list[str]) -> None:
    def inspect(
        file: File,
        pictures: int = 1,
        picture: Path | None = None,
        as_json: Annotated[bool, tyro.conf.FlagCreatePairsOff, tyro.conf.arg(name="json")] = False,
    ) -> None:
        """Say what a dataset holds and where it comes from.

        Args:
            file: the dataset.
            pictures: print this many puzzles of each split with their solutions.
            picture: draw a page of histograms and example puzzles: PICTURE.png, and its numbers as PICTURE.json.
            as_json: print everything as JSON instead of text.
        """
        from puzzles.dataset import Dataset
        from puzzles.dataset.summary import summarize, summary_json

        if pictures < 0:
            raise ValueError(f"pictures {pictures}, expected 0 or more")
        dataset = Dataset(file)
        summary = summarize(dataset)
        drawn: tuple[Path, ...] = ()
        if picture is not None:
            from agents.figures.dataset_page import draw_dataset_page

            drawn = draw_dataset_page(dataset, summary, picture)
        if as_json:
            print(json.dumps(summary_json(dataset, summary)))
        else:
            _print(dataset, summary, pictures)
        for path in drawn:
            print(path)

    parse(inspect, "air-envs data inspect", args)


def _print(dataset: Any, summary: Any, pictures: int) -> None:
    print(dataset.describe())
    if line := _overlap(dataset):
        print(line)
    for split, measured in summary.items():
        for name, distribution in measured.items():
            print(f"\n{split}: {name}, {distribution}")
    for split in dataset.splits:
        shown = next(dataset.blocks(split, max(1, pictures))).take(slice(pictures))
        for index, (puzzle, solution, rating) in enumerate(zip(*shown, strict=True)):
            print(f"\n{split} puzzle {index}, rating {rating}")
            for lines in zip(*(_lines(dataset.family, grid) for grid in (puzzle, solution)), strict=True):
                print(*lines, sep="   ")


def _overlap(dataset: Any) -> str:
    """Say how many test puzzles share a layout with a train puzzle: "" for none, and for a file without such splits."""
    from puzzles.dataset.overlap import shared_layouts

    rows, counted = dataset.counts["train"] + dataset.counts["test"], dataset.counts["test"]
    if not (dataset.counts["train"] and counted):
        return ""
    if rows > MOST_COMPARED:
        return f"overlap     not counted above {MOST_COMPARED:,} puzzles, air-envs data overlap does it"
    shared = shared_layouts(dataset)
    text = f"{shared:,} of {counted:,} test puzzles ({100 * shared / counted:.1f} %) have that of a train puzzle"
    return f"overlap     {dataset.family.layout_name}: {text}, up to symmetry" if shared else ""


def _lines(family: puzzles.PuzzleFamily, grid: Any) -> list[str]:
    """Return the text form of a grid, cut into its rows."""
    text = family.format(grid)
    return [text[start : start + family.columns] for start in range(0, len(text), family.columns)]


def _verify(args: list[str]) -> None:
    def verify(file: File) -> None:
        """Prove every solution, its uniqueness, every rating, checksum and attribute, and the split.

        Args:
            file: the dataset.
        """
        from puzzles.dataset import verify

        print(verify(file))

    parse(verify, "air-envs data verify", args)
