"""DQN places digits in 64 Sudokus of 4x4 side by side; it neither values nor tries illegal digits."""

from typing import Any

import gymnasium as gym
from stable_baselines3.common.vec_env import VecMonitor

import air_envs  # noqa: F401 - registers the environments
from agents.rl.algorithms.dqn import BoardDQN, BoardDQNPolicy
from agents.rl.measuring import measure
from agents.rl.networks.candidates import CandidateFeatures
from agents.rl.networks.policies import board_policy
from agents.rl.saved import SB3Moves
from air_envs.sb3 import SB3VecEnv

ENVIRONMENT = "air_envs/Sudoku-v0"
PUZZLE: dict[str, Any] = {
    "size": 4,
    "clues": 10,
    "reward": "dense",
    "action_mask": "candidates",
    "end_on_contradiction": True,
    "max_episode_steps": 16,
}


def main(steps: int = 60_000, episodes: int = 500, num_envs: int = 64) -> float:
    envs = VecMonitor(SB3VecEnv(gym.make_vec(ENVIRONMENT, num_envs, autoreset_mode="SameStep", **PUZZLE)))
    model = BoardDQN(
        BoardDQNPolicy,  # the value of the board and a score per candidate
        envs,
        policy_kwargs=board_policy(CandidateFeatures, envs, hidden=24, layers=3),
        buffer_size=50_000,
        learning_starts=min(2_000, steps // 4),
        train_freq=4,  # steps of all environments
        gradient_steps=2,
        batch_size=256,
        target_update_interval=2_000,
        learning_rate=1e-3,
        seed=0,
        device="cpu",
    )
    model.learn(steps)
    found = measure(SB3Moves(model), ENVIRONMENT, PUZZLE, puzzles=episodes)
    low, high = found.interval
    print(f"solved {found.solved_count} of {episodes} unseen puzzles, {low:.1%} to {high:.1%}, after {steps} steps")
    return found.solved_count / episodes


if __name__ == "__main__":
    main()
