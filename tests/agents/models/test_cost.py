"""Parameters, operations and memory against the published numbers and against the model itself."""

import pytest
import torch

from agents.config.model import AIRConfig
from agents.models.air import AIR
from agents.models.cost import (
    act_step_flops,
    count_parameters,
    positions,
    training_memory,
    training_step_flops,
    update_flops,
)

PAPER = AIRConfig()


@pytest.mark.parametrize(
    ("name", "millions"),
    [("Lx_H", 13.6), ("HRM", 27.3), ("TRM", 6.8), ("TRM-MLP", 5.0), ("L2x_H2x+prepend-strip", 13.6)],
)
def test_parameters_are_the_published(name: str, millions: float) -> None:
    assert round(count_parameters(AIRConfig.variant(name)) / 1e6, 1) == millions


def test_one_update_at_the_papers_setting() -> None:
    """REFERENCE: one f over 768 x 82 tokens is about 1.75 TFLOP, a step 16 of them, 10 without the continue target."""
    assert positions(PAPER) == 82
    assert update_flops(PAPER, 768) == pytest.approx(1.75e12, rel=0.01)
    assert act_step_flops(PAPER, 768) == 6 * update_flops(PAPER, 768)
    assert training_step_flops(PAPER, 768) == 16 * update_flops(PAPER, 768)
    halt_only = AIRConfig(q_continue=False)
    assert training_step_flops(halt_only, 768) == 10 * update_flops(PAPER, 768)
    assert training_step_flops(PAPER, 768) * 26_040 == pytest.approx(0.73e18, rel=0.01)


CANDIDATES = {"mixer": "candidates", "position": "none"}


@pytest.mark.parametrize(
    "changes", [{}, {"convolution": 5}, {"mixer": "units"}, {"mixer": "units", "family": "maze-5x7"}, CANDIDATES]
)
@pytest.mark.parametrize("name", ["Lx_H", "HRM", "TRM-MLP", "L2x_H2x+prepend-strip"])
def test_operations_are_what_torch_counts(name: str, changes: dict) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    small = {"family": "sudoku-4x4", "hidden": 48, "heads": 6, "layers": 2}
    config = AIRConfig.variant(name, **small | changes | ({"h_layers": 1} if name == "HRM" else {}))
    model = AIR(config)
    state, x = model.initial_state(4), model.embed(torch.ones(4, model.cells, dtype=torch.uint8))
    for letter in "LH":
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model.update(letter, state, x)
        assert counter.get_total_flops() == update_flops(config, 4, letter)


@pytest.mark.parametrize(
    ("fields", "dtype"),
    [
        ({}, torch.float32),
        ({}, torch.bfloat16),
        ({"mixer": "mlp"}, torch.float32),
        ({"convolution": 3}, torch.float32),
        ({"mixer": "units", "family": "maze-16x16"}, torch.float32),
        (CANDIDATES | {"hidden": 128}, torch.float32),
        (CANDIDATES | {"hidden": 128}, torch.bfloat16),
    ],
)
def test_activations_are_what_autograd_keeps(fields: dict, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """A block more keeps what the estimate says, to 3 %, where attention is fused."""
    monkeypatch.setattr("agents.models.mixers.SHORT_SEQUENCE", 0)
    kept, estimated = [], []
    for layers in (1, 3):
        small = {"family": "sudoku-16x16", "hidden": 64, "heads": 2, "layers": layers}
        config = AIRConfig(gradient="H", **small | fields)
        kept.append(bytes_kept(AIR(config), 16, dtype))
        estimated.append(training_memory(config, 16, dtype).activations)
    assert kept[1] - kept[0] == pytest.approx(estimated[1] - estimated[0], rel=0.03)


def bytes_kept(model: AIR, batch: int, dtype: torch.dtype) -> int:
    storages: dict[int, torch.UntypedStorage] = {}
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    shapes = {parameter.T.shape for parameter in model.parameters() if parameter.ndim == 2}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights and tensor.shape not in shapes:  # nor weights cast to bfloat16
            storages[storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        _, output = model(torch.ones(batch, model.cells, dtype=torch.uint8), model.initial_state(batch, dtype))
    assert output.logits.requires_grad
    return sum(storage.nbytes() for storage in storages.values())


def test_memory_of_the_papers_setting() -> None:
    """768 sequences fit a 24 GB card; almost all of it are activations of the last L and H."""
    memory = training_memory(PAPER, 768)
    assert 10e9 < memory.total < 16e9
    assert memory.activations > 0.9 * memory.total
    assert memory.weights == 16 * count_parameters(PAPER)
    assert training_memory(AIRConfig(gradient="LLHLLH"), 768).activations == 3 * memory.activations
