"""The AIR agent wrapper: the model's L- and H-updates as Gymnasium actions."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium import spaces
from gymnasium.error import ResetNeeded

from agents.models.air import AIR, State
from agents.thinking.agent import AIRAgent
from air_envs.actions import check_discrete

L, H, COMMIT = range(3)


class InternalActions(gym.Wrapper, gym.utils.RecordConstructorArgs):
    """Puts a model inside a puzzle environment: think with L and H, answer with COMMIT.

    The wrapped environment must take whole grids (``action_type="propose"``). Playing the model's own program and a
    COMMIT after each ACT step is the canonical AIR agent; any other policy over the three actions is a new one.

    Actions, ``Discrete(3)``:
        0, L: update z_L. 1, H: update z_H. Both leave the puzzle environment untouched.
        2, COMMIT: submit the decoded z_H to the puzzle environment; its reward and end count.

    Observation, a Dict:
        puzzle: the grid as posed, uint8.
        proposal, scratchpad: decoded z_H and z_L, (rows, columns) uint8, ``family.undecided`` where undecided.
        proposal_confidence, scratchpad_confidence: (rows, columns) float32 in [0, 1].
        halt_logit: (1,) float32, "the whole proposal is right".
        updates: (3,) int64, how many L, H and COMMIT so far.

    Reward: the puzzle environment's on COMMIT; ``update_cost`` is taken off for every L and H.

    Args:
        env: a puzzle environment that takes whole grids.
        model: an ``AIR`` or ``AIRAgent`` of the same family.
        update_cost: price of one L or H.
        max_updates: budget of L- and H-updates; one more truncates the episode. By default as many as the model's
            maximum of ACT steps makes.

    Raises:
        ValueError: the environment's actions are not whole grids of the model's family, or a budget below 0.
        ResetNeeded: a step before the first reset.
        ActionError: an action that is not 0, 1 or 2; nothing has changed.
    """

    def __init__(self, env: gym.Env, model: AIR | AIRAgent, update_cost: float = 0.0, max_updates: int | None = None):
        gym.utils.RecordConstructorArgs.__init__(
            self, model=model, update_cost=update_cost, max_updates=max_updates, _disable_deepcopy=True
        )
        gym.Wrapper.__init__(self, env)
        self.agent = model if isinstance(model, AIRAgent) else AIRAgent(model)
        self.model = self.agent.model
        self.update_cost = update_cost
        if max_updates is None:
            max_updates = self.model.config.max_steps * len(self.model.config.program)
        if max_updates < 0:
            raise ValueError(f"max_updates {max_updates}, expected 0 or more")
        self.max_updates = max_updates
        self._state: State | None = None
        family, name = self.agent.family, env.spec.id if env.spec else str(env)
        if getattr(env.unwrapped, "family", None) != family:
            found = getattr(env.unwrapped, "family", None)
            raise ValueError(f"{name}: puzzles of {found}, expected {family}, which the model is for")
        if env.action_space.shape != family.shape:
            raise ValueError(
                f"{name}: action space {env.action_space}, expected whole grids of shape {family.shape} "
                '(make it with action_type="propose")'
            )
        assert isinstance(env.observation_space, spaces.Dict)
        grid = spaces.Box(0, family.undecided, family.shape, np.uint8)
        confidence = spaces.Box(0, 1, family.shape, np.float32)
        self.action_space = spaces.Discrete(3)
        self.observation_space = spaces.Dict(
            puzzle=env.observation_space["puzzle"],
            proposal=grid,
            proposal_confidence=confidence,
            scratchpad=grid,
            scratchpad_confidence=confidence,
            halt_logit=spaces.Box(-np.inf, np.inf, (1,), np.float32),
            updates=spaces.Box(0, np.iinfo(np.int64).max, (3,), np.int64),
        )

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Pose a puzzle and start the model afresh on it."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._puzzle = observation["puzzle"]
        self._updates = np.zeros(3, np.int64)
        with torch.inference_mode():
            self._x = self.model.embed(self.agent.tokens(self._puzzle[None]), self.agent.dtype)
            self._state = self.agent.initial_state(1)
            self._info = info
            return self._observe(self._state), self._info | {"committed": False}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Run one update of the model, or submit its proposal."""
        if self._state is None:
            raise ResetNeeded("step before the first reset")
        action = check_discrete(action, 3, "L, H, COMMIT")
        self._updates[action] += 1
        with torch.inference_mode():
            if action == COMMIT:
                proposal = self.agent.propose(self.model.decode(self._state.z_H))[0]
                _, reward, terminated, truncated, self._info = self.env.step(proposal)
                return (
                    self._observe(self._state),
                    float(reward),
                    terminated,
                    truncated,
                    self._info | {"committed": True},
                )
            self._state = self.model.update("LH"[action], self._state, self._x)
            truncated = bool(self._updates[:COMMIT].sum() > self.max_updates)
            return self._observe(self._state), -self.update_cost, False, truncated, self._info | {"committed": False}

    def _observe(self, state: State) -> dict[str, Any]:
        proposal, scratchpad = self.agent.decode(state)
        q_halt, _ = self.model.halting_logits(state)
        return {
            "puzzle": self._puzzle.copy(),
            "proposal": proposal.cells,
            "proposal_confidence": proposal.confidence,
            "scratchpad": scratchpad.cells,
            "scratchpad_confidence": scratchpad.confidence,
            "halt_logit": q_halt.cpu().numpy(),
            "updates": self._updates.copy(),
        }
