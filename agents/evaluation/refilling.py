"""The loop of every evaluation: a batch of puzzles in which a halted one leaves, and a waiting one takes its place.

Slots of a batch refill until no puzzle waits. Then the batch is halved whenever half of its slots are idle: compiled
code down to an eighth, so that shapes stay few, other code down to one puzzle.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

import puzzles
from agents.data.batches import to_cells
from agents.evaluation.selection import Selection, fresh_state
from agents.models.air import State
from agents.thinking.agent import AIRAgent


def logit(probability: float) -> float:
    """Return the logit of a probability; infinite for 0 and 1.

    Raises:
        ValueError: no probability.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"halting threshold {probability}, expected a probability")
    if probability in (0, 1):
        return math.inf if probability else -math.inf
    return math.log(probability / (1 - probability))


class Answers(NamedTuple):
    """What N puzzles ended with."""

    answers: puzzles.Grids
    """(N, rows, columns) uint8; ``family.undecided`` where the model says padding."""
    steps: NDArray[np.int32]
    """(N,): ACT steps taken."""
    q_halt: NDArray[np.float32]
    """(N,): the halting logit at the end."""
    computed: int
    """ACT steps computed, those of idle slots included."""
    probability: NDArray[np.float16] | None
    """(N, C, V): of each token at the end, where it was asked for."""
    by_step: puzzles.Grids | None
    """(N, T, rows, columns) uint8: the answer after each step, where it was asked for; from the halt on the last."""
    q_by_step: NDArray[np.float32] | None
    """(N, T): the halting logits, likewise."""


class _Found(NamedTuple):
    """What N puzzles ended with, on the device. Row N takes what belongs to none of them."""

    answers: Tensor
    steps: Tensor
    q_halt: Tensor
    probability: Tensor | None
    by_step: Tensor | None
    q_by_step: Tensor | None


class _Slots(NamedTuple):
    """The batch: B slots, each at its own puzzle and ACT step."""

    puzzle: Tensor
    """(B,) int64: index of the puzzle; N in an idle slot."""
    steps: Tensor
    """(B,) int32: ACT steps taken on it."""
    state: State
    waiting: Tensor
    """() int64: index of the first puzzle that waits; N or more where none does."""


