"""The families of variants that the AIR paper compares, and the training run of each member. Needs no torch."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from agents.config.training import TrainConfig
from agents.config.variants import INJECTIONS, LEVEL_TOKENS, OPERATORS

ABLATIONS: dict[str, tuple[str, ...]] = {
    "injection": tuple(INJECTIONS),
    "operator": ("Lx_H", *OPERATORS),
    "level-token": ("L2x_H2x", *(f"L2x_H2x+{token}" for token in LEVEL_TOKENS)),
    "model": ("Lx_H", "HRM", "TRM", "TRM-MLP"),
}
"""Members by their names in ``agents.config.variants``. Lx_H is the paper's default, whose operator is to add."""


def members(ablation: str, only: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the members of a family of variants, or those of them that ``only`` names.

    Raises:
        ValueError: an unknown family or member.
    """
    if ablation not in ABLATIONS:
        raise ValueError(f"ablation {ablation!r}, expected one of {', '.join(ABLATIONS)}")
    names = ABLATIONS[ablation]
    if unknown := [name for name in only if name not in names]:
        raise ValueError(f"no member {unknown[0]!r} of {ablation}, expected some of {', '.join(names)}")
    return only or names


def member_run(config: TrainConfig, name: str, seed: int) -> TrainConfig:
    """Return the training run of one member with one seed, in the folder ``NAME/seed-SEED`` of the output.

    It differs from ``config`` in the fields that the name sets. It is initialised with random weights, since any others
    would favour one member. The two networks of HRM are each as deep as the one of ``config``.

    Raises:
        ValueError: the name's fields do not go together with the others.
    """
    output = config.output / name / f"seed-{seed}"
    return dataclasses.replace(config, model=config.model.as_variant(name), init_from=None, seed=seed, output=output)


def seed_of(run: Path) -> int | None:
    """Return the seed in the name of a run's folder, ``seed-SEED``; None of another folder."""
    found = re.fullmatch(r"seed-(0|[1-9][0-9]*)", run.name)
    return int(found[1]) if found else None
