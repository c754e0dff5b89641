"""AIR, its training, evaluation and the agents built on it.

Importing this registers the thinking environments, and loads no torch until something is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from agents.thinking.registration import register_with_gymnasium

if TYPE_CHECKING:
    from agents.config.model import AIRConfig
    from agents.config.presets import PRESETS
    from agents.config.training import TrainConfig
    from agents.evaluation import evaluate
    from agents.hub.pushing import push_to_hub
    from agents.models.air import AIR
    from agents.pretrained import shipped_models
    from agents.thinking.agent import AIRAgent
    from agents.thinking.internal_actions import InternalActions
    from agents.training.trainer import Trainer

_HOME = {
    "AIR": "agents.models.air",
    "AIRAgent": "agents.thinking.agent",
    "AIRConfig": "agents.config.model",
    "InternalActions": "agents.thinking.internal_actions",
    "PRESETS": "agents.config.presets",
    "TrainConfig": "agents.config.training",
    "Trainer": "agents.training.trainer",
    "evaluate": "agents.evaluation",
    "push_to_hub": "agents.hub.pushing",
    "shipped_models": "agents.pretrained",
}

__all__ = [
    "AIR",
    "PRESETS",
    "AIRAgent",
    "AIRConfig",
    "InternalActions",
    "TrainConfig",
    "Trainer",
    "evaluate",
    "push_to_hub",
    "shipped_models",
]

register_with_gymnasium()


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'agents' has no attribute {name!r}")
