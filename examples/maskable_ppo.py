"""An RL baseline with no solver and no labels: MaskablePPO places digits on 4x4 Sudoku."""

import gymnasium as gym
from gymnasium.wrappers import FlattenObservation
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor

import air_envs  # noqa: F401 - registers the environments


def main(steps: int = 20_000, episodes: int = 100) -> float:
    # Six blanks and six steps: a wrong digit can't be made good.
    env = gym.make("air_envs/Sudoku-v0", size=4, clues=10, action_mask="candidates", max_episode_steps=6)
    env = Monitor(FlattenObservation(env))
    model = MaskablePPO("MlpPolicy", env, n_steps=512, batch_size=128, seed=0, device="cpu")
    model.learn(steps, progress_bar=False)
    mean, _ = evaluate_policy(model, env, episodes, deterministic=True)
    print(f"solved {mean:.0%} of {episodes} puzzles after {steps} steps")
    return float(mean)


if __name__ == "__main__":
    main()
