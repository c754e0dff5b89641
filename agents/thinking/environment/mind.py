"""``Mind``: a model thinking about N puzzles at once, each at an update of its own. The rules of thinking, once.

A single environment is a mind of one puzzle, a vector environment a mind of N, as ``air_envs.dynamics`` has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import puzzles
from agents.models.air import State
from agents.thinking.thoughts import Decoded, proposed, sigmoid

if TYPE_CHECKING:
    from agents.thinking.agent import AIRAgent

L, H, COMMIT = range(3)
"""The actions: update z_L, update z_H, submit the decoded z_H."""
IDLE = 3
"""What a row does whose action does not count."""
ACTIONS = "L, H, COMMIT"

Rows = NDArray[np.int64]


class Reading:
    """One recurrent state of N puzzles, z_H or z_L, and what it decodes to. Every array's first axis is the puzzle."""

    z: Tensor
    """(N, S, D), on the model's device."""

    def __init__(self, count: int, family: puzzles.PuzzleFamily):
        shape = (count, *family.shape)
        self.cells = np.full(shape, family.undecided, np.uint8)
        """(N, rows, columns) uint8: the most probable values, ``family.undecided`` where that is padding."""
        self.cells_before = self.cells.copy()
        """(N, rows, columns) uint8: the same before the state's last update."""
        self.confidence = np.zeros(shape, np.float32)
        """(N, rows, columns) float32: softmax probability of those values."""
        self.entropy = np.zeros(count, np.float32)
        """(N,) float32: mean over the cells, as a share of the highest, 0..1."""

    @property
    def changed(self) -> NDArray[np.bool_]:
        """(N, rows, columns) bool: the cells that the state's last update decodes otherwise; none after a start."""
        return self.cells != self.cells_before

    def put(self, rows: Rows, decoded: Decoded) -> None:
        """Take over what some rows decode to after an update."""
        self.cells_before[rows] = self.cells[rows]
        self.cells[rows] = decoded.cells
        self.confidence[rows] = decoded.confidence
        self.entropy[rows] = decoded.entropy.mean((1, 2))


