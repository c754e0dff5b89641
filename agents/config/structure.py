"""Whose structure a model has: the paper's, a variant of the paper, or one of this project."""

from __future__ import annotations

import dataclasses
from typing import Literal, NamedTuple

from agents.config.model import AIRConfig
from agents.config.variants import VARIANTS, variant_fields

Kind = Literal["paper", "variant", "own"]


class Structure(NamedTuple):
    """What kind of model a configuration is, for tables and cards."""

    kind: Kind
    """``"own"`` where no paper of the family has such a model."""
    text: str
    """In a few words."""
    note: str = ""
    """What it knows of the puzzles beforehand."""


def structure(config: AIRConfig) -> Structure:
    """Classify a configuration.

    The paper's are whatever ``AIRConfig.variant`` spans, HRM and TRM included. A smaller one of these is a variant.
    """
    if config.mixer == "candidates":
        return Structure("own", "a state per candidate", "it hard-codes rows, columns, boxes and all symmetries")
    own = []
    if config.mixer == "units":
        own.append("attention inside units")
    if config.convolution:
        own.append(f"{config.convolution}x{config.convolution} convolutions")
    if own:
        return Structure("own", " and ".join(own), "units and neighbours are hard-coded, symmetries are not")
    if not set(config.variant_name.split("+")) <= VARIANTS.keys():
        return Structure("variant", f"{config.variant_name}, an injection that is not in the paper")
    paper = AIRConfig(config.family, **variant_fields(config.variant_name))
    differs = [field.name for field in dataclasses.fields(config) if _differs(field.name, config, paper)]
    if differs:
        return Structure("variant", f"{config.variant_name} of the paper with other {', '.join(differs)}")
    if config.variant_name == "Lx_H":
        return Structure("paper", "the paper's model")
    return Structure("variant", f"the paper's variant {config.variant_name}")


def _differs(name: str, config: AIRConfig, paper: AIRConfig) -> bool:
    return getattr(config, name) != getattr(paper, name)
