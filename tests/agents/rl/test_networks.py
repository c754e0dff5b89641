"""Networks for boards: what they read, their symmetries, and what the heads make of them."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch

import air_envs  # noqa: F401 - registers the environments
import puzzles
from agents.rl.networks.boards import (
    CLOSED,
    BoardFeatures,
    Features,
    MazeBoard,
    SudokuBoard,
    as_observation,
    family_of,
)
from agents.rl.networks.candidates import CandidateFeatures
from agents.rl.networks.convolution import ConvolutionFeatures
from agents.rl.networks.heads import PriorScores
from agents.rl.networks.neighbours import TAIL, NeighbourFeatures
from agents.rl.networks.policies import MaskableBoardPolicy, board_policy

DIHEDRAL: dict[str, tuple[Any, list[int]]] = {
    "turned": (lambda grid: np.rot90(grid, -1, (1, 2)), [3, 0, 1, 2]),
    "reflected": (lambda grid: grid[:, :, ::-1], [0, 3, 2, 1]),
    "transposed": (lambda grid: grid.swapaxes(1, 2), [3, 2, 1, 0]),
}
"""By which a maze becomes another, and from which of the old moves each of the new ones comes."""


def boards(id: str, moves: int, count: int = 12, **arguments: Any) -> tuple[Any, dict[str, Any], Any]:
    """An environment, observations after some random moves, and the masks there."""
    envs = gym.make_vec(id, num_envs=count, autoreset_mode="SameStep", **arguments)
    observations, infos = envs.reset(seed=4)
    rng = np.random.default_rng(0)
    for _ in range(moves):
        masks = infos["action_mask"]
        observations, *_, infos = envs.step((masks * rng.random(masks.shape)).argmax(1))
    return envs, observations, infos["action_mask"].astype(bool)


def sudokus(side: int = 6, moves: int = 3) -> tuple[Any, dict[str, Any], Any]:
    return boards("air_envs/Sudoku-v0", moves, size=side, action_mask="candidates")


def mazes(moves: int = 6, **arguments: Any) -> tuple[Any, dict[str, Any], Any]:
    return boards("air_envs/Maze-v0", moves, **{"rows": 9, "columns": 9} | arguments)


def policy(features: type[BoardFeatures], envs: Any, **arguments: Any) -> Any:
    """A policy with weights far from those that it starts with."""
    torch.manual_seed(3)
    spaces = envs.single_observation_space, envs.single_action_space
    arguments = {"action_space": spaces[1], "hidden": 8, "layers": 3} | arguments
    made = MaskableBoardPolicy(
        *spaces, lambda _: 1e-3, features_extractor_class=features, features_extractor_kwargs=arguments
    )
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if "score" in name:
                weight.copy_(torch.randn_like(weight))
    return made.eval()


@torch.no_grad()
def read(made: Any, observations: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Action probabilities and values."""
    tensors, _ = made.obs_to_tensor({name: np.ascontiguousarray(values) for name, values in observations.items()})
    return made.get_distribution(tensors).distribution.probs.numpy(), made.predict_values(tensors).numpy()


# -- what a board says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [4, 6, 9])
def test_legal_placements_are_those_of_the_environment(side: int) -> None:
    envs, observations, masks = sudokus(side)
    board = SudokuBoard(envs.unwrapped.family)
    np.testing.assert_array_equal(board.legal(as_observation(observations)).numpy(), masks)
    placed = board.placed(as_observation(observations)["grid"]).numpy()
    np.testing.assert_array_equal((placed * np.arange(1, side + 1)).sum(-1), observations["grid"])


def test_legal_moves_and_planes_are_those_of_the_environment() -> None:
    _envs, observations, masks = mazes()
    board, observation = MazeBoard(), as_observation(observations)
    np.testing.assert_array_equal(board.legal(observation).numpy(), masks)
    is_open, visited, goal, agent = board.planes(observation).movedim(-1, 0).numpy()
    puzzle, grid = observations["puzzle"], observations["grid"]
    np.testing.assert_array_equal(is_open, puzzle != 0)
    np.testing.assert_array_equal(visited, (grid == 4) & (puzzle == 1))
    np.testing.assert_array_equal(goal, puzzle == 3)
    np.testing.assert_array_equal(np.argwhere(agent)[:, 1:], observations["agent"])
    numbers = torch.arange(81.0).view(1, 9, 9, 1).expand(len(puzzle), -1, -1, -1) + 1
    for found, (row, column) in zip(
        board.around(observation, numbers)[..., 0].tolist(), observations["agent"], strict=True
    ):
        places = (row, column), (row - 1, column), (row, column + 1), (row + 1, column), (row, column - 1)
        assert found == [r * 9 + c + 1 if 0 <= r < 9 and 0 <= c < 9 else 0 for r, c in places]


