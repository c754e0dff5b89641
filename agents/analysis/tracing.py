"""One tracer for all analyses: a batch of puzzles thought through, and what each update found and left behind."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

import puzzles
from agents.data.batches import to_cells
from agents.evaluation.selection import Selection
from agents.models.air import State
from agents.thinking.agent import AIRAgent

STATES = ("z_H", "z_L")
"""In the order of ``agents.models.air.State``."""


class Update(NamedTuple):
    """One update of B puzzles."""

    act_step: int
    """ACT step, counted from 1."""
    position: int
    """Place in the program, counted from 0."""
    letter: str
    """Which update it was: "L", "H", or "-" for a frozen one."""
    before: State
    """What the update read."""
    after: State
    """What it left."""
    x: Tensor
    """(B, S, D): the embedded puzzles."""


@torch.inference_mode()
def trace(
    agent: AIRAgent,
    puzzle: puzzles.Grids,
    act_steps: int,
    program: str | Sequence[str] | None = None,
    state: State | None = None,
) -> Iterator[Update]:
    """Yield every update that solving the puzzles takes.

    Args:
        agent: whose model runs.
        puzzle: (B, rows, columns) uint8.
        act_steps: how many ACT steps.
        program: what each of them runs, by default the model's; or one program per ACT step.
        state: where to start, (B, S, D) each; by default the state that every puzzle starts from.
    """
    model, program = agent.model, program or agent.model.config.program
    programs = [program] * act_steps if isinstance(program, str) else program
    tokens = agent.tokens(puzzle)
    x = model.embed(tokens, agent.dtype)
    state = agent.initial_state(len(tokens)) if state is None else state
    for act_step, each in enumerate(programs, 1):
        for position, letter in enumerate(each):
            before, state = state, model.update(letter, state, x)
            yield Update(act_step, position, letter, before, state, x)


@torch.inference_mode()
def decode(agent: AIRAgent, state: State) -> NDArray[np.uint8]:
    """Decode both states: (B, 2, rows, columns) uint8 cells of z_H and z_L, ``family.undecided`` for padding."""
    grids = [to_cells(agent.model.decode(z), agent.family) for z in state]
    return torch.stack(grids, 1).cpu().numpy()


@torch.inference_mode()
def entropy(agent: AIRAgent, state: State) -> NDArray[np.float32]:
    """Return how undecided both decoded states are: (B, 2, rows, columns) float32, of z_H and z_L.

    It is the entropy of each cell's distribution over tokens, as a share of the highest.
    """
    found = []
    for z in state:
        p = agent.model.decode(z).float().softmax(-1)
        found.append((-torch.xlogy(p, p).sum(-1) / math.log(p.shape[-1])).unflatten(1, agent.family.shape))
    return torch.stack(found, 1).cpu().numpy()


def parts(selection: Selection, what: str, progress: bool) -> Iterator[puzzles.Puzzles]:
    """Yield the selected puzzles batch by batch, with a bar that says ``what`` is done to them."""
    count = len(selection.data.puzzle)
    with tqdm(total=count, desc=what, unit="puzzle", leave=False, disable=not progress) as bar:
        for first in range(0, count, selection.size):
            rows = selection.data.take(slice(first, first + selection.size))
            yield rows
            bar.update(len(rows.puzzle))
