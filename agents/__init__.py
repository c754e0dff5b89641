"""AIR, its training, evaluation and the agents built on it.

Importing this registers the thinking environments, and loads no torch until something is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.registration import register_with_gymnasium
from puzzles.lazy_names import lazy_names

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
    from agents.thinking.player import Player
    from agents.training.trainer import Trainer

    __version__: str

__all__ = [
    "AIR",
    "PRESETS",
    "AIRAgent",
    "AIRConfig",
    "InternalActions",
    "Player",
    "TrainConfig",
    "Trainer",
    "__version__",
    "evaluate",
    "push_to_hub",
    "shipped_models",
]

register_with_gymnasium()

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "AIR": "agents.models.air",
        "AIRAgent": "agents.thinking.agent",
        "AIRConfig": "agents.config.model",
        "InternalActions": "agents.thinking.internal_actions",
        "PRESETS": "agents.config.presets",
        "Player": "agents.thinking.player",
        "TrainConfig": "agents.config.training",
        "Trainer": "agents.training.trainer",
        "evaluate": "agents.evaluation",
        "push_to_hub": "agents.hub.pushing",
        "shipped_models": "agents.pretrained",
    },
)
