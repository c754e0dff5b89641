"""Models to watch, small and shipped, and how moments are compared."""

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import puzzles
from agents import AIRAgent
from agents.thinking.agent import as_agent
from agents.watching import Branch, Moment, Session
from tests.agents.thinking.conftest import untrained
from tests.agents.watching.windows import Driver

MODELS = ("untrained", "sudoku-6x6", "maze-9x9", "sudoku-extreme")
"""A Sudoku of 4x4, of 6x6, a maze, and a Sudoku of 9x9 in a model of candidates, which does not attend."""


@functools.cache
def model(name: str) -> AIRAgent:
    return untrained() if name == "untrained" else as_agent(name)


def puzzle_of(agent: AIRAgent, seed: int = 0) -> puzzles.Grids:
    return generated(agent.family, seed).copy()


@functools.cache
def generated(family: puzzles.PuzzleFamily, seed: int) -> puzzles.Grids:
    return family.generate(np.array([seed], np.uint64)).puzzle[0]


def watched(name: str, updates: int = 0, act_steps: int = 2, **options: object) -> Session:
    """Return a session of a model, after so many updates."""
    agent = model(name)
    session = Session(agent, puzzle_of(agent), act_steps=act_steps, model_name=name, **options)
    session.go(updates)
    return session


def assert_same_moment(found: Moment, expected: Moment, precision: float = 0.0, **other: object) -> None:
    """Compare every field, the probabilities and entropies to a precision; ``other`` has values that differ."""
    for name in ("update", "act_step", "letter", "frozen", "halt", "solved", "notes"):
        wanted = other.get(name, getattr(expected, name))
        assert getattr(found, name) == wanted, name
        assert type(getattr(found, name)) is type(wanted), name
    for name in ("puzzle", "changed", "conflicts"):
        assert_same_array(getattr(found, name), getattr(expected, name), name)
    for state in ("z_H", "z_L"):
        one, two = getattr(found, state), getattr(expected, state)
        assert_same_array(one.cells, two.cells, f"{state}.cells")
        for name in ("probability", "entropy"):
            assert_same_array(getattr(one, name), getattr(two, name), f"{state}.{name}", precision)
        np.testing.assert_allclose(one.confidence, two.confidence, atol=max(20 * precision, 1e-6), rtol=0)


def assert_same_array(found: np.ndarray, expected: np.ndarray, name: str, precision: float = 0.0) -> None:
    assert found.dtype == expected.dtype, name
    assert found.shape == expected.shape, name
    np.testing.assert_allclose(found, expected, atol=precision, rtol=0, err_msg=name)


def assert_same_branch(found: Branch, expected: Branch, precision: float = 0.0) -> None:
    """Compare all moments, those of the parents among them."""
    assert found.last_update == expected.last_update
    for update in range(expected.last_update + 1):
        assert_same_moment(found.moment(update), expected.moment(update), precision)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Driver]:
    """A window on a Sudoku of 6x6, before the first update."""
    with Driver(watched("sudoku-6x6"), tmp_path) as driver:
        yield driver
