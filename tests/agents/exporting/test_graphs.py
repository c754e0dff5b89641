"""Graphs of small models with every kind of block, against torch: exporting one takes seconds, so few are."""

import functools
from pathlib import Path

import pytest
import torch

from agents.config.model import AIRConfig
from agents.exporting.programs import Program, programs
from agents.exporting.tracing import write_torch
from agents.models.air import AIR
from tests.agents.exporting.parity import assert_close

onnx = pytest.importorskip("onnx", reason="the extra web is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra web is not installed")
pytest.importorskip("onnxscript", reason="the extra web is not installed")

SMALL = {"hidden": 16, "heads": 2, "layers": 1}
MODELS = {
    "candidates": AIRConfig("sudoku-4x4", hidden=32, layers=1, mixer="candidates", position="none", expansion=2.0),
    "units and a convolution": AIRConfig("maze-4x5", **SMALL, mixer="units", convolution=3, position="none"),
    "what the paper's variants add": AIRConfig(
        "sudoku-4x4", **SMALL, h_layers=1, level_token="prepend-strip", operator="nonlinear", inject_h=0.5
    ),
    "attention over more positions than a plain softmax takes": AIRConfig("maze-12x12", **SMALL),
    "TRM's MLP": AIRConfig("sudoku-4x4", **SMALL, mixer="mlp", position="learned", prefix=3, operator="hadamard"),
}
COMMON = tuple(MODELS)[:3]


def update(name: str) -> Program:
    torch.manual_seed(0)
    model = AIR(MODELS[name]).eval()
    for weight in model.parameters():
        if not weight.any():  # which would hide what the graph does with it
            torch.nn.init.normal_(weight)
    return programs(model)["H" if MODELS[name].inject_h else "L"]


@functools.cache
def graph(name: str) -> bytes:
    from agents.exporting.graphs import onnx_graph

    return onnx_graph(update(name))


@pytest.mark.parametrize(
    "name", [name if name in COMMON else pytest.param(name, marks=pytest.mark.slow) for name in MODELS]
)
def test_an_update_is_torchs(name: str) -> None:
    program = update(name)
    session = onnxruntime.InferenceSession(graph(name), providers=["CPUExecutionProvider"])
    for batch in (1, 3):
        inputs = {key: torch.randn(batch, *example.shape[1:]) for key, example in program.inputs.items()}
        (found,) = session.run(list(program.outputs), {key: value.numpy() for key, value in inputs.items()})
        with torch.no_grad():
            assert_close(found, program.module(**inputs), f"{name}, {batch} puzzles")


def test_a_graph_over_candidates_is_small() -> None:
    """One block is 41 nodes and each weight is there once."""
    model, program = onnx.load_from_string(graph("candidates")), update("candidates")
    assert len(model.graph.node) <= 45
    assert not {node.op_type for node in model.graph.node} & {"ScatterND", "GatherND", "Transpose", "Range", "Shape"}
    assert {each.data_type for each in model.graph.initializer} == {onnx.TensorProto.FLOAT, onnx.TensorProto.INT64}
    weights = sum(weight.numel() for weight in program.module.model.f.parameters())
    floats = [each for each in model.graph.initializer if each.data_type == onnx.TensorProto.FLOAT]
    assert weights <= sum(len(each.raw_data) for each in floats) / 4 < weights + 10
    assert all(each.type.tensor_type.shape.dim[0].dim_param for each in model.graph.input), "a batch of any size"


def test_a_program_of_torch_export_is_torchs(tmp_path: Path) -> None:
    program, path = update("candidates"), tmp_path / "update_L.pt2"
    write_torch(program, path)
    loaded = torch.export.load(path).module()
    for batch in (1, 3):
        inputs = {key: torch.randn(batch, *example.shape[1:]) for key, example in program.inputs.items()}
        with torch.no_grad():
            torch.testing.assert_close(loaded(**inputs), program.module(**inputs))
