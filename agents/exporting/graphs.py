"""A program as an ONNX graph: few nodes, each of an operator that ONNX Runtime Web has, and every weight once."""

from __future__ import annotations

import contextlib
import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import onnx_ir
import torch
from onnx_ir.passes import common
from onnxscript import opset18 as op
from torch.export import Dim, ExportedProgram

from agents.exporting.programs import Program
from agents.exporting.simplify import without_writes

OPSET = 18
"""Version of the ONNX operators."""


def exported(program: Program) -> ExportedProgram:
    """Return the program of ``torch.export``, for batches of any size."""
    batch = {name: {0: Dim("batch")} for name in program.inputs}
    with torch.no_grad(), _quiet():
        return torch.export.export(program.module.eval(), (), dict(program.inputs), dynamic_shapes=batch)


def onnx_graph(program: Program) -> bytes:
    """Return the ONNX graph of a program."""
    with _quiet():
        made = torch.onnx.export(
            without_writes(exported(program)),
            input_names=list(program.inputs),
            output_names=list(program.outputs),
            opset_version=OPSET,
            custom_translation_table={torch.ops.aten.index.Tensor: _gather},
            verbose=False,
        )
    assert made is not None
    model = made.model
    for simplify in (
        common.DeduplicateInitializersPass(size_limit=sys.maxsize),
        common.ClearMetadataAndDocStringPass(),
    ):
        simplify(model)
    return onnx_ir.to_proto(model).SerializeToString()


def write_onnx(program: Program, path: Path) -> None:
    """Write the ONNX graph of a program."""
    path.write_bytes(onnx_graph(program))


def write_torch(program: Program, path: Path) -> None:
    """Write a program of ``torch.export``, which ``torch.export.load`` reads."""
    torch.export.save(exported(program), path)


def _gather(self: Any, indices: Sequence[Any]) -> Any:
    """``self[:, :, index]`` as one node; torch's own translation transposes there and back around a GatherND."""
    (axis,) = (axis for axis, index in enumerate(indices) if index is not None)
    return op.Gather(self, indices[axis], axis=axis)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
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
