"""The AIR agent wrapper: the model's L- and H-updates as Gymnasium actions, around any environment of whole grids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from agents.models.air import AIR
from agents.thinking.agent import AIRAgent, as_agent
from agents.thinking.environment.mind import ACTIONS, COMMIT, H, L, Mind
from agents.thinking.environment.observing import observer
from agents.thinking.environment.reporting import thinking_info
from air_envs.actions import check_discrete

__all__ = ["COMMIT", "H", "InternalActions", "L"]

_ROW = np.zeros(1, np.int64)


class InternalActions(gym.Wrapper, gym.utils.RecordConstructorArgs):
    """Puts a model inside your own puzzle environment: think with L and H, answer with COMMIT.

    The wrapped environment must take whole grids (``action_type="propose"``). Playing the model's own program and a
    COMMIT after each ACT step is the canonical AIR agent; any other policy over the three actions is a new one.
    ``air_envs/SudokuThinking-v0`` and ``air_envs/MazeThinking-v0`` are the same by id, and have a vector form.

    Actions, ``Discrete(3)``:
        0, L: update z_L. 1, H: update z_H. Both leave the puzzle environment untouched.
        2, COMMIT: submit the decoded z_H to the puzzle environment; its reward and end count.

    Observation:
        as ``observations`` says: see ``SudokuThinkingEnv``.

    Info:
        the puzzle environment's, and ``letter``, ``committed``, ``act_step``, ``halt_logit``, ``proposal_solves`` and
        ``action_mask``: see ``SudokuThinkingEnv``.

    Reward: the puzzle environment's on COMMIT; ``update_cost`` is taken off for every L and H.

    Args:
        env: a puzzle environment that takes whole grids.
        model: of the same family: an ``AIRAgent``, an ``AIR``, or what ``AIRAgent.from_pretrained`` takes.
        update_cost: price of one L or H.
        max_updates: budget of L- and H-updates; one more truncates the episode. By default as many as the model's
            maximum of ACT steps makes.
        observations: ``"grids"``, ``"features"`` or ``"hidden"``.

    Raises:
        ValueError: the environment's actions are not whole grids of the model's family, or a budget below 0.
        ResetNeeded: a step before the first reset.
        ActionError: an action that is not 0, 1 or 2; nothing has changed.
    """

    def __init__(
        self,
        env: gym.Env,
        model: AIR | AIRAgent | str | Path,
        update_cost: float = 0.0,
        max_updates: int | None = None,
        observations: str = "grids",
    ):
        gym.utils.RecordConstructorArgs.__init__(
            self,
            model=model,
            update_cost=update_cost,
            max_updates=max_updates,
            observations=observations,
            _disable_deepcopy=True,
        )
        gym.Wrapper.__init__(self, env)
        self.agent = as_agent(model)
        self.model = self.agent.model
        self.update_cost = update_cost
        family, name = self.agent.family, env.spec.id if env.spec else str(env)
        if getattr(env.unwrapped, "family", None) != family:
            found = getattr(env.unwrapped, "family", None)
            raise ValueError(f"{name}: puzzles of {found}, expected {family}, which the model is for")
        if env.action_space.shape != family.shape:
            raise ValueError(
                f"{name}: action space {env.action_space}, expected whole grids of shape {family.shape} "
                '(make it with action_type="propose")'
            )
        self.mind = Mind(self.agent, 1, max_updates)
        self.observer = observer(observations, self.mind)
        self.action_space = spaces.Discrete(3)
        self.observation_space = self.observer.space
        self._info: dict[str, Any] | None = None

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Pose a puzzle and start the model afresh on it."""
        observation, self._info = self.env.reset(seed=seed, options=options)
        self.mind.start(_ROW, observation["puzzle"][None])
        return self._observation(), self._infos(self._info)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Run one update of the model, or submit its proposal."""
        if self._info is None:
            raise ResetNeeded("step before the first reset")
        action = check_discrete(action, 3, ACTIONS)
        self.mind.step(np.array((action,), np.int64))
        if action != COMMIT:
            truncated = bool(self.mind.out_of_updates[0])
            return self._observation(), -self.update_cost, False, truncated, self._infos(self._info)
        _, reward, terminated, truncated, self._info = self.env.step(self.mind.proposal[0].copy())
        return self._observation(), float(reward), terminated, truncated, self._infos(self._info)

    def action_masks(self) -> NDArray[np.bool_]:
        """Return (3,) bool: L and H while updates are left, COMMIT always; as MaskablePPO asks for it."""
        return self.mind.masks()[0].astype(np.bool_)

    def _observation(self) -> Any:
        return self.observer.join({name: values[0].copy() for name, values in self.observer.parts().items()})

    def _infos(self, info: dict[str, Any]) -> dict[str, Any]:
        thinking = {name: values.item() for name, values in thinking_info(self.mind).items()}
        return info | thinking | {"action_mask": self.mind.masks()[0]}
