"""Behaviour cloning: imitation of an expert that knows the solution."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from agents.rl.algorithms.experts import right_moves


class BehaviourCloning(MaskablePPO):
    """Trains a policy of MaskablePPO on boards that an expert plays: -log of the total probability of the right moves.

        BehaviourCloning(MaskableBoardPolicy, envs, policy_kwargs=board_policy(CandidateFeatures, envs)).learn(100_000)

    In a Sudoku every correct digit of every blank cell is right, so the policy is free to choose which one it is sure
    of. The expert plays a random right move in each of the environments, which are native vector environments over
    generated puzzles or a dataset's. The value head is not trained.
    """

    def collect_rollouts(
        self,
        env: VecEnv,
        callback: BaseCallback,
        rollout_buffer: RolloutBuffer,
        n_rollout_steps: int,
        use_masking: bool = True,
    ) -> bool:
        """Let the expert play ``n_rollout_steps`` in each environment; keep boards, masks and right moves."""
        dynamics = env.get_attr("dynamics")[0]
        self._played: list[tuple[Any, Any, Any]] = []
        callback.on_rollout_start()
        for _ in range(n_rollout_steps):
            masks, right = get_action_masks(env), right_moves(dynamics)
            self._played.append((self._last_obs, masks, right))
            actions = (right * np.random.random(right.shape)).argmax(1)  # noqa: NPY002 - SB3 seeds this generator
            self._last_obs, _, dones, infos = env.step(actions)  # type: ignore[assignment]
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            self._update_info_buffer(infos, dones)
        callback.on_rollout_end()
        return True

    def train(self) -> None:
        """Take ``n_epochs`` passes over what the expert has played."""
        policy: Any = self.policy
        policy.set_training_mode(True)
        self._update_learning_rate(policy.optimizer)
        observations = {
            name: np.concatenate([played[name] for played, _, _ in self._played]) for name in self._played[0][0]
        }
        masks, right = (np.concatenate([played[part] for played in self._played]) for part in (1, 2))
        losses, batch = [], int(self.batch_size or 1)
        for _ in range(self.n_epochs):
            order = np.random.permutation(len(masks))  # noqa: NPY002
            for rows in np.split(order, range(batch, len(order), batch)):
                tensors, _ = policy.obs_to_tensor({name: values[rows] for name, values in observations.items()})
                logits = policy.get_distribution(tensors, masks[rows]).distribution.logits
                wrong = torch.as_tensor(~right[rows], device=self.device)
                loss = -logits.masked_fill(wrong, -torch.inf).logsumexp(1).mean()
                policy.optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(policy.parameters(), self.max_grad_norm)
                policy.optimizer.step()
                losses.append(loss.item())
        self._n_updates += self.n_epochs
        self.logger.record("train/loss", float(np.mean(losses)))