def test_other_spaces_are_refused() -> None:
    proposing = gym.make("air_envs/Sudoku4x4-v0", action_type="propose")
    erasing = gym.make("air_envs/Sudoku4x4-v0", erase=True)
    seeing_little = gym.make("air_envs/Maze-v0", view=3)
    for env in (proposing, erasing, seeing_little):
        with pytest.raises(
            ValueError, match="expected those of placing digits in a Sudoku or of moving through a maze"
        ):
            family_of(env.observation_space, env.action_space)
    maze = gym.make("air_envs/Maze-v0", rows=7, columns=9)
    assert family_of(maze.observation_space, maze.action_space) == puzzles.family("maze-7x9")
    with pytest.raises(ValueError, match="CandidateFeatures: found maze-7x9, expected a Sudoku"):
        CandidateFeatures(maze.observation_space, maze.action_space)


# -- symmetries --------------------------------------------------------------------------------------------------------


def test_renamed_digits_rename_the_probabilities() -> None:
    envs, observations, _ = sudokus()
    made = policy(CandidateFeatures, envs)
    new = np.array([0, 4, 6, 1, 3, 2, 5])  # the new name of each digit
    probabilities, values = read(made, observations)
    renamed, renamed_values = read(made, {name: new[grid].astype(np.uint8) for name, grid in observations.items()})
    np.testing.assert_allclose(
        renamed.reshape(-1, 36, 6)[..., new[1:] - 1], probabilities.reshape(-1, 36, 6), rtol=1e-4, atol=1e-7
    )
    np.testing.assert_allclose(renamed_values, values, rtol=1e-4, atol=1e-5)
    assert np.ptp(probabilities.max(1)) > 0.01, "boards differ"


