"""The pages of docs/environments and docs/api, from tables and docstrings: `python docs/generate.py`."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator

import air_envs

FOLDER = Path(__file__).parent / "environments"
API = Path(__file__).parent / "api"

PACKAGES = {
    "puzzles": {
        "puzzles.dataset": ("verify", "with_validation"),
        "puzzles.importers": ("import_puzzles",),
        "puzzles.sudoku.generator": ("SudokuOptions",),
        "puzzles.maze": ("MazeOptions",),
    },
    "air_envs": {
        "air_envs.sb3": ("SB3VecEnv",),
        "air_envs.generated": ("Schedule",),
        "air_envs.drawing.files": ("save_png", "save_gif"),
    },
    "agents": {
        "agents.thinking.thoughts": ("Thought", "Decoded"),
        "agents.thinking.playing": ("play",),
        "agents.thinking.policies": ("Program", "Halting", "Random"),
        "agents.evaluation.attempts": ("evaluate_attempts",),
        "agents.analysis": ("analyze", "ablate"),
    },
}
"""The packages of the API pages, and what their subpackages offer besides the package's own names."""

GUIDES = """\
[The guide](guide.md) shows them in use: vectors, Stable-Baselines3, datasets, wrappers, your own rewards and sources.
[A third family](../third_family.md) adds a puzzle from its rules to a dataset and an environment, in one short file."""


def pages() -> dict[str, str]:
    """Return the text of every generated page, by file name."""
    return {"README.md": _index()} | {f"{kind}.md": _page(kind, ids) for kind, ids in _kinds().items()}


def api_pages() -> dict[str, str]:
    """Return the text of every page of docs/api, by file name; mkdocstrings fills them from the docstrings."""
    return {f"{package}.md": _api(package, further) for package, further in PACKAGES.items()}


def main() -> None:
    """Write the pages, and a picture for each family."""
    from air_envs.drawing.files import save_png

    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text)
    API.mkdir(exist_ok=True)
    for name, text in api_pages().items():
        (API / name).write_text(text)
    for kind, ids in _kinds().items():
        env = gym.make(ids[0], render_mode="rgb_array", pixels=360)
        _, info = env.reset(seed=0)
        env.action_space.seed(0)
        for _ in range(12):
            info = env.step(env.action_space.sample(info["action_mask"]))[4]
        save_png(FOLDER / f"{kind}.png", env.render())


def _api(package: str, further: dict[str, tuple[str, ...]]) -> str:
    module = importlib.import_module(package)
    own = [f"{package}.{name}" for name in module.__all__ if name != "__version__"]
    others = [f"{home}.{name}" for home, names in further.items() for name in names]
    parts = [f"# {package}", module.__doc__.partition("\n\n")[0], *(f"::: {name}" for name in [*own, *others])]
    return "\n\n".join(parts) + "\n"


def _kinds() -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for id, environment in air_envs.ENVIRONMENTS.items():
        kinds.setdefault(environment.kind, []).append(id)
    return kinds


def _index() -> str:
    lines = ["# Environments", "", "| id | arguments | time limit |", "| --- | --- | --- |"]
    for id, environment in air_envs.ENVIRONMENTS.items():
        kwargs = ", ".join(f"{name}={value!r}" for name, value in environment.kwargs.items())
        arguments = f"`{kwargs}`" if kwargs else ""
        lines.append(f"| [`{id}`]({environment.kind}.md) | {arguments} | {environment.max_episode_steps} |")
    lines += ["", GUIDES]
    return "\n".join(lines) + "\n"


def _page(kind: str, ids: list[str]) -> str:
    cls = load_env_creator(air_envs.ENVIRONMENTS[ids[0]].entry_point)
    first, _, rest = (inspect.getdoc(cls) or "").partition("\n\n")
    rest = rest.replace("`docs/environments/guide.md`", "[the guide](guide.md#generated-puzzles)")
    table = ["| id | action_type | actions | observations |", "| --- | --- | --- | --- |"]
    for id in ids:
        for action_type in cls.dynamics_types:
            env = gym.make(id, action_type=action_type)
            table.append(f"| `{id}` | `{action_type}` | `{env.action_space}` | `{env.observation_space}` |")
    parts = [f"# {kind.capitalize()}", first, f"![After twelve random legal actions]({kind}.png)", rest]
    return "\n\n".join([*parts, "## Spaces", "\n".join(table)]) + "\n"


if __name__ == "__main__":
    main()
