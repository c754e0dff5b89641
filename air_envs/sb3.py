"""Stable-Baselines3 on the environments: native vector environments without subprocesses, and a network for boards.

Needs Stable-Baselines3, which ``air_envs`` itself does not: ``pip install 'air-envs[agents]'``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

try:
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    from stable_baselines3.common.vec_env import VecEnv
    from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn
    from torch import Tensor, nn
except ImportError as error:
    raise ImportError(f"air_envs.sb3: {error}, expected: pip install 'air-envs[agents]'") from error


class SB3VecEnv(VecEnv):
    """Adapts a Gymnasium ``VectorEnv`` that resets in the step that ends, wrapped or not.

        SB3VecEnv(gymnasium.make_vec("air_envs/Sudoku-v0", num_envs=64, autoreset_mode="SameStep"))

    Observations are passed on as they are: a Dict wants ``"MultiInputPolicy"``. To keep a step cheap, an environment's
    info is empty but for the step that ends its episode, where it holds all that the environment says, and
    ``terminal_observation``, ``TimeLimit.truncated`` and ``is_success``. ``VecMonitor`` may be put around it.

    Args:
        envs: with ``metadata["autoreset_mode"]`` SAME_STEP. It should hand out copies (``copy=True``).

    Raises:
        ValueError: another autoreset mode.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any]):
        mode = envs.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(f"{envs}: autoreset mode {mode}, expected {AutoresetMode.SAME_STEP}")
        self.envs = envs
        self._masks: NDArray[np.bool_] | None = None
        self._actions: NDArray[Any] | None = None
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    def reset(self) -> VecEnvObs:
        """Reset all environments, with the seeds and options set for this."""
        if any(options != self._options[0] for options in self._options):
            raise ValueError("options: found several, expected the same for all environments")
        seeds = None if all(seed is None for seed in self._seeds) else self._seeds
        observations, infos = self.envs.reset(seed=seeds, options=self._options[0] or None)  # type: ignore[arg-type]
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [_row(infos, row) for row in range(self.num_envs)]
        self._remember_masks(infos)
        return observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the actions for ``step_wait``."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Act: observations, (N,) float32 rewards, (N,) bool ends and N infos."""
        observations, rewards, terminations, truncations, infos = self.envs.step(self._actions)
        over = terminations | truncations
        self._remember_masks(infos)
        rows: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for row in np.flatnonzero(over).tolist():
            rows[row] = _row(infos["final_info"], row) | {
                "terminal_observation": infos["final_obs"][row],
                "TimeLimit.truncated": bool(truncations[row] and not terminations[row]),
            }
            if "solved" in rows[row]:
                rows[row]["is_success"] = bool(rows[row]["solved"])
        return observations, rewards.astype(np.float32), over, rows

    def action_masks(self) -> NDArray[np.bool_]:
        """Return (N, actions) bool: which actions are legal now.

        Raises:
            AttributeError: the environment has no masks, or was not reset yet.
        """
        if self._masks is None:
            raise AttributeError(f"{self.envs}: no action masks, or none before the first reset")
        return self._masks

    def env_method(self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any) -> list[Any]:
        """Call a method: ``action_masks``, answered row by row, or one of the vector environment as a whole."""
        rows = self._rows(indices)
        if method_name == "action_masks":
            return list(self.action_masks()[rows])
        answer = getattr(self.envs.unwrapped, method_name)(*args, **kwargs)
        return [answer for _ in rows]

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute, which all environments share."""
        if attr_name == "action_masks":
            if not isinstance(self.action_space, gym.spaces.Discrete):
                raise AttributeError(f"{self.envs}: no action masks for {self.action_space}")
            value: Any = self.action_masks
        else:
            value = getattr(self.envs.unwrapped, attr_name)
        return [value for _ in self._rows(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of all environments.

        Raises:
            ValueError: only some of them: they share it.
        """
        if len(self._rows(indices)) != self.num_envs:
            raise ValueError(f"{attr_name}: set for environments {indices}, expected all: they share it")
        setattr(self.envs.unwrapped, attr_name, value)

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """Return False for each: no single environment, no wrapper around it."""
        return [False for _ in self._rows(indices)]

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """Return the pictures of the environments that are drawn."""
        pictures: Any = self.envs.render()
        return list(pictures or ())

    def close(self) -> None:
        """Close the vector environment."""
        self.envs.close()

    def _remember_masks(self, infos: dict[str, Any]) -> None:
        self._masks = infos["action_mask"].astype(np.bool_) if "action_mask" in infos else None

    def _rows(self, indices: VecEnvIndices) -> list[int]:
        if indices is None:
            return list(range(self.num_envs))
        return list(indices) if isinstance(indices, Iterable) else [indices]


class BoardCNN(BaseFeaturesExtractor):
    """Features of the planes of ``OneHotObservation`` at any board size: 3x3 convolutions and a linear layer.

        PPO("CnnPolicy", air_envs.OneHotObservation(env), policy_kwargs=BOARD_CNN)

    Stable-Baselines3's own network takes images of 36 pixels or more, of values up to 255: ``ImageObservation``.

    Args:
        observation_space: ``Box(0, 1, (rows, columns, channels))``.
        features_dim: number of features.
        filters: of each convolution.
        layers: number of convolutions.

    Raises:
        ValueError: another observation space.
    """

    def __init__(self, observation_space: gym.Space[Any], features_dim: int = 256, filters: int = 64, layers: int = 3):
        planes = isinstance(observation_space, gym.spaces.Box) and len(observation_space.shape) == 3
        if not planes or observation_space.high.max() != 1:  # type: ignore[attr-defined]
            raise ValueError(f"BoardCNN: found {observation_space}, expected that of air_envs.OneHotObservation")
        super().__init__(observation_space, features_dim)
        rows, columns, channels = observation_space.shape or ()
        convolutions: list[nn.Module] = []
        for inputs in (channels, *[filters] * (layers - 1)):
            convolutions += [nn.Conv2d(inputs, filters, kernel_size=3, padding=1), nn.ReLU()]
        self.network = nn.Sequential(
            *convolutions,
            nn.Flatten(),
            nn.Linear(filters * rows * columns, features_dim),
            nn.ReLU(),
        )

    def forward(self, observations: Tensor) -> Tensor:
        """Return (N, features_dim) of planes (N, rows, columns, channels)."""
        return self.network(observations.movedim(-1, 1))


BOARD_CNN = {"features_extractor_class": BoardCNN, "normalize_images": False}
"""``policy_kwargs`` with which ``"CnnPolicy"`` takes ``OneHotObservation``, whose values are 0 and 1 already."""


def _row(infos: dict[str, Any], row: int) -> dict[str, Any]:
    """One environment's infos of a vector environment's: those that its masks say it has."""
    return {
        name: values[row].item() if np.ndim(values[row]) == 0 and isinstance(values[row], np.generic) else values[row]
        for name, values in infos.items()
        if not name.startswith("_") and infos[f"_{name}"][row]
    }
