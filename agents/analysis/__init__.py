"""The AIR paper's experiments: rollouts, freezing and attention (``analyze``), families of variants (``ablate``).

Runs on a machine without gymnasium, pygame, Stable-Baselines3 and tyro. A family of one's own says how its states are
read with ``agents.analysis.families.register``. Importing this loads no torch until something is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from puzzles.lazy_names import lazy_names

if TYPE_CHECKING:
    from agents.analysis.ablation import Ablation, ablate
    from agents.analysis.attention import AttentionMeasures, measure_attention
    from agents.analysis.freeze import Freeze, measure_freeze
    from agents.analysis.report import ANALYSES, Report, analyze
    from agents.analysis.rollouts import Rollouts, measure_rollouts

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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "ANALYSES": "agents.analysis.report",
        "Ablation": "agents.analysis.ablation",
        "AttentionMeasures": "agents.analysis.attention",
        "Freeze": "agents.analysis.freeze",
        "Report": "agents.analysis.report",
        "Rollouts": "agents.analysis.rollouts",
        "ablate": "agents.analysis.ablation",
        "analyze": "agents.analysis.report",
        "measure_attention": "agents.analysis.attention",
        "measure_freeze": "agents.analysis.freeze",
        "measure_rollouts": "agents.analysis.rollouts",
    },
)
