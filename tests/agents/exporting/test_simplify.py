"""In-place writes of an exported program: none is left, and what it computes stays."""

import pytest
import torch
from torch import Tensor, nn

from agents.exporting.simplify import without_writes


class Writes(nn.Module):
    """Writes to parts of a tensor that touch, cut each other and overlap, along two axes."""

    def forward(self, h: Tensor) -> Tensor:
        read = h * 2
        read[:, :1] += 1
        read[:, 1:] *= 3
        read[:, 2:4].unflatten(1, (2, 1)).add_(5)
        read[:, -2:] = read[:, :2]
        read[..., 1:2] -= 7
        read[:, 1:3, :2] += h.sum()
        read[:] /= 2
        return read[:, 1:5] + read[:, :4]


class Skips(nn.Module):
    """Writes to every other part."""

    def forward(self, h: Tensor) -> Tensor:
        read = h * 2
        read[:, ::2] += 1
        return read


def export(module: nn.Module) -> torch.export.ExportedProgram:
    return torch.export.export(module, (torch.zeros(2, 6, 3),), dynamic_shapes=({0: torch.export.Dim("batch")},))


def operators(program: torch.export.ExportedProgram) -> set[str]:
    return {str(node.target) for node in program.graph.nodes if node.op == "call_function"}


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # torch uses what it deprecates
@pytest.mark.parametrize(("module", "left"), [(Writes(), False), (Skips(), True)])
def test_the_result_stays(module: nn.Module, left: bool) -> None:
    plain = without_writes(export(module))
    assert ("aten.slice_scatter.default" in operators(plain)) == left
    assert not any(name.endswith("_.Tensor") for name in operators(plain)), "written in place"
    for batch in (2, 5):
        h = torch.randn(batch, 6, 3)
        assert torch.equal(plain.module()(h), module(h))


def test_a_program_without_writes_is_left_alone() -> None:
    program = export(nn.Tanh())
    assert without_writes(program) is program
