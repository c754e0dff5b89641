"""Policies of Stable-Baselines3 whose heads keep the board's shape, for PPO and MaskablePPO.

    MaskablePPO(MaskableBoardPolicy, envs, policy_kwargs=board_policy(CandidateFeatures, envs))

The features extractor brings its heads, so no dense layer is as wide as the board.
"""

from __future__ import annotations

from typing import Any

from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from agents.rl.networks.boards import BoardFeatures, Features


class SharedFeatures(nn.Module):
    """Hands the features to both heads as they are, where Stable-Baselines3 has two dense networks."""

    def forward(self, features: Features) -> tuple[Features, Features]:
        """Return the features twice."""
        return features, features

    def forward_actor(self, features: Features) -> Features:
        """Return the features."""
        return features

    def forward_critic(self, features: Features) -> Features:
        """Return the features."""
        return features


class _BoardHeads:
    """Builds the heads that ``BoardFeatures`` brings."""

    def _build(self: Any, lr_schedule: Schedule) -> None:
        self.mlp_extractor = SharedFeatures()
        self.action_net, self.value_net = self.features_extractor.heads()
        trained = [weight for weight in self.parameters() if weight.requires_grad]
        self.optimizer = self.optimizer_class(trained, lr=lr_schedule(1), **self.optimizer_kwargs)


class BoardPolicy(_BoardHeads, ActorCriticPolicy):  # type: ignore[misc]
    """For ``PPO``, which knows no masks."""


class MaskableBoardPolicy(_BoardHeads, MaskableActorCriticPolicy):  # type: ignore[misc]
    """For ``MaskablePPO``."""


def board_policy(features: type[BoardFeatures], envs: Any, **arguments: Any) -> dict[str, Any]:
    """Return ``policy_kwargs`` of a policy for boards.

    Args:
        features: the features extractor.
        envs: a ``VecEnv`` or an environment, for its action space.
        arguments: of the features extractor: ``hidden=32``.
    """
    return {
        "features_extractor_class": features,
        "features_extractor_kwargs": {"action_space": envs.action_space, **arguments},
    }
