"""``air-envs pack``: a finished run as a small folder to give away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from agents.cli.names import require_run
from agents.cli.parsing import parse


def pack_command(
    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    output: Path,
    dataset: Path | None = None,
    puzzles: int | None = None,
    device: str = "auto",
    best: bool = False,
    generator: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a run's model as a folder to give away: weights in bfloat16, at most 16 MiB, and a model card.

    In agents/pretrained of the source tree it ships with the package: air-envs watch NAME shows it.

    Args:
        run: folder of a training run.
        output: the new folder to write.
        dataset: HDF5 file on whose test split the rounded weights are measured for the card; by default the card says
            what air-envs eval measured of the run, or its training at the end.
        puzzles: how many of it, from the first on; by default all.
        device: cpu, cuda, mps or auto.
        best: take the weights that did best when training measured them, in place of the last ones; the dataset has to
            be another one than training measured them on.
        generator: options of the generator of such puzzles as JSON, for watch and play, such as
            '{"level": "extreme"}'; by default those that generated the training puzzles.
        overwrite: replace the pack that the folder holds.
    """
    require_run(run)

    from agents.config.reading import parse_json
    from agents.hub.packing import pack

    try:
        options = None if generator is None else parse_json(generator.encode())
    except ValueError as error:
        raise ValueError(f"generator {generator}: {error}") from error
    results = pack(run, output, dataset, puzzles, device, best, options, overwrite)
    size = sum(file.stat().st_size for file in output.iterdir())
    print(f"{output}: {size / 1e6:.2f} MB, exact accuracy {results['exact_accuracy']:.1%} on the card")


def main(args: list[str]) -> None:
    """Run ``air-envs pack RUN --output FOLDER``."""
    parse(pack_command, "air-envs pack", args)
