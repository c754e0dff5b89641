"""How an agent acts on what it proposes: with whole grids, or cell by cell and move by move.

An environment's action space says which: ``stepwise_in`` finds it. Shapes: N environments side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

import puzzles
from puzzles.maze.cells import GOAL, PATH, START, WALL
from puzzles.maze.rules import COLUMN_STEPS, ROW_STEPS

if TYPE_CHECKING:
    from gymnasium import spaces

Masks = NDArray[np.bool_] | None
"""(N, actions) bool: which actions are legal; None where that is not known."""


class Plan(NamedTuple):
    """What an agent that acts step by step holds on to: its answers, thought through at the episodes' starts."""

    probability: NDArray[np.float32]
    """(N, rows, columns, cell_values): of every value of every cell, as z_H says at the end."""


class Stepwise(Protocol):
    """A way of acting step by step on a plan."""

    name: ClassVar[str]
    """What environments call it: ``"place"``."""
    observes: ClassVar[tuple[str, ...]]
    """The parts of an observation that it reads."""

    @classmethod
    def fitting(cls, count: int, family: puzzles.PuzzleFamily) -> Stepwise | None:
        """Return how to act where there are ``count`` discrete actions; None where they are none of this kind."""

    def act(
        self, family: puzzles.PuzzleFamily, plan: Plan, observation: Mapping[str, NDArray[Any]], masks: Masks
    ) -> NDArray[np.int64]:
        """Choose an action in each of N environments: (N,) int64."""


class Place:
    """Write the most probable value that is not yet there into the cell where it is most probable; givens stay.

    The action is ``cell * side + digit - 1``, or, where cells can be erased, ``cell * (side + 1) + digit``.

    Args:
        erase: whether the environment has actions that empty a cell; this agent takes none of them.
    """

    name: ClassVar[str] = "place"
    observes: ClassVar[tuple[str, ...]] = ("puzzle", "grid")

    def __init__(self, erase: bool = False):
        self.erase = erase

    @classmethod
    def fitting(cls, count: int, family: puzzles.PuzzleFamily) -> Place | None:
        """Return how to act where there is an action per cell and symbol, and perhaps one that empties the cell."""
        for erase in (False, True):
            if family.symbols and count == family.rows * family.columns * (family.symbols + erase):
                return cls(erase)
        return None

    def act(
        self, family: puzzles.PuzzleFamily, plan: Plan, observation: Mapping[str, NDArray[Any]], masks: Masks
    ) -> NDArray[np.int64]:
        """Choose the most confident placement that would change the grid."""
        puzzle, grid = observation["puzzle"], observation["grid"]
        odds = plan.probability[..., 1:].copy()
        odds[puzzle != 0] = -1.0
        digits = np.arange(1, family.cell_values)
        odds[grid[..., None] == digits] = -1.0
        if self.erase:
            odds = np.concatenate((np.full_like(odds[..., :1], -1.0), odds), axis=-1)
        odds = odds.reshape(len(odds), -1)
        return (odds if masks is None else np.where(masks, odds, -1.0)).argmax(1)


class Move:
    """Take the first step of the proposed path: to the neighbour that is most probably on it.

    A cell that was not visited yet comes first, so that the agent does not turn round on its path.
    """

    name: ClassVar[str] = "move"
    observes: ClassVar[tuple[str, ...]] = ("puzzle", "grid", "agent")

    @classmethod
    def fitting(cls, count: int, family: puzzles.PuzzleFamily) -> Move | None:
        """Return how to act in a maze, where there are four moves."""
        return cls() if family.kind == "maze" and count == len(ROW_STEPS) else None

    def act(
        self, family: puzzles.PuzzleFamily, plan: Plan, observation: Mapping[str, NDArray[Any]], masks: Masks
    ) -> NDArray[np.int64]:
        """Choose the neighbour most probably on the path: 0 up, 1 right, 2 down, 3 left."""
        puzzle, grid, agent = (np.asarray(observation[part]) for part in self.observes)
        on_path = plan.probability[..., PATH]
        visited = (grid == PATH) | (puzzle == START)
        odds = np.where(puzzle == GOAL, 2.0, on_path - 2.0 * visited)
        odds = np.where(puzzle == WALL, -np.inf, odds)
        odds = np.pad(odds, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
        rows = agent[:, :1] + 1 + np.array(ROW_STEPS)
        columns = agent[:, 1:] + 1 + np.array(COLUMN_STEPS)
        choices = odds[np.arange(len(odds))[:, None], rows, columns]
        return (choices if masks is None else np.where(masks, choices, -np.inf)).argmax(1)


PROPOSE = "propose"
"""The action type of whole grids, for which no plan is needed: every call proposes."""

STEPWISE: dict[str, type[Stepwise]] = {"move": Move, "place": Place}
"""The others by name; a family with another way of acting adds its own."""


def stepwise(name: str) -> Stepwise | None:
    """Return the action type of that name; None for whole grids.

    Raises:
        ValueError: another name.
    """
    if name == PROPOSE:
        return None
    if name not in STEPWISE:
        raise ValueError(f"action_type {name!r}, expected one of {sorted((PROPOSE, *STEPWISE))}")
    return STEPWISE[name]()


def stepwise_in(space: spaces.Space[Any], family: puzzles.PuzzleFamily) -> Stepwise | None:
    """Return the action type of an action space; None for whole grids.

    Args:
        space: of one environment.
        family: of its puzzles.

    Raises:
        ValueError: actions that are none of these.
    """
    if space.shape == family.shape:
        return None
    count = getattr(space, "n", None)  # of a Discrete
    for way in STEPWISE.values():
        found = None if count is None else way.fitting(int(count), family)
        if found is not None:
            return found
    raise ValueError(f"action space {space}, expected grids of {family.name}, or its placements or moves")
