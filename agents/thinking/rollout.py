"""Pictures of a model thinking: every L- and H-update of one puzzle as an animation, a sheet and a window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agents.config.program import checked
from agents.thinking.agent import AIRAgent
from agents.thinking.ending import until_over
from agents.thinking.thoughts import Thought
from air_envs.drawing.files import gif_and_png, save_gif, save_png
from air_envs.drawing.frame import Frame
from air_envs.drawing.rollout import draw_frames
from air_envs.drawing.sheet import draw_sheet


def rollout_frames(
    agent: AIRAgent,
    observation: Mapping[str, Any],
    title: str = "",
    act_steps: int | None = None,
    program: str | None = None,
) -> Iterator[Frame]:
    """Yield a frame for the puzzle itself and one after every update, until ``Ending`` says that it is over.

    The board shows what an agent that proposes after each ACT step has answered so far. ``program`` is that of one ACT
    step, by default the model's.
    """
    puzzle = np.asarray(observation["puzzle"])
    program = checked(agent.model.config.program if program is None else program)
    undecided = np.full(puzzle.shape, agent.family.undecided)
    yield Frame(puzzle, undecided, undecided, title=title, program=program)
    answer = None
    for thought in until_over(agent.think(observation, act_steps, program), len(program)):
        if thought.update % len(program) == 0:
            answer = thought.z_H.cells
        yield _frame(agent, thought, puzzle, answer, title, program)


def save_rollout(
    agent: AIRAgent,
    observation: Mapping[str, Any],
    path: Path,
    title: str = "",
    act_steps: int | None = None,
    program: str | None = None,
) -> tuple[Path, Path]:
    """Write one puzzle's rollout as ``PATH.gif`` (animation) and ``PATH.png`` (contact sheet); return both paths.

    ``path`` may end in either already.
    """
    frames = list(rollout_frames(agent, observation, title, act_steps, program))
    gif, png = gif_and_png(path)
    save_gif(gif, draw_frames(agent.family, frames))
    save_png(png, draw_sheet(agent.family, frames, title=title))
    return gif, png


def _frame(agent: AIRAgent, thought: Thought, puzzle: Any, answer: Any, title: str, program: str) -> Frame:
    return Frame.of_states(
        agent.family,
        puzzle,
        thought.z_H,
        thought.z_L,
        answer=answer,
        z_h_conflicts=thought.conflicts,
        title=title,
        act_step=thought.act_step,
        update=thought.update,
        program=program,
        position=(thought.update - 1) % len(program),
        halt=thought.halting_probability,
        solved=thought.solved,
    )
