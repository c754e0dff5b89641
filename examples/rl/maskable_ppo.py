"""MaskablePPO places digits in 256 Sudokus of 4x4 side by side, with no solver and no labels."""

from typing import Any

import gymnasium as gym
from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import VecMonitor

import air_envs  # noqa: F401 - registers the environments
from agents.rl.measuring import measure
from agents.rl.networks.candidates import CandidateFeatures
from agents.rl.networks.policies import MaskableBoardPolicy, board_policy
from agents.rl.saved import SB3Moves
from air_envs.sb3 import SB3VecEnv

ENVIRONMENT = "air_envs/Sudoku-v0"
PUZZLE: dict[str, Any] = {
    "size": 4,
    "clues": 4,  # the fewest that a 4x4 Sudoku can have
    "reward": "dense",
    "action_mask": "candidates",  # only digits that stand nowhere in the row, column and box
    "end_on_contradiction": True,
    "max_episode_steps": 16,
}


def main(steps: int = 60_000, episodes: int = 500, num_envs: int = 256) -> float:
    envs = VecMonitor(SB3VecEnv(gym.make_vec(ENVIRONMENT, num_envs, autoreset_mode="SameStep", **PUZZLE)))
    model = MaskablePPO(
        MaskableBoardPolicy,  # scores each candidate with the same weights
        envs,
        policy_kwargs=board_policy(CandidateFeatures, envs, hidden=24, layers=3),
        n_steps=8,
        batch_size=512,
        n_epochs=2,
        learning_rate=1e-3,
        seed=0,
        device="cpu",
    )
    model.learn(steps, progress_bar=False)
    found = measure(SB3Moves(model), ENVIRONMENT, PUZZLE, puzzles=episodes)
    low, high = found.interval
    print(f"solved {found.solved_count} of {episodes} unseen puzzles, {low:.1%} to {high:.1%}, after {steps} steps")
    return found.solved_count / episodes


if __name__ == "__main__":
    main()
