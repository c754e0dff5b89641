"""What an agent's actions are in a game: how they read, whether they are right, and what they do.

An agent acts in an environment of its own, on the same puzzle: its actions, masks and observations are those that it
was trained with, whatever the game's environment is.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from air_envs.play.game import Game
    from air_envs.play.maze import MazeGame
    from air_envs.play.sudoku import SudokuGame

MOVES = ("up", "right", "down", "left")


class AgentMoves(abc.ABC):
    """The actions of an agent in one game.

    Args:
        game: that is played.
        actions: how many there are, A.
    """

    action_type: ClassVar[str]
    """Of the agent's environment."""
    right: ClassVar[str]
    """What a right move is called."""
    wrong: ClassVar[str]

    def __init__(self, game: Game[Any], actions: int):
        self.game: Any = game
        self.actions = actions

    @abc.abstractmethod
    def history(self) -> list[int]:
        """Return actions that lead from the puzzle to the board as it stands."""

    @abc.abstractmethod
    def label(self, action: int) -> str:
        """Return an action in a few letters."""

    @abc.abstractmethod
    def is_right(self, action: int) -> bool:
        """Return whether an action leads nearer to the solution."""

    @abc.abstractmethod
    def make(self, action: int) -> None:
        """Make a move that the mask allows."""

    @abc.abstractmethod
    def marks(self, probabilities: NDArray[np.float32]) -> dict[str, Any]:
        """Return the fields of a ``Scene`` that show probabilities, (A,) float32."""


class SudokuMoves(AgentMoves):
    """Placing digits, and emptying cells where the agent's environment has actions for that."""

    game: SudokuGame
    action_type = "place"
    right, wrong = "right", "wrong"

    def history(self) -> list[int]:
        """Place every digit that is not given."""
        placed = np.flatnonzero(self.game.grid != self.game.puzzle)
        digits = self.game.grid.ravel()[placed].astype(np.int64)
        history: list[int] = (placed * self._values + digits - 1 + self._erases).tolist()
        return history

    def label(self, action: int) -> str:
        """Return such as ``R3C4 = 7``."""
        (row, column), digit = self._read(action)
        return f"R{row + 1}C{column + 1} = {self.game.family.cells[digit] if digit else 'blank'}"

    def is_right(self, action: int) -> bool:
        """Whether it places a missing digit of the solution, or empties a cell that holds another one."""
        place, digit = self._read(action)
        if self.game.grid[place] == self.game.solution[place]:
            return False
        return digit in (0, int(self.game.solution[place]))

    def make(self, action: int) -> None:
        """Choose the cell and enter the digit."""
        self.game.put(*self._read(action))

    def marks(self, probabilities: NDArray[np.float32]) -> dict[str, Any]:
        """Return how likely each cell is, and how strong each of its digits is; nothing is highlighted besides."""
        side = self.game.family.side
        moves = probabilities.astype(np.float64).reshape(side, side, self._values)
        return {"chances": moves.sum(2), "candidates": np.sqrt(moves[..., self._erases :]), "highlight": None}

    @property
    def _values(self) -> int:
        return self.actions // self.game.family.side**2

    @property
    def _erases(self) -> int:
        return self._values - self.game.family.side

    def _read(self, action: int) -> tuple[tuple[int, int], int]:
        cell, value = divmod(action, self._values)
        return divmod(cell, self.game.family.side), value + 1 - self._erases


class MazeMoves(AgentMoves):
    """Walking by one cell. Walking back is a move too: the agent sees where it has been."""

    game: MazeGame
    action_type = "move"
    right, wrong = "on a shortest path", "a detour"

    def history(self) -> list[int]:
        """Return the moves of the walk."""
        return list(self.game.moves)

    def label(self, action: int) -> str:
        """Return a direction."""
        return MOVES[action]

    def is_right(self, action: int) -> bool:
        """Whether it is the next move of a shortest path."""
        return self.game.is_nearer(action)

    def make(self, action: int) -> None:
        """Walk."""
        self.game.move(action, takes_back=False)

    def marks(self, probabilities: NDArray[np.float32]) -> dict[str, Any]:
        """Return how likely the agent goes to each cell."""
        chances = np.zeros(self.game.family.shape)
        for action in np.flatnonzero(probabilities).tolist():
            chances[self.game.neighbour(action)] = probabilities[action]
        return {"chances": chances}


_MOVES: dict[str, type[AgentMoves]] = {"maze": MazeMoves, "sudoku": SudokuMoves}


def register_moves(kind: str, moves: type[AgentMoves]) -> None:
    """Say what an agent's actions are in the games of a kind: ``register_moves("kakuro", KakuroMoves)``."""
    _MOVES[kind] = moves


def moves_type(kind: str) -> type[AgentMoves]:
    """Return what an agent's actions are in the games of a kind of puzzle.

    Raises:
        ValueError: nobody registered that.
    """
    if kind not in _MOVES:
        raise ValueError(f"no agent plays {kind!r}, expected one of {sorted(_MOVES)}: see register_moves")
    return _MOVES[kind]
