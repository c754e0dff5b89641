"""Initialising a run from the weights of another model, see ``TrainConfig.init_from``."""

from __future__ import annotations

import dataclasses
from typing import Any

from agents.checkpoints.chain import Chain, read_chain
from agents.config.model import AIRConfig
from agents.models.air import AIR
from agents.pretrained import find, load_pretrained

MAY_DIFFER = {
    *("family", "h_cycles", "l_cycles", "gradient", "q_continue", "max_steps"),
    *("level_token_start", "level_token_dtype"),
}
"""Fields in which the two may differ: grid shape, program, halting, how level tokens are trained."""


def take_weights(model: AIR, name: str) -> None:
    """Give a model the weights of the one of that name, a folder, a shipped one or one on the hub.

    Raises:
        CheckpointError: no such model, or a damaged one.
        ValueError: its weights are made for another model; the message says in what.
    """
    found = load_pretrained(name)
    try:
        found = found.resized(model.config.family)
    except ValueError as error:
        raise ValueError(f"init_from {name}: {error}") from error
    ours, theirs = (_made_for(config) for config in (model.config, found.config))
    unlike = [field for field in ours if ours[field] != theirs[field]]
    if unlike:
        fields = ", ".join(f"{field} {theirs[field]!r}, expected {ours[field]!r}" for field in unlike)
        raise ValueError(f"init_from {name}: made for another model, of {fields}")
    model.load_state_dict(found.state_dict())


def chain_of(name: str) -> Chain:
    """Return what the model of that name was trained on, as far as it is known."""
    folder = find(name)
    return read_chain(folder, name) if folder else [{"run": name, "datasets": None}]


def _made_for(config: AIRConfig) -> dict[str, Any]:
    """Return the fields that have to be equal for weights to fit."""
    fields = dataclasses.asdict(config)
    if config.mixer == "units":  # whose weights are attention's
        fields["mixer"] = "attention"
    if not config.attends:
        fields["heads"] = None
    return {name: value for name, value in fields.items() if name not in MAY_DIFFER}
