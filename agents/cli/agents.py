"""The agents that a command is given by name: baselines, runs of ``air-envs train-rl``, and models that play moves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.pretrained import HUB, find

if TYPE_CHECKING:
    from air_envs.play.agent import Agent
    from air_envs.policies import MovePolicy
    from puzzles import PuzzleFamily

BASELINES = ("greedy", "random", "solver")


def is_agent(name: str) -> bool:
    """Return whether a name is that of a baseline, or the folder of a run of ``air-envs train-rl``; a model is none."""
    from agents.config.rl import RL_CONFIG

    return name in BASELINES or (Path(name) / RL_CONFIG).is_file()


def find_agent(name: str, kind: str) -> Agent:
    """Return an agent that plays puzzles of a kind.

    Args:
        name: random, greedy or solver, the folder of a run of ``air-envs train-rl``, or a model's, which thinks anew
            before every move.
        kind: of the puzzles, such as ``"sudoku"``; a run's agent plays its own alone.

    Raises:
        ValueError: no such agent, or a damaged run.
        CheckpointError: a run without weights, or with damaged ones.
    """
    if name in BASELINES:
        return _baseline(name, kind)
    if is_agent(name):
        return _trained(Path(name))
    if find(name) is not None or name.startswith(HUB):
        return _model(name, kind)
    names = ", ".join(BASELINES)
    raise ValueError(
        f"no agent {name!r}, expected one of {names}, the folder of a run of air-envs train-rl, or a model, which "
        "air-envs models lists"
    )


def _baseline(name: str, kind: str) -> Agent:
    from agents.rl.baselines import BASELINES as policies

    return _untrained(name, kind, policies[name])


def _model(name: str, kind: str) -> Agent:
    from agents.rl.moves import AIRMoves

    return _untrained(name, kind, lambda family: AIRMoves(name, family=family))


def _untrained(name: str, kind: str, policy: Callable[[PuzzleFamily], MovePolicy]) -> Agent:
    """Return an agent that no environment has trained: in a Sudoku it may place what stands in no conflict."""
    from air_envs import ENVIRONMENTS, environment_id
    from air_envs.play.agent import Agent

    limit = ENVIRONMENTS[environment_id(kind)].max_episode_steps
    return Agent(name, policy, {"action_mask": "candidates"} if kind == "sudoku" else {}, None, limit)


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
