"""The AIR paper's own tables (arXiv 2605.17811), by family, for comparison with ours.

Other shapes than those of Sudoku-Extreme and Maze-Hard have none: counts and masses depend on the number of cells.
"""

from __future__ import annotations

from typing import NamedTuple

from agents.analysis.tables import spread
from agents.config.model import AIRConfig

TASKS = {"sudoku-9x9": "Sudoku-Extreme", "maze-30x30": "Maze-Hard"}


class Frozen(NamedTuple):
    """One condition of the freeze experiments; None was not published."""

    z_H: float | None
    """Content changes of z_H per puzzle."""
    z_L: float | None
    """Content changes of z_L per puzzle."""
    accuracy: float
    """Exact accuracy of the state that moves: the authors decode z_L, and z_H where z_L is frozen."""


FREEZE: dict[str, dict[str, Frozen]] = {
    "sudoku-9x9": {
        "normal": Frozen(275, 1235, 0.551),
        "freeze z_H": Frozen(None, 323, 0.0),
        "freeze z_L": Frozen(551, None, 0.0),
    },
    "maze-30x30": {
        "normal": Frozen(825, 1290, 0.710),
        "freeze z_H": Frozen(None, 2305, 0.0),
        "freeze z_L": Frozen(2880, None, 0.0),
    },
}
FREEZE_UPDATES = 96
"""Updates that these sums run over: 16 ACT steps of six."""

ATTENTION: dict[str, dict[str, dict[str, tuple[float, ...]]]] = {
    "sudoku-9x9": {
        "control": {"nbr": (0.050, 0.015, 0.138, 0.244), "ent": (0.053, 0.023, 0.125, 0.182)},
        "violation-adjacent": {
            "nbr": (0.017, 0.002, 0.040, 0.037),
            "ent": (0.029, 0.012, 0.056, 0.039),
            "viol": (-0.018, 0.006, 0.028, 0.037),
        },
    },
    "maze-30x30": {
        "control": {"nbr4": (0.0044, 0.0116, 0.0026, 0.0367), "ent": (0.152, 0.208, 0.157, 0.401)},
        "violation-adjacent": {
            "nbr4": (0.0037, 0.0085, 0.0046, 0.0412),
            "ent": (0.149, 0.186, 0.145, 0.314),
            "viol": (0.006, 0.014, 0.008, 0.081),
        },
    },
}
"""Differences between the first L- and the first H-update, by group of queries and measure, one per layer."""

ACCURACY: dict[str, dict[str, tuple[float, float | None]]] = {
    "sudoku-9x9": {
        "L_Hx": (0.587, 0.033),
        "Lx_H": (0.600, 0.020),
        "L_H2x": (0.586, 0.019),
        "L2x_H": (0.591, 0.024),
        "Lx_H2x": (0.596, 0.009),
        "L2x_Hx": (0.586, 0.029),
        "Lx_Hx": (0.521, 0.016),
        "L2x_H2x": (0.509, 0.029),
        "L2x_H2x+addition": (0.500, 0.019),
        "L2x_H2x+prepend-strip": (0.575, 0.013),
        "L2x_H2x+prepend-persist": (0.478, 0.016),
        "HRM": (0.550, None),
        "TRM": (0.747, None),
        "TRM-MLP": (0.874, None),
    },
    "maze-30x30": {
        "L_Hx": (0.753, 0.032),
        "Lx_H": (0.710, 0.063),
        "L_H2x": (0.756, 0.019),
        "L2x_H": (0.711, 0.064),
        "Lx_H2x": (0.709, 0.024),
        "L2x_Hx": (0.745, 0.016),
        "Lx_Hx": (0.694, 0.025),
        "L2x_H2x": (0.703, 0.042),
        "HRM": (0.745, None),
        "TRM": (0.853, None),
    },
}
"""Exact accuracy on a test set by variant: mean over 5 seeds and standard deviation; None for single published
figures."""

_ARCHITECTURE = (
    "hidden", "heads", "layers", "h_layers", "expansion", "h_cycles", "l_cycles", "inject_l", "inject_h", "operator",
    "level_token", "mixer", "convolution", "position",
)  # fmt: skip


def accuracy_text(family: str, variant: str, spaced: bool = False) -> str:
    """Write the mean and standard deviation of ``ACCURACY``, see ``spread``."""
    mean, std = ACCURACY.get(family, {}).get(variant, (None, None))
    return spread(mean, std, spaced)


def caveat(model: AIRConfig) -> str:
    """Say in what a model differs from the paper's, whose numbers are shown for comparison.

    Returns:
        An empty string for the paper's own model, and where the paper has no numbers of the family.
    """
    if model.family not in TASKS:
        return ""
    paper = AIRConfig(family=model.family)
    differing = [
        f"{name} {getattr(paper, name)} (here {getattr(model, name)})"
        for name in _ARCHITECTURE
        if getattr(model, name) != getattr(paper, name)
    ]
    return f"The paper's numbers are those of another model: {', '.join(differing)}." if differing else ""
