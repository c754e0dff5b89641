"""Programs of ``torch.export``."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch.export import Dim, ExportedProgram

from agents.exporting.programs import Program


def traced(program: Program) -> ExportedProgram:
    """Return the program of ``torch.export``, for batches of any size."""
    batch = {name: {0: Dim("batch")} for name in program.inputs}
    with torch.no_grad(), quiet():
        return torch.export.export(program.module.eval(), (), dict(program.inputs), dynamic_shapes=batch)


def write_torch(program: Program, path: Path) -> None:
    """Write the program of ``torch.export``, which ``torch.export.load`` reads."""
    with quiet():
        torch.export.save(traced(program), path)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep torch from saying that torchvision is missing, and that torch itself uses what is deprecated."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logger.setLevel(level)
