"""The five programs of a model: what is exported, each a module that calls ``AIR``.

Shapes: B batch, C cells, S positions of a state, D hidden, V vocabulary; see ``agents.models.air``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from agents.models.air import AIR, State

BATCH = 2
"""Puzzles in the example inputs. A batch of one would be taken for a constant."""


@dataclass(frozen=True)
class Program:
    """One program to export.

    Attributes:
        module: takes ``inputs`` in their order and returns ``outputs``, a tensor or a tuple of them.
        inputs: an example of each, by name; their first axis, of ``BATCH``, is the batch.
        outputs: names.
    """

    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]


def programs(model: AIR) -> dict[str, Program]:
    """Return the programs of a model by name: ``"start"``, ``"L"``, ``"H"``, ``"decode"`` and ``"halt"``.

    An update that adds no puzzle (``inject_l`` or ``inject_h`` is 0) has no input ``x``.
    """
    tokens = torch.ones(BATCH, model.cells, dtype=torch.int64)
    with torch.no_grad():
        x, z_L, z_H = Start(model)(tokens)
    states = {"z_L": z_L, "z_H": z_H}
    injects = {"L": model.config.inject_l, "H": model.config.inject_h}
    updates = {
        letter: Program(Update(model, letter), states | ({"x": x} if times else {}), (f"next_z_{letter}",))
        for letter, times in injects.items()
    }
    return {
        "start": Program(Start(model), {"tokens": tokens}, ("x", "z_L", "z_H")),
        **updates,
        "decode": Program(Decode(model), {"z": z_H}, ("logits",)),
        "halt": Program(Halt(model), {"z_H": z_H}, ("logit",)),
    }


class Start(nn.Module):
    """Embeds a puzzle and starts the states."""

    def __init__(self, model: AIR):
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens, (B, C) int64, to x, z_L and z_H, (B, S, D) float32 each."""
        x = self.model.embed(tokens)
        z_H, z_L = self.model.initial_state(tokens.shape[0])
        return x, z_L.clone(), z_H.clone()


class Update(nn.Module):
    """One update of the model's program.

    Args:
        model: whose.
        letter: ``"L"`` or ``"H"``.
    """

    def __init__(self, model: AIR, letter: str):
        super().__init__()
        self.model = model
        self.letter = letter

    def forward(self, z_L: Tensor, z_H: Tensor, x: Tensor | None = None) -> Tensor:
        """Both states and the embedded puzzle, (B, S, D) each, to the state that the letter updates."""
        unread = z_H  # what stands for x in an update that adds it 0 times, and so never reads it
        state = self.model.update(self.letter, State(z_H, z_L), unread if x is None else x)
        return state.z_L if self.letter == "L" else state.z_H


class Decode(nn.Module):
    """Decodes a state."""

    def __init__(self, model: AIR):
        super().__init__()
        self.model = model

    def forward(self, z: Tensor) -> Tensor:
        """z_H or z_L, (B, S, D), to logits over tokens, (B, C, V)."""
        return self.model.decode(z)


class Halt(nn.Module):
    """Reads the halting head."""

    def __init__(self, model: AIR):
        super().__init__()
        self.model = model

    def forward(self, z_H: Tensor) -> Tensor:
        """z_H, (B, S, D), to the logit of "the whole grid is right", (B,)."""
        return self.model.halting_logits(State(z_H, z_H))[0]
