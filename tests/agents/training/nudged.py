"""How far rounding takes a training run on this processor, as a bound for two runs that ought to be the same."""

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from agents.config.training import TrainConfig
from agents.training.trainer import Trainer
from tests.agents.precision import FACTOR, LARGEST


def train_nudged(config: TrainConfig, output: Path) -> Path:
    """Train the same run from weights that are rounded differently: how far rounding takes a run on this processor."""
    trainer = Trainer(dataclasses.replace(config, output=output))
    noise = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            parameter.mul_(1 + torch.finfo(torch.float32).eps * torch.randn(parameter.shape, generator=noise))
    trainer.train(progress=False)
    return output


def assert_weights_alike(exact: Tensor, found: Tensor, nudged: Tensor) -> None:
    """Assert that ``found`` is as near to ``exact`` as ``nudged``, in root mean square: single weights may flip."""
    found_distance, distance = (float((weights - exact).square().mean().sqrt()) for weights in (found, nudged))
    assert 0 < distance < LARGEST
    assert found_distance <= FACTOR * distance
