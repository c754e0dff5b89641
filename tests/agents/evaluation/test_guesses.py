"""Puzzles that the model is not sure of are retried with guessed digits."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import puzzles
from agents.evaluation import evaluate_attempts
from agents.evaluation.guesses import guess
from agents.models.air import AIR, Output, State
from agents.thinking.agent import AIRAgent
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from tests.agents.conftest import TINY


class Hinted(AIR):
    """Solves a puzzle, and is sure, where its hints, beyond what was given, are right; else it wavers between two."""

    posed: torch.Tensor
    solution: torch.Tensor
    most_hints = 0

    def forward(self, tokens: torch.Tensor, state: State) -> tuple[State, Output]:
        tokens = tokens.long()
        fits = ((tokens[:, None] == self.posed) | (self.posed == 1)).all(-1)
        solution, posed = (known[fits.int().argmax(1)] for known in (self.solution, self.posed))
        hints = (tokens > 1) & (posed == 1)
        self.most_hints = max(self.most_hints, int(hints.sum(1).max()))
        sure = hints.any(1) & ((tokens == solution) | ~hints).all(1)
        family = puzzles.family(self.config.family)
        other = (solution - 1) % family.symbols + 2
        logits = (
            F.one_hot(solution, family.vocabulary_size)
            + F.one_hot(other, family.vocabulary_size) * ~sure[:, None, None]
        )
        return state, Output(50.0 * logits, torch.where(sure, 2.0, -2.0), torch.zeros(len(tokens)))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("data") / "sudoku-6x6.h5"
    return build_dataset(path, puzzles.family("sudoku-6x6"), train=1, test=40, progress=False)


@pytest.fixture
def hinted(data: Dataset) -> AIRAgent:
    model = Hinted(dataclasses.replace(TINY, family="sudoku-6x6", max_steps=2))
    test = data.split("test")
    model.posed, model.solution = (
        torch.from_numpy(grids.reshape(len(grids), -1)).long() + 1 for grids in (test.puzzle, test.solution)
    )
    return AIRAgent(model)


def test_right_guesses_solve_what_was_in_doubt(hinted: AIRAgent, data: Dataset) -> None:
    found = evaluate_attempts(hinted, data, 30, "guesses", batch=7, progress=False)
    assert not found.exact[:, 0].any()
    assert 0.3 < found.exact[:, 1].mean() < 0.7, "one of two"
    assert found.exact[:, -1].all()
    assert (found.answers == data.split("test").solution).all()
    assert (found.steps[:, 0] == 2).all()
    again = evaluate_attempts(hinted, data, 30, "guesses", batch=7, progress=False)
    assert (again.steps == found.steps).all(), "one seed, one result"


@pytest.mark.parametrize("guesses", [1, 2, 3])
def test_after_so_many_guesses_it_starts_anew(hinted: AIRAgent, data: Dataset, guesses: int) -> None:
    found = evaluate_attempts(hinted, data, 30, "guesses", guesses=guesses, progress=False)
    assert isinstance(hinted.model, Hinted)
    assert hinted.model.most_hints == guesses
    assert found.exact[:, -1].all(), "a wrong guess is given up"


def test_a_guess_fills_a_blank_cell_in_doubt_with_what_is_likely() -> None:
    puzzle = np.repeat(np.array([[[1, 0, 3, 4], [0, 0, 1, 2], [2, 1, 4, 3], [4, 3, 2, 1]]], np.uint8), 4_000, axis=0)
    probability = np.zeros((4_000, 16, 6))
    probability[:, :, 2] = 1  # certain everywhere, but for two cells
    probability[:, 1, 2:] = 0, 0.25, 0.75, 0
    probability[:, 3, 2:] = 0.5, 0.5, 0, 0  # given: in doubt or not, it stays
    guessed = guess(puzzle, probability, np.random.default_rng(0))
    assert ((guessed != puzzle).sum((1, 2)) == 1).all()
    assert set(guessed[:, 0, 1]) == {2, 3}
    assert (guessed[:, 0, 1] == 3).mean() == pytest.approx(0.75, abs=0.03)
    full = np.full((3, 4, 4), 2, np.uint8)
    assert (guess(full, probability[:3], np.random.default_rng(0)) == full).all()


def test_no_guesses_where_values_mean_something(tmp_path: Path) -> None:
    mazes = build_dataset(tmp_path / "mazes.h5", puzzles.family("maze-5x5"), train=1, test=5, progress=False)
    agent = AIRAgent(AIR(dataclasses.replace(TINY, family="maze-5x5", position="none", max_steps=1)))
    with pytest.raises(ValueError, match="search 'guesses' with maze-5x5, expected a family with symbols"):
        evaluate_attempts(agent, mazes, 2, "guesses")
