"""Updates a second of the thinking environments, and what tracing costs: ``python -m benchmarks.thinking [DEVICE]``.

Both sides of each ratio are measured in turn, in one run, with the canonical policy on puzzles of a dataset. How often
the vector form is as fast as single environments depends on the model: one puzzle of a small model keeps a processor
busy with calls, one of a large model with arithmetic, of which a batch needs as much.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import torch

from agents import AIR, AIRAgent, AIRConfig
from agents.thinking.policies import Program
from agents.thinking.thoughts import Thought
from benchmarks.table import Row, at_least, at_most, report, seconds
from puzzles import Grids
from puzzles.build import build_dataset
from puzzles.dataset import Dataset

COUNT, PUZZLES, ACT_STEPS = 256, 256, 2
RATIO_TARGET, TRACING_TARGET = 20.0, 1.5
DEVICE = sys.argv[1] if __name__ == "__main__" and len(sys.argv) > 1 else "cpu"
UNTRAINED = "untrained sudoku-4x4"
SHIPPED = ("sudoku-6x6", "maze-9x9")


def vector_form() -> Iterator[Row]:
    """``COUNT`` rows of one native environment against as many single environments, stepped one after the other."""
    for name in (UNTRAINED, *SHIPPED):
        agent = model(name)
        arguments = {"model": agent, "dataset": dataset(agent.family.name), "split": "test"}
        id = f"air_envs/{agent.family.kind.capitalize()}Thinking-v0"
        envs = gym.make_vec(id, COUNT, **arguments)
        singles = [gym.make(id, **arguments) for _ in range(COUNT)]
        many = updates_per_second(agent, functools.partial(play_vector, envs, agent))
        one = updates_per_second(agent, functools.partial(play_singles, singles, agent))
        share = updates_per_second(agent, functools.partial(forward_alone, agent)) ** -1 * many
        yield Row(f"{name}, {COUNT} at once", many, "updates/s", note=f"{share:.0%} of the time is the model's forward")
        yield Row(f"{name}, {COUNT} single ones", one, "updates/s")
        yield at_least(f"{name}, ratio", many / one, "x", RATIO_TARGET, f"{DEVICE}, {torch.get_num_threads()} threads")


def tracing() -> Iterator[Row]:
    """Thoughts, read as the viewer reads them, against ACT steps that decode their answer alone."""
    for name in SHIPPED:
        agent = model(name)
        puzzles = Dataset(dataset(agent.family.name)).split("test").puzzle
        for size in (1, COUNT):
            run = functools.partial(untraced, agent, puzzles[:size])
            trace = functools.partial(traced, agent, puzzles[:size])
            run(), trace()
            repeats = 20 if size == 1 else 2
            plain, shown = seconds(run, repeats), seconds(trace, repeats)
            yield at_most(f"tracing {name}, {size} at once", shown / plain, "x", TRACING_TARGET, "of the untraced run")


def play_vector(envs: Any, agent: AIRAgent) -> None:
    """Play the program for some ACT steps in all rows."""
    policy, state = Program.of(agent), None
    observation, _ = envs.reset(seed=0)
    for _ in range(ACT_STEPS * len(policy.letters)):
        actions, state = policy.predict(observation, state)
        observation, *_ = envs.step(actions)


def play_singles(envs: list[Any], agent: AIRAgent) -> None:
    """Play the same in each of many environments, which reset themselves when they end."""
    policy = Program.of(agent)
    states: list[Any] = [None] * len(envs)
    observations = [env.reset(seed=seed)[0] for seed, env in enumerate(envs)]
    for _ in range(ACT_STEPS * len(policy.letters)):
        for row, env in enumerate(envs):
            action, states[row] = policy.predict(observations[row], states[row])
            observations[row], _, terminated, truncated, _ = env.step(int(action))
            if terminated or truncated:
                observations[row], _ = env.reset()


@torch.inference_mode()
def forward_alone(agent: AIRAgent) -> None:
    """Run the updates of as many puzzles, with nothing around them."""
    puzzles = Dataset(dataset(agent.family.name)).split("test").puzzle[:COUNT]
    x, state = agent.model.embed(agent.tokens(puzzles), agent.dtype), agent.initial_state(COUNT)
    agent.model.run(agent.model.config.program * ACT_STEPS, state, x).z_H.cpu()


def updates_per_second(agent: AIRAgent, play: Callable[[], None]) -> float:
    """Return L- and H-updates a second; a commit runs none, but its time counts."""
    play()
    return COUNT * ACT_STEPS * len(agent.model.config.program) / seconds(play, 2)


@torch.inference_mode()
def untraced(agent: AIRAgent, puzzles: Grids) -> None:
    """Take ACT steps, and decode each answer."""
    tokens, state = agent.tokens(puzzles), agent.initial_state(len(puzzles))
    for _ in range(ACT_STEPS):
        state, output = agent.step(tokens, state)
        agent.propose(output.logits)


def traced(agent: AIRAgent, puzzles: Grids) -> None:
    """Think, and read after every update what a picture of it shows."""
    observation = {"puzzle": puzzles[0] if len(puzzles) == 1 else puzzles}
    for thought in agent.think(observation, ACT_STEPS):
        read(thought)


def read(thought: Thought) -> tuple[Any, ...]:
    """Return the fields that a frame of a rollout is drawn from."""
    states = thought.z_H, thought.z_L
    return thought.halting_probability, thought.solved, *((z.cells, z.confidence, z.probability) for z in states)


@functools.cache
def model(name: str) -> AIRAgent:
    """Return a shipped model, or an untrained one of the size that 4x4 takes."""
    if name != UNTRAINED:
        return AIRAgent.from_pretrained(name, DEVICE)
    torch.manual_seed(0)
    return AIRAgent(AIR(AIRConfig("sudoku-4x4", hidden=32, heads=2, layers=1)).to(DEVICE))


@functools.cache
def dataset(family: str) -> str:
    """Build a dataset once per run, in a folder that is removed when the process ends."""
    path = Path(_folder().name) / f"{family}.h5"
    build_dataset(path, family, train=0, test=PUZZLES, progress=False)
    return os.fspath(path)


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()


PARTS: tuple[Callable[[], Iterator[Row]], ...] = (vector_form, tracing)

if __name__ == "__main__":
    report("Thinking", PARTS)
