"""Bounds that hold on any processor.

Recurrent updates of untrained weights amplify rounding, and processors round sums in different orders. Exact properties
are therefore tested in float64, where the amplified rounding stays below ``EXACT``. Numbers that somebody else computed
in float32 are compared with ours in float64, as closely as our own float32 comes to it in the same run.
"""

import copy
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from agents.models.air import AIR, State

EXACT = 1e-9
"""How far two computations of one value in float64 may lie apart: far below float32's rounding, far above float64's."""
FACTOR = 8.0
"""How many times as far from float64 as ours another float32 computation may be."""
LARGEST = 1e-3
"""A float32 computation further than this from float64 has lost the comparison's meaning."""


def start(model: AIR, batch: int) -> State:
    """The initial state in the dtype of the model's weights."""
    return model.initial_state(batch, model.embedding.dtype)


def assert_exact(found: Tensor, expected: Tensor) -> None:
    """Assert that two float64 tensors hold the same numbers."""
    assert found.dtype == expected.dtype == torch.float64
    torch.testing.assert_close(found, expected, atol=EXACT, rtol=EXACT)


def assert_golden(model: AIR, tokens: Tensor, golden: Mapping[str, np.ndarray], act_steps: int = 3) -> None:
    """Assert that a float32 model gives the numbers that another machine computed in float32.

    Args:
        model: in float32.
        tokens: (B, C) integers, the puzzles.
        golden: ``"step{i}.{name}"`` for every ACT step and each of logits, q_halt, q_continue, z_H and z_L.
        act_steps: how many.
    """
    exact = copy.deepcopy(model).double()
    rough_state, exact_state = start(model, len(tokens)), start(exact, len(tokens))
    for step in range(act_steps):
        with torch.no_grad():
            rough_state, rough = model(tokens, rough_state)
            exact_state, output = exact(tokens, exact_state)
        ours = {**rough._asdict(), **rough_state._asdict()}
        best = {**output._asdict(), **exact_state._asdict()}
        distance = max(float((ours[name] - best[name]).abs().max()) for name in best)
        assert distance < LARGEST
        for name, value in best.items():
            np.testing.assert_allclose(golden[f"step{step}.{name}"], value.numpy(), atol=FACTOR * distance, rtol=0)
