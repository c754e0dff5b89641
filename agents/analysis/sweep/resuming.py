"""A run begun, or taken up again where its folder left off."""

from __future__ import annotations

from agents.analysis.sweep.records import ELSEWHERE
from agents.config.training import TRAIN_CONFIG, TrainConfig
from agents.training.trainer import Trainer


def trainer_of(config: TrainConfig) -> Trainer:
    """Return the trainer of a run, which continues from the last checkpoint where its output holds one.

    Where a begun run was computed does not bind it: it continues with the dataset's path, the device, the compilation
    and the W&B project of ``config``.

    Raises:
        ValueError: a damaged run, another dataset than the run was begun with, or what ``Trainer`` raises.
    """
    if not (config.output / TRAIN_CONFIG).is_file():
        return Trainer(config)
    return Trainer.resume(config.output, **{name: getattr(config, name) for name in ELSEWHERE if name != "output"})
