"""Puzzles that the model doubts are retried."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import puzzles
from agents.checkpoints.folder import save_model
from agents.cli import main
from agents.config.search import SEARCHES, Search, default_search
from agents.data.batches import to_tokens
from agents.evaluation import attempts, evaluate, evaluate_attempts, evaluate_halting
from agents.evaluation.refilling import Answers
from agents.evaluation.search import Noise
from agents.evaluation.selection import Selection
from agents.models.air import AIR, Output, State
from agents.thinking.agent import AIRAgent
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from tests.agents.cli.test_commands import fails
from tests.agents.conftest import TINY
from tests.agents.evaluation.conftest import untrained_model


class Wavering(AIR):
    """Answers every cell with the first one of the puzzle, and doubts it the less the greater that is."""

    def forward(self, tokens: torch.Tensor, state: State) -> tuple[State, Output]:
        first = tokens[:, :1].long().expand_as(tokens)
        logits = torch.nn.functional.one_hot(first, puzzles.family(self.config.family).vocabulary_size).float()
        return state, Output(logits, tokens[:, 0].float() - 100, torch.zeros(len(tokens)))


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
    found = evaluate_attempts(choosy, data, 40, "symmetry", batch=batch, progress=False)
    given = data.split("test").puzzle[:, 0, 0] > 0
    assert 0 < given.sum() < len(given)
    assert (found.exact[:, 0] == given).all()
    assert found.exact[:, -1].all()
    assert found.solved[:, -1].all()
    assert (found.answers == data.split("test").solution).all()
    assert (np.diff(found.exact.astype(int)) >= 0).all()


def test_only_what_is_in_doubt_is_retried(choosy: AIRAgent, data: Dataset) -> None:
    found = evaluate_attempts(choosy, data, 6, "symmetry", progress=False)
    doubted = ~found.exact
    assert (found.steps[:, 0] == np.where(doubted[:, 0], 3, 1)).all(), "sure after one ACT step, or all three"
    # After a doubted attempt comes another, of three steps, or of one that ends the matter.
    more = np.diff(found.steps)
    assert (more[~doubted[:, :-1]] == 0).all()
    assert (more[doubted[:, :-1]] == np.where(doubted[:, 1:], 3, 1)[doubted[:, :-1]]).all()


def test_the_first_attempt_is_the_puzzle_itself(choosy: AIRAgent, data: Dataset) -> None:
    once = evaluate_halting(choosy, data, 0.5, progress=False)
    assert len(set(once.steps)) > 1
    several = evaluate_attempts(choosy, data, 3, "symmetry", progress=False)
    assert (several.right[:, 0] == once.right).all()
    assert (several.steps[:, 0] == once.steps).all()
    again = evaluate_attempts(choosy, data, 3, "symmetry", progress=False)
    assert (several.answers == again.answers).all(), "one seed, one result"
    other = evaluate_attempts(choosy, data, 3, "symmetry", seed=1, progress=False)
    assert (several.answers != other.answers).any()


@pytest.mark.parametrize("threshold", [0.5, 0.9])
@pytest.mark.parametrize("search", SEARCHES)
def test_an_evaluation_is_the_first_attempt(
    search: Search, threshold: float, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, data = AIRAgent(untrained_model()), Dataset(dataset)
    full = evaluate(agent, data, batch=16, progress=False, keep_steps=True, halt=0.9, keep_probability=True)
    expected = evaluate_attempts(agent, data, 3, search, threshold, batch=16, progress=False)
    assert 0 < (expected.steps[:, 0] < 4).sum() < len(expected.steps)
    think, thought = attempts.think_until_sure, []

    def counted(agent: AIRAgent, selection: Selection, least: float, what: str, *rest: Any, **options: Any) -> Answers:
        thought.append(what)
        return think(agent, selection, least, what, *rest, **options)

    monkeypatch.setattr(attempts, "think_until_sure", counted)
    found = evaluate_attempts(agent, data, 3, search, threshold, batch=16, progress=False, first=full)
    assert set(thought) == {"another attempt"}
    for name in ("right", "solved", "steps", "answers"):
        assert (getattr(found, name) == getattr(expected, name)).all(), name


def test_an_evaluation_that_is_no_first_attempt_is_refused(choosy: AIRAgent, data: Dataset) -> None:
    full = evaluate(choosy, data, count=5, progress=False, keep_steps=True, halt=0.8)
    for changes, message in [
        ({"count": 4}, r"first attempt at \(5, 3\) puzzles and ACT steps, expected \(4, 3\)"),
        ({"count": 5, "max_steps": 2}, r"first attempt at \(5, 3\) puzzles and ACT steps, expected \(5, 2\)"),
        ({"count": 5, "threshold": 0.9}, r"halting threshold 0\.9, expected at most 0\.8"),
        ({"count": 5, "search": "guesses"}, r"first attempt without probabilities, expected evaluate\(keep_prob"),
    ]:
        with pytest.raises(ValueError, match=message):
            evaluate_attempts(choosy, data, 2, **{"search": "noise", "first": full, **changes})


def test_the_most_trusted_answer_is_kept(tmp_path: Path) -> None:
    """Mazes, whose symmetry moves cells and renames none: the answer is what stood in the copy's first cell."""
    mazes = build_dataset(tmp_path / "mazes.h5", puzzles.family("maze-5x5"), train=1, test=30, progress=False)
    agent = AIRAgent(Wavering(dataclasses.replace(TINY, family="maze-5x5", position="none", max_steps=2)))
    corners = mazes.split("test").puzzle[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners[:, 0] < corners.max(1)).any()
    found = evaluate_attempts(agent, mazes, 40, "symmetry", progress=False)
    assert (found.answers == corners.max(1)[:, None, None]).all()


