"""Observation wrappers of single environments: a batch of one through the encodings of ``planes``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from air_envs.wrappers.planes import Encoding, Flat, Image, OneHot, Planes

Env = gym.Env[Any, Any]


class EncodedObservation(gym.ObservationWrapper[Any, Any, Any]):
    """Observes what an encoding makes of a puzzle's ``Dict``: the base of the wrappers below."""

    def __init__(self, env: Env, encoding: Encoding):
        super().__init__(env)
        self.encoding = encoding
        self.observation_space = encoding.space

    @property
    def channels(self) -> tuple[str, ...]:
        """What each channel says: ``"grid=0"``, ``"agent"``."""
        return self.encoding.planes.channels

    def observation(self, observation: dict[str, NDArray[Any]]) -> NDArray[np.uint8]:
        """Encode one observation."""
        return self.encoding({part: np.asarray(value)[None] for part, value in observation.items()})[0]


class OneHotObservation(EncodedObservation, RecordConstructorArgs):
    """Observe ``Box(0, 1, (rows, columns, channels), uint8)``: a channel for each value that a cell can take.

    Stable-Baselines3's ``"CnnPolicy"`` takes it with ``policy_kwargs=air_envs.sb3.BOARD_CNN``; its own network wants
    larger pictures, see ``ImageObservation``.

    Args:
        env: a puzzle environment; any whose observation space is a ``Dict`` of grids and places on them.
        parts: of the observation, in this order; None takes all. ``("grid", "agent")`` has cell_values + 1 channels.

    Raises:
        ValueError: parts that the observation does not have, or that lie on no board.
    """

    def __init__(self, env: Env, parts: Sequence[str] | None = None):
        RecordConstructorArgs.__init__(self, parts=parts)
        super().__init__(env, OneHot(Planes(env.observation_space, parts)))


class FlatObservation(EncodedObservation, RecordConstructorArgs):
    """Observe one vector, ``Box(0, 1, (rows * columns * channels,), uint8)``: the one-hot planes, cell by cell.

    ``gymnasium.wrappers.FlattenObservation`` gives the cell values themselves, as if digits were quantities.

    Args:
        env: as for ``OneHotObservation``.
        parts: as there.

    Raises:
        ValueError: as there.
    """

    def __init__(self, env: Env, parts: Sequence[str] | None = None):
        RecordConstructorArgs.__init__(self, parts=parts)
        super().__init__(env, Flat(Planes(env.observation_space, parts)))


class ImageObservation(EncodedObservation, RecordConstructorArgs):
    """Observe a picture, ``Box(0, 255, (rows * scale, columns * scale, channels), uint8)``: the one-hot planes, drawn.

    Stable-Baselines3's ``CnnPolicy`` takes it. ``gymnasium.wrappers.AddRenderObservation`` observes the rendered
    picture instead, which is for people and some hundred times slower.

    Args:
        env: as for ``OneHotObservation``.
        parts: as there.
        scale: side of a cell in pixels; None takes the smallest that makes both sides 36 pixels or more.

    Raises:
        ValueError: as there, or a scale below 1.
    """

    def __init__(self, env: Env, parts: Sequence[str] | None = None, scale: int | None = None):
        RecordConstructorArgs.__init__(self, parts=parts, scale=scale)
        super().__init__(env, Image(Planes(env.observation_space, parts), scale))


class ActionMaskObservation(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Observe ``{"observation": as before, "action_mask": MultiBinary(actions)}``, named as PettingZoo names them.

    Goes around any of the other wrappers.

    Args:
        env: one whose ``info`` holds ``action_mask``.

    Raises:
        ValueError: actions are not discrete, so there is no mask.
    """

    def __init__(self, env: Env):
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self.observation_space = masked_space(env.observation_space, env.action_space)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Reset, and add the mask."""
        observation, info = self.env.reset(seed=seed, options=options)
        return _masked(observation, info), info

    def step(self, action: Any) -> tuple[dict[str, Any], Any, bool, bool, dict[str, Any]]:
        """Act, and add the mask."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return _masked(observation, info), reward, terminated, truncated, info


def masked_space(observation_space: spaces.Space[Any], action_space: spaces.Space[Any]) -> spaces.Dict:
    """Return the space of an observation together with the mask of its actions.

    Raises:
        ValueError: actions that are not discrete.
    """
    if not isinstance(action_space, spaces.Discrete):
        raise ValueError(f"action space: found {action_space}, which has no mask, expected Discrete")
    return spaces.Dict({"action_mask": spaces.MultiBinary(int(action_space.n)), "observation": observation_space})


def _masked(observation: Any, info: dict[str, Any]) -> dict[str, Any]:
    return {"action_mask": info["action_mask"].copy(), "observation": observation}
