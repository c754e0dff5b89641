"""What is shown of one update: plain NumPy, so that a recording replays without the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import puzzles

if TYPE_CHECKING:
    from agents.thinking.thoughts import Decoded, Thought


@dataclass(frozen=True, eq=False)
class Reading:
    """One recurrent state, z_H or z_L, decoded by the model's lm_head."""

    cells: puzzles.Grids
    """(rows, columns) uint8: the most probable cell values, ``family.undecided`` where that is padding."""
    probability: NDArray[np.float32]
    """(rows, columns, cell_values) float32: of every value; what is missing to 1 is padding."""
    entropy: NDArray[np.float32]
    """(rows, columns) float32: of the distribution over tokens, as a share of the highest, 0..1."""

    @classmethod
    def of(cls, decoded: Decoded) -> Reading:
        """Return the reading of a single puzzle's state."""
        return cls(decoded.cells, decoded.probability, decoded.entropy)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(rows, columns) float32: probability of the cells shown."""
        padding = 1 - self.probability.sum(-1, keepdims=True)
        odds = np.concatenate((self.probability, padding), axis=-1)
        return np.take_along_axis(odds, self.cells[..., None].astype(np.intp), axis=-1)[..., 0]


@dataclass(frozen=True, eq=False)
class Moment:
    """What is shown of one update.

    Interventions are made at a moment, after its update: their effect is in the states and the puzzle shown.
    """

    update: int
    """Counted from 1 over all ACT steps; 0 before the first."""
    act_step: int
    """Counted from 1; 0 before the first update."""
    letter: str
    """Which update it was: "L", "H", "-" for a frozen one, "" before the first."""
    frozen: str
    """The states whose updates are skipped from here on: "", "H", "L" or "HL"."""
    puzzle: puzzles.Grids
    """(rows, columns) uint8."""
    z_H: Reading
    """The proposal."""
    z_L: Reading
    """The scratchpad."""
    changed: NDArray[np.bool_]
    """(rows, columns) bool: cells that a state decodes otherwise than before the update; or than before the last
    intervention in the puzzle or the states, where this moment has one."""
    conflicts: NDArray[np.bool_]
    """(rows, columns) bool: where the proposal breaks a rule; see ``agents.thinking.conflicts``."""
    halt: float
    """Probability that the halting head gives "the whole proposal is right", 0..1."""
    solved: bool
    """Whether the proposal solves the puzzle by the rules."""
    notes: tuple[str, ...] = ()
    """The interventions made at this moment, in plain words and in the order in which they were made."""

    @classmethod
    def of(cls, thought: Thought, notes: tuple[str, ...] = (), frozen: str = "") -> Moment:
        """Return what is shown of a single puzzle's thought."""
        return cls(
            update=thought.update,
            act_step=thought.act_step,
            letter=thought.letter,
            frozen=frozen,
            puzzle=thought.subject.puzzle[0],
            z_H=Reading.of(thought.z_H),
            z_L=Reading.of(thought.z_L),
            changed=thought.changed,
            conflicts=thought.conflicts,
            halt=thought.halting_probability,
            solved=thought.solved,
            notes=notes,
        )
