"""A program as an ONNX graph: few nodes, each of an operator that ONNX Runtime Web has, and every weight once."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx_ir
import torch
from onnx_ir.passes import common
from onnxscript import opset18 as op
from torch.export import Dim, ExportedProgram

from agents.exporting.programs import Program
from agents.exporting.simplify import without_scatters

OPSET = 18
"""Version of the ONNX operators."""


def exported(program: Program) -> ExportedProgram:
    """Return the program of ``torch.export``, functional, for batches of any size."""
    batch = {name: {0: Dim("batch")} for name in program.inputs}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch's own use of what it deprecates
        made = torch.export.export(program.module.eval(), (), dict(program.inputs), dynamic_shapes=batch)
        return without_scatters(made.run_decompositions({}))


def onnx_graph(program: Program) -> bytes:
    """Return the ONNX graph of a program."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        made = torch.onnx.export(
            exported(program),
            input_names=list(program.inputs),
            output_names=list(program.outputs),
            opset_version=OPSET,
            custom_translation_table={torch.ops.aten.index.Tensor: _gather},
            verbose=False,
        )
    assert made is not None
    model = made.model
    for simplify in (common.DeduplicateInitializersPass(), common.ClearMetadataAndDocStringPass()):
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
