"""Puzzles that the model doubts are put again as symmetry copies."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import puzzles
from agents.agent import AIRAgent
from agents.batches import to_tokens
from agents.checkpoint import save_model
from agents.cli import main
from agents.evaluation import evaluate_attempts, evaluate_halting
from agents.model import AIR, Output, State
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from tests.agents.conftest import TINY


class Choosy(AIR):
    """Solves a grid, and is sure of it, where its first cell is given; else it says padding everywhere, in doubt."""

    def forward(self, tokens: torch.Tensor, state: State) -> tuple[State, Output]:
        family = puzzles.family(self.config.family)
        likes = tokens[:, 0] > 1
        answer = torch.zeros_like(tokens).long()
        if likes.any():
            answer[likes] = to_tokens(family.solve((tokens[likes] - 1).numpy().reshape(-1, *family.shape))).long()
        logits = torch.nn.functional.one_hot(answer, family.vocabulary_size).float()
        return state, Output(logits, torch.where(likes, 2.0, -2.0), torch.zeros(len(tokens)))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Minimal puzzles: most of their first cells are blank."""
    path = tmp_path_factory.mktemp("data") / "sudoku-6x6.h5"
    return build_dataset(path, puzzles.family("sudoku-6x6"), train=1, test=60, progress=False)


@pytest.fixture(scope="module")
def choosy() -> AIRAgent:
    return AIRAgent(Choosy(dataclasses.replace(TINY, family="sudoku-6x6", max_steps=3)))


@pytest.mark.parametrize("batch", [7, 256])
def test_answers_to_copies_are_turned_back(choosy: AIRAgent, data: Dataset, batch: int) -> None:
    found = evaluate_attempts(choosy, data, 40, batch=batch, progress=False)
    given = data.split("test").puzzle[:, 0, 0] > 0
    assert 0 < given.sum() < len(given)
    assert (found.exact[:, 0] == given).all()
    assert found.exact[:, -1].all()
    assert found.solved[:, -1].all()
    assert (found.answers == data.split("test").solution).all()
    assert (np.diff(found.exact.astype(int)) >= 0).all()


def test_only_what_is_in_doubt_is_put_again(choosy: AIRAgent, data: Dataset) -> None:
    found = evaluate_attempts(choosy, data, 6, progress=False)
    doubted = ~found.exact
    assert (found.steps[:, 0] == np.where(doubted[:, 0], 3, 1)).all(), "sure after one ACT step, or all three"
    # After a doubted attempt comes another, of three steps, or of one that ends the matter.
    more = np.diff(found.steps)
    assert (more[~doubted[:, :-1]] == 0).all()
    assert (more[doubted[:, :-1]] == np.where(doubted[:, 1:], 3, 1)[doubted[:, :-1]]).all()


def test_the_first_attempt_is_the_puzzle_itself(run: Path, dataset: Path) -> None:
    agent, data = AIRAgent.from_pretrained(run), Dataset(dataset)
    once = evaluate_halting(agent, data, 0.5, progress=False)
    several = evaluate_attempts(agent, data, 3, progress=False)
    assert (several.right[:, 0] == once.right).all()
    assert (several.steps[:, 0] == once.steps).all()
    again = evaluate_attempts(agent, data, 3, progress=False)
    assert (several.answers == again.answers).all(), "one seed, one result"


@pytest.mark.parametrize("family", ["sudoku-4x4", "sudoku-6x6", "maze-5x5", "maze-5x7"])
def test_symmetries_can_be_undone(family: str) -> None:
    shape = puzzles.family(family)
    grids = shape.generate(np.arange(20, dtype=np.uint64)).solution
    symmetry = shape.symmetries(np.random.default_rng(0).random((20, shape.symmetry_dim)))
    assert (shape.transform(grids, *symmetry) != grids).any((1, 2)).sum() > 10
    assert (shape.transform(shape.transform(grids, *symmetry), *shape.inverse(*symmetry)) == grids).all()


def test_at_least_one_attempt(choosy: AIRAgent, data: Dataset) -> None:
    with pytest.raises(ValueError, match="attempts 0, expected at least 1"):
        evaluate_attempts(choosy, data, 0)


def test_eval_reports_every_attempt(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    save_model(AIR(TINY), tmp_path / "run")
    main(["eval", str(tmp_path / "run"), str(dataset), "--attempts", "3", "--no-episodes", "--puzzles", "5"])
    assert "3 attempts:" in capsys.readouterr().out
    numbers = json.loads((tmp_path / "run" / "eval.json").read_text())["attempts"]
    assert [line["attempts"] for line in numbers] == [1, 2, 3]
    assert [line["mean_act_steps"] for line in numbers] == [4, 8, 12], "an untrained head is never sure"
