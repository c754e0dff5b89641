"""Every registered environment, both ways of acting, through everything that Gymnasium and its neighbours ask."""

import copy
import json
import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence

import air_envs

CASES = [
    ("air_envs/Sudoku-v0", {"action_type": "place"}),
    ("air_envs/Sudoku-v0", {"action_type": "place", "size": 6, "clues": 20, "action_mask": "candidates"}),
    ("air_envs/Sudoku-v0", {"action_type": "propose", "reward": "dense", "solution_in_info": True}),
    ("air_envs/Sudoku-v0", {"size": 4, "erase": True, "candidates": True, "end_on_contradiction": True}),
    ("air_envs/Maze-v0", {"action_type": "move"}),
    ("air_envs/Maze-v0", {"action_type": "move", "rows": 6, "columns": 11, "reward": "dense", "min_path": 8}),
    ("air_envs/Maze-v0", {"view": 5, "reward": "shaped"}),
    ("air_envs/Maze-v0", {"action_type": "propose", "generator": "percolation", "solution_in_info": True}),
]


@pytest.fixture(params=CASES, ids=[f"{id.split('/')[1]}-{'-'.join(map(str, kwargs.values()))}" for id, kwargs in CASES])
def case(request):
    return request.param


def roll(env, seed, steps=50):
    """All that an environment returns in some steps of a seeded random policy, pictures of resets included."""
    env.action_space.seed(seed)
    results = [env.reset(seed=seed)]
    for _ in range(steps):
        info = results[-1][-1]
        action = env.action_space.sample(info.get("action_mask"))
        results.append(env.step(action))
        if results[-1][2] or results[-1][3]:
            results.append(env.reset())
    return results


def test_every_way_of_acting_is_covered():
    for id in ("air_envs/Sudoku-v0", "air_envs/Maze-v0"):
        types = {gym.make(case, **kwargs).unwrapped.action_type for case, kwargs in CASES if case == id}
        assert types == set(gym.make(id).unwrapped.dynamics_types)


@pytest.mark.parametrize(
    ("name", "family", "limit"),
    [
        ("Sudoku", "sudoku-9x9", 500),
        ("Sudoku4x4", "sudoku-4x4", 100),
        ("Sudoku6x6", "sudoku-6x6", 200),
        ("SudokuExtreme", "sudoku-9x9", 500),
        ("Sudoku16x16", "sudoku-16x16", 1500),
        ("Maze", "maze-9x9", 1000),
        ("MazePerfect", "maze-21x21", 2000),
        ("MazeHard", "maze-30x30", 2000),
    ],
)
def test_every_id(name, family, limit):
    env = gym.make(f"air_envs/{name}-v0")
    assert env.unwrapped.family.name == family
    assert env.spec.max_episode_steps == limit
    assert env.spec.kwargs == air_envs.ENVIRONMENTS[env.spec.id].kwargs
    observation, info = env.reset(seed=0)
    assert observation["puzzle"].shape == env.unwrapped.family.shape
    if name == "MazeHard":
        assert info["optimal_length"] >= 109


def test_families_find_their_general_id():
    assert air_envs.environment_id("sudoku-6x6") == "air_envs/Sudoku-v0"
    assert air_envs.environment_id("maze-30x30") == "air_envs/Maze-v0"
    with pytest.raises(ValueError, match="no environment of 'kakuro'"):
        air_envs.environment_id("kakuro-9x9")


def test_gymnasium_checker_is_content(case):
    id, kwargs = case
    env = gym.make(id, **kwargs)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)


def test_stable_baselines_checker_is_content(case):
    from stable_baselines3.common.env_checker import check_env as sb3_check_env

    id, kwargs = case
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sb3_check_env(gym.make(id, render_mode="rgb_array", **kwargs), skip_render_check=False)
    # Unavoidable: a grid is neither an image nor a vector, and a whole-grid action holds cell values.
    known = ("unconventional shape", "symmetric and normalized Box action space", "we recommend using np.float32")
    assert [str(w.message) for w in caught if not any(text in str(w.message) for text in known)] == []


def test_twins_agree_for_fifty_steps(case):
    id, kwargs = case
    one, two = (roll(gym.make(id, **kwargs), seed=7) for _ in range(2))
    assert len(one) == len(two)
    assert all(data_equivalence(a, b, exact=True) for a, b in zip(one, two, strict=True))
    other = roll(gym.make(id, **kwargs), seed=8)
    assert not data_equivalence(one[0][0], other[0][0], exact=True)


def test_observations_and_infos_keep_their_form(case):
    id, kwargs = case
    env = gym.make(id, **kwargs)
    results = roll(env, seed=1)
    keys = list(results[0][1])
    for result in results:
        assert result[0] in env.observation_space
        assert list(result[-1]) == keys
        for key in ("steps", "illegal", "rating"):
            assert type(result[-1][key]) is int
        assert type(result[-1]["solved"]) is bool
    assert ("action_mask" in keys) == isinstance(env.action_space, gym.spaces.Discrete)
    assert ("solution" in keys) == kwargs.get("solution_in_info", False)


@pytest.mark.parametrize(
    "copying", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["deep", "pickle"]
)
def test_a_copy_made_mid_episode_goes_on_alike(case, copying):
    id, kwargs = case
    env = gym.make(id, render_mode="rgb_array", **kwargs)
    env.action_space.seed(3)
    env.reset(seed=3)
    for _ in range(5):
        env.step(env.action_space.sample())
    env.render()
    twin = copying(env)
    for _ in range(20):
        action = env.action_space.sample()
        assert data_equivalence(env.step(action), twin.step(action), exact=True)
    assert np.array_equal(env.render(), twin.render())
    assert data_equivalence(env.reset(), twin.reset(), exact=True)