def test_padding_is_right_nowhere(tmp_path: Path) -> None:
    """Not even on the walls of a maze, whose value is 0."""
    mazes = build_dataset(tmp_path / "mazes.h5", puzzles.family("maze-5x5"), train=1, test=5, progress=False)
    model = AIR(dataclasses.replace(TINY, family="maze-5x5", position="none", max_steps=1))
    with torch.no_grad():
        model.lm_head.weight.zero_()
    found = evaluate_attempts(AIRAgent(model), mazes, 3, "symmetry", progress=False)
    assert (found.answers == mazes.family.undecided).all()
    assert (found.right == 0).all()


@pytest.mark.parametrize("family", ["sudoku-4x4", "sudoku-6x6", "maze-5x5", "maze-5x7"])
def test_symmetries_can_be_undone(family: str) -> None:
    shape = puzzles.family(family)
    grids = shape.generate(np.arange(20, dtype=np.uint64)).solution
    symmetry = shape.symmetries(np.random.default_rng(0).random((20, shape.symmetry_dim)))
    assert (shape.transform(grids, *symmetry) != grids).any((1, 2)).sum() > 10
    assert (shape.transform(shape.transform(grids, *symmetry), *shape.inverse(*symmetry)) == grids).all()


class Moody(AIR):
    """Solves a grid after an ACT step before which both states were moved upwards, and is sure of it then."""

    def forward(self, tokens: torch.Tensor, state: State) -> tuple[State, Output]:
        family = puzzles.family(self.config.family)
        fresh = self.initial_state(len(tokens), state.z_H.dtype)
        likes = (state.z_H[:, 0, 0] > fresh.z_H[:, 0, 0]) & (state.z_L[:, 0, 0] > fresh.z_L[:, 0, 0])
        answer = torch.zeros_like(tokens).long()
        if likes.any():
            answer[likes] = to_tokens(family.solve((tokens[likes] - 1).numpy().reshape(-1, *family.shape))).long()
        logits = torch.nn.functional.one_hot(answer, family.vocabulary_size).float()
        return fresh, Output(logits, torch.where(likes, 2.0, -2.0), torch.zeros(len(tokens)))


@pytest.fixture(scope="module")
def moody() -> AIRAgent:
    return AIRAgent(Moody(dataclasses.replace(TINY, family="sudoku-6x6", max_steps=2)))