def think_until_sure(
    agent: AIRAgent,
    selection: Selection,
    threshold: float,
    what: str,
    progress: bool,
    probability: bool = False,
    keep_steps: bool = False,
    perturb: Callable[[State], State] | None = None,
) -> Answers:
    """Answer every puzzle, each until its halting logit is above ``threshold`` or it has had its steps.

    Args:
        agent: of the puzzles' family.
        selection: of puzzles.
        threshold: a logit.
        what: the progress bar is called.
        progress: show it.
        probability: return that of every token as well.
        keep_steps: return the answers and logits after every ACT step as well.
        perturb: changes the states of the batch before every ACT step.
    """
    tokens = agent.tokens(selection.data.puzzle)
    count, size = len(tokens), selection.size
    tokens = torch.cat((tokens, tokens[-1:]))  # an idle slot works on a copy of the last puzzle
    found = _nothing_found(agent, count, selection.max_steps, probability, keep_steps)
    size = min(fitting for fitting in selection.sizes if fitting >= min(size, count))
    slots = _first_puzzles(agent, size, count)
    waiting, live, computed, shown = max(0, count - size), size, 0, 0
    with tqdm(total=count * selection.max_steps, desc=what, unit="ACT step", leave=False, disable=not progress) as bar:
        while live:
            for _ in range(_steps_between_looks(agent, waiting // size, selection.max_steps)):
                if perturb is not None:
                    slots = slots._replace(state=perturb(slots.state))
                slots = _step(agent, tokens, slots, found, threshold, selection.max_steps)
                computed += size
            thinking = slots.puzzle < count
            done = torch.stack((slots.waiting, thinking.sum(), (slots.steps * thinking).sum()))
            first_waiting, live, begun = done.tolist()
            waiting = max(0, count - first_waiting)
            taken = (count - waiting - live) * selection.max_steps + begun
            bar.update(taken - shown)
            shown = taken
            smallest = min(fitting for fitting in selection.sizes if fitting >= live)
            if smallest < size:
                size, slots = smallest, _shrunk(slots, smallest)
    answers, steps, q_halt = (_to_numpy(values) for values in found[:3])
    probabilities, by_step, q_by_step = (values if values is None else _to_numpy(values) for values in found[3:])
    if by_step is not None and q_by_step is not None:
        row, at = np.arange(count)[:, None], np.minimum(np.arange(selection.max_steps), steps[:, None] - 1)
        by_step, q_by_step = by_step[row, at], q_by_step[row, at]  # from the halt on, as at the halt
    return Answers(answers, steps, q_halt, computed, probabilities, by_step, q_by_step)


def _to_numpy(values: Tensor) -> NDArray[Any]:
    """Leave out the last row, which belongs to no puzzle."""
    return values[:-1].cpu().numpy()


def _steps_between_looks(agent: AIRAgent, fillings: int, max_steps: int) -> int:
    """Return how many ACT steps to take before looking for idle slots, for which the device has to be waited for.

    At most a batch of puzzles halts in a step: while ``fillings`` batches wait, no slot can idle. On a CPU looking
    costs nothing, and the progress bar moves.
    """
    return 1 if agent.device.type == "cpu" else max(1, min(fillings, max_steps))


def _step(agent: AIRAgent, tokens: Tensor, slots: _Slots, found: _Found, threshold: float, max_steps: int) -> _Slots:
    """Take one ACT step, write down what halts, and refill its slots. Nothing here waits for the device."""
    state, output = agent.step(tokens[slots.puzzle], slots.state)
    steps = slots.steps + 1
    halted = (steps >= max_steps) | (output.q_halt > threshold)
    none = len(tokens) - 1
    row = torch.where(halted, slots.puzzle, none)
    answer = to_cells(output.logits, agent.family)
    found.answers[row] = answer
    found.steps[row] = steps
    found.q_halt[row] = output.q_halt.float()
    if found.by_step is not None and found.q_by_step is not None:
        found.by_step[slots.puzzle, slots.steps] = answer
        found.q_by_step[slots.puzzle, slots.steps] = output.q_halt.float()
    if found.probability is not None:
        found.probability[row] = output.logits.float().softmax(-1).to(found.probability.dtype)
    next_puzzle = (slots.waiting + halted.cumsum(0) - 1).clamp(max=none)
    return _Slots(
        puzzle=torch.where(halted, next_puzzle, slots.puzzle),
        steps=torch.where(halted, 0, steps),
        state=state.restart(halted, agent.initial_state(len(halted))),
        waiting=slots.waiting + halted.sum(),
    )


def _first_puzzles(agent: AIRAgent, size: int, count: int) -> _Slots:
    return _Slots(
        puzzle=torch.arange(size, device=agent.device).clamp(max=count),
        steps=torch.zeros(size, dtype=torch.int32, device=agent.device),
        state=fresh_state(agent, size),
        waiting=torch.tensor(size, device=agent.device),
    )


def _nothing_found(agent: AIRAgent, count: int, max_steps: int, probability: bool, keep_steps: bool) -> _Found:
    def zeros(*shape: int, dtype: torch.dtype) -> Tensor:
        return torch.zeros((count + 1, *shape), dtype=dtype, device=agent.device)

    values = agent.model.cells, agent.family.vocabulary_size
    return _Found(
        answers=zeros(*agent.family.shape, dtype=torch.uint8),
        steps=zeros(dtype=torch.int32),
        q_halt=zeros(dtype=torch.float32),
        probability=zeros(*values, dtype=torch.float16) if probability else None,
        by_step=zeros(max_steps, *agent.family.shape, dtype=torch.uint8) if keep_steps else None,
        q_by_step=zeros(max_steps, dtype=torch.float32) if keep_steps else None,
    )


def _shrunk(slots: _Slots, size: int) -> _Slots:
    """Keep ``size`` slots, idle ones last: their index is the largest."""
    kept = slots.puzzle.argsort()[:size]
    return _Slots(slots.puzzle[kept], slots.steps[kept], State(*(z[kept] for z in slots.state)), slots.waiting)
