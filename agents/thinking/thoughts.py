"""What a model holds after an update: states decoded to grids, each quantity computed when it is first asked for.

Shapes: of a single puzzle as they are said; of a batch with the puzzles, (B, ...), before them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import puzzles
from agents.data.batches import to_cells
from agents.models.air import AIR, State
from agents.thinking.attention import attention_by_layer
from agents.thinking.conflicts import conflicts


class Subject(NamedTuple):
    """The puzzles that a model thinks about."""

    model: AIR
    family: puzzles.PuzzleFamily
    puzzle: puzzles.Grids
    """(B, rows, columns) uint8."""
    x: Tensor
    """(B, S, D): the same, embedded."""
    single: bool
    """Whether it is one puzzle, B = 1, and what is said of it has no axis for the batch."""


class Decoded:
    """One recurrent state, z_H or z_L, read by the model's lm_head.

    Args:
        model: whose state it is.
        family: of the puzzles.
        z: (B, S, D).
        single: whether it is of one puzzle, B = 1, and what is said of it has no axis for the batch.
    """

    def __init__(self, model: AIR, family: puzzles.PuzzleFamily, z: Tensor, single: bool):
        self._model = model
        self._family = family
        self._z = z
        self._single = single

    @cached_property
    def cells(self) -> puzzles.Grids:
        """(rows, columns) uint8: the most probable cell values, ``family.undecided`` where that is padding."""
        return self._said(lambda: to_cells(self._logits, self._family))

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """(rows, columns) float32: softmax probability of that value."""
        return self._one(self._distribution.max(-1))

    @cached_property
    def probability(self) -> NDArray[np.float32]:
        """(rows, columns, cell_values) float32: of every value; what is missing to 1 is padding."""
        return self._one(self._distribution[..., 1:])

    @cached_property
    def entropy(self) -> NDArray[np.float32]:
        """(rows, columns) float32: of the distribution over tokens, as a share of the highest, 0..1."""
        p = self._distribution
        return self._one(-(p * np.log(np.maximum(p, np.finfo(p.dtype).tiny))).sum(-1) / math.log(p.shape[-1]))

    @cached_property
    def hidden(self) -> NDArray[np.float32]:
        """(S, D) float32: the state itself."""
        return self._said(self._z.float)

    @cached_property
    def _logits(self) -> Tensor:
        return self._model.decode(self._z)

    @cached_property
    def _distribution(self) -> NDArray[np.float32]:
        """(B, rows, columns, V): in NumPy, whose calls cost less than torch's on a single puzzle."""
        with torch.inference_mode():
            logits = self._logits.float().cpu().numpy().reshape(-1, *self._family.shape, self._family.vocabulary_size)
        odds = np.exp(logits - logits.max(-1, keepdims=True))
        return odds / odds.sum(-1, keepdims=True)

    @torch.inference_mode()
    def _said(self, read: Callable[[], Tensor]) -> NDArray[Any]:
        return self._one(read().cpu().numpy())

    def _one(self, values: NDArray[Any]) -> NDArray[Any]:
        return values[0] if self._single else values


class Proposal(Decoded):
    """z_H, which also answers the puzzle and says how sure the model is of that.

    Args:
        subject: what is answered.
        state: both states.
    """

    def __init__(self, subject: Subject, state: State):
        super().__init__(subject.model, subject.family, state.z_H, subject.single)
        self._puzzle = subject.puzzle
        self._state = state

    @cached_property
    def halt_logit(self) -> Any:
        """Logit of "the whole proposal is right": a float, or (B,) float32."""
        q_halt = self._said(lambda: self._model.halting_logits(self._state)[0])
        return float(q_halt) if self._single else q_halt

    @cached_property
    def action(self) -> puzzles.Grids:
        """(rows, columns) uint8: the cells as an action, 0 (blank, wall) where undecided."""
        return proposed(self.cells, self._family)

    @cached_property
    def answer(self) -> puzzles.Grids:
        """(rows, columns) uint8: what the family reads of the action; of a maze the path alone."""
        return self._one(self._answer)

    @cached_property
    def solved(self) -> Any:
        """Whether the answer is right by the rules: a bool, or (B,) bool."""
        right = self._family.is_solved(self._puzzle, self._answer)
        return bool(right[0]) if self._single else right

    @cached_property
    def conflicts(self) -> NDArray[np.bool_]:
        """(rows, columns) bool: where the answer breaks a rule; see ``agents.thinking.conflicts``."""
        return self._one(conflicts(self._family, self._puzzle, self._answer))

    @cached_property
    def _answer(self) -> puzzles.Grids:
        return self._family.read_answer(self._puzzle, self.action[None] if self._single else self.action)


