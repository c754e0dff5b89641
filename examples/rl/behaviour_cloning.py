"""Behaviour cloning: a policy imitates an expert that knows the solution of 64 Sudokus of 6x6 side by side."""

from typing import Any

import gymnasium as gym
from stable_baselines3.common.vec_env import VecMonitor

import air_envs  # noqa: F401 - registers the environments
from agents.rl.algorithms.cloning import BehaviourCloning
from agents.rl.measuring import measure
from agents.rl.networks.candidates import CandidateFeatures
from agents.rl.networks.policies import MaskableBoardPolicy, board_policy
from agents.rl.saved import SB3Moves
from air_envs.sb3 import SB3VecEnv

ENVIRONMENT = "air_envs/Sudoku-v0"
PUZZLE: dict[str, Any] = {  # dataset="data/sudoku-6x6.h5" takes the puzzles of a dataset
    "size": 6,
    "clues": 14,
    "action_mask": "candidates",
    "end_on_contradiction": True,
    "max_episode_steps": 36,
}


def main(steps: int = 60_000, episodes: int = 500, num_envs: int = 64) -> float:
    envs = VecMonitor(SB3VecEnv(gym.make_vec(ENVIRONMENT, num_envs, autoreset_mode="SameStep", **PUZZLE)))
    model = BehaviourCloning(
        MaskableBoardPolicy,
        envs,
        policy_kwargs=board_policy(CandidateFeatures, envs, hidden=24, layers=3),
        n_steps=16,
        batch_size=256,
        n_epochs=1,
        learning_rate=2e-3,
        seed=0,
        device="cpu",
    )
    model.learn(steps)  # the expert plays; every right digit of every blank cell is a right move
    found = measure(SB3Moves(model), ENVIRONMENT, PUZZLE, puzzles=episodes)
    low, high = found.interval
    print(f"solved {found.solved_count} of {episodes} unseen puzzles, {low:.1%} to {high:.1%}, after {steps} steps")
    return found.solved_count / episodes


if __name__ == "__main__":
    main()
