"""Sudoku and Maze as Gymnasium environments, played at random with the action mask: one, and a thousand at once."""

import gymnasium as gym
import numpy as np

import air_envs  # noqa: F401 - registers the environments


def main(steps: int = 30) -> None:
    easy = {"Sudoku": {"size": 4, "clues": 10, "action_mask": "candidates"}, "Maze": {"rows": 5, "columns": 5}}
    for name, kwargs in easy.items():
        env = gym.make(f"air_envs/{name}-v0", render_mode="ansi", **kwargs)
        _, info = env.reset(seed=0)
        env.action_space.seed(0)
        total, moves, over = 0.0, 0, False
        while not over:
            action = env.action_space.sample(info["action_mask"])
            _, reward, terminated, truncated, info = env.step(action)
            total, moves, over = total + float(reward), moves + 1, terminated or truncated
        print(f"{name}: solved {info['solved']} after {moves} moves, return {total}\n{env.render()}\n")
        env.close()

    envs = gym.make_vec("air_envs/Maze-v0", num_envs=1000)
    rng = np.random.default_rng(0)
    _, infos = envs.reset(seed=0)
    solved = 0
    for _ in range(steps):
        actions = (rng.random((1000, 4)) * infos["action_mask"]).argmax(axis=1)
        *_, infos = envs.step(actions)
        solved += int(infos["solved"].sum())
    print(f"1000 mazes, {steps} steps each: {solved} solved")
    envs.close()


if __name__ == "__main__":
    main()
