"""Doing to a model's states what interventions say."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

import puzzles
from agents.models.air import AIR, State
from agents.thinking.agent import AIRAgent
from agents.watching.interventions import EditClue, Freeze, Intervention, Noise, SetCell, TakeFrom, TakeState, Thaw
from puzzles.maze.cells import GOAL, OPEN, START

MARGIN = 1.0
"""Logits by which the value of ``SetCell`` is ahead of the next at least."""
_BEYOND = 1.001
"""How far ``SetCell`` moves in shares of what is lacking: a little more, against rounding."""
_ROUNDS = 1000
"""Moves that ``SetCell`` takes at most; a cell of the shipped models takes a few."""
_UNIQUE = {"maze": {START: OPEN, GOAL: OPEN}}
"""By kind: the values that a puzzle holds once, and what is left in the cell that one of them moves away from."""


class Mind(NamedTuple):
    """What interventions change."""

    puzzle: puzzles.Grids
    """(rows, columns) uint8."""
    state: State
    """z_H and z_L, (1, S, D) each."""
    frozen: str = ""
    """"", "H", "L" or "HL"."""


class Place(NamedTuple):
    """Where an intervention takes place."""

    agent: AIRAgent
    states: Callable[[int, int], State]
    """Returns the states of the session at (branch, update)."""
    others: Callable[[object], tuple[AIRAgent, State]]
    """Returns the agent of another session, and its present states."""


@functools.singledispatch
def apply(intervention: Intervention, mind: Mind, place: Place) -> Mind:
    """Return what an intervention leaves.

    Raises:
        ValueError: it can't be done; the message says why.
    """
    raise TypeError(f"{type(intervention).__name__}, expected one of agents.watching.interventions")


@apply.register
def _freeze(intervention: Freeze, mind: Mind, place: Place) -> Mind:
    if intervention.letter in mind.frozen:
        raise ValueError(f"z_{intervention.letter} is frozen already")
    return mind._replace(frozen="".join(sorted(mind.frozen + intervention.letter)))


@apply.register
def _thaw(intervention: Thaw, mind: Mind, place: Place) -> Mind:
    if intervention.letter not in mind.frozen:
        raise ValueError(f"z_{intervention.letter} is not frozen")
    return mind._replace(frozen=mind.frozen.replace(intervention.letter, ""))


@apply.register
def _set_cell(intervention: SetCell, mind: Mind, place: Place) -> Mind:
    model, value = place.agent.model, intervention.value
    at = _position(place.agent, intervention.row, intervention.column)
    if not 0 <= value < place.agent.family.cell_values:
        raise ValueError(f"cell value {value}, expected 0 to {place.agent.family.cell_values - 1}")
    z = getattr(mind.state, f"z_{intervention.state}").clone()
    z[0, at] = decoding_to(model, z[0, at], value + 1)
    return mind._replace(state=mind.state._replace(**{f"z_{intervention.state}": z}))


@apply.register
def _take_state(intervention: TakeState, mind: Mind, place: Place) -> Mind:
    return _taken(intervention, mind, place.agent, place.states(intervention.branch, intervention.update))


@apply.register
def _take_from(intervention: TakeFrom, mind: Mind, place: Place) -> Mind:
    agent, state = place.others(intervention.source)
    if agent.model is not place.agent.model:
        raise ValueError(f"{intervention.source.title}: a state of another model, expected the same model")
    return _taken(intervention, mind, place.agent, state)


@apply.register
def _edit_clue(intervention: EditClue, mind: Mind, place: Place) -> Mind:
    family, cell, value = place.agent.family, (intervention.row, intervention.column), intervention.value
    _position(place.agent, *cell)
    if mind.puzzle[cell] == value:
        raise ValueError(f"{intervention.words(family)}: it has that value already")
    grid = mind.puzzle.astype(np.int64)
    if value in _UNIQUE.get(family.kind, {}):
        grid[grid == value] = _UNIQUE[family.kind][value]
    grid[cell] = value
    puzzle = family.checked(grid[None])
    family.check(puzzle)
    return mind._replace(puzzle=puzzle[0])


@apply.register
def _noise(intervention: Noise, mind: Mind, place: Place) -> Mind:
    assert intervention.seed is not None
    generator = torch.Generator().manual_seed(intervention.seed)

    def noisy(z: Tensor) -> Tensor:
        noise = torch.randn(z.shape, generator=generator, dtype=torch.float32)  # on the CPU: the same on any device
        return z + (noise * intervention.std).to(z)

    return mind._replace(state=State(*map(noisy, mind.state)))


def decoding_to(model: AIR, z: Tensor, token: int) -> Tensor:
    """Move one position's state, (D,), along lm_head's rows until a token is ``MARGIN`` logits ahead of all others.

    Raises:
        ValueError: the model never answers that token, or no move gets there.
    """
    rows, offset = readout(model)
    if not rows[token].any():
        raise ValueError(f"cell value {token - 1}: this model answers symbols alone, expected 1 or more")
    moved = z.cpu().double()
    for _ in range(_ROUNDS):
        logits = rows @ moved.to(z.dtype).double() + offset  # of what is left of it in the state's own precision
        rivals = logits.clone()
        rivals[token] = -torch.inf
        rival = int(rivals.argmax())
        lack = MARGIN - float(logits[token] - rivals[rival])
        if lack <= 0:
            return moved.to(z)
        along = rows[token] - rows[rival]
        moved = moved + (lack * _BEYOND / along.square().sum()) * along
    raise ValueError(f"no state was found that decodes to cell value {token - 1}")


@torch.no_grad()
def readout(model: AIR) -> tuple[Tensor, Tensor]:
    """Return how the logits of a position follow from its channels: (V, D) and (V,), rows @ z + offset.

    Both are float64 on the CPU, since not every device has float64. Of a token that is never answered the row is 0.
    """
    weight = model.lm_head.weight
    channels = torch.eye(model.config.hidden, dtype=weight.dtype, device=weight.device)
    logits, offset = (
        model.slots.logits(model.lm_head(model.slots.split(z))).cpu().double()
        for z in (channels, torch.zeros_like(channels[0]))
    )
    return (logits - offset).T, offset


def _taken(intervention: TakeState | TakeFrom, mind: Mind, agent: AIRAgent, other: State) -> Mind:
    name = f"z_{intervention.state}"
    taken = getattr(other, name)
    if intervention.row is not None and intervention.column is not None:
        at = _position(agent, intervention.row, intervention.column)
        z = getattr(mind.state, name).clone()
        z[0, at] = taken[0, at]
        taken = z
    return mind._replace(state=mind.state._replace(**{name: taken}))


def _position(agent: AIRAgent, row: int, column: int) -> int:
    """Return the position of a cell in the sequence."""
    rows, columns = agent.family.shape
    if not (0 <= row < rows and 0 <= column < columns):
        raise ValueError(f"row {row + 1}, column {column + 1}, expected rows 1 to {rows} and columns 1 to {columns}")
    return agent.model.config.first_cell + row * columns + column
