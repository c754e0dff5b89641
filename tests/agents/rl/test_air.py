"""AIR as a policy: as it was supervised, with heads that learn, and playing without reinforcement learning."""

import shutil
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import air_envs  # noqa: F401 - registers the environments
from agents.checkpoints.errors import CheckpointError
from agents.config.rl import TaskConfig
from agents.pretrained import FOLDER
from agents.rl.learning.runs import resumed
from agents.rl.learning.training import train
from agents.rl.measuring import measure
from agents.rl.moves import AIRMoves
from agents.rl.networks.air import AIRFeatures
from agents.rl.networks.policies import MaskableBoardPolicy
from agents.rl.saved import AIR_CONFIG, WEIGHTS, load
from agents.thinking.agent import AIRAgent
from tests.agents.rl.small_runs import run

SUDOKU = {"size": 6, "clues": 20, "action_mask": "candidates", "end_on_contradiction": True, "max_episode_steps": 20}
MAZE = {"rows": 9, "columns": 9, "max_episode_steps": 60}


def first_boards(id: str, arguments: dict[str, Any], count: int = 3) -> tuple[Any, dict[str, Any], Any]:
    envs = gym.make_vec(id, num_envs=count, autoreset_mode="SameStep", **arguments)
    observations, infos = envs.reset(seed=4)
    return envs, observations, infos["action_mask"].astype(bool)


@pytest.mark.parametrize(
    ("id", "arguments", "model"),
    [("air_envs/Sudoku-v0", SUDOKU, "sudoku-6x6"), ("air_envs/Maze-v0", MAZE, "maze-9x9")],
    ids=["sudoku", "maze"],
)
def test_a_policy_starts_as_the_model_plays(id: str, arguments: dict[str, Any], model: str) -> None:
    envs, observations, masks = first_boards(id, arguments)
    spaces = envs.single_observation_space, envs.single_action_space
    options = {"action_space": spaces[1], "model": model, "act_steps": 2}
    policy = MaskableBoardPolicy(
        *spaces, lambda _: 1e-3, features_extractor_class=AIRFeatures, features_extractor_kwargs=options
    )
    tensors, _ = policy.obs_to_tensor(observations)
    with torch.no_grad():
        distribution: Any = policy.get_distribution(tensors, masks)
    ours = distribution.distribution.probs.numpy()
    moves = AIRMoves(model, act_steps=2).probabilities(observations, masks)
    np.testing.assert_allclose(ours, moves, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(moves.sum(1), 1, atol=1e-5)
    assert not moves[~masks].any()


def test_the_prior_is_the_model_s_probability_of_each_digit() -> None:
    _, observations, masks = first_boards("air_envs/Sudoku-v0", SUDOKU)
    *_, last = AIRAgent.from_pretrained("sudoku-6x6", "cpu").think(observations, act_steps=3)
    expected = last.z_H.probability[..., 1:].reshape(masks.shape) * masks
    moves = AIRMoves("sudoku-6x6", act_steps=3).probabilities(observations, masks)
    np.testing.assert_allclose(moves, expected / expected.sum(1, keepdims=True), rtol=1e-4, atol=1e-6)


def test_sudokus_are_solved() -> None:
    assert measure(AIRMoves("sudoku-6x6", 2), "air_envs/Sudoku-v0", SUDOKU, puzzles=8).solved_count >= 7


def test_mazes_are_solved_by_shortest_paths() -> None:
    found = measure(AIRMoves("maze-9x9", 12), "air_envs/Maze-v0", MAZE | {"reward": "dense"}, puzzles=4)
    assert found.solved_count >= 3
    assert found.mean_steps < 30


@pytest.mark.parametrize("freeze", [True, False])
def test_reinforcement_learns_the_heads_or_everything(freeze: bool, tmp_path: Path) -> None:
    arguments = {name: value for name, value in SUDOKU.items() if name != "size"}
    config = run(
        tmp_path / "run",
        task=TaskConfig(size=6, **arguments),  # type: ignore[arg-type]
        policy="air",
        init_from="sudoku-6x6",
        freeze=freeze,
        act_steps=1,
        num_envs=4,
        n_steps=4,
        batch=8,
        steps=32,
        eval_puzzles=4,
    )
    agent = load(config.output)
    policy: Any = agent.model.policy
    shipped = AIRAgent.from_pretrained("sudoku-6x6", "cpu").model.state_dict()
    same = all(
        torch.equal(weight, shipped[name]) for name, weight in policy.features_extractor.reader.air.state_dict().items()
    )
    assert same == freeze
    assert policy.action_net.scores.score.weight.any(), "the head has learned something"


def test_an_agent_is_loaded_and_goes_on_without_the_model_that_it_started_from(tmp_path: Path) -> None:
    start = tmp_path / "start"
    shutil.copytree(FOLDER / "maze-any", start)
    config = run(
        tmp_path / "run",
        task=TaskConfig(id="air_envs/Maze-v0", rows=5, columns=5, max_episode_steps=10),
        policy="air",
        init_from=str(start),
        act_steps=1,
        num_envs=2,
        n_steps=4,
        batch=4,
        steps=8,
        eval_puzzles=2,
    )
    shutil.rmtree(start)
    trained = load_file(config.output / WEIGHTS)
    for name, weight in load(config.output).model.policy.state_dict().items():
        if name in trained:
            assert torch.equal(weight, trained[name]), name
    train(resumed(config.output, {"steps": 16}), resume=True, progress=False)
    written = config.output / AIR_CONFIG
    written.write_text("no")
    with pytest.raises(CheckpointError, match=r"air\.json: not JSON"):
        load(config.output)
    written.unlink()  # as an earlier version left it
    with pytest.raises(CheckpointError, match="start: neither a folder nor a shipped model"):
        load(config.output)


def test_a_model_of_another_kind_is_refused() -> None:
    maze = gym.make("air_envs/Maze-v0")
    with pytest.raises(ValueError, match="family maze-9x9, expected another shape of sudoku-6x6"):
        AIRFeatures(maze.observation_space, maze.action_space, "sudoku-6x6")
