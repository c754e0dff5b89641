"""Policies over L, H and COMMIT: what each plays, and that the canonical ones give the evaluations' answers."""

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

from agents import AIRAgent, InternalActions, evaluate, shipped_models
from agents.config.program import freeze
from agents.evaluation import evaluate_halting
from agents.thinking.environment.mind import COMMIT, H, L
from agents.thinking.playing import play
from agents.thinking.policies import Halting, Program, Random
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from tests.agents.thinking.conftest import knowing, untrained

SUDOKU, MAZE = "air_envs/SudokuThinking-v0", "air_envs/MazeThinking-v0"
QUICK = {"sudoku-16x16": {"clues": 140}, "sudoku-9x9": {"clues": 40}, "maze-30x30": {"generator": "perfect"}}


@pytest.fixture(scope="module")
def posed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a function that builds a dataset of 2 test puzzles of a family, once."""
    folder = tmp_path_factory.mktemp("posed")

    def of(agent: AIRAgent) -> Dataset:
        path, family = folder / f"{agent.family.name}.h5", agent.family
        if not path.exists():
            options = family.Options(**QUICK.get(family.name, {}))
            build_dataset(path, family, options, train=0, test=2, progress=False)
        return Dataset(path)

    return of


def thinking(agent: AIRAgent, dataset: Path, count: int | None = None, **kwargs: Any) -> Any:
    id, arguments = MAZE if agent.family.kind == "maze" else SUDOKU, {"dataset": str(dataset), "split": "test"}
    if count is None:
        return gym.make(id, model=agent, **arguments, **kwargs)
    return gym.make_vec(id, count, model=agent, autoreset_mode="Disabled", **arguments, **kwargs)


def exact(agent: AIRAgent) -> AIRAgent:
    """Return the agent in float64, where no rounding decides a cell or a halt, however puzzles share batches."""
    return AIRAgent(agent.model.double(), torch.float64)


@pytest.mark.parametrize("name", shipped_models())
def test_canonical_play_gives_the_evaluations_answers(name: str, posed: Any) -> None:
    """Two puzzles for two ACT steps: the largest models take seconds."""
    agent = exact(AIRAgent.from_pretrained(name))
    data, steps = posed(agent), 1 if name == "sudoku-16x16" else 2
    program = agent.model.config.program
    evaluation = evaluate(agent, data, max_steps=steps, progress=False)
    last = play(thinking(agent, data.path, 2, max_commits=1), Program.of(agent, act_steps=steps), index=range(2))
    assert np.array_equal(last.answers, np.where(evaluation.answers == agent.family.undecided, 0, evaluation.answers))
    assert np.array_equal(last.solved, evaluation.solved[:, -1])
    assert last.done.tolist() == [[steps * program.count(letter) for letter in "LH"] + [1]] * 2
    if steps == 1:
        return
    each = play(thinking(agent, data.path, 2, max_commits=steps), Program.of(agent), index=range(2))
    assert np.array_equal(each.solved, evaluation.solved.any(1))
    first = np.where(each.solved, evaluation.solved.argmax(1) + 1, steps)
    assert np.array_equal(each.done[:, COMMIT], first)
    assert np.array_equal(each.updates, first * len(program))


@pytest.mark.parametrize("threshold", [0.5, 0.9])
def test_halting_equals_the_evaluations_early_stopping(maze_dataset: Path, threshold: float) -> None:
    agent = AIRAgent.from_pretrained("maze-9x9", family="maze-7x5")
    data = Dataset(maze_dataset)
    evaluation = evaluate_halting(agent, data, threshold, count=12, max_steps=6, batch=5, progress=False)
    program = agent.model.config.program
    envs = thinking(agent, maze_dataset, 4, max_commits=1)
    played = play(envs, Halting(program, threshold, passes=6), index=range(12))
    assert np.array_equal(played.updates, evaluation.steps * len(program))
    assert np.array_equal(played.answers, evaluation.answers)
    assert len(set(evaluation.steps)) > 1


def test_freezing_equals_skipping(dataset: Path) -> None:
    agent = untrained()
    observation = {"puzzle": Dataset(dataset).split("test").puzzle[0]}
    for letter, kept in (("H", "LLLL"), ("L", "HH")):
        policy = Program.of(agent, frozen=letter)
        assert policy.letters == kept + "C"
        played = play(thinking(agent, dataset, max_commits=2), policy, index=[0])
        *_, last = agent.think(observation, 2, freeze("LLHLLH", letter))
        assert np.array_equal(played.answers[0], last.z_H.action)
        assert played.done.tolist() == [[8, 0, 2]] if letter == "H" else [[0, 4, 2]]


POLICIES = {
    "canonical": lambda agent: Program.of(agent),
    "another program": lambda agent: Program("LHHC"),
    "frozen z_H": lambda agent: Program.of(agent, frozen="H"),
    "frozen z_L": lambda agent: Program.of(agent, frozen="L"),
    "halting": lambda agent: Halting("LH", 0.6, passes=4),
    "halting of the model": lambda agent: Halting.of(agent, 0.6),
}


@pytest.mark.parametrize("observations", ["grids", "features"])
@pytest.mark.parametrize("name", POLICIES)
def test_single_and_vector_environments_are_driven_alike(
    dataset: Path, maze_dataset: Path, name: str, observations: str
) -> None:
    """With fewer rows than episodes, so that rows begin anew at moments of their own."""
    for agent, data in ((knowing("sudoku-4x4"), dataset), (knowing("maze-7x5"), maze_dataset)):
        kwargs = {"observations": observations, "max_commits": 2, "update_cost": 0.125}
        one = play(thinking(agent, data, **kwargs), POLICIES[name](agent), index=range(7))
        many = play(thinking(agent, data, 3, **kwargs), POLICIES[name](agent), index=range(7))
        for found, expected in zip(many, one, strict=True):
            assert np.array_equal(found, expected)
        assert one.solved.any() == (not name.startswith("frozen"))
        assert np.allclose(one.returns, one.solved - 0.125 * one.updates)


def test_the_wrapper_is_played_too(dataset: Path) -> None:
    agent = knowing("sudoku-4x4")
    inner = gym.make("air_envs/Sudoku-v0", dataset=str(dataset), split="test", action_type="propose")
    found = play(InternalActions(inner, agent), Halting.of(agent), index=range(5))
    expected = play(thinking(agent, dataset), Halting.of(agent), index=range(5))
    assert np.array_equal(found.done, expected.done)
    assert found.solved.all()


def test_halting_stops_when_the_head_is_sure_or_the_passes_are_over() -> None:
    policy = Halting("LLH", 0.7, passes=2)

    def actions(probabilities: list[float]) -> str:
        played, state = "", None
        for probability in probabilities:
            observation = {"puzzle": np.zeros((4, 4), np.uint8), "halting_probability": np.float32([probability])}
            action, state = policy.predict(observation, state)
            played += "LHC"[int(action)]
        return played

    assert actions([0.9] * 4) == "LLHC", "asked after a pass, not within it"
    assert actions([0.1] * 7 + [0.9] * 5) == "LLHLLHCLLHCL", "at the latest after two passes; then pass by pass"
    assert actions([0.1, 0.1, 0.1, 0.7]) == "LLHL", "the threshold itself is not above it"


def test_programs() -> None:
    observation = {"puzzle": np.zeros((2, 4, 4), np.uint8)}
    policy = Program("L-HC")
    first, state = policy.predict(observation)
    second, state = policy.predict(observation, state)
    assert (first.tolist(), second.tolist()) == ([L, L], [H, H])
    third, _ = policy.predict(observation, state, episode_start=np.array([False, True]))
    assert third.tolist() == [COMMIT, L]
    assert Program("LH").letters == "LHC"
    assert Program("CLH").letters == "CLH"
    for wrong in ("", "lh", "LX"):
        with pytest.raises(ValueError, match=f"program '{wrong}', expected letters"):
            Program(wrong)
    for arguments, message in (
        (("LC",), "program 'LC'"),
        (("LH", 1.5), "threshold 1.5"),
        (("LH", 0.5, 0), "passes 0"),
    ):
        with pytest.raises(ValueError, match=message):
            Halting(*arguments)
    with pytest.raises(ValueError, match="letter 'Z'"):
        Program.of(untrained(), frozen="Z")


def test_random_follows_its_seed_and_odds() -> None:
    observation = np.zeros((1000, 11), np.float32)
    one, two = (Random((0.5, 0.5, 0.0), seed=4).predict(observation)[0] for _ in range(2))
    assert np.array_equal(one, two)
    assert set(one) == {L, H}
    assert 400 < (one == L).sum() < 600
    assert Random(seed=0).predict(observation[0])[0].shape == ()
    with pytest.raises(ValueError, match="expected three that sum to 1"):
        Random((0.5, 0.5, 0.5))


def test_play_refuses_what_it_cannot_count(dataset: Path) -> None:
    agent = knowing("sudoku-4x4")
    with pytest.raises(ValueError, match="expected one of them"):
        play(thinking(agent, dataset), Program.of(agent))
    envs = gym.make_vec(SUDOKU, 2, model=agent)
    with pytest.raises(ValueError, match=r"autoreset mode .*NEXT_STEP.*, expected Disabled"):
        play(envs, Program.of(agent), episodes=3)


def test_episodes_without_an_index_follow_the_seed() -> None:
    agent = knowing("maze-7x5")
    env = gym.make(MAZE, model=agent)
    one, two = (play(env, Halting.of(agent), episodes=4, seed=seed) for seed in (1, 1))
    assert np.array_equal(one.answers, two.answers)
    assert not np.array_equal(one.answers, play(env, Halting.of(agent), episodes=4, seed=2).answers)
    envs = gym.make_vec(MAZE, 3, model=agent, autoreset_mode="Disabled")
    assert play(envs, Halting.of(agent), episodes=5, seed=1).solved.all()
