"""Which weights of a run are analysed: those that the optimizer moves, or their moving average."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import load_training
from agents.thinking.agent import AIRAgent

Weights = Literal["raw", "average"]


def use_weights(agent: AIRAgent, run: Path, weights: Weights) -> None:
    """Give an agent the raw or the averaged weights of the run that it was loaded from, for the same grid shape.

    What a run's folder holds to be used is the average, where the run keeps one. In training it lags behind the raw
    weights, and its states change less.

    Args:
        agent: loaded from the run.
        run: folder of the run or of one of its checkpoints.
        weights: which.

    Raises:
        CheckpointError: no folder, nothing to resume from in it, or it is damaged.
        ValueError: the run keeps no average.
    """
    if not run.is_dir():
        raise CheckpointError(f"{run}: no folder of a run, expected one to take its {weights} weights from")
    training = load_training(run, agent.device)
    found = training["model" if weights == "raw" else "average"]
    if found is None:
        raise ValueError(f"{run}: keeps no average of its weights, expected weights 'raw'")
    agent.model.load_state_dict(found)
