"""The models of the AIR paper by name. A name is a few ``AIRConfig`` fields; names combine with ``+``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

INJECTIONS: dict[str, tuple[int, int]] = {
    "L_Hx": (0, 1),
    "Lx_H": (1, 0),
    "L_H2x": (0, 2),
    "L2x_H": (2, 0),
    "Lx_H2x": (1, 2),
    "L2x_Hx": (2, 1),
    "Lx_Hx": (1, 1),
    "L2x_H2x": (2, 2),
}
"""(n_L, n_H) of the paper's eight; Lx_H is the default."""

OPERATORS = ("subtract", "linear", "nonlinear", "hadamard")
LEVEL_TOKENS = ("addition", "prepend-strip", "prepend-persist")
_TRM: dict[str, Any] = {
    "layers": 2,
    "h_cycles": 3,
    "l_cycles": 6,
    "gradient": "LLLLLLH",
    "prefix": 16,
    "q_continue": False,
}

VARIANTS: dict[str, dict[str, Any]] = {
    **{name: {"inject_l": n_l, "inject_h": n_h} for name, (n_l, n_h) in INJECTIONS.items()},
    **{name: {"operator": name} for name in OPERATORS},
    **{name: {"level_token": name} for name in LEVEL_TOKENS},
    "HRM": {"layers": 4, "h_layers": 4},
    "TRM": _TRM | {"mixer": "attention", "position": "rope"},
    "TRM-MLP": _TRM | {"mixer": "mlp", "position": "none"},
}
"""Fields of each name; all others keep their defaults, which are the paper's."""

TRAINING: dict[str, dict[str, Any]] = {"TRM": {"ema": 0.999}, "TRM-MLP": {"ema": 0.999}}
"""Fields of ``TrainConfig`` that its authors train a variant with, where they are not the paper's defaults."""


def variant_fields(name: str) -> dict[str, Any]:
    """Return the fields of a name such as ``"L2x_H2x+prepend-strip"``.

    Raises:
        ValueError: an unknown part, or two parts that set one field.
    """
    fields: dict[str, Any] = {}
    for part in name.split("+"):
        if part not in VARIANTS:
            raise ValueError(f"variant {part!r}, expected one of {', '.join(VARIANTS)}, or several joined by '+'")
        if twice := fields.keys() & VARIANTS[part].keys():
            raise ValueError(f"variant {name!r}: {part} sets {', '.join(sorted(twice))} a second time")
        fields |= VARIANTS[part]
    return fields


def variant_training(name: str) -> dict[str, Any]:
    """Return the fields of ``TrainConfig`` that belong to a name such as ``"TRM"``: its exponential moving average."""
    return {field: value for part in name.split("+") for field, value in TRAINING.get(part, {}).items()}


def variant_name(config: Mapping[str, Any]) -> str:
    """Name a model by what sets it apart: ``"L2x_H2x+prepend-strip"``, ``"TRM"``; ``"Lx_H"`` is the default.

    Args:
        config: the fields of an ``AIRConfig`` by name.
    """
    held = {name: fields for name, fields in VARIANTS.items() if _holds(fields, config)}
    names = [name for name in held if not any(_part_of(held[name], other) for other in held.values())]
    if (config["inject_l"], config["inject_h"]) not in INJECTIONS.values():
        names.insert(0, f"L{config['inject_l']:g}x_H{config['inject_h']:g}x")
    return "+".join(name for name in names if name != "Lx_H") or "Lx_H"


def _holds(fields: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    """Whether the fields are the configuration's; of layers it only counts that there are any."""
    return all(
        config[key] > 0 if key in ("layers", "h_layers") else config[key] == value for key, value in fields.items()
    )


def _part_of(fields: dict[str, Any], other: dict[str, Any]) -> bool:
    return fields.items() < other.items()
