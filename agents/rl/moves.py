"""AIR as a move policy without reinforcement learning: it thinks about the board before each move."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import puzzles
from agents.pretrained import load_pretrained
from agents.rl.networks.air import AIRReader, fitted
from agents.rl.networks.boards import as_observation

Observations = Mapping[str, NDArray[Any]]


class AIRMoves:
    """A model that thinks about the board as it is now, before every move: a ``MovePolicy``.

    An action's probability is proportional to what the model gives the digit in its cell, or the next cell of the path;
    the most probable move writes into the cell that the model is most certain of.

    Args:
        model: folder or name of an AIR model.
        act_steps: of thinking before each move; None takes as many as the model was trained for.
        family: whose boards are played, by default the model's own.

    Raises:
        CheckpointError: no such model.
        ValueError: its weights do not fit the family.
    """

    def __init__(self, model: str | Path, act_steps: int | None = None, family: puzzles.PuzzleFamily | None = None):
        air = load_pretrained(model)
        self.reader = AIRReader(air if family is None else fitted(air, family), act_steps).eval()

    @torch.no_grad()
    def probabilities(self, observations: Observations, masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return (N, A) float32; see ``MovePolicy``."""
        features = self.reader(as_observation(observations))
        logits = features.close(features.prior)
        return logits.masked_fill(~torch.as_tensor(masks), -torch.inf).softmax(1).numpy()
