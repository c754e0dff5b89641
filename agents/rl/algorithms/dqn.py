"""DQN that leaves out what is illegal: in its network, in its targets and where it explores."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import DQN
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.type_aliases import PyTorchObs, Schedule
from stable_baselines3.dqn.policies import DQNPolicy, QNetwork
from torch import Tensor

from agents.rl.networks.boards import CLOSED, BoardFeatures, as_observation, board_of, family_of


class BoardQNetwork(QNetwork):
    """Q = value of the board + score of the action, by the heads that ``BoardFeatures`` brings; another extractor keeps
    Stable-Baselines3's dense layers.
    """

    def __init__(self, *, features_extractor: BaseFeaturesExtractor, **others: Any):
        super().__init__(features_extractor=features_extractor, **others)
        self.board = board_of(family_of(self.observation_space, self.action_space))
        self.value_net: torch.nn.Module | None = None
        if isinstance(features_extractor, BoardFeatures):
            self.q_net, self.value_net = features_extractor.heads()  # type: ignore[assignment]

    def forward(self, obs: PyTorchObs) -> Tensor:
        """Return (N, actions): the values; ``CLOSED`` where an action is, 0 everywhere if all are."""
        features = self.extract_features(obs, self.features_extractor)
        values = self.q_net(features)
        if self.value_net is not None:
            values = values + self.value_net(features)
        legal = self.legal(obs)
        return torch.where(legal, values, torch.where(legal.any(1, keepdim=True), CLOSED, 0.0))

    def legal(self, obs: PyTorchObs) -> Tensor:
        """Return (N, actions) bool: what the candidate mask of a Sudoku, or a maze, allows."""
        return self.board.legal(as_observation(obs))  # type: ignore[arg-type]


class BoardDQNPolicy(DQNPolicy):
    """For ``BoardDQN``."""

    q_net: BoardQNetwork

    def make_q_net(self) -> BoardQNetwork:
        """Return a new network of values."""
        arguments = self._update_features_extractor(self.net_args, features_extractor=None)
        return BoardQNetwork(**arguments).to(self.device)

    def _build(self, lr_schedule: Schedule) -> None:
        super()._build(lr_schedule)
        trained = [weight for weight in self.q_net.parameters() if weight.requires_grad]
        self.optimizer = self.optimizer_class(trained, lr=lr_schedule(1), **self.optimizer_kwargs)  # type: ignore[call-arg]


class BoardDQN(DQN):
    """DQN whose random moves are legal. Each environment explores by its own coin."""

    policy: BoardDQNPolicy

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[Any], Any]:
        """Return the best legal actions, or random ones as often as ``exploration_rate`` says."""
        actions, state = self.policy.predict(observation, state, episode_start, deterministic)
        if deterministic:
            return actions, state
        tensors, batched = self.policy.obs_to_tensor(observation)
        legal = self.policy.q_net.legal(tensors).cpu().numpy()
        random = (legal * np.random.random(legal.shape)).argmax(1)  # noqa: NPY002 - SB3 seeds the global generator
        chosen = np.where(np.random.random(len(legal)) < self.exploration_rate, random, actions)  # noqa: NPY002
        return (chosen if batched else chosen[0]), state

    def _sample_action(self, learning_starts: int, action_noise: Any = None, n_envs: int = 1) -> Any:
        """Explore by ``predict`` from the first step on: before learning starts, its rate is near 1 anyway."""
        assert self._last_obs is not None
        actions, _ = self.predict(self._last_obs)
        return actions, actions
