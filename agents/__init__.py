"""AIR, its training, evaluation and the agents built on it. Importing this loads no torch until something is used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.agent import AIRAgent
    from agents.config import AIRConfig
    from agents.internal_actions import InternalActions
    from agents.model import AIR
    from agents.train_config import TrainConfig
    from agents.trainer import Trainer

_HOME = {
    "AIR": "agents.model",
    "AIRAgent": "agents.agent",
    "AIRConfig": "agents.config",
    "InternalActions": "agents.internal_actions",
    "TrainConfig": "agents.train_config",
    "Trainer": "agents.trainer",
}

__all__ = ["AIR", "AIRAgent", "AIRConfig", "InternalActions", "TrainConfig", "Trainer"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'agents' has no attribute {name!r}")
