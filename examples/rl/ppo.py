"""PPO without masks walks through 64 perfect mazes side by side; it has to learn that a wall stops it."""

from typing import Any

import gymnasium as gym
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

import air_envs  # noqa: F401 - registers the environments
from agents.rl.measuring import measure
from agents.rl.networks.neighbours import NeighbourFeatures
from agents.rl.networks.policies import BoardPolicy, board_policy
from agents.rl.saved import SB3Moves
from air_envs.sb3 import SB3VecEnv

ENVIRONMENT = "air_envs/Maze-v0"
MAZE: dict[str, Any] = {"rows": 9, "columns": 9, "reward": "dense", "max_episode_steps": 100}


def main(steps: int = 60_000, episodes: int = 500, num_envs: int = 64) -> float:
    envs = VecMonitor(SB3VecEnv(gym.make_vec(ENVIRONMENT, num_envs, autoreset_mode="SameStep", **MAZE)))
    model = PPO(
        BoardPolicy,  # scores each move by the cell that it leads to
        envs,
        policy_kwargs=board_policy(NeighbourFeatures, envs, hidden=8, layers=40),  # messages of up to 40 cells
        n_steps=16,
        batch_size=512,
        n_epochs=2,
        learning_rate=1e-3,
        seed=0,
        device="cpu",
    )
    model.learn(steps)
    found = measure(SB3Moves(model), ENVIRONMENT, MAZE, puzzles=episodes)
    low, high = found.interval
    print(f"solved {found.solved_count} of {episodes} unseen mazes, {low:.1%} to {high:.1%}, after {steps} steps")
    return found.solved_count / episodes


if __name__ == "__main__":
    main()
