"""Early stopping by the halting head: a puzzle leaves the batch when the head is sure, a waiting one takes its place.

Slots of a batch refill until no puzzle waits; then the batch is halved whenever half of its slots are idle, down to an
eighth, so that compiled shapes stay few.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

import puzzles
from agents.data.batches import to_cells
from agents.evaluation.full import Evaluation
from agents.evaluation.selection import Marked, Selection, fresh_state, mark, select, warm_up
from agents.evaluation.statistics import mean_interval, wilson_interval
from agents.models.air import State
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset


@dataclass(frozen=True)
class HaltingEvaluation(Marked):
    """What a model answered to N puzzles, in the dataset's order, when it stopped by itself."""

    threshold: float
    """A puzzle halts when the head gives more than this probability that the answer is right."""
    steps: NDArray[np.int32]
    """(N,): ACT steps taken."""
    right: NDArray[np.int32]
    """(N,): how many cells of the answer equal the label's."""
    solved: NDArray[np.bool_]
    """(N,): the answer is right by the family's rules."""
    q_halt: NDArray[np.float32]
    """(N,): the halting logit at the end."""
    answers: puzzles.Grids
    """(N, rows, columns) uint8: the answer; ``family.undecided`` where the model says padding."""
    computed: int
    """ACT steps computed, those of idle slots included."""
    seconds: float
    """Wall time of the forward passes and of refilling the batch, compiling left out."""

    @property
    def accuracy(self) -> float:
        """Exact accuracy."""
        return float(self.exact.mean())

    def summary(self, full: Evaluation) -> dict[str, Any]:
        """Return the numbers for programs, against the same puzzles thought through to the end."""
        lost = full.exact[:, -1].astype(int) - self.exact
        return {
            "threshold": self.threshold,
            "exact_accuracy": self.accuracy,
            "exact_accuracy_interval_95": list(wilson_interval(int(self.exact.sum()), len(self.exact))),
            "exact_accuracy_cost": float(lost.mean()),
            "exact_accuracy_cost_interval_95": list(mean_interval(lost, -1, 1)),
            "solved_by_rules": float(self.solved.mean()),
            "mean_act_steps": float(self.steps.mean()),
            "occupancy": int(self.steps.sum()) / self.computed,
            "puzzles_per_second": len(self.steps) / self.seconds,
            "speedup": full.seconds / self.seconds,
        }


@torch.inference_mode()
def evaluate_halting(
    agent: AIRAgent,
    dataset: Dataset,
    threshold: float = 0.5,
    split: str = "test",
    count: int | None = None,
    max_steps: int | None = None,
    batch: int = 256,
    progress: bool = True,
) -> HaltingEvaluation:
    """Run the first ``count`` puzzles of a split, each until the halting head is sure or ``max_steps`` are taken.

    A puzzle gets the answer that ``evaluate`` gets after the same number of steps, whoever shared its batch.

    Args:
        agent: of the dataset's family.
        dataset: opened.
        threshold: probability that the answer is right above which a puzzle halts; 1 never halts, 0.5 is the rule of
            halt-only training.
        split: of the dataset.
        count: how many puzzles; None takes all.
        max_steps: ACT steps per puzzle at most; None takes the model's own maximum.
        batch: puzzles at a time, at most.
        progress: show a bar.

    Raises:
        ValueError: a number below 1, a threshold that is no probability, or the model is for another family.
        DatasetError: no such split, or a damaged one.
    """
    least = logit(threshold)
    selection = select(agent, dataset, split, count, max_steps, batch)
    warm_up(agent, selection.sizes)
    start = time.perf_counter()
    found = think_until_sure(agent, selection, least, f"halting at {threshold:g}", progress)
    seconds = time.perf_counter() - start
    right, solved = mark(agent.family, selection.data, found.answers[:, None])
    return HaltingEvaluation(
        threshold, found.steps, right[:, 0], solved[:, 0], found.q_halt, found.answers, found.computed, seconds
    )


def halting_steps(q_halt: NDArray[np.float32], threshold: float) -> NDArray[np.intp]:
    """Return after how many ACT steps puzzles halt at a threshold, given their (N, T) logits at every step: (N,)."""
    halts = q_halt > logit(threshold)
    halts[:, -1] = True
    return halts.argmax(1) + 1


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


class _Found(NamedTuple):
    """What N puzzles ended with, on the device. Row N takes what belongs to none of them."""

    answers: Tensor
    steps: Tensor
    q_halt: Tensor
    probability: Tensor | None


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
        perturb: changes the states of the batch before every ACT step.
    """
    tokens = agent.tokens(selection.data.puzzle)
    count, size = len(tokens), selection.size
    tokens = torch.cat((tokens, tokens[-1:]))  # an idle slot works on a copy of the last puzzle
    found = _nothing_found(agent, count, probability)
    slots = _first_puzzles(agent, size, count)
    waiting, live, computed = max(0, count - size), size, 0
    with tqdm(total=count, desc=what, unit="puzzle", leave=False, disable=not progress) as bar:
        while live:
            # At most `size` puzzles halt in a step: while enough wait, no slot can idle, there is no need to look.
            for _ in range(max(1, min(waiting // size, selection.max_steps))):
                if perturb is not None:
                    slots = slots._replace(state=perturb(slots.state))
                slots = _step(agent, tokens, slots, found, threshold, selection.max_steps)
                computed += size
            first_waiting, live = torch.stack((slots.waiting, (slots.puzzle < count).sum())).tolist()
            waiting = max(0, count - first_waiting)
            bar.update(count - waiting - live - bar.n)
            smallest = min(fitting for fitting in selection.sizes if fitting >= live)
            if smallest < size:
                size, slots = smallest, _shrunk(slots, smallest)
    answers, steps, q_halt = (values[:-1].cpu().numpy() for values in found[:3])
    likely = None if found.probability is None else found.probability[:-1].cpu().numpy()
    return Answers(answers, steps, q_halt, computed, likely)


def _step(agent: AIRAgent, tokens: Tensor, slots: _Slots, found: _Found, threshold: float, max_steps: int) -> _Slots:
    """Take one ACT step, write down what halts, and refill its slots. Nothing here waits for the device."""
    state, output = agent.step(tokens[slots.puzzle], slots.state)
    steps = slots.steps + 1
    halted = (steps >= max_steps) | (output.q_halt > threshold)
    none = len(tokens) - 1
    row = torch.where(halted, slots.puzzle, none)
    found.answers[row] = to_cells(output.logits, agent.family)
    found.steps[row] = steps
    found.q_halt[row] = output.q_halt.float()
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


def _nothing_found(agent: AIRAgent, count: int, probability: bool) -> _Found:
    shape = count + 1, agent.model.cells, agent.family.vocabulary_size
    return _Found(
        answers=torch.zeros((count + 1, *agent.family.shape), dtype=torch.uint8, device=agent.device),
        steps=torch.zeros(count + 1, dtype=torch.int32, device=agent.device),
        q_halt=torch.zeros(count + 1, device=agent.device),
        probability=torch.zeros(shape, dtype=torch.float16, device=agent.device) if probability else None,
    )


def _shrunk(slots: _Slots, size: int) -> _Slots:
    """Keep ``size`` slots, idle ones last: their index is the largest."""
    kept = slots.puzzle.argsort()[:size]
    return _Slots(slots.puzzle[kept], slots.steps[kept], State(*(z[kept] for z in slots.state)), slots.waiting)
