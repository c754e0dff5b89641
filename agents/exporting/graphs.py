"""A program as an ONNX graph: few nodes, each of an operator that ONNX Runtime Web has, and every weight once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx_ir
import torch
from onnx_ir.passes import common
from onnxscript import opset18 as op

from agents.exporting.programs import Program
from agents.exporting.simplify import without_writes
from agents.exporting.tracing import quiet, traced

OPSET = 18
"""Version of the ONNX operators."""


def onnx_graph(program: Program) -> bytes:
    """Return the ONNX graph of a program, for batches of any size."""
    with quiet():
        made = torch.onnx.export(
            without_writes(traced(program)),
            input_names=list(program.inputs),
            output_names=list(program.outputs),
            opset_version=OPSET,
            custom_translation_table={torch.ops.aten.index.Tensor: _gather},
            verbose=False,
        )
    assert made is not None
    common.DeduplicateInitializersPass(size_limit=sys.maxsize)(made.model)
    common.ClearMetadataAndDocStringPass()(made.model)
    return onnx_ir.to_proto(made.model).SerializeToString()


def write_onnx(program: Program, path: Path) -> None:
    """Write the ONNX graph of a program."""
    path.write_bytes(onnx_graph(program))


def _gather(self: Any, indices: Sequence[Any]) -> Any:
    """``self[:, :, index]`` as one node; torch's own translation transposes there and back around a GatherND."""
    (axis,) = (axis for axis, index in enumerate(indices) if index is not None)
    return op.Gather(self, indices[axis], axis=axis)