def test_spec_survives_json(case):
    id, kwargs = case
    spec = gym.make(id, **kwargs).spec
    again = gym.envs.registration.EnvSpec.from_json(spec.to_json())
    assert json.loads(spec.to_json())["kwargs"] == kwargs
    assert data_equivalence(gym.make(again).reset(seed=4), gym.make(id, **kwargs).reset(seed=4), exact=True)


@pytest.mark.parametrize("render_mode", ["human", "rgb_array", "ansi", "rgb_array_list"])
def test_every_render_mode(case, render_mode):
    id, kwargs = case
    env = gym.make(id, render_mode=render_mode, pixels=240, **kwargs)
    env.unwrapped.metadata = env.unwrapped.metadata | {"render_fps": 1000}
    env.reset(seed=0)
    env.step(env.action_space.sample())
    picture = env.render()
    rows, columns = env.unwrapped.family.shape
    if render_mode == "human":
        assert picture is None
    elif render_mode == "ansi":
        lines = picture.splitlines()
        assert len({len(line) for line in lines}) == 1
        assert len(lines) > rows
    else:
        frames = picture if render_mode == "rgb_array_list" else [picture]
        for frame in frames:
            assert frame.dtype == np.uint8
            assert frame.shape == (round(240 * rows / max(rows, columns)), round(240 * columns / max(rows, columns)), 3)
    env.close()
    env.close()


def test_rendering_without_a_mode_says_so():
    env = gym.make("air_envs/Sudoku-v0", size=4).unwrapped
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="render_mode"):
        assert env.render() is None


@pytest.mark.parametrize("id", ["air_envs/Sudoku6x6-v0", "air_envs/MazeHard-v0"])
@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, 16),
        ({"max_episode_steps": 64}, 16),
        ({"max_episode_steps": 5}, 5),
        ({"max_proposals": 3}, 3),
        ({"max_proposals": None, "max_episode_steps": 20}, 20),
        ({"max_proposals": 20, "max_episode_steps": -1}, 20),
    ],
)
def test_proposals_are_limited(id, limits, expected):
    env = gym.make(id, action_type="propose", **limits)
    envs = gym.make_vec(id, num_envs=2, action_type="propose", **limits)
    grid = env.reset(seed=0)[0]["puzzle"]
    grids = envs.reset(seed=0)[0]["puzzle"]
    for step in range(1, expected + 1):
        assert env.step(grid)[2:4] == (False, step == expected)
        assert envs.step(grids)[3].tolist() == [step == expected] * 2


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"action_type": "propose", "max_proposals": 0}, "max_proposals: found 0, expected 1 or more, or None"),
        ({"action_type": "propose", "max_proposals": 2.5}, "max_proposals: found 2.5, expected 1 or more"),
        ({"max_proposals": 8}, "max_proposals: found 8 with action_type 'place', not 'propose'"),
    ],
)
def test_what_is_no_limit_of_proposals_is_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        gym.make("air_envs/Sudoku-v0", **kwargs)


def test_time_limit_truncates():
    env = gym.make("air_envs/Maze-v0", max_episode_steps=3)
    env.reset(seed=0)
    wall = int(np.flatnonzero(~env.unwrapped.action_masks())[0]) if not env.unwrapped.action_masks().all() else 0
    assert [env.step(wall)[3] for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(("id", "kwargs"), CASES[:1] + CASES[3:4])
def test_vector_and_flattening_wrappers(id, kwargs):
    envs = gym.make_vec(id, num_envs=3, vectorization_mode="sync", **kwargs)
    observations, infos = envs.reset(seed=0)
    assert observations["grid"].shape[0] == 3
    assert infos["action_mask"].shape == (3, envs.single_action_space.n)
    envs.step(envs.action_space.sample())
    envs.close()
    flat = gym.wrappers.FlattenObservation(gym.make(id, **kwargs))
    assert flat.reset(seed=0)[0] in flat.observation_space


def test_maskable_ppo_finds_the_masks():
    from sb3_contrib import MaskablePPO

    env = gym.make("air_envs/Sudoku-v0", size=4, action_mask="candidates")
    model = MaskablePPO("MultiInputPolicy", env, n_steps=32, batch_size=32, n_epochs=1, seed=0)
    model.learn(32)
    observation, info = env.reset(seed=0)
    action, _ = model.predict(observation, action_masks=info["action_mask"].astype(bool))
    assert env.step(action)[4]["illegal"] == 0


def test_docstrings_tell_the_truth_about_arguments():
    import inspect

    for id in ("air_envs/Sudoku-v0", "air_envs/Maze-v0"):
        cls = type(gym.make(id).unwrapped)
        text = inspect.getdoc(cls)
        for section in (
            "Description",
            "Action Space",
            "Observation Space",
            "Rewards",
            "Starting State",
            "Episode End",
            "Information",
            "Arguments",
            "Version History",
        ):
            assert f"## {section}" in text
        table = text.split("## Arguments")[1].split("## Version")[0]
        listed = {
            name.strip().strip("`"): default.strip().strip("`").strip('"')
            for line in table.splitlines()[4:]
            if line.startswith("|")
            for name, default in [(n, line.split("|")[2]) for n in line.split("|")[1].split(",")]
        }
        taken = dict(inspect.signature(air_envs.PuzzleEnv).parameters) | dict(inspect.signature(cls).parameters)
        for inherited in ("parts", "dynamics"):
            taken.pop(inherited)
        assert set(listed) == set(taken)
        for name, default in listed.items():
            assert default == str(taken[name].default), name
        info = gym.make(id, solution_in_info=True).reset(seed=0)[1]
        described = text.split("## Information")[1].split("## Arguments")[0]
        assert {key for key in info if f"| `{key}` |" in described} == set(info)