class Thought:
    """The state of mind after one L- or H-update.

    Args:
        subject: what is thought about.
        act_step: ACT step, counted from 1.
        update: update, counted from 1 over all ACT steps.
        letter: which update it was: "L", "H", or "-" for a frozen one.
        before: the states that it read.
        state: the states that it left.
        decoded: both states before it, decoded; the one that it did not change is shared.
    """

    z_H: Proposal
    """The proposal."""
    z_L: Decoded
    """The scratchpad."""

    def __init__(
        self,
        subject: Subject,
        act_step: int,
        update: int,
        letter: str,
        before: State,
        state: State,
        decoded: tuple[Proposal, Decoded],
    ):
        self.act_step = act_step
        """ACT step, counted from 1."""
        self.update = update
        """Update, counted from 1 over all ACT steps."""
        self.letter = letter
        """Which update it was: "L", "H", or "-" for a frozen one."""
        self.state = state
        """Both states, (B, S, D) each, on the model's device."""
        self.z_H = decoded[0] if state.z_H is before.z_H else Proposal(subject, state)
        same = state.z_L is before.z_L
        self.z_L = decoded[1] if same else Decoded(subject.model, subject.family, state.z_L, subject.single)
        self.subject = subject
        """What is thought about."""
        self._before = before
        self._decoded = decoded

    @property
    def halt_logit(self) -> Any:
        """Logit of "the whole proposal is right", read off z_H: a float, or (B,) float32."""
        return self.z_H.halt_logit

    @property
    def halting_probability(self) -> Any:
        """The same as a probability: a float, or (B,) float64."""
        return sigmoid(self.halt_logit)

    @cached_property
    def changed(self) -> NDArray[np.bool_]:
        """(rows, columns) bool: the cells that this update decodes otherwise in the state that it updated."""
        old_H, old_L = self._decoded
        return (old_H.cells != self.z_H.cells) | (old_L.cells != self.z_L.cells)

    @property
    def solved(self) -> Any:
        """Whether the proposal solves the puzzle by the rules: a bool, or (B,) bool."""
        return self.z_H.solved

    @property
    def conflicts(self) -> NDArray[np.bool_]:
        """(rows, columns) bool: where the proposal breaks a rule; see ``agents.thinking.conflicts``."""
        return self.z_H.conflicts

    def with_state(self, z_H: Tensor | None = None, z_L: Tensor | None = None) -> Thought:
        """Return the same moment with other states, (B, S, D) each, from which ``AIRAgent.think`` can continue.

        None keeps a state as it is.
        """
        state = State(self.state.z_H if z_H is None else z_H, self.state.z_L if z_L is None else z_L)
        return Thought(self.subject, self.act_step, self.update, self.letter, self._before, state, self._decoded)

    @torch.inference_mode()
    def attention(self, letter: str | None = None) -> list[NDArray[np.float32]]:
        """Return what cells attend to: (heads, C, C) float32 per layer; row i is cell i, and sums to at most 1.

        The rest lies on the positions before the cells. It is computed at every call.

        Args:
            letter: "L" or "H": what that update attends to, or would, in the states that this one read. None takes
                this update's own.

        Raises:
            ValueError: the model does not attend; or no letter, for an update that was frozen.
        """
        letter = letter or self.letter
        if letter not in ("L", "H"):
            raise ValueError(f"attention of update {letter!r}, expected 'L' or 'H'")
        maps = attention_by_layer(self.subject.model, letter, self._before, self.subject.x)
        grids = (layer.float().cpu().numpy() for layer in maps)
        return [grid[0] if self.subject.single else grid for grid in grids]


def proposed(cells: puzzles.Grids, family: puzzles.PuzzleFamily) -> puzzles.Grids:
    """Return decoded cells as actions: 0 (blank, wall) where undecided."""
    return np.where(cells == family.undecided, np.uint8(0), cells)


def sigmoid(logit: Any) -> Any:
    """Return the probability of a logit: a float for a float, (N,) float64 for an array."""
    probability = 0.5 * (1.0 + np.tanh(0.5 * np.asarray(logit, np.float64)))  # unlike exp, tanh never overflows
    return probability if isinstance(logit, np.ndarray) else float(probability)