def test_moved_rows_and_columns_move_the_probabilities() -> None:
    envs, observations, _ = sudokus()
    made = policy(CandidateFeatures, envs)
    rows, columns = np.array([3, 2, 0, 1, 5, 4]), np.array([4, 3, 5, 1, 0, 2])  # bands of 2 rows, stacks of 3 columns
    probabilities, values = read(made, observations)
    moved, moved_values = read(made, {name: grid[:, rows][:, :, columns] for name, grid in observations.items()})
    expected = probabilities.reshape(-1, 6, 6, 6)[:, rows][:, :, columns]
    np.testing.assert_allclose(moved.reshape(expected.shape), expected, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(moved_values, values, rtol=1e-4, atol=1e-5)


def test_a_transposed_sudoku_transposes_the_probabilities() -> None:
    envs, observations, _ = sudokus(4, moves=2)
    made = policy(CandidateFeatures, envs)
    probabilities, _ = read(made, observations)
    turned, _ = read(made, {name: grid.swapaxes(1, 2) for name, grid in observations.items()})
    expected = probabilities.reshape(-1, 4, 4, 4).swapaxes(1, 2)
    np.testing.assert_allclose(turned.reshape(expected.shape), expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("symmetry", DIHEDRAL)
def test_a_turned_maze_turns_the_probabilities(symmetry: str) -> None:
    envs, observations, _ = mazes()
    made = policy(NeighbourFeatures, envs, layers=20)
    apply, old = DIHEDRAL[symmetry]
    agent = np.zeros((len(observations["agent"]), 9, 9), bool)
    agent[np.arange(len(agent)), *observations["agent"].T] = True
    other = {name: apply(observations[name]) for name in ("puzzle", "grid")}
    other["agent"] = np.argwhere(apply(agent))[:, 1:]
    probabilities, values = read(made, observations)
    turned, turned_values = read(made, other)
    np.testing.assert_allclose(turned, probabilities[:, old], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(turned_values, values, rtol=1e-4, atol=1e-5)
    assert (np.ptp(probabilities, axis=1) > 0.01).any(), "moves differ"


# -- networks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("features", [CandidateFeatures, ConvolutionFeatures])
def test_filled_cells_have_no_probability(features: type[BoardFeatures]) -> None:
    envs, observations, _ = sudokus()
    probabilities, _ = read(policy(features, envs), observations)
    filled = np.repeat(observations["grid"].reshape(len(probabilities), -1) != 0, 6, 1)
    assert filled.any()
    assert not probabilities[filled].any()
    assert (probabilities[~filled] > 0).all()


def test_a_policy_may_overwrite_its_own_digits_if_asked_to() -> None:
    envs, observations, _ = sudokus()
    probabilities, _ = read(policy(CandidateFeatures, envs, overwrite=True), observations)
    givens = np.repeat(observations["puzzle"].reshape(len(probabilities), -1) != 0, 6, 1)
    assert not probabilities[givens].any()
    assert (probabilities[~givens] > 0).all()


def test_messages_go_as_far_as_there_are_layers() -> None:
    """In a corridor of 12 cells, the goal at its end changes what the agent at its start sees, with enough layers."""
    corridor = np.ones((1, 3, 12), np.uint8)
    corridor[:, [0, 2]] = 0
    corridor[0, 1, 0] = 2
    with_goal = corridor.copy()
    with_goal[0, 1, -1] = 3
    env = gym.make("air_envs/Maze-v0", rows=3, columns=12)
    for layers, seen in ((6, False), (11, True)):
        torch.manual_seed(0)
        network = NeighbourFeatures(env.observation_space, env.action_space, 8, layers)
        with torch.no_grad():
            network.embed.weight[:, 2] = 5.0  # the goal
            near, far = (
                network(as_observation({"puzzle": maze, "grid": maze, "agent": np.array([[1, 0]])})).items
                for maze in (with_goal, corridor)
            )
        assert torch.equal(near, far) != seen, layers


def test_repetitions_without_gradient_are_those_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    envs, observations, _ = mazes()
    network = policy(NeighbourFeatures, envs, layers=TAIL + 9).features_extractor
    fast = network(as_observation(observations)).items
    monkeypatch.setattr("agents.rl.networks.neighbours.TAIL", 100)
    torch.testing.assert_close(fast, network(as_observation(observations)).items)


def test_gradients_reach_every_weight_of_a_policy() -> None:
    for features, (envs, observations, masks) in (
        (CandidateFeatures, sudokus()),
        (ConvolutionFeatures, sudokus()),
        (ConvolutionFeatures, mazes(count=64)),
        (NeighbourFeatures, mazes(count=64)),
    ):
        made = policy(features, envs)
        tensors, _ = made.obs_to_tensor(observations)
        values, log_prob, entropy = made.evaluate_actions(tensors, torch.as_tensor(masks.argmax(1)), action_masks=masks)
        (values.sum() + log_prob.sum() + entropy.sum()).backward()
        for name, weight in made.named_parameters():
            assert weight.grad is not None, name
            assert weight.grad.isfinite().all(), name
            assert weight.grad.any(), name


def test_a_policy_without_training_has_about_equal_probabilities() -> None:
    envs, observations, masks = sudokus()
    spaces = envs.single_observation_space, envs.single_action_space
    torch.manual_seed(0)
    made = MaskableBoardPolicy(*spaces, lambda _: 1e-3, **board_policy(CandidateFeatures, _Spaces(envs)))
    distribution: Any = made.get_distribution(made.obs_to_tensor(observations)[0], masks)
    probabilities = distribution.distribution.probs
    legal = torch.as_tensor(masks)
    share = 1 / legal.sum(1, keepdim=True)
    assert ((probabilities / share)[legal & (probabilities > 0)] - 1).abs().max() < 0.5
    assert sum(weight.numel() for weight in made.parameters()) < 20_000


class _Spaces:
    """What ``board_policy`` reads of an environment."""

    def __init__(self, envs: Any):
        self.action_space = envs.single_action_space


def test_prior_scores_start_as_the_prior_says() -> None:
    from agents.rl.networks.heads import ItemScores

    prior = torch.tensor([[0.5, -1.0, 2.0]])
    features = Features(torch.randn(1, 3, 4), torch.tensor([[False, True, False]]), prior)
    head = PriorScores(ItemScores(4))
    assert head(features).tolist() == [[0.5, CLOSED, 2.0]]
    with torch.no_grad():
        head.scale.fill_(2.0)
    assert head(features).tolist() == [[1.0, CLOSED, 4.0]]
