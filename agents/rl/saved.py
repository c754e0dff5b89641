"""Trained agents in folders: saved by ``air-envs train-rl``, loaded to be measured, watched or played.

    agent = load("runs/rl/sudoku-4x4")
    probabilities = agent.policy.probabilities(observations, masks)

A folder holds ``rl.json``, the run's configuration, and ``model.safetensors``, the weights of the policy. Where this is
an AIR model, ``air.json`` says what it is made of.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from stable_baselines3.common.base_class import BaseAlgorithm

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.kinds import WEIGHTS
from agents.config.model import AIRConfig, config_of, config_text
from agents.config.reading import parse_json
from agents.config.rl import RL_CONFIG, RLConfig, read_rl_config
from agents.models.air import AIR
from agents.rl.algorithms.dqn import BoardDQN
from agents.rl.building import build_model
from air_envs.policies import MovePolicy
from air_envs.sb3 import SB3VecEnv
from puzzles.files import replacing

AIR_CONFIG = "air.json"


@dataclass(frozen=True)
class SavedAgent:
    """A trained agent."""

    policy: MovePolicy
    """Chooses the moves."""
    config: RLConfig
    """Of its run: ``config.task`` is the environment, ``config.make_envs(n, unseen=True)`` makes it."""
    model: BaseAlgorithm
    """Of Stable-Baselines3, with all that belongs to it: ``agent.model.save("agent.zip")`` writes its own format."""


def load(folder: Path | str, device: str = "cpu") -> SavedAgent:
    """Load a trained agent.

    Args:
        folder: of a run of ``air-envs train-rl``.
        device: cpu, cuda, mps; auto takes the best there is.

    Raises:
        CheckpointError: no such folder, no weights in it, or damaged ones.
        ValueError: a damaged configuration.
    """
    folder = Path(folder)
    if not (folder / RL_CONFIG).is_file():
        raise CheckpointError(f"{folder}: no {RL_CONFIG}, expected the folder of a run of air-envs train-rl")
    if not (folder / WEIGHTS).is_file():
        raise CheckpointError(f"{folder}: no {WEIGHTS}, the run has not reached its first checkpoint")
    config = dataclasses.replace(read_rl_config(folder), device=device)
    # Two environments and small buffers: the model may learn on, but most do not.
    small = dataclasses.replace(config, num_envs=2, batch=2 * config.n_steps, buffer=2 * config.n_steps)
    model = build_model(small, SB3VecEnv(config.make_envs(2, unseen=True)), saved_air(folder))
    load_weights(model, folder)
    return SavedAgent(SB3Moves(model), config, model)


def save_weights(model: BaseAlgorithm, folder: Path) -> None:
    """Write the weights of a model's policy, in one step, and what an AIR model in it is made of."""
    air = next((part for part in model.policy.modules() if isinstance(part, AIR)), None)
    if air is not None:
        with replacing(folder / AIR_CONFIG) as temporary:
            temporary.write_text(config_text(air.config), encoding="utf-8")
    weights = {
        name: weight.detach().cpu().contiguous().clone()
        for name, weight in model.policy.state_dict().items()
        if not name.startswith(_ALIASES)
    }
    with replacing(folder / WEIGHTS) as temporary:
        save_file(weights, temporary)


def saved_air(folder: Path) -> AIRConfig | None:
    """Return what the AIR model of a saved agent is made of; None for other policies, and for agents that earlier
    versions saved: these need the model that they started from.

    Raises:
        CheckpointError: damaged.
    """
    path = folder / AIR_CONFIG
    try:
        return config_of(parse_json(path.read_bytes())) if path.is_file() else None
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from error


def load_weights(model: BaseAlgorithm, folder: Path) -> None:
    """Read the weights of a model's policy.

    Raises:
        CheckpointError: no weights of this model, or damaged ones.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise CheckpointError(f"{folder}: no {WEIGHTS}, expected the folder of a run of air-envs train-rl")
    try:
        weights = load_file(path)
        alike = {
            name: weights.get(name[len("pi_") :]) for name in model.policy.state_dict() if name.startswith(_ALIASES)
        }
        model.policy.load_state_dict(weights | {name: weight for name, weight in alike.items() if weight is not None})
    except (OSError, SafetensorError, RuntimeError) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise CheckpointError(f"{path}: {' '.join(lines[:2])}") from error


_ALIASES = "pi_features_extractor.", "vf_features_extractor."
"""Stable-Baselines3's further names of the features extractor, which both heads share."""


class SB3Moves:
    """The moves of a model of Stable-Baselines3, as a ``MovePolicy``: of PPO and MaskablePPO with the probabilities of
    their policy, of DQN the legal action of the highest value.

    Args:
        model: trained.
    """

    def __init__(self, model: BaseAlgorithm):
        self.model = model

    @torch.no_grad()
    def probabilities(self, observations: Any, masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return (N, A) float32; see ``MovePolicy``."""
        policy: Any = self.model.policy
        policy.set_training_mode(False)
        tensors, _ = policy.obs_to_tensor(observations)
        legal = torch.as_tensor(masks, device=policy.device)
        if isinstance(self.model, BoardDQN):
            values = policy.q_net(tensors).masked_fill(~legal, -torch.inf)
            return torch.nn.functional.one_hot(values.argmax(1), values.shape[1]).float().cpu().numpy()
        logits = policy.get_distribution(tensors).distribution.logits
        return logits.masked_fill(~legal, -torch.inf).softmax(1).cpu().numpy()
