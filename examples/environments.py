"""Sudoku and Maze as Gymnasium environments, played at random with the action mask."""

import gymnasium as gym

import air_envs  # noqa: F401 - registers the environments


def main(steps: int = 30) -> None:
    for name, kwargs in {"Sudoku": {"size": 4}, "Maze": {"rows": 9, "columns": 9}}.items():
        env = gym.make(f"air_envs/{name}-v0", render_mode="ansi", **kwargs)
        _, info = env.reset(seed=0)
        env.action_space.seed(0)
        total = 0.0
        for _ in range(steps):
            action = env.action_space.sample(info["action_mask"])
            _, reward, terminated, truncated, info = env.step(action)
            total += float(reward)
            if terminated or truncated:
                break
        print(f"{name}: solved {info['solved']}, return {total}\n{env.render()}\n")
        env.close()


if __name__ == "__main__":
    main()
