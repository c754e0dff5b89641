"""``air-envs export-checkpoint``: one of our models in the layout of HRM's, TRM's and AIR's code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from agents.cli.names import require_model
from agents.cli.parsing import parse


def export_command(
    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    output: Path,
    overwrite: bool = False,
) -> None:
    """Write a checkpoint as step_0 and all_config.yaml; import-checkpoint reads the same weights back.

    Args:
        run: folder of a training run, a shipped model such as sudoku-6x6, or hf://owner/name on the hub.
        output: the new folder to write.
        overwrite: replace the export that the folder holds.
    """
    require_model(run)
    from agents.checkpoints.kinds import require_replaceable
    from agents.checkpoints.manifest import record
    from agents.checkpoints.published.reading import ALL_CONFIG
    from agents.checkpoints.published.writing import save_published
    from agents.checkpoints.replacing import replacing_folder
    from agents.pretrained import load_pretrained

    require_replaceable(output, overwrite, "export")
    model = load_pretrained(run)
    with replacing_folder(output) as folder:
        weights = save_published(model, folder).name
        record(folder, weights, ALL_CONFIG)
    print(f"weights in {output / weights}, settings in {output / ALL_CONFIG}")


def main(args: list[str]) -> None:
    """Run ``air-envs export-checkpoint RUN --output FOLDER``."""
    parse(export_command, "air-envs export-checkpoint", args)