def test_noise_moves_both_states(moody: AIRAgent, data: Dataset) -> None:
    found = evaluate_attempts(moody, data, 40, "noise", progress=False)
    assert not found.exact[:, 0].any(), "the first attempt has no noise"
    # A quarter of all ACT steps is liked: of attempts of two steps 1 - (3/4)^2 = 44 %.
    assert 0.2 < found.exact[:, 1].mean() < 0.65
    assert found.exact[:, -1].all()
    assert (np.diff(found.steps)[found.exact[:, :-1]] == 0).all(), "what is solved is retried no more"
    again = evaluate_attempts(moody, data, 40, "noise", progress=False)
    assert (found.steps == again.steps).all(), "one seed, one result"
    other = evaluate_attempts(moody, data, 40, "noise", seed=1, progress=False)
    assert (found.steps != other.steps).any()


def test_the_first_trajectory_to_halt_answers(moody: AIRAgent, data: Dataset) -> None:
    found = evaluate_attempts(moody, data, 12, "first-to-halt", progress=False)
    assert not found.exact[:, 0].any()
    assert found.exact[:, -1].mean() > 0.9
    # All trajectories run until one of them halts, after one step or two.
    trajectories = 1 + np.arange(12)
    first = found.steps / trajectories
    assert set(np.unique(first)) == {1, 2}
    assert (np.diff(first) <= 0).all()
    assert found.exact[first == 1].all()


def test_noise_has_its_standard_deviation() -> None:
    state = State(torch.zeros(40, 50, 60), torch.ones(40, 50, 60, dtype=torch.bfloat16))
    z_H, z_L = Noise(0.3, torch.device("cpu"), 0)(state)
    assert z_H.std().item() == pytest.approx(0.3, rel=0.02)
    assert z_L.dtype == torch.bfloat16
    assert z_L.float().std().item() == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"search": "luck"}, "search 'luck', expected one of noise, symmetry, guesses, first-to-halt"),
        ({"noise": 0.0}, "noise 0.0, expected a standard deviation above 0"),
        ({"noise": float("nan")}, "noise nan, expected"),
        ({"guesses": 0}, "guesses 0, expected at least 1"),
    ],
)
def test_impossible_searches_are_refused(choosy: AIRAgent, data: Dataset, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate_attempts(choosy, data, **options)


def test_by_default_sudokus_are_guessed_at_and_mazes_turned(choosy: AIRAgent, data: Dataset) -> None:
    assert evaluate_attempts(choosy, data, 2, count=2, progress=False).search == "guesses"
    assert default_search(puzzles.family("sudoku-16x16")) == "guesses"
    assert default_search(puzzles.family("maze-9x9")) == "symmetry"


def test_at_least_one_attempt(choosy: AIRAgent, data: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="attempts 0, expected at least 1"):
        evaluate_attempts(choosy, data, 0)
    assert "attempts -1, expected at least 1" in fails(
        ["eval", "sudoku-6x6", str(data.path), "--attempts", "-1"], capsys
    )
    assert "halting threshold 1.5, expected a probability" in fails(
        ["eval", "sudoku-6x6", str(data.path), "--threshold", "1.5"], capsys
    )


def test_eval_reports_every_attempt(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    save_model(AIR(TINY), tmp_path / "run")
    args = ["eval", str(tmp_path / "run"), str(dataset), "--attempts", "3", "--no-episodes", "--puzzles", "5"]
    main(args)
    assert "3 attempts:" in capsys.readouterr().out
    numbers = json.loads((tmp_path / "run" / "eval.json").read_text())["attempts"]
    main([*args, "--overwrite", "--halt", "0.8", "--halt-at", "0.8", "--threshold", "0.9"])
    capsys.readouterr()
    higher = json.loads((tmp_path / "run" / "eval.json").read_text())["attempts"]
    assert higher == [{**line, "threshold": 0.9} for line in numbers], "an untrained head gives less than either"
    assert [line["attempts"] for line in numbers] == [1, 2, 3]
    assert [line["mean_act_steps"] for line in numbers] == [4, 8, 12], "an untrained head is never sure"
