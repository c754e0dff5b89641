"""Every registered id, every way of acting, through what Gymnasium and its neighbours ask; a new id is tested too."""

import copy
import json
import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env, data_equivalence

import air_envs
from puzzles import PuzzleError

CASES = [
    (id, action_type)
    for id, environment in air_envs.ENVIRONMENTS.items()
    for action_type in gym.envs.registration.load_env_creator(environment.entry_point).dynamics_types
]

ADVICE = r'; for whole grids make the environment with action_type="propose"$'


@pytest.fixture(params=CASES, ids=[f"{id[9:]}-{action_type}" for id, action_type in CASES])
def case(request):
    return request.param


def make(case, **kwargs):
    return gym.make(case[0], action_type=case[1], **kwargs)


def test_gymnasium_checker(case):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(case).unwrapped, skip_render_check=True)


def test_stable_baselines_checker(case):
    from stable_baselines3.common.env_checker import check_env as sb3_check_env

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Unavoidable: a grid is neither an image nor a vector, and a whole-grid action holds cell values.
        for known in ("unconventional shape", "normalized Box action space", "we recommend using np.float32"):
            warnings.filterwarnings("ignore", message=f"(?s).*{known}", category=UserWarning)
        sb3_check_env(make(case))


def test_twins_and_copies_agree_and_go_on_alike(case):
    one, two = make(case, max_episode_steps=20), make(case, max_episode_steps=20)
    one.action_space.seed(1)
    assert data_equivalence(one.reset(seed=1), two.reset(seed=1), exact=True)
    twins = [two]
    for step in range(50):
        if step == 5:
            twins += [copy.deepcopy(one), pickle.loads(pickle.dumps(one))]
        action = one.action_space.sample()
        result = one.step(action)
        assert all(data_equivalence(twin.step(action), result, exact=True) for twin in twins)
        if result[2] or result[3]:
            posed = one.reset()  # unseeded: goes on with the stream
            assert all(data_equivalence(twin.reset(), posed, exact=True) for twin in twins)


def test_spec_survives_json(case):
    spec = make(case).spec
    assert json.loads(spec.to_json())["kwargs"]["action_type"] == case[1]
    again = gym.make(gym.envs.registration.EnvSpec.from_json(spec.to_json()))
    assert data_equivalence(again.reset(seed=4), make(case).reset(seed=4), exact=True)


def test_nothing_goes_before_the_first_reset(case):
    env = make(case, render_mode="ansi").unwrapped
    envs = gym.make_vec(case[0], num_envs=2, action_type=case[1], render_mode="ansi")
    action, actions = env.action_space.sample(), envs.action_space.sample()
    calls = [lambda: env.step(action), env.render, lambda: envs.step(actions), envs.render]
    if isinstance(env.action_space, gym.spaces.Discrete):
        calls += [env.action_masks, envs.action_masks]
    for call in calls:
        with pytest.raises(ResetNeeded, match="before the first reset"):
            call()
    with pytest.raises(PuzzleError, match="cells, expected"):
        env.reset(options={"puzzle": "1"})
    with pytest.raises(ResetNeeded, match=r"^step before the first reset$"):
        env.step(action)
    env.reset(seed=0)
    env.step(action)
    assert isinstance(env.render(), str)


@pytest.mark.parametrize("render_mode", ["human", "rgb_array", "ansi", "rgb_array_list", "ansi_list"])
def test_every_render_mode(case, render_mode):
    env = make(case, render_mode=render_mode, pixels=240)
    env.unwrapped.metadata = env.unwrapped.metadata | {"render_fps": 1000}
    env.reset(seed=0)
    env.step(env.action_space.sample())
    shown = env.render()
    if render_mode == "human":
        assert shown is None
    for frame in shown or () if render_mode.endswith("list") else []:
        assert isinstance(frame, str if render_mode == "ansi_list" else np.ndarray)
    if render_mode == "rgb_array":
        assert (shown.dtype, max(shown.shape), shown.shape[2]) == (np.uint8, 240, 3)
        assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 5
    if render_mode == "ansi":
        assert len(shown.splitlines()) > env.unwrapped.family.rows
    env.close()


def test_vector_modes_agree(case):
    """Native, sync and, one process a mode being slow to start, async for the general ids."""
    modes = ["vector_entry_point", "sync", *(["async"] if not air_envs.ENVIRONMENTS[case[0]].kwargs else [])]
    envs = [gym.make_vec(case[0], num_envs=2, vectorization_mode=mode, action_type=case[1]) for mode in modes]
    envs[0].action_space.seed(0)
    results = [env.reset(seed=3) for env in envs]
    for _ in range(10):
        assert all(data_equivalence(result, results[0], exact=True) for result in results)
        actions = envs[0].action_space.sample()
        results = [env.step(actions) for env in envs]
    for env in envs:
        env.close()


def test_wrappers_of_gymnasium(case):
    env = make(case, max_episode_steps=3, disable_env_checker=False)
    env = gym.wrappers.RecordEpisodeStatistics(gym.wrappers.FlattenObservation(env))
    env = gym.wrappers.TransformReward(env, lambda reward: reward - 1)
    assert env.reset(seed=0)[0] in env.observation_space
    for step in range(3):
        observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        assert observation in env.observation_space
        assert reward in (-1.0, 0.0)
        assert (terminated or truncated) == (step == 2 or terminated)
        if terminated or truncated:
            assert info["episode"]["l"] == step + 1
            break


def test_record_video(tmp_path):
    pytest.importorskip("moviepy", reason="RecordVideo of Gymnasium writes with moviepy, which is not installed")
    env = gym.make("air_envs/Maze-v0", render_mode="rgb_array", max_episode_steps=3)
    env = gym.wrappers.RecordVideo(env, str(tmp_path), episode_trigger=lambda episode: True)
    env.reset(seed=0)
    for _ in range(3):
        env.step(0)
    env.close()
    assert list(tmp_path.glob("*.mp4"))


def test_what_is_no_action_is_refused_and_changes_nothing(case):
    env = make(case)
    env.reset(seed=0)
    before = copy.deepcopy(env.unwrapped._info())
    space = env.action_space
    shape, limit = space.shape, space.n if isinstance(space, gym.spaces.Discrete) else space.high.max() + 1
    wrong = [
        env.observation_space["puzzle"].sample() if shape == () else 0,
        np.zeros((*shape, 2), np.int64),
        np.full(shape, limit, np.int64),
        np.full(shape, -1, np.int64),
        np.full(shape, np.nan),
        np.zeros(shape, np.float32),
        None,
        "0",
    ]
    for action in wrong:
        with pytest.raises(air_envs.ActionError, match="expected"):
            env.step(action)
    assert data_equivalence(env.unwrapped._info(), before, exact=True)


@pytest.mark.parametrize("case", [case for case in CASES if case[1] != "propose"], ids=lambda case: case[0][9:])
def test_a_grid_where_single_moves_are_expected_says_what_takes_grids(case):
    env, envs = make(case), gym.make_vec(case[0], num_envs=2, action_type=case[1])
    grid, grids = env.reset(seed=0)[0]["puzzle"], envs.reset(seed=0)[0]["puzzle"]
    for wanted in (grid, grid.astype(np.int64), grid.tolist(), grid.astype(np.float32)):
        with pytest.raises(air_envs.ActionError, match=ADVICE):
            env.step(wanted)
    with pytest.raises(air_envs.ActionError, match=ADVICE):
        envs.step(grids)
    for other in (grid[:-1], grid[0], [[1], [2, 3]], -1):
        with pytest.raises(air_envs.ActionError) as error:
            env.step(other)
        assert "propose" not in str(error.value)
