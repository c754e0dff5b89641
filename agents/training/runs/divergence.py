"""When training has diverged, and which checkpoint was the last good one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import nn

from agents.checkpoints.kinds import last_checkpoint
from puzzles import PuzzleFamily

LIMIT = 3.0
"""A mean loss of so many times that of a uniform guess has diverged."""


class TrainingDiverged(ArithmeticError):
    """The loss or a weight is not finite, or the loss is far above that of a guess.

    The message names the last good checkpoint.
    """


class DivergenceWatch:
    """Checks losses and weights of one run.

    Args:
        run: folder of the run.
        families: of the puzzles that it trains on.
    """

    def __init__(self, run: Path, families: Iterable[PuzzleFamily]):
        self.run = run
        self.guess = math.log(max(family.vocabulary_size for family in families))
        self.sound_step = 0
        """The last step by which the loss was known to be sound."""

    def check_losses(self, means: Mapping[str, float], step: int) -> None:
        """Check the mean losses of the steps up to ``step``.

        Raises:
            TrainingDiverged: one is not finite, or far above that of a guess.
        """
        if not math.isfinite(means["loss"]):
            raise self.diverged(f"loss {means['loss']}", step)
        if means["answer_loss"] > LIMIT * self.guess:
            raise self.diverged(f"loss {means['answer_loss']:.3g}, where a guess has {self.guess:.3g},", step)
        self.sound_step = step

    def check_weights(self, model: nn.Module, step: int) -> None:
        """Check every weight.

        Raises:
            TrainingDiverged: one is not finite.
        """
        if not all(bool(parameter.isfinite().all()) for parameter in model.parameters()):
            raise self.diverged("a weight is not finite", step)

    def diverged(self, what: str, step: int) -> TrainingDiverged:
        """Return the error for what was found at a step."""
        return TrainingDiverged(f"{what} at step {step}; {last_checkpoint(self.run, self.sound_step)}")
