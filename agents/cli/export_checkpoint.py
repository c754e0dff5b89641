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
) -> None:
    """Write a checkpoint as step_0 and all_config.yaml; import-checkpoint reads the same weights back.

    Args:
        run: folder of a training run, a shipped model such as sudoku-6x6, or hf://owner/name on the hub.
        output: the folder to write.
    """
    require_model(run)
    from agents.checkpoints.published.reading import ALL_CONFIG
    from agents.checkpoints.published.writing import save_published
    from agents.pretrained import load_pretrained

    if (output / ALL_CONFIG).exists():
        raise ValueError(f"{output}: holds an {ALL_CONFIG} already; remove it or choose another output")
    print(f"weights in {save_published(load_pretrained(run), output)}, settings in {output / ALL_CONFIG}")


def main(args: list[str]) -> None:
    """Run ``air-envs export-checkpoint RUN --output FOLDER``."""
    parse(export_command, "air-envs export-checkpoint", args)
