"""The model of a run: an algorithm of Stable-Baselines3, or its policy alone, as an ``RLConfig`` says."""

from __future__ import annotations

from typing import Any

from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.torch_layers import CombinedExtractor
from stable_baselines3.common.vec_env import VecEnv

from agents.config.model import AIRConfig
from agents.config.rl import RLConfig
from agents.models.devices import pick_device
from agents.rl.algorithms.cloning import BehaviourCloning
from agents.rl.algorithms.dqn import BoardDQN, BoardDQNPolicy
from agents.rl.networks.air import AIRFeatures
from agents.rl.networks.boards import BoardFeatures
from agents.rl.networks.candidates import CandidateFeatures
from agents.rl.networks.convolution import ConvolutionFeatures
from agents.rl.networks.neighbours import NeighbourFeatures
from agents.rl.networks.policies import BoardPolicy, MaskableBoardPolicy, board_policy

NETWORKS: dict[str, type[BoardFeatures]] = {
    "units": CandidateFeatures,
    "neighbours": NeighbourFeatures,
    "convolution": ConvolutionFeatures,
}
"""Of boards, by the name of ``RLConfig.policy``; mlp and air have arguments of their own."""

_ACTOR_CRITICS: dict[str, Any] = {"ppo": PPO, "maskable_ppo": MaskablePPO, "clone": BehaviourCloning}


def build_model(config: RLConfig, envs: VecEnv, air: AIRConfig | None = None) -> BaseAlgorithm:
    """Return a new model, which has learned nothing.

    Args:
        config: of the run. ``clone`` takes MaskablePPO's policy.
        envs: to learn in.
        air: with policy air, of a model with random weights in place of the one that ``config.init_from`` names.

    Raises:
        ValueError: a network that does not fit the environment.
    """
    common: dict[str, Any] = {
        "env": envs,
        "learning_rate": learning_rate(config),
        "batch_size": config.batch,
        "gamma": config.gamma,
        "max_grad_norm": config.clip_norm,
        "seed": config.seed,
        "device": pick_device(config.device),
        "policy_kwargs": policy_kwargs(config, envs, air),
    }
    if config.algorithm == "dqn":
        return BoardDQN(
            BoardDQNPolicy,
            buffer_size=config.buffer,
            learning_starts=config.learning_starts,
            train_freq=config.n_steps,
            gradient_steps=config.gradient_steps,
            target_update_interval=config.target_every,
            exploration_fraction=config.exploration_fraction,
            exploration_final_eps=config.exploration,
            **common,
        )
    policy: Any = "MultiInputPolicy"
    if config.policy != "mlp":
        policy = BoardPolicy if config.algorithm == "ppo" else MaskableBoardPolicy
    return _ACTOR_CRITICS[config.algorithm](
        policy,
        n_steps=config.n_steps,
        n_epochs=config.epochs,
        gae_lambda=config.gae_lambda,
        ent_coef=config.entropy,
        clip_range=config.clip,
        vf_coef=config.value_weight,
        **common,
    )


def learning_rate(config: RLConfig) -> Any:
    """Return the learning rate as Stable-Baselines3 takes it: a number, or a function of what remains of the run."""
    if config.lr_schedule == "constant":
        return config.lr
    # What remains is counted after an update's steps, and those of the last one may go beyond the end of the run.
    return lambda remaining: config.lr * min(1.0, max(0.0, remaining + config.rollout / config.steps))


def policy_kwargs(config: RLConfig, envs: VecEnv, air: AIRConfig | None = None) -> dict[str, Any]:
    """Return the arguments of the policy, its network; see ``build_model``."""
    if config.policy == "mlp":
        return {"net_arch": [config.hidden] * config.layers, "features_extractor_class": CombinedExtractor}
    if config.policy == "air":
        assert config.init_from is not None  # RLConfig has looked
        options = {"model": air or config.init_from, "act_steps": config.act_steps, "freeze": config.freeze}
        return board_policy(AIRFeatures, envs, **options)
    return board_policy(NETWORKS[config.policy], envs, hidden=config.hidden, layers=config.layers)
