"""A model whose arithmetic is exact, so that no batch size moves a bit, and which knows answers after a while."""

import dataclasses

import numpy as np
import pytest
import torch

from agents import AIR, AIRAgent
from agents.models.air import State
from tests.agents.conftest import TINY


class Knowing(AIR):
    """Counts its updates, and decodes z_H to the solution after one to three H-updates, as the puzzle has it.

    Channel 0 of a state holds the puzzle's tokens once an L-update has read them, channel 1 a count of updates.
    """

    def embed(self, tokens: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
        x = torch.zeros(len(tokens), self.positions, self.config.hidden, dtype=dtype)
        x[:, 1:, 0] = tokens
        return x

    def initial_state(self, batch: int, dtype: torch.dtype = torch.float32) -> State:
        return State(*(torch.zeros(batch, self.positions, self.config.hidden, dtype=dtype) for _ in range(2)))

    def update(self, letter: str, state: State, x: torch.Tensor) -> State:
        if letter == "-":
            return state
        z = (state.z_L if letter == "L" else state.z_H).clone()
        z[..., 0] = x[..., 0] if letter == "L" else state.z_L[..., 0]
        z[..., 1] += 1
        return State(state.z_H, z) if letter == "L" else State(z, state.z_L)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        return torch.stack([self._answer(z[i, 1:, 0].byte(), float(z[i, 0, 1])) for i in range(len(z))])

    def halting_logits(self, state: State) -> tuple[torch.Tensor, torch.Tensor]:
        tokens = state.z_H[:, 1:, 0]
        q = 2 * (state.z_H[:, 0, 1] - needed(tokens)) + 1
        return q.float(), torch.zeros(len(q))

    def _answer(self, tokens: torch.Tensor, count: float) -> torch.Tensor:
        family = AIRAgent(self).family
        puzzle = (tokens.reshape(1, *family.shape) - 1).numpy()
        known = tokens.any() and count >= float(needed(tokens[None])[0])
        answer = torch.from_numpy(family.solve(puzzle)).flatten() + 1 if known else tokens
        return torch.nn.functional.one_hot(answer.long(), family.vocabulary_size) * 4.0


def needed(tokens: torch.Tensor) -> torch.Tensor:
    """(B,): how many H-updates a puzzle takes, 1 to 3."""
    return 1 + tokens.long().sum(1) % 3


def knowing(family: str, **config: object) -> AIRAgent:
    return AIRAgent(Knowing(dataclasses.replace(TINY, family=family, **config)))


def untrained(family: str = "sudoku-4x4", **config: object) -> AIRAgent:
    """Random weights in float64, whose rounding decides no cell."""
    torch.manual_seed(0)
    return AIRAgent(AIR(dataclasses.replace(TINY, family=family, **config)).double(), torch.float64)


CASES = {
    "sudoku": ("air_envs/SudokuThinking-v0", "sudoku-4x4", {"clues": 8}),
    "maze": ("air_envs/MazeThinking-v0", "maze-5x4", {"generator": "percolation"}),
}


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> tuple[str, AIRAgent, dict[str, object]]:
    """An id, a model for it and arguments that pose easy puzzles."""
    id, family, arguments = CASES[request.param]
    return id, knowing(family), arguments


def assert_same(found: object, expected: object, where: str = "result", **close: float) -> None:
    """Also in dtype, keys and, for dicts of objects, nesting; floats as close as asked for, else exactly.

    Of an info of objects, the rows that its mask leaves out say nothing.
    """
    if isinstance(expected, dict):
        assert set(found) == set(expected), where
        for key, values in expected.items():
            rows = expected.get(f"_{key}") if isinstance(values, np.ndarray) and values.dtype.kind == "O" else None
            one, other = (found[key], values) if rows is None else (found[key][rows], values[rows])
            assert_same(one, other, f"{where}.{key}", **close)
    elif isinstance(expected, tuple | list):
        assert len(found) == len(expected), where
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_same(one, other, f"{where}[{number}]", **close)
    elif isinstance(expected, np.ndarray) and expected.dtype == object:
        assert_same(list(found), list(expected), where, **close)
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype, where
        if close and np.issubdtype(expected.dtype, np.floating):
            np.testing.assert_allclose(found, expected, err_msg=where, **close)
        else:
            assert np.array_equal(found, expected), where
    else:
        assert type(found) is type(expected), where
        assert found == expected, where
