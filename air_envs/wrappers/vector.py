"""The observation wrappers for vector environments, native or not, in every autoreset mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from air_envs.wrappers.planes import Encoding, Flat, Image, OneHot, Planes
from air_envs.wrappers.single import masked_space

__all__ = ["ActionMaskObservation", "FlatObservation", "ImageObservation", "OneHotObservation"]

Envs = VectorEnv[Any, Any, Any]
Infos = dict[str, Any]


class ObservationWrapper(VectorWrapper):  # generic only from Gymnasium 1.4 on
    """Changes observations, those in ``final_obs`` too: Gymnasium's own refuses SAME_STEP. The base of those below."""

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Any, Infos]:
        """Reset, and change the observations."""
        observations, infos = self.env.reset(seed=seed, options=options)
        return self.observations(observations, infos), infos

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, Infos]:
        """Act, and change the observations."""
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        if "final_obs" in infos:
            final_obs = infos["final_obs"].copy()
            for row in np.flatnonzero(infos["_final_obs"]).tolist():
                final_obs[row] = self.final_observation(final_obs[row], infos["final_info"], row)
            infos = infos | {"final_obs": final_obs}
        return self.observations(observations, infos), rewards, terminations, truncations, infos

    def observations(self, observations: Any, infos: Infos) -> Any:
        """Return what is observed instead of these N."""
        raise NotImplementedError

    def final_observation(self, observation: Any, final_info: Infos, row: int) -> Any:
        """Return what is observed instead of the last observation of an episode."""
        raise NotImplementedError


class EncodedObservation(ObservationWrapper):
    """Observes what an encoding makes of puzzles' ``Dict``."""

    def __init__(self, env: Envs, encoding: Encoding):
        super().__init__(env)
        self.encoding = encoding
        self.single_observation_space = encoding.space
        self.observation_space = batch_space(encoding.space, env.num_envs)

    @property
    def channels(self) -> tuple[str, ...]:
        """What each channel says: ``"grid=0"``, ``"agent"``."""
        return self.encoding.planes.channels

    def observations(self, observations: dict[str, NDArray[Any]], infos: Infos) -> NDArray[np.uint8]:
        """Encode N observations."""
        return self.encoding(observations)

    def final_observation(self, observation: dict[str, NDArray[Any]], final_info: Infos, row: int) -> NDArray[np.uint8]:
        """Encode one."""
        return self.encoding({part: np.asarray(value)[None] for part, value in observation.items()})[0]


class OneHotObservation(EncodedObservation):
    """See ``air_envs.OneHotObservation``."""

    def __init__(self, env: Envs, parts: Sequence[str] | None = None):
        super().__init__(env, OneHot(Planes(env.single_observation_space, parts)))


class FlatObservation(EncodedObservation):
    """See ``air_envs.FlatObservation``."""

    def __init__(self, env: Envs, parts: Sequence[str] | None = None):
        super().__init__(env, Flat(Planes(env.single_observation_space, parts)))


class ImageObservation(EncodedObservation):
    """See ``air_envs.ImageObservation``."""

    def __init__(self, env: Envs, parts: Sequence[str] | None = None, scale: int | None = None):
        super().__init__(env, Image(Planes(env.single_observation_space, parts), scale))


class ActionMaskObservation(ObservationWrapper):
    """See ``air_envs.ActionMaskObservation``."""

    def __init__(self, env: Envs):
        super().__init__(env)
        space = masked_space(env.single_observation_space, env.single_action_space)
        self.single_observation_space = space
        self.observation_space = batch_space(space, env.num_envs)
        self._masks = np.zeros((env.num_envs, *(space["action_mask"].shape or ())), np.int8)

    def observations(self, observations: Any, infos: Infos) -> dict[str, Any]:
        """Add the masks; after a reset of some rows, infos hold none of the others, whose masks are as they were."""
        fresh = infos["_action_mask"]
        self._masks[fresh] = infos["action_mask"][fresh]
        return {"action_mask": self._masks.copy(), "observation": observations}

    def final_observation(self, observation: Any, final_info: Infos, row: int) -> dict[str, Any]:
        """Add the mask of the last step."""
        return {"action_mask": final_info["action_mask"][row].copy(), "observation": observation}
