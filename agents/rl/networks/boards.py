"""What every network for boards shares: how it reads observations, and which heads follow its features.

Shapes: B batch, R rows, C columns, n digits of a Sudoku, D channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

import puzzles
from puzzles.maze.cells import GOAL, WALL

Observation = dict[str, Tensor]
"""As Stable-Baselines3 hands it to a features extractor: float32, discrete parts one-hot."""


class Features(NamedTuple):
    """What a features extractor for boards returns, and its heads take."""

    items: Tensor
    """(B, items, D): of the candidates, of the cells, or of the places around a maze's agent."""
    closed: Tensor | None = None
    """(B, actions) bool: what the policy never does, whatever the mask allows; None for nothing."""
    prior: Tensor | None = None
    """(B, actions): logits to start from, such as those of a supervised model; None for none."""

    def close(self, logits: Tensor) -> Tensor:
        """Return the logits of (B, actions), so low where an action is closed that it has no probability."""
        return logits if self.closed is None else logits.masked_fill(self.closed, CLOSED)


CLOSED = -1e6
"""Logit or value of an action that is never taken."""


def as_observation(parts: Mapping[str, Any], device: torch.device | str = "cpu") -> Observation:
    """Return an environment's batch of observations, arrays or tensors, as a features extractor takes it."""
    tensors = {name: torch.as_tensor(values, device=device) for name, values in parts.items()}
    observation = {name: values.float() for name, values in tensors.items()}
    if "agent" in tensors:
        places = zip(tensors["agent"].long().unbind(1), tensors["puzzle"].shape[1:], strict=True)
        observation["agent"] = torch.cat([F.one_hot(place, side) for place, side in places], 1).float()
    return observation


class BoardFeatures(BaseFeaturesExtractor):
    """A features extractor for the observations of ``air_envs/Sudoku-v0`` and ``air_envs/Maze-v0``.

    Its ``Features`` keep the board's shape. ``BoardPolicy`` and the other policies of this package take the heads that
    belong to them.

    Args:
        observation_space: ``Dict`` with ``puzzle`` and ``grid``, and ``agent`` for a maze.
        action_space: placements of a Sudoku or moves of a maze.
        hidden: D.

    Raises:
        ValueError: other spaces.
    """

    def __init__(self, observation_space: spaces.Space[Any], action_space: spaces.Space[Any], hidden: int):
        super().__init__(observation_space, hidden)
        self.family = family_of(observation_space, action_space)

    def heads(self) -> tuple[nn.Module, nn.Module]:
        """Return a new action head, ``Features`` to (B, actions), and a new value head, ``Features`` to (B, 1)."""
        raise NotImplementedError


def family_of(observation_space: spaces.Space[Any], action_space: spaces.Space[Any]) -> puzzles.PuzzleFamily:
    """Return the family that an environment's spaces show.

    Raises:
        ValueError: spaces that are not those of placing digits or moving through a maze.
    """
    parts = observation_space.spaces if isinstance(observation_space, spaces.Dict) else {}
    actions = int(action_space.n) if isinstance(action_space, spaces.Discrete) else None
    if {"grid", "puzzle"} <= parts.keys():
        rows, columns = parts["grid"].shape or (0, 0)
        if "agent" in parts and actions == 4:
            return puzzles.family(f"maze-{rows}x{columns}")
        if actions == rows**3:
            return puzzles.family(f"sudoku-{rows}x{columns}")
    raise ValueError(
        f"found {observation_space} and {action_space}, expected those of placing digits in a Sudoku or of moving "
        "through a maze"
    )


# -- Sudoku ------------------------------------------------------------------------------------------------------------


class SudokuBoard(nn.Module):
    """Reads a Sudoku: what is in each cell, and which digits fit it.

    Args:
        family: a Sudoku.
    """

    digits: Tensor

    def __init__(self, family: puzzles.PuzzleFamily):
        super().__init__()
        self.regions = family.regions
        self.register_buffer("digits", torch.arange(1.0, family.symbols + 1), persistent=False)

    def placed(self, grid: Tensor) -> Tensor:
        """(B, R, C) digits to (B, R, C, n) float32: 1 where the cell holds digit k + 1."""
        return (grid[..., None] == self.digits).to(grid.dtype)

    def fits(self, placed: Tensor) -> Tensor:
        """(B, R, C, n) float32: 1 where digit k + 1 stands nowhere in the row, column and box of the cell."""
        seen = torch.zeros_like(placed)
        for height, width in self.regions:
            tiles(seen, height, width).add_(tiles(placed, height, width).sum((2, 4), keepdim=True))
        return (seen == 0).to(placed.dtype)

    def legal(self, observation: Observation) -> Tensor:
        """(B, R * C * n) bool: the placements that ``action_mask="candidates"`` allows."""
        fits = self.fits(self.placed(observation["grid"])).bool()
        return (fits & (observation["puzzle"] == 0)[..., None]).flatten(1)


def tiles(cells: Tensor, height: int, width: int) -> Tensor:
    """View (B, R, C, ...) as (B, R / height, height, C / width, width, ...)."""
    return cells.unflatten(2, (-1, width)).unflatten(1, (-1, height))


# -- mazes -------------------------------------------------------------------------------------------------------------

OWN, UP, RIGHT, DOWN, LEFT = range(5)
"""Places around the agent: its own cell, then those that the actions lead to, in their order."""


class MazeBoard(nn.Module):
    """Reads a maze: which cells are open, visited and the goal, and where the agent stands."""

    def planes(self, observation: Observation) -> Tensor:
        """(B, R, C, 4) float32: open, visited, goal, agent."""
        puzzle, grid = observation["puzzle"], observation["grid"]
        rows, columns = puzzle.shape[1:]
        row, column = observation["agent"].split((rows, columns), 1)
        return torch.stack(
            (
                (puzzle != WALL).to(puzzle.dtype),
                (grid != puzzle).to(puzzle.dtype),
                (puzzle == GOAL).to(puzzle.dtype),
                row[:, :, None] * column[:, None, :],
            ),
            -1,
        )

    def around(self, observation: Observation, cells: Tensor) -> Tensor:
        """Take the agent's cell and its four neighbours: (B, R, C, D) to (B, 5, D), 0 beyond the edge."""
        batch, rows, columns, width = cells.shape
        row, column = observation["agent"].split((rows, columns), 1)
        place = (row.argmax(1) + 1) * (columns + 2) + column.argmax(1) + 1
        steps = place.new_tensor((0, -columns - 2, 1, columns + 2, -1))
        padded = F.pad(cells, (0, 0, 1, 1, 1, 1)).flatten(1, 2)
        return padded.gather(1, (place[:, None] + steps)[..., None].expand(batch, 5, width))

    def legal(self, observation: Observation) -> Tensor:
        """(B, 4) bool: the moves that lead to no wall and not over the edge."""
        is_open = (observation["puzzle"] != WALL).float()[..., None]
        return self.around(observation, is_open)[:, UP:, 0] > 0


def board_of(family: puzzles.PuzzleFamily) -> SudokuBoard | MazeBoard:
    """Return what reads the boards of a family."""
    return SudokuBoard(family) if family.symbols else MazeBoard()
