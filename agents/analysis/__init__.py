"""The AIR paper's experiments: rollouts, freezing and attention (``analyze``), families of variants (``ablate``).

Runs on a machine without gymnasium, pygame, Stable-Baselines3 and tyro. A family of your own says how its states are
read with ``agents.analysis.families.register``. Importing this loads no torch until something is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from puzzles.lazy_names import lazy_names

if TYPE_CHECKING:
    from agents.analysis.paper.attention import AttentionMeasures, measure_attention
    from agents.analysis.paper.freeze import Freeze, measure_freeze
    from agents.analysis.paper.rollouts import Rollouts, measure_rollouts
    from agents.analysis.report import ANALYSES, Report, analyze
    from agents.analysis.sweep.ablation import Ablation, ablate

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
        "Ablation": "agents.analysis.sweep.ablation",
        "AttentionMeasures": "agents.analysis.paper.attention",
        "Freeze": "agents.analysis.paper.freeze",
        "Report": "agents.analysis.report",
        "Rollouts": "agents.analysis.paper.rollouts",
        "ablate": "agents.analysis.sweep.ablation",
        "analyze": "agents.analysis.report",
        "measure_attention": "agents.analysis.paper.attention",
        "measure_freeze": "agents.analysis.paper.freeze",
        "measure_rollouts": "agents.analysis.paper.rollouts",
    },
)
