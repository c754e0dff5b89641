"""The AIR paper's experiments: rollouts, freezing and attention (``analyze``), families of variants (``ablate``).

Runs on a machine without gymnasium, pygame, Stable-Baselines3 and tyro. A family of one's own says how its states are
read with ``agents.analysis.families.register``. Importing this loads no torch until something is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.analysis.ablation import Ablation, ablate
    from agents.analysis.attention import AttentionMeasures, measure_attention
    from agents.analysis.freeze import Freeze, measure_freeze
    from agents.analysis.report import ANALYSES, Report, analyze
    from agents.analysis.rollouts import Rollouts, measure_rollouts

_HOME = {
    "ANALYSES": "report",
    "Ablation": "ablation",
    "AttentionMeasures": "attention",
    "Freeze": "freeze",
    "Report": "report",
    "Rollouts": "rollouts",
    "ablate": "ablation",
    "analyze": "report",
    "measure_attention": "attention",
    "measure_freeze": "freeze",
    "measure_rollouts": "rollouts",
}

__all__ = [
    "ANALYSES",
    "Ablation",
    "AttentionMeasures",
    "Freeze",
    "Report",
    "Rollouts",
    "ablate",
    "analyze",
    "measure_attention",
    "measure_freeze",
    "measure_rollouts",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"agents.analysis.{_HOME[name]}"), name)
    raise AttributeError(f"module 'agents.analysis' has no attribute {name!r}")
