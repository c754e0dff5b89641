"""A supervised AIR model as a policy: what it says of the board as it is now are the logits of the moves."""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from gymnasium import spaces
from torch import Tensor, nn

import puzzles
from agents.config.model import AIRConfig
from agents.models.air import AIR
from agents.pretrained import load_pretrained
from agents.rl.networks.boards import UP, BoardFeatures, Features, MazeBoard, Observation, board_of, family_of
from agents.rl.networks.heads import ItemScores, MoveScores, MoveValue, PooledValue, PriorScores
from puzzles.maze.cells import GOAL, OPEN, PATH, START


class AIRFeatures(BoardFeatures):
    """Items are the cells of z_H, or in a maze those around the agent; the prior is what lm_head says of z_H.

    The heads add to the prior what they learn, which starts at 0: before training, the policy is the model's. As in
    supervised training, the gradient goes through the last updates of the last ACT step.

    Args:
        observation_space, action_space: of placing digits or of moving through a maze.
        model: folder or name of an AIR model, as ``agents.pretrained.load_pretrained`` takes it; or what it is
            made of, where its weights are loaded later, as those of a saved agent are.
        act_steps: before each move; None takes the model's maximum.
        freeze: whether the model's weights stay as they are; the heads learn all the same.

    Raises:
        CheckpointError: no such model.
        ValueError: its weights do not fit the grid's shape.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        model: str | AIRConfig,
        act_steps: int | None = None,
        freeze: bool = False,
    ):
        family = family_of(observation_space, action_space)
        air = fitted(AIR(model) if isinstance(model, AIRConfig) else load_pretrained(model), family)
        super().__init__(observation_space, action_space, air.config.hidden)
        self.reader = AIRReader(air, act_steps).requires_grad_(not freeze)

    def forward(self, observation: Observation) -> Features:
        """Return the features."""
        return self.reader(observation)

    def heads(self) -> tuple[nn.Module, nn.Module]:
        """Return what is added to the prior, and the value of the board."""
        width = self.features_dim
        if self.family.symbols:
            return PriorScores(ItemScores(width, self.family.symbols)), PooledValue(width)
        return PriorScores(MoveScores(width)), MoveValue(width)


class AIRReader(nn.Module):
    """Lets a model think about boards as they are now, and reads moves off its answer.

    Of a Sudoku the prior is log p(digit) in each blank cell; in a maze, whose start is moved to where the agent stands,
    log p(path) of the cells around it.

    Args:
        air: the model, of the boards' family.
        act_steps: of thinking; None takes the model's maximum.
    """

    def __init__(self, air: AIR, act_steps: int | None):
        super().__init__()
        self.air = air
        self.act_steps = air.config.max_steps if act_steps is None else act_steps
        self.family = puzzles.family(air.config.family)
        self.board = board_of(self.family)

    def forward(self, observation: Observation) -> Features:
        """Return the features of N boards."""
        board = self.board
        if isinstance(board, MazeBoard):
            shown = _from_agent(observation)
            z_H, odds = self._think(shown)
            on_path = odds[..., PATH].masked_fill(shown == GOAL, 0.0)
            prior = board.around(observation, on_path[..., None])[:, UP:, 0]
            return Features(board.around(observation, z_H), ~board.legal(observation), prior)
        grid = observation["grid"]
        z_H, odds = self._think(grid.long())
        filled = (grid != 0)[..., None].expand(odds[..., 1:].shape)
        return Features(z_H.flatten(1, 2), filled.flatten(1), odds[..., 1:].flatten(1))

    def _think(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """(B, R, C) int64 to z_H, (B, R, C, D), and the log-probability of each cell value, (B, R, C, values)."""
        air, shape = self.air, self.family.shape
        program, tail = air.config.program * self.act_steps, air.config.gradient
        trained = any(weight.requires_grad for weight in air.parameters())
        with contextlib.nullcontext() if trained else torch.no_grad():
            x, state = air.embed(cells.flatten(1) + 1), air.initial_state(len(cells))
            with torch.no_grad():
                state = air.run(program[: len(program) - len(tail)], state, x)
            state = air.run(tail, state, x)
            odds = air.decode(state.z_H).log_softmax(-1)[..., 1:]
        return state.z_H[:, air.config.first_cell :].unflatten(1, shape), odds.unflatten(1, shape)


def fitted(air: AIR, family: puzzles.PuzzleFamily) -> AIR:
    """Return a model for a grid's shape: itself for its own.

    Raises:
        ValueError: its weights do not fit.
    """
    return air if air.config.family == family.name else air.resized(family.name)


def _from_agent(observation: Observation) -> Tensor:
    """(B, R, C) int64: the mazes with the start moved to the agent's cell."""
    puzzle = observation["puzzle"].long()
    row, column = observation["agent"].split(puzzle.shape[1:], 1)
    here = (row[:, :, None] * column[:, None, :]).bool()
    return puzzle.masked_fill(puzzle == START, OPEN).masked_fill(here, START)
