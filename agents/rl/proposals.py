"""AIR as a move policy without reinforcement learning: it plays moves one by one, or its whole answer as moves."""

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
from agents.thinking.acting import Plan
from agents.thinking.agent import AIRAgent

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


class AIRProposals:
    """A model that plays its answer to the whole puzzle, the most confident cell first: a ``MovePolicy``.

    Answers are computed from the puzzle alone, and kept for the puzzles of the last calls.

    Args:
        model: folder or name of an AIR model.
        family: whose boards are played, by default the model's own.
        kept: how many answers.

    Raises:
        CheckpointError: no such model.
        ValueError: its weights do not fit the family.
    """

    def __init__(self, model: str | Path, family: puzzles.PuzzleFamily | None = None, kept: int = 10_000):
        agent = AIRAgent.from_pretrained(model, "cpu", family=None if family is None else family.name)
        way = "place" if agent.family.symbols else "move"
        self.agent = AIRAgent(agent.model, action_type=way)
        self.kept = kept
        self._answers: dict[bytes, NDArray[np.float32]] = {}

    def probabilities(self, observations: Observations, masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return (N, A) float32, 1 for one action; see ``MovePolicy``."""
        plan = Plan(self._thought_through(observations))
        actions, _ = self.agent.predict(observations, plan, action_masks=masks)
        return (actions[:, None] == np.arange(masks.shape[1])).astype(np.float32)

    def _thought_through(self, observations: Observations) -> NDArray[np.float32]:
        """Return (N, rows, columns, cell_values): the answers, thought through where they are not known."""
        names = [puzzle.tobytes() for puzzle in observations["puzzle"]]
        new = {name: row for row, name in enumerate(names) if name not in self._answers}
        if len(self._answers) + len(new) > self.kept:
            self._answers.clear()
            new = {name: row for row, name in enumerate(names)}
        if new:
            rows = list(new.values())
            _, plan = self.agent.predict({name: values[rows] for name, values in observations.items()})
            self._answers |= dict(zip(new, plan.probability, strict=True))
        return np.stack([self._answers[name] for name in names])
