"""``air-envs export-onnx``: a model as graphs that run without torch, in a browser or anywhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

from agents.cli.names import require_model
from agents.cli.parsing import parse


def export_command(
    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")],
    output: Path,
    family: str | None = None,
    format: Literal["onnx", "torch"] = "onnx",
    overwrite: bool = False,
) -> None:
    """Write a model as five graphs: its start, L-update, H-update, decoding and halting head; and model.json.

    Args:
        model: a run's folder, a shipped model such as sudoku-6x6, or hf://owner/name on the hub.
        output: the new folder to write.
        family: another grid shape to export than the model was trained on, such as sudoku-6x6 or maze-21x21.
        format: onnx for ONNX graphs, torch for programs of torch.export.
        overwrite: replace the exported model that the folder holds.
    """
    require_model(model)
    from agents.checkpoints.kinds import require_replaceable
    from agents.checkpoints.replacing import replacing_folder
    from agents.config.extras import require
    from agents.pretrained import find, load_pretrained

    if format == "onnx":
        require("onnx", "onnx_ir", "onnxscript")
    from agents.exporting.folder import export, trained_on

    require_replaceable(output, overwrite, "graphs")
    original = load_pretrained(model)
    loaded = original if family is None else original.resized(family)
    source = find(model)
    origin = trained_on(source, original.config) if source else None
    with replacing_folder(output) as folder:
        export(loaded, folder, Path(model).name, origin, format)
    sizes = sum(file.stat().st_size for file in output.iterdir())
    print(f"{output}: five {format} graphs of {loaded.config.family}, {sizes / 1e6:.2f} MB")


def main(args: list[str]) -> None:
    """Run ``air-envs export-onnx MODEL --output FOLDER``."""
    parse(export_command, "air-envs export-onnx", args)
