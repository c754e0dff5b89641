"""What is known of each shipped model, read off its files: what it plays and how well. Loads no torch."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import puzzles
from agents.config.model import CARD, CONFIG, OPTIONS, AIRConfig, config_of
from agents.config.reading import parse_json
from agents.pretrained import FOLDER, shipped_models


@dataclass(frozen=True)
class Measured:
    """How a model did on test puzzles, as its card says."""

    accuracy: str
    """Exact accuracy in per cent."""
    interval: str
    """Its 95 % interval."""
    puzzles: str
    """How many test puzzles of which dataset."""
    act_steps: int
    """ACT steps that each of them took."""


@dataclass(frozen=True)
class Shipped:
    """A shipped model."""

    name: str
    plays: str
    """Family and grid shape of its training puzzles, what sets their generator apart, and whether any shape goes."""
    measured: tuple[Measured, ...]
    """The first is of the dataset that the card is about."""


def shipped() -> list[Shipped]:
    """Describe every shipped model, in alphabetical order."""
    return [_describe(FOLDER / name) for name in shipped_models()]


def _describe(folder: Path) -> Shipped:
    config = config_of(parse_json((folder / CONFIG).read_bytes()))
    options = json.loads((folder / OPTIONS).read_text(encoding="utf-8"))
    card = (folder / CARD).read_text(encoding="utf-8")
    return Shipped(folder.name, _plays(config, options), tuple(_measured(card)))


def _plays(config: AIRConfig, options: dict[str, Any]) -> str:
    return ", ".join([training_puzzles(config, options), *(["any shape"] if config.any_shape else [])])


def training_puzzles(config: AIRConfig, options: dict[str, Any]) -> str:
    """Say which puzzles a model was trained on: their family, and what sets their generator apart.

    Args:
        config: of the model.
        options: of the generator, as in ``OPTIONS``.
    """
    family = puzzles.family(config.family)
    default = vars(family.Options())
    own = {name: value for name, value in options.items() if value != default[name]}
    words = [value if isinstance(value, str) else f"{name.replace('_', ' ')} {value}" for name, value in own.items()]
    return ", ".join([family.name, *words])


# What agents.hub.cards writes of an evaluation.
_ACCURACY = re.compile(
    r"([\d.]+%) of ([\d,]+) \w+ puzzles of `([^`]+)`(?: \(\w+\))? exactly right "
    r"\(95 % interval ([\d.]+%) to ([\d.]+%)\).*?\b(\d+) ACT steps"
)


def _measured(card: str) -> list[Measured]:
    return [
        Measured(accuracy, f"{low} to {high}", f"{count} of {dataset}", int(steps))
        for accuracy, count, dataset, low, high, steps in _ACCURACY.findall(card)
    ]
