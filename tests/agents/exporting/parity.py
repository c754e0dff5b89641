"""Exported models against torch's, in float32."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import puzzles
from agents.data.batches import to_tokens
from agents.exporting.runtime import OnnxReasoner, States
from agents.models.air import AIR, State

TOLERANCE = 1e-4
"""Of every state, logit and halting logit; of values above 1 relative to them."""


def assert_close(found: NDArray[np.float32], expected: Tensor, what: str) -> None:
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.numpy(), atol=TOLERANCE, rtol=TOLERANCE, err_msg=what)


@torch.inference_mode()
def assert_same_updates(model: AIR, reasoner: OnnxReasoner, puzzle: puzzles.Grids, act_steps: int) -> None:
    """Assert that every update of torch's run gives the same in ONNX, from the states that torch's update read.

    Of a puzzle that a model does not solve, two free runs separate: rounding grows from update to update.
    """
    x, state = model.embed(to_tokens(puzzle)), model.initial_state(len(puzzle))
    start = reasoner.start(puzzle)
    for name, value in {"x": x, **state._asdict()}.items():
        assert_close(getattr(start, name), value, f"start: {name}")
    for step in range(1, act_steps + 1):
        for letter in model.config.program:
            before = States(state.z_L.numpy(), state.z_H.numpy(), x.numpy())
            state = model.update(letter, state, x)
            after = reasoner.update(letter, before)
            assert_close(after.z_L, state.z_L, f"ACT step {step}, update {letter}: z_L")
            assert_close(after.z_H, state.z_H, f"ACT step {step}, update {letter}: z_H")
        assert_said(model, reasoner, state, step)


def assert_said(model: AIR, reasoner: OnnxReasoner, state: State, step: int) -> None:
    """Assert that both states decode the same, and z_H halts the same."""
    for name, z in state._asdict().items():
        assert_close(reasoner.logits(z.numpy()).reshape(len(z), model.cells, -1), model.decode(z), f"{step}: {name}")
    assert_close(reasoner.halting_logit(state.z_H.numpy()), model.halting_logits(state)[0], f"{step}: halting")


@torch.inference_mode()
def assert_same_run(model: AIR, reasoner: OnnxReasoner, puzzle: puzzles.Grids, act_steps: int) -> None:
    """Assert that two free runs say the same after every ACT step."""
    x, state = model.embed(to_tokens(puzzle)), model.initial_state(len(puzzle))
    for step in reasoner.think(puzzle, act_steps):
        state = model.run(model.config.program, state, x)
        assert_close(step.states.z_L, state.z_L, f"ACT step {step.act_step}: z_L")
        assert_close(step.states.z_H, state.z_H, f"ACT step {step.act_step}: z_H")
        logits = reasoner.logits(step.states.z_H).reshape(len(puzzle), model.cells, -1)
        assert_close(logits, model.decode(state.z_H), f"ACT step {step.act_step}: logits")
