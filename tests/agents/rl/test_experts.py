"""The moves that experts call right, and imitation of them."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

import air_envs  # noqa: F401 - registers the environments
from agents.rl.algorithms.experts import right_moves


def play(id: str, **arguments: Any) -> tuple[Any, int]:
    """Play random right moves in 8 environments to the end of the first episode of each; return how many moves."""
    envs = gym.make_vec(id, num_envs=8, autoreset_mode="Disabled", reward="dense", **arguments)
    envs.reset(seed=1)
    dynamics = envs.unwrapped.dynamics  # type: ignore[attr-defined]
    rng = np.random.default_rng(0)
    for steps in range(100):
        right = right_moves(dynamics)
        assert (right <= envs.unwrapped.action_masks()).all(), "what is right is legal"  # type: ignore[attr-defined]
        if not right.any():
            return dynamics, steps
        over = ~right.any(1)
        if over.any():  # a solved row plays on in a new puzzle, which is not watched
            return dynamics, steps
        _, rewards, *_ = envs.step((right * rng.random(right.shape)).argmax(1))
        assert (rewards > 0).all(), "each right move brings its puzzle nearer"
    raise AssertionError("no puzzle was solved")


def test_right_digits_solve_a_sudoku() -> None:
    dynamics, steps = play("air_envs/Sudoku-v0", size=6, clues=20, action_mask="candidates")
    assert dynamics.solved.all()
    assert steps == 16


def test_right_moves_walk_a_shortest_path() -> None:
    dynamics, steps = play("air_envs/Maze-v0", rows=7, columns=9, generator="braided")
    assert dynamics.solved.any()
    assert (dynamics.efficiency[dynamics.solved] == 1).all()
    assert steps == dynamics.optimal.min()


def test_every_right_digit_counts() -> None:
    envs: Any = gym.make_vec("air_envs/Sudoku-v0", num_envs=2, size=4, clues=10).unwrapped
    envs.reset(seed=0)
    right = right_moves(envs.dynamics).reshape(2, 4, 4, 4)
    np.testing.assert_array_equal(right.any(-1), envs.dynamics.grid == 0)
    np.testing.assert_array_equal((right * np.arange(1, 5)).sum(-1) + envs.dynamics.grid, envs.dynamics.solution)


def test_there_is_no_expert_for_whole_grids() -> None:
    envs: Any = gym.make_vec("air_envs/Sudoku-v0", num_envs=2, size=4, action_type="propose").unwrapped
    with pytest.raises(ValueError, match="SudokuPropose: no expert, expected placements without erase, or moves"):
        right_moves(envs.dynamics)
