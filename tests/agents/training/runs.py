"""Runs to compare, and what of them may differ."""

import dataclasses
from pathlib import Path

import torch

from agents.config.model import to_json
from agents.config.training import TrainConfig
from agents.training.trainer import Trainer


def same(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def timeless(value: dict) -> dict:
    return {key: x for key, x in value.items() if key not in ("seconds", "puzzles_per_second")}


def trained_in_two(config: TrainConfig, output: Path, stop: int) -> Trainer:
    """Train to a step, save, and let another trainer go on from there to the end."""
    first = Trainer(dataclasses.replace(config, output=output))
    while first.step < stop:
        first.train_step()
        if first.step % config.log_every == 0:
            first._means()
    first.save()
    (output / "train.json").write_text(to_json(first.config))
    second = Trainer.resume(output)
    second.train(progress=False)
    return second