class Mind:
    """The states of N puzzles in one model, its proposals, and what was done so far.

    One step runs at most two batches: one L-update of the rows that chose L, one H-update of those that chose H.

    Args:
        agent: whose model thinks.
        count: N.
        max_updates: budget of L- and H-updates per puzzle; None for what the model's maximum of ACT steps makes.
        max_commits: budget of proposals; None for one per ACT step. It is for its owner to enforce.

    Raises:
        ValueError: fewer than 0 updates or 1 proposal.
    """

    def __init__(self, agent: AIRAgent, count: int, max_updates: int | None = None, max_commits: int | None = None):
        config, family = agent.model.config, agent.family
        self.agent = agent
        self.count = count
        self.program = config.program
        self.max_updates = config.max_steps * len(config.program) if max_updates is None else max_updates
        self.max_commits = config.max_steps if max_commits is None else max_commits
        for name, value, least in (("max_updates", self.max_updates, 0), ("max_commits", self.max_commits, 1)):
            if value < least:
                raise ValueError(f"{name} {value}, expected {least} or more")
        self.puzzle = np.zeros((count, *family.shape), np.uint8)
        self.z_H, self.z_L = Reading(count, family), Reading(count, family)
        self.halt_logit = np.zeros(count, np.float64)
        """(N,) float64: of "the whole proposal is right", read off z_H."""
        self.proposal = np.zeros((count, *family.shape), np.uint8)
        """(N, rows, columns) uint8: z_H as an action, 0 where undecided."""
        self.answer = np.zeros((count, *family.shape), np.uint8)
        """(N, rows, columns) uint8: what the family reads of it."""
        self.solves = np.zeros(count, np.bool_)
        """(N,) bool: whether it is right by the rules."""
        self.done = np.zeros((count, 3), np.int64)
        """(N, 3) int64: how many L, H and COMMIT so far."""
        self.since_H = np.zeros(count, np.int64)
        """(N,) int64: how many L since the last H."""
        self.last = np.full(count, IDLE, np.int64)
        """(N,) int64: the last action; IDLE after a start."""
        self.strip = np.zeros((count, len(self.program)), np.int64)
        """(N, program) int64: the letters of the present ACT step, as actions; those still to come are the model's."""
        self._letters = np.array(["LH".index(letter) for letter in self.program])
        device = agent.device
        with torch.inference_mode():
            self._fresh = agent.initial_state(1)
            self._fresh_halt = float(agent.model.halting_logits(self._fresh)[0])
            shape = (count, *self._fresh.z_H.shape[1:])
            for reading in (self.z_H, self.z_L):
                reading.z = torch.zeros(shape, dtype=agent.dtype, device=device)
            self._x = torch.zeros(shape, dtype=agent.dtype, device=device)

    @property
    def updates(self) -> NDArray[np.int64]:
        """(N,) int64: L- and H-updates so far."""
        return self.done[:, :COMMIT].sum(1)

    @property
    def act_step(self) -> NDArray[np.int64]:
        """(N,) int64: ACT step of the last update, counted from 1; 0 before the first. It takes a program's length."""
        return -(-self.updates // len(self.program))

    @property
    def out_of_updates(self) -> NDArray[np.bool_]:
        """(N,) bool: whether more updates were made than the budget holds."""
        return self.updates > self.max_updates

    @property
    def halting_probability(self) -> NDArray[np.float64]:
        """(N,) float64: ``halt_logit`` as a probability."""
        return sigmoid(self.halt_logit)

    def masks(self) -> NDArray[np.int8]:
        """Return which actions the budget of updates allows, (N, 3) int8: COMMIT at any time."""
        allowed = np.ones((self.count, 3), np.int8)
        allowed[:, :COMMIT] = (self.updates < self.max_updates)[:, None]
        return allowed

    @torch.inference_mode()
    def start(self, rows: Rows, puzzle: puzzles.Grids) -> None:
        """Start again in some rows, (K,), with new puzzles, (K, rows, columns) uint8.

        Raises:
            PuzzleError: the puzzles are not of the model's family.
        """
        model, index = self.agent.model, self._index(rows)
        x = model.embed(self.agent.tokens(puzzle), self.agent.dtype)
        self.puzzle[rows] = puzzle
        for reading, z in zip((self.z_H, self.z_L), self._fresh, strict=True):
            reading.z[index] = z
            reading.put(rows, self._decoded(z))
            reading.cells_before[rows] = reading.cells[rows]
        self._x[index] = x
        self.halt_logit[rows] = self._fresh_halt
        self._propose(rows)
        for counter in (self.done, self.since_H):
            counter[rows] = 0
        self.last[rows] = IDLE
        self.strip[rows] = self._letters

    @torch.inference_mode()
    def step(self, actions: NDArray[np.int64]) -> None:
        """Run the update that each puzzle has chosen, (N,) of L, H, COMMIT and IDLE; the last two run none."""
        for action in (L, H):
            rows = np.flatnonzero(actions == action)
            if len(rows):
                self._update(action, rows)
        counted = np.flatnonzero(actions != IDLE)
        self.done[counted, actions[counted]] += 1
        self.since_H[actions == L] += 1
        self.since_H[actions == H] = 0
        self.last = actions.copy()
        thought = np.flatnonzero(actions < COMMIT)
        position = (self.updates[thought] - 1) % len(self.program)
        self.strip[thought[position == 0]] = self._letters
        self.strip[thought, position] = actions[thought]

    def state(self, row: int) -> tuple[Decoded, Decoded]:
        """Return z_H and z_L of one puzzle, decoded."""
        return self.agent.decode(State(*(reading.z[row : row + 1] for reading in (self.z_H, self.z_L))))

    def _update(self, action: int, rows: Rows) -> None:
        model, reading = self.agent.model, (self.z_L, self.z_H)[action]
        every, index = len(rows) == self.count, self._index(rows)
        parts = (self.z_H.z, self.z_L.z, self._x)
        z_H, z_L, x = parts if every else (part.index_select(0, index) for part in parts)
        after = model.update("LH"[action], State(z_H, z_L), x)
        z = after.z_L if action == L else after.z_H
        if every:
            reading.z = z
        else:
            reading.z.index_copy_(0, index, z)
        reading.put(rows, self._decoded(z))
        if action == H:
            self.halt_logit[rows] = model.halting_logits(after)[0].cpu().numpy()
            self._propose(rows)

    def _propose(self, rows: Rows) -> None:
        family, puzzle = self.agent.family, self.puzzle[rows]
        proposal = proposed(self.z_H.cells[rows], family)
        answer = family.read_answer(puzzle, proposal)
        self.proposal[rows], self.answer[rows] = proposal, answer
        self.solves[rows] = family.is_solved(puzzle, answer)

    def _decoded(self, z: Tensor) -> Decoded:
        return Decoded(self.agent.model, self.agent.family, z, single=False)

    def _index(self, rows: Rows) -> Tensor:
        return torch.from_numpy(rows).to(self.agent.device)
