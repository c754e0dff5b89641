"""The agents that a command is given by name: those that learn nothing, and the runs of ``air-envs train-rl``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from air_envs.play.agent import Agent
    from air_envs.policies import MovePolicy
    from puzzles import PuzzleFamily

BASELINES = ("greedy", "random", "solver")


def is_agent(name: str) -> bool:
    """Return whether a name is that of a baseline, or of the folder of a run of ``air-envs train-rl``."""
    from agents.config.rl import RL_CONFIG

    return name in BASELINES or (Path(name) / RL_CONFIG).is_file()


def find_agent(name: str, kind: str) -> Agent:
    """Return an agent that plays puzzles of a kind.

    Args:
        name: random, greedy or solver, or the folder of a run.
        kind: of the puzzles, such as ``"sudoku"``, for a baseline; a run's agent plays its own alone.

    Raises:
        ValueError: no such agent, or a damaged run.
        CheckpointError: a run without weights, or with damaged ones.
    """
    if name in BASELINES:
        return _baseline(name, kind)
    if not is_agent(name):
        names = ", ".join(BASELINES)
        raise ValueError(f"no agent {name!r}, expected one of {names}, or the folder of a run of air-envs train-rl")
    return _trained(Path(name))


def _baseline(name: str, kind: str) -> Agent:
    from agents.rl.baselines import BASELINES as policies
    from air_envs import ENVIRONMENTS, environment_id
    from air_envs.play.agent import Agent

    limit = ENVIRONMENTS[environment_id(kind)].max_episode_steps
    # Of a Sudoku's moves only those without a conflict: any other has no sense for these three.
    return Agent(name, policies[name], {"action_mask": "candidates"} if kind == "sudoku" else {}, None, limit)


def _trained(folder: Path) -> Agent:
    import gymnasium as gym

    from agents.rl.saved import load
    from air_envs.play.agent import Agent

    saved = load(folder)
    task = saved.config.task
    made = gym.make(task.id, disable_env_checker=True, **task.unseen())
    env: Any = made.unwrapped

    def policy(family: PuzzleFamily) -> MovePolicy:
        if family != env.family:
            raise ValueError(f"{folder}: an agent of {env.family.name}, found {family.name}")
        return saved.policy

    limit = made.spec.max_episode_steps if made.spec is not None else None
    return Agent(folder.name, policy, dict(env.new_dynamics.keywords), env.source, limit)
