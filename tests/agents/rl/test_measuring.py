"""Measuring plays each unseen puzzle exactly once, the same for every policy."""

import gymnasium as gym
import numpy as np
import pytest

from agents.evaluation.statistics import wilson_interval
from agents.rl.baselines import greedy, random_legal, solver
from agents.rl.measuring import measure, unseen_puzzles
from air_envs.sources import PooledPuzzles
from puzzles.dataset import Dataset

SUDOKU = "air_envs/Sudoku4x4-v0", {"clues": 7, "action_mask": "candidates", "end_on_contradiction": True}
MAZE = "air_envs/Maze-v0", {"rows": 5, "columns": 7, "max_episode_steps": 40}


class Watching:
    """Passes on what a policy answers, and remembers which puzzles it saw at the start of an episode."""

    def __init__(self, policy):
        self.policy, self.started = policy, []

    def probabilities(self, observations, masks):
        fresh = (observations["grid"] == observations["puzzle"]).all((1, 2))
        if "agent" in observations:  # what has come back to the start has left a path
            agent = observations["agent"]
            fresh &= observations["puzzle"][np.arange(len(agent)), agent[:, 0], agent[:, 1]] == 2
        self.started += [puzzle.tobytes() for puzzle in observations["puzzle"][fresh]]
        return self.policy.probabilities(observations, masks)


@pytest.mark.parametrize("environment", [SUDOKU, MAZE], ids=["sudoku", "maze"])
@pytest.mark.parametrize("at_once", [7, 64])
def test_each_puzzle_is_played_once_by_every_policy(environment, at_once):
    held = unseen_puzzles(*environment, 40)
    expected = sorted(puzzle.tobytes() for puzzle in held.take(np.arange(40)).puzzle)
    assert len(set(expected)) == 40
    for baseline in (greedy, solver):
        watching = Watching(baseline(held.family))
        found = measure(watching, *environment, puzzles=40, at_once=at_once)
        assert sorted(watching.started) == expected
        assert found.count == 40
        assert found.interval == wilson_interval(found.solved_count, 40)


def test_the_solver_solves_all_in_as_many_steps_as_there_are():
    for environment in (SUDOKU, MAZE):
        held = unseen_puzzles(*environment, 30)
        found = measure(solver(held.family), *environment, puzzles=30, deterministic=False)
        assert found.solved.all()
        assert (found.returns == 1).all()
        data = held.take(np.arange(30))
        needed = data.rating if held.family.kind == "maze" else (data.puzzle == 0).sum((1, 2))
        assert np.array_equal(found.steps, needed)
        assert found.mean_steps == needed.mean()
        assert found.mean_return == 1.0


def test_how_a_single_environment_ends_is_what_is_measured():
    """The greedy policy that takes its most probable move, one puzzle after another in a single environment."""
    held = unseen_puzzles(*MAZE, 20)
    policy = greedy(held.family)
    found = measure(policy, *MAZE, puzzles=20, at_once=6)
    env = gym.make(MAZE[0], source=held, max_episode_steps=40)
    for index in range(20):
        observation, info = env.reset(options={"index": index})
        steps, total, over = 0, 0.0, False
        while not over:
            batch = {name: values[None] for name, values in observation.items()}
            chances = policy.probabilities(batch, info["action_mask"][None].astype(bool))
            observation, reward, terminated, truncated, info = env.step(int(chances[0].argmax()))
            steps, total, over = steps + 1, total + reward, terminated or truncated
        assert (found.solved[index], found.steps[index], found.returns[index]) == (info["solved"], steps, total)
    assert 0 < found.solved_count < 20  # some run into the time limit


def test_seeds_decide_puzzles_and_drawn_actions():
    play = {"puzzles": 50, "deterministic": False}
    one, same, other = (measure(random_legal("sudoku-4x4"), *SUDOKU, seed=seed, **play) for seed in (1, 1, 2))
    assert np.array_equal(one.solved, same.solved)
    assert np.array_equal(one.steps, same.steps)
    assert not np.array_equal(one.steps, other.steps)
    grids = [unseen_puzzles(*SUDOKU, 50, seed).take(np.arange(50)).puzzle for seed in (1, 1, 2)]
    assert np.array_equal(grids[0], grids[1])
    assert not np.array_equal(grids[0], grids[2])


def test_unseen_puzzles_come_from_no_pool():
    id, arguments = "air_envs/Sudoku6x6-v0", {"clues": 14}
    assert isinstance(gym.make(id, **arguments).unwrapped.source, PooledPuzzles)
    held = unseen_puzzles(id, arguments | {"pool": 3}, 10)
    assert np.array_equal(held.take(np.arange(10)).puzzle, unseen_puzzles(id, arguments, 10).take(np.arange(10)).puzzle)


def test_of_a_dataset_the_first_rows_of_a_split(tmp_path):
    from puzzles.build import build_dataset

    path = build_dataset(tmp_path / "a.h5", "sudoku-4x4", train=10, test=5, progress=False).path
    arguments = {"dataset": str(path), "split": "train", "action_mask": "candidates"}
    held = unseen_puzzles("air_envs/Sudoku-v0", arguments, 100)
    assert np.array_equal(held.take(np.arange(5)).puzzle, Dataset(path).split("test").puzzle)
    found = measure(solver(held.family), "air_envs/Sudoku-v0", arguments, puzzles=3)
    assert found.solved.tolist() == [True] * 3
    assert len(unseen_puzzles("air_envs/Sudoku-v0", arguments, 100, split="train")) == 10


def test_boards_without_a_legal_action_wait_for_their_time_limit():
    arguments = {"clues": 4, "action_mask": "candidates", "max_episode_steps": 15}  # and no end on a contradiction
    found = measure(random_legal("sudoku-4x4"), SUDOKU[0], arguments, puzzles=40, deterministic=False)
    assert 0 < found.solved_count < 40
    assert (found.steps[~found.solved] == 15).all()


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match="puzzles: found 0, expected 1 or more"):
        unseen_puzzles(*SUDOKU, 0)
    with pytest.raises(ValueError, match="different puzzles, expected 5000"):
        unseen_puzzles("air_envs/Maze-v0", {"rows": 3, "columns": 3, "min_path": 1}, 5000)
    with pytest.raises(ValueError, match="environment: found 'CartPole-v1', expected one of"):
        measure(random_legal("maze-5x7"), "CartPole-v1", puzzles=2)
