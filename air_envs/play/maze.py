"""Mazes for people: a walk that is drawn as it goes, and taken back by walking back."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np

from air_envs.drawing.scene import Scene, make_scene
from air_envs.play.game import Game, counted
from puzzles.maze import Maze
from puzzles.maze.cells import START
from puzzles.maze.rules import COLUMN_STEPS, ROW_STEPS

Cell = tuple[int, int]
_KEYS = ("up", "w", "k"), ("right", "d", "l"), ("down", "s", "j"), ("left", "a", "h")
_MOVES = {key: move for move, keys in enumerate(_KEYS) for key in keys}


class State(NamedTuple):
    """What undo brings back."""

    moves: tuple[int, ...]
    """0 up, 1 right, 2 down, 3 left, from the start on."""
    hinted: frozenset[Cell]
    """Cells that a hint has led to."""


class MazeGame(Game[State]):
    """One maze being played; see ``Game``. Every move is the environment's; taking one back plays the rest again."""

    family: Maze
    action_type = "move"
    sizes: ClassVar = ((9, 9), (15, 15), (21, 21), (30, 30), (45, 45))
    help: ClassVar = (
        ("arrows, WASD, HJKL", "walk; walking back takes moves back"),
        ("Shift + arrow", "walk to the next junction"),
        ("click, drag", "walk to a cell in sight"),
    )

    # -- what a screen asks -----------------------------------------------------------------------------------------

    @property
    def walk(self) -> list[Cell]:
        """The cells walked over, the start first and the agent's last."""
        (row, column), *_ = np.argwhere(self.puzzle == START).tolist()
        cells = [(row, column)]
        for move in self._state.moves:
            cells.append(_ahead(cells[-1], move))
        return cells

    @property
    def moves(self) -> tuple[int, ...]:
        """The moves that make the walk: 0 up, 1 right, 2 down, 3 left."""
        return self._state.moves

    @property
    def agent(self) -> Cell:
        """(row, column) of the agent."""
        return self.walk[-1]

    def scene(self) -> Scene:
        """The maze with the agent, hints and the part of the walk that is wrong."""
        hinted = np.zeros(self.family.shape, bool)
        for place in self._state.hinted:
            hinted[place] = True
        grid = self._observation["grid"]
        return make_scene(self.family, grid, puzzle=self.puzzle, agent=self.agent, hinted=hinted, wrong=self.wrong)

    def facts(self) -> list[tuple[str, str]]:
        """Moves and hints."""
        return [("Moves", str(len(self._state.moves))), ("Hints", str(self.hints))]

    def verdict(self) -> str:
        """Add how long the walk is, and how long it could be."""
        moves, best = len(self._state.moves), self.info["optimal_length"]
        return f"{super().verdict()}: {moves} moves, " + ("a shortest way" if moves == best else f"{best} would do")

    # -- commands ---------------------------------------------------------------------------------------------------

    def key(self, name: str, shift: bool = False) -> bool:
        """Arrows and letters walk, with shift to the next junction."""
        if name not in _MOVES:
            return False
        move: int | None = _MOVES[name]
        while move is not None and self.move(move):
            move = self._onward(move) if shift else None
        return True

    def point(self, place: Cell, dragged: bool = False) -> None:
        """Walk to a cell in sight: straight along a row or column, up to what stands in the way."""
        rows, columns = (there - here for there, here in zip(place, self.agent, strict=True))
        if bool(rows) == bool(columns):
            return
        step = int(np.sign(rows)), int(np.sign(columns))
        move = next(move for move in range(4) if (ROW_STEPS[move], COLUMN_STEPS[move]) == step)
        for _ in range(abs(rows + columns)):
            if not self.move(move):
                return

    def move(self, move: int, hinted: bool = False, takes_back: bool = True) -> bool:
        """Walk one cell, 0 up, 1 right, 2 down, 3 left.

        Args:
            move: where to.
            hinted: whether a hint leads there.
            takes_back: whether straight back takes the last move back; if not, it is a move like any other.

        Returns:
            Whether there was a way.
        """
        if self.solved or not self.info["action_mask"][move]:
            return False
        here, (moves, hints) = self.agent, self._state
        if takes_back and moves and (moves[-1] + 2) % 4 == move:
            self._do(State(moves[:-1], hints - {here}))
        else:
            self._do(State((*moves, move), hints | {_ahead(here, move)} if hinted else hints))
        return True

    def neighbour(self, move: int) -> Cell:
        """Return the cell that a legal move leads to."""
        return _ahead(self.agent, move)

    def is_nearer(self, move: int) -> bool:
        """Return whether a legal move is the next one of a shortest path to the goal."""
        return bool(self.distances[self.neighbour(move)] == self.distances[self.agent] - 1)

    def hint(self) -> None:
        """Make the next move of a shortest way to the goal."""
        if self.solved:
            return
        move = next(move for move in self._legal() if self.is_nearer(move))
        self.hints += 1
        self.move(move, hinted=True)
        self.message = f"Go {('up', 'right', 'down', 'left')[move]}"

    def check(self) -> None:
        """Mark the cells of the walk from where it left every shortest way."""
        best = self.info["optimal_length"]
        astray = [place for number, place in enumerate(self.walk) if number + self.distances[place] > best]
        self.wrong = np.zeros(self.family.shape, bool)
        for place in astray:
            self.wrong[place] = True
        self.message = f"{counted(len(astray), 'cell')} off the shortest way" if astray else "On a shortest way"

    # -- states -----------------------------------------------------------------------------------------------------

    def _begin(self) -> State:
        self.distances = self.family.distances(self.puzzle[None])[0]
        """(rows, columns) int32: moves to the goal, -1 where there is no way."""
        self.wrong = np.zeros(self.family.shape, bool)
        """(rows, columns) bool: cells of the walk that were off every shortest way at the last check."""
        self._replay(())
        return State((), frozenset())

    def _show(self, state: State, before: State) -> None:
        self.wrong = np.zeros(self.family.shape, bool)
        if state.moves[:-1] == before.moves:
            self._observation, _, _, _, self.info = self.env.step(state.moves[-1])
        else:
            self._replay(state.moves)

    def _replay(self, moves: tuple[int, ...]) -> None:
        self._observation, self.info = self.env.reset(options={"puzzle": self.puzzle})
        for move in moves:
            self._observation, _, _, _, self.info = self.env.step(move)

    def _legal(self) -> list[int]:
        return np.flatnonzero(self.info["action_mask"]).tolist()

    def _onward(self, move: int) -> int | None:
        """Return the only way on after ``move``, None at a junction, a dead end or the goal."""
        ways = [way for way in self._legal() if way != (move + 2) % 4]
        return ways[0] if len(ways) == 1 else None


def _ahead(place: Cell, move: int) -> Cell:
    return place[0] + ROW_STEPS[move], place[1] + COLUMN_STEPS[move]
