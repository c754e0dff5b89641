"""``air-envs import-checkpoint``: a published model of HRM, TRM or AIR as one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from agents.cli.parsing import parse


def import_command(
    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")],
    output: Path,
    family: str | None = None,
    variant: str | None = None,
    overwrite: bool = False,
) -> None:
    """Turn a torch file beside its all_config.yaml, as the code of HRM, TRM and AIR saves it, into a checkpoint.

    Args:
        folder: with the two files, or the torch file itself.
        output: the new folder to write.
        family: of puzzles, such as sudoku-9x9; by default what the settings' data path or the vocabulary says.
        variant: injection, operator and level token by name, such as L2x_H2x+prepend-strip; by default what the
            architecture's name says, else the paper's default, Lx_H.
        overwrite: replace the model that the folder holds; a run is never replaced.
    """
    from agents.checkpoints.folder import save_model
    from agents.checkpoints.kinds import require_replaceable
    from agents.checkpoints.published.reading import load_published
    from agents.checkpoints.replacing import replacing_folder
    from agents.config.model import to_json
    from agents.hub.cards import write_card
    from agents.models.cost import count_parameters

    require_replaceable(output, overwrite, "model", "pack")
    model = load_published(folder, family, variant)
    with replacing_folder(output) as temporary:
        save_model(model, temporary)
        write_card(temporary)
    print(to_json(model.config), end="")
    print(f"{model.config.variant_name}, {count_parameters(model.config):,} weights, in {output}")


def main(args: list[str]) -> None:
    """Run ``air-envs import-checkpoint FOLDER --output RUN``."""
    parse(import_command, "air-envs import-checkpoint", args)
