"""What the viewer draws: branches of moments, and a place in them."""

from __future__ import annotations

import abc
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

import puzzles
from agents.thinking.player.encoding import Maps
from agents.thinking.player.markup import Player
from agents.watching.branches import Branch, Cursor
from agents.watching.interventions import Intervention
from agents.watching.moments import Moment


class Story(abc.ABC):
    """A puzzle being thought about, live or recorded.

    Args:
        family: of the puzzle.
        title: what it is called.
        program: one ACT step of the model as letters: ``"LLHLLH"``.
        model_name: of the model.
        act_steps: maximum of ACT steps.
        branches: at least one, with its moment of update 0, where the story begins.
    """

    live: ClassVar[bool]
    """Whether there is a model behind it, that can continue and be interfered with."""

    def __init__(
        self,
        family: puzzles.PuzzleFamily,
        title: str,
        program: str,
        model_name: str,
        act_steps: int,
        branches: list[Branch],
    ):
        self.family = family
        self.title = title
        self.program = program
        self.model_name = model_name
        self.act_steps = act_steps
        self.branches = branches
        self.cursor = Cursor(0, 0)

    @property
    def branch(self) -> Branch:
        """The present branch."""
        return self.branches[self.cursor.branch]

    @property
    def moment(self) -> Moment:
        """The present moment."""
        return self.branch.moment(self.cursor.update)

    @property
    def last_update(self) -> int:
        """The last update of the present branch so far."""
        return self.branch.last_update

    @property
    def most_updates(self) -> int:
        """How many updates the maximum of ACT steps makes."""
        return self.act_steps * len(self.program)

    def step(self) -> bool:
        """Go on by one update, and return whether there was one."""
        return self._move(self.cursor.update + 1)

    def back(self) -> bool:
        """Go back by one update, and return whether there was one."""
        return self._move(self.cursor.update - 1)

    def go(self, update: int) -> None:
        """Go to an update of the present branch.

        Raises:
            ValueError: the branch has no such update so far.
        """
        self.branch.moment(update)
        self._move(update)

    def home(self) -> None:
        """Go to before the first update."""
        self.go(0)

    def end(self) -> None:
        """Go to the last update of the present branch so far."""
        self.go(self.last_update)

    def choose(self, branch: int) -> None:
        """Make a branch the present one; the update stays as it is, or is the branch's last where it has fewer.

        Raises:
            ValueError: no such branch.
        """
        if not 0 <= branch < len(self.branches):
            raise ValueError(f"branch {branch}, expected 0 to {len(self.branches) - 1}")
        self.cursor = Cursor(branch, min(self.cursor.update, self.branches[branch].last_update))

    @abc.abstractmethod
    def interfere(self, intervention: Intervention) -> None:
        """Interfere at the present moment of the present branch.

        Where the branch goes on after that moment, a new branch leaves it here and becomes the present one; both stay.
        At the end of a branch the intervention changes its last moment in place.

        Raises:
            ValueError: it can't be done here; the message says why.
        """

    @property
    @abc.abstractmethod
    def attention_shape(self) -> tuple[int, int] | None:
        """(layers, heads) whose attention can be shown; None where there is none to show."""

    @abc.abstractmethod
    def attention(self, letter: str, layer: int, head: int | None, cell: tuple[int, int]) -> NDArray[np.float32] | None:
        """Return what a cell attends to: (rows, columns) float32, which sums to at most 1; None where there is none.

        It is that of the update that led to the present moment; of the other letter, what that update would attend to
        in the same states.

        Args:
            letter: "L" or "H".
            layer: counted from 0.
            head: counted from 0; None for the mean of all.
            cell: (row, column).

        Raises:
            ValueError: no such letter, layer, head or cell.
        """

    def _repr_html_(self) -> str:
        """Show the present branch, as far as it has come, in a notebook."""
        updates = range(self.last_update + 1)
        moments = [self.branch.moment(update) for update in updates]
        maps = [self._own_attention(update) for update in updates]
        missing = "" if self.live else "not recorded"
        return Player.of(self.family, moments, maps, self.title, missing).html

    def _own_attention(self, update: int) -> Maps | None:
        """Return the mean over heads of what the update of the present branch attended to, None where there is none."""
        return None

    def _move(self, update: int) -> bool:
        there = 0 <= update <= self.last_update
        if there:
            self.cursor = self.cursor._replace(update=update)
        return there
