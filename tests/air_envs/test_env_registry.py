"""The table of environments, their time limits and their documentation."""

import gymnasium as gym
import numpy as np
import pytest

import air_envs


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
