"""An RL baseline with no solver and no labels: MaskablePPO places digits on 64 Sudokus of 4x4 at once."""

import gymnasium as gym
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor

import air_envs  # noqa: F401 - registers the environments
from air_envs.sb3 import SB3VecEnv


def main(steps: int = 100_000, episodes: int = 500, num_envs: int = 64) -> float:
    # Six blanks and six steps: a wrong digit can't be made good.
    puzzle = {"size": 4, "clues": 10, "action_mask": "candidates", "max_episode_steps": 6}
    envs = VecMonitor(
        SB3VecEnv(gym.make_vec("air_envs/Sudoku-v0", num_envs=num_envs, autoreset_mode="SameStep", **puzzle))
    )
    model = MaskablePPO("MultiInputPolicy", envs, n_steps=32, batch_size=256, learning_rate=1e-3, seed=0, device="cpu")
    model.learn(steps)
    mean, _ = evaluate_policy(model, envs, episodes, deterministic=True)
    print(f"solved {mean:.0%} of {episodes} puzzles after {steps} steps")
    return float(mean)


if __name__ == "__main__":
    main()
