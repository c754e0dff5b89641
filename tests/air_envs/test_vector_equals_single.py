"""The native vector environments against Gymnasium's own loop over single ones: equal in all that they return."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from air_envs import CurriculumPuzzles
from air_envs.generated import PooledPuzzles, Schedule

COUNT = 6
CASES = {
    "place": ("Sudoku-v0", {"size": 4, "clues": 12}),
    "place, candidates, solution": (
        "Sudoku-v0",
        {"size": 4, "clues": 10, "action_mask": "candidates", "candidates": True, "solution_in_info": True},
    ),
    "place, erase, contradiction, conflict": (
        "Sudoku-v0",
        {"size": 4, "clues": 11, "erase": True, "end_on_contradiction": True, "reward": "conflict"},
    ),
    "place 9x9, dense": ("Sudoku-v0", {"clues": 60, "reward": "dense"}),
    "propose": ("Sudoku-v0", {"size": 4, "action_type": "propose", "reward": "dense", "candidates": True}),
    "move": ("Maze-v0", {"rows": 4, "columns": 5, "reward": "shaped"}),
    "move, view": ("Maze-v0", {"rows": 5, "columns": 4, "view": 3, "generator": "percolation"}),
    "a pool that grows": ("Sudoku-v0", {"source": PooledPuzzles("sudoku-4x4", schedule=Schedule(2, 3, 20), clues=12)}),
    "mazes of a pool": ("Maze-v0", {"rows": 7, "columns": 7, "generator": "percolation", "action_type": "propose"}),
    "propose a path": ("Maze-v0", {"rows": 4, "columns": 4, "action_type": "propose", "solution_in_info": True}),
}
LIMIT = 12
CURRICULUM = "Sudoku-v0", {"size": 4, "action_type": "propose", "solution_in_info": True}


def curriculum():
    """A new one: environments that are compared must not share it."""
    return CurriculumPuzzles(
        [PooledPuzzles("sudoku-4x4", clues=clues) for clues in (13, 10, 7)], threshold=0.25, window=8, earlier=0.3
    )


@pytest.fixture(params=CASES, ids=str)
def case(request):
    return CASES[request.param]


@pytest.fixture(params=[*CASES, "a curriculum"], ids=str)
def any_case(request):
    """Also of environments whose rows depend on each other."""
    return CASES.get(request.param, CURRICULUM)


def make(case, mode, native, count=COUNT, **kwargs):
    id, arguments = case
    arguments = arguments | {"max_episode_steps": LIMIT} | kwargs
    if case is CURRICULUM:
        arguments["source"] = curriculum()
    if native:
        return gym.make_vec(f"air_envs/{id}", num_envs=count, autoreset_mode=mode, **arguments)
    return gym.make_vec(
        f"air_envs/{id}",
        num_envs=count,
        vectorization_mode="sync",
        vector_kwargs={"autoreset_mode": AutoresetMode(mode)},
        **arguments,
    )


def pair(case, mode, **kwargs):
    return make(case, mode, True, **kwargs), make(case, mode, False, **kwargs)


def policy(envs, rng, cheat=0.3):
    """Random actions, legal or not; whole grids are now and then the solution."""
    actions = np.array([envs.single_action_space.sample() for _ in range(envs.num_envs)])
    if actions.ndim == 3:
        right = rng.random(envs.num_envs) < cheat
        actions[right] = envs.dynamics.solution[right]
    return actions


def assert_equal(found, expected, where="result"):
    """Also in dtype, keys and, for dicts of objects, nesting."""
    if isinstance(expected, dict):
        assert set(found) == set(expected), where
        for key in expected:
            assert_equal(found[key], expected[key], f"{where}.{key}")
    elif isinstance(expected, tuple):
        assert len(found) == len(expected)
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_equal(one, other, f"{where}[{number}]")
    elif isinstance(expected, np.ndarray) and expected.dtype == object:
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            assert_equal(one, other, f"{where}[{number}]")
    elif isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype, where
        assert np.array_equal(found, expected), where
    else:
        assert type(found) is type(expected), where
        assert found == expected, where


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_hundreds_of_steps_with_autoreset(any_case, mode):
    native, sync = pair(any_case, mode)
    native.single_action_space.seed(0)
    rng = np.random.default_rng(0)
    assert native.single_observation_space == sync.single_observation_space
    assert native.action_space == sync.action_space
    assert_equal(native.reset(seed=7), sync.reset(seed=7))
    ends = 0
    for step in range(300):
        if step == 200:  # unseeded: the streams go on
            assert_equal(native.reset(), sync.reset())
        actions = policy(native, rng)
        found = native.step(actions)
        assert_equal(found, sync.step(actions))
        assert found[0] in native.observation_space
        ends += int((found[2] | found[3]).sum())
    assert ends >= 100
    if any_case is CURRICULUM:
        assert native.source.level == 2
        assert native.source.solve_rate == sync.envs[0].unwrapped.source.solve_rate
        assert all(env.unwrapped.source is sync.envs[0].unwrapped.source for env in sync.envs)


def test_hundreds_of_steps_with_reset_masks(any_case):
    native, sync = pair(any_case, "Disabled")
    native.single_action_space.seed(0)
    rng = np.random.default_rng(0)
    assert_equal(native.reset(seed=list(range(40, 40 + COUNT))), sync.reset(seed=list(range(40, 40 + COUNT))))
    for _ in range(200):
        actions = policy(native, rng)
        found = native.step(actions)
        assert_equal(found, sync.step(actions))
        over = found[2] | found[3]
        if over.any():
            over |= rng.random(COUNT) < 0.1  # some before their end
            seed = [int(rng.integers(100)) if rng.random() < 0.5 else None for _ in range(COUNT)]
            assert_equal(
                native.reset(seed=seed, options={"reset_mask": over}),
                sync.reset(seed=seed, options={"reset_mask": over}),
            )


@pytest.mark.parametrize("id", ["Sudoku-v0", "Maze-v0"])
def test_rows_of_a_dataset(id, sudoku_dataset, maze_dataset):
    case = id, {"dataset": str(sudoku_dataset if id == "Sudoku-v0" else maze_dataset)}
    native, sync = pair(case, "SameStep", count=3)
    assert_equal(native.reset(seed=1), sync.reset(seed=1))
    assert_equal(native.reset(options={"index": 5}), sync.reset(options={"index": 5}))
    native.single_action_space.seed(3)
    rng = np.random.default_rng(3)
    for _ in range(60):
        actions = policy(native, rng)
        assert_equal(native.step(actions), sync.step(actions))


def test_a_batch_of_any_size_holds_the_same_environments(case):
    """Row i depends on its seed alone: not on how many stand beside it."""
    one, many = make(case, "NextStep", True, count=1), make(case, "NextStep", True, count=9)
    assert_equal(
        {key: values[4:5] for key, values in many.reset(seed=10)[0].items()}, one.reset(seed=14)[0], "observation"
    )
    many.single_action_space.seed(0)
    rng = np.random.default_rng(0)
    for _ in range(60):
        actions = policy(many, rng)
        found, expected = many.step(actions), one.step(actions[4:5])
        assert_equal({key: values[4:5] for key, values in found[0].items()}, expected[0])
        assert_equal(tuple(values[4:5] for values in found[1:4]), expected[1:4])
