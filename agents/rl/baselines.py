"""Move policies that learn nothing: random legal moves, greedy play, and the moves of a solver. They need no torch.

All of them read whole boards (``grid`` and ``puzzle``, and ``agent`` in a maze), and no solution from the environment.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import puzzles
from air_envs.policies import MovePolicy
from puzzles import PuzzleFamily
from puzzles.maze.cells import GOAL, OPEN
from puzzles.maze.rules import COLUMN_STEPS, ROW_STEPS, distances
from puzzles.sudoku import Sudoku
from puzzles.sudoku.rules import candidates

Probabilities = NDArray[np.float32]
Masks = NDArray[np.bool_]


def random_legal(family: PuzzleFamily | str) -> MovePolicy:
    """Return the policy to which every legal action is equally likely, whatever the family."""
    return _RandomLegal()


def greedy(family: PuzzleFamily | str) -> MovePolicy:
    """Return a family's greedy policy: ``SudokuGreedy`` or ``MazeGreedy``.

    Raises:
        PuzzleError: no such family.
        ValueError: a family of another kind.
    """
    return _of_kind(family, {"sudoku": SudokuGreedy, "maze": MazeGreedy})


def solver(family: PuzzleFamily | str) -> MovePolicy:
    """Return a family's exact solver, move by move: ``SudokuSolver`` or ``MazeSolver``.

    Raises:
        PuzzleError: no such family.
        ValueError: a family of another kind.
    """
    return _of_kind(family, {"sudoku": SudokuSolver, "maze": MazeSolver})


BASELINES = {"random": random_legal, "greedy": greedy, "solver": solver}
"""By the name of their row in a table; each makes the policy of a family."""


class _RandomLegal:
    def probabilities(self, observations: Any, masks: Masks) -> Probabilities:
        return shared_equally(masks)


class SudokuGreedy:
    """Fills the blank cell with the fewest candidates, the first of several, with one of them drawn at random.

    So a cell with a single candidate comes first, and any other cell is a guess. Cells without a candidate are passed
    over.
    """

    def __init__(self, family: PuzzleFamily):
        self.family = _sudoku(family)

    def probabilities(self, observations: Any, masks: Masks) -> Probabilities:
        """Return (N, A) float32: equal for the candidates of one cell; for all legal actions if it has no legal one."""
        grid = observations["grid"]
        count, side = len(grid), self.family.side
        bits = candidates(np.ascontiguousarray(grid), self.family.box_rows).reshape(count, -1)
        fits = (bits[:, :, None] >> np.arange(side, dtype=np.uint32) & 1).astype(np.bool_)
        number = fits.sum(2)
        cell = np.where(number > 0, number, side + 1).argmin(1)
        chosen = np.zeros_like(fits)
        chosen[np.arange(count), cell] = fits[np.arange(count), cell]
        return shared_equally(masks & _placements(chosen, masks.shape[1]), masks)


class SudokuSolver:
    """Places digits of the solution, each one that is missing as likely as the others. It solves the givens anew.

    A digit that the solution has not is overwritten where the mask allows it.
    """

    def __init__(self, family: PuzzleFamily):
        self.family = _sudoku(family)

    def probabilities(self, observations: Any, masks: Masks) -> Probabilities:
        """Return (N, A) float32: equal for all right placements; for all legal actions where none of them is right."""
        grid, solution = observations["grid"], self.family.solve(np.ascontiguousarray(observations["puzzle"]))
        missing = (grid != solution)[..., None] & (solution[..., None] == np.arange(1, self.family.side + 1))
        chosen = missing.reshape(len(grid), -1, self.family.side)
        return shared_equally(masks & _placements(chosen, masks.shape[1]), masks)


class MazeGreedy:
    """Goes where the goal looks near, and walks at random where all around was visited before.

    Of the legal moves to cells that it has not visited it takes the one with the lowest Manhattan distance to the goal.
    Where there is none it takes any legal move. Equal ones are equally likely.
    """

    def __init__(self, family: PuzzleFamily):
        self.family = family

    def probabilities(self, observations: Any, masks: Masks) -> Probabilities:
        """Return (N, 4) float32."""
        grid, puzzle = observations["grid"], observations["puzzle"]
        goal = (puzzle == GOAL).reshape(len(puzzle), -1).argmax(1)
        row, column = _neighbours(observations["agent"], self.family)
        cells = grid[np.arange(len(grid))[:, None], row, column]
        fresh = masks & ((cells == OPEN) | (cells == GOAL))
        far = np.abs(row - (goal // self.family.columns)[:, None]) + np.abs(
            column - (goal % self.family.columns)[:, None]
        )
        far = np.where(fresh, far, np.iinfo(np.int64).max)
        return shared_equally(fresh & (far == far.min(1, keepdims=True)), masks)


class MazeSolver:
    """Walks a shortest path from where it stands; of several moves that lead nearer each is equally likely."""

    def __init__(self, family: PuzzleFamily):
        self.family = family

    def probabilities(self, observations: Any, masks: Masks) -> Probabilities:
        """Return (N, 4) float32."""
        moves = distances(np.ascontiguousarray(observations["puzzle"]))
        board, agent = np.arange(len(moves)), observations["agent"]
        row, column = _neighbours(agent, self.family)
        nearer = moves[board[:, None], row, column] == moves[board, agent[:, 0], agent[:, 1]][:, None] - 1
        return shared_equally(masks & nearer, masks)


def shared_equally(chosen: Masks, otherwise: Masks | None = None) -> Probabilities:
    """Return (N, A) float32 that shares each row's probability equally over its actions in ``chosen``.

    Args:
        chosen: (N, A) bool.
        otherwise: (N, A) bool: what takes the place of a row of ``chosen`` that is empty.
    """
    if otherwise is not None:
        chosen = np.where(chosen.any(1, keepdims=True), chosen, otherwise)
    return (chosen / np.maximum(chosen.sum(1, keepdims=True), 1)).astype(np.float32)


def _of_kind(family: PuzzleFamily | str, policies: dict[str, Any]) -> MovePolicy:
    found = puzzles.family(family) if isinstance(family, str) else family
    if found.kind not in policies:
        raise ValueError(f"{found.name}: no baseline of kind {found.kind!r}, expected one of {sorted(policies)}")
    policy: MovePolicy = policies[found.kind](found)
    return policy


def _sudoku(family: PuzzleFamily) -> Sudoku:
    if not isinstance(family, Sudoku):
        raise ValueError(f"{family.name}: expected a Sudoku")
    return family


def _placements(chosen: Masks, actions: int) -> Masks:
    """Return (N, cells, digits) bool as actions, (N, A) bool: with ``erase`` each cell has one more, the first."""
    count, cells, side = chosen.shape
    if actions == cells * (side + 1):
        chosen = np.concatenate([np.zeros((count, cells, 1), np.bool_), chosen], axis=2)
    return chosen.reshape(count, -1)


def _neighbours(agent: NDArray[np.int64], family: PuzzleFamily) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row and column, (N, 4) each, that the moves lead to; kept inside the maze, which masks see to anyway."""
    row = (agent[:, :1] + np.array(ROW_STEPS)).clip(0, family.rows - 1)
    column = (agent[:, 1:] + np.array(COLUMN_STEPS)).clip(0, family.columns - 1)
    return row, column
