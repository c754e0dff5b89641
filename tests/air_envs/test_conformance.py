"""Every registered id, every way of acting, and the options that change what is observed or done, through what
Gymnasium and its neighbours ask. A new id is tested too."""

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

SUDOKU, MAZE = "air_envs/Sudoku-v0", "air_envs/Maze-v0"
CASES = [
    (id, {"action_type": action_type})
    for id, environment in air_envs.ENVIRONMENTS.items()
    for action_type in gym.envs.registration.load_env_creator(environment.entry_point).dynamics_types
] + [
    (SUDOKU, {"action_type": "place", "size": 6, "clues": 20, "action_mask": "candidates"}),
    (SUDOKU, {"action_type": "propose", "reward": "dense", "solution_in_info": True}),
    (SUDOKU, {"size": 4, "erase": True, "candidates": True, "end_on_contradiction": True}),
    (MAZE, {"action_type": "move", "rows": 6, "columns": 11, "reward": "dense", "min_path": 8}),
    (MAZE, {"view": 5, "reward": "shaped"}),
    (MAZE, {"action_type": "propose", "generator": "percolation", "solution_in_info": True}),
]
ADVICE = r'; for whole grids make the environment with action_type="propose"$'


def name_of(case):
    return f"{case[0][9:]}-{'-'.join(map(str, case[1].values()))}"


@pytest.fixture(params=CASES, ids=name_of)
def case(request):
    return request.param


def make(case, **kwargs):
    return gym.make(case[0], **case[1], **kwargs)


def test_gymnasium_checker(case):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Pictures are made for ids without options of their own: those of the others look alike and take long.
        check_env(make(case).unwrapped, skip_render_check=bool(air_envs.ENVIRONMENTS[case[0]].kwargs))


def test_stable_baselines_checker(case):
    from stable_baselines3.common.env_checker import check_env as sb3_check_env

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Unavoidable: a grid is neither an image nor a vector, and a whole-grid action holds cell values.
        for known in ("unconventional shape", "normalized Box action space", "we recommend using np.float32"):
            warnings.filterwarnings("ignore", message=f"(?s).*{known}", category=UserWarning)
        sb3_check_env(make(case, render_mode="rgb_array"), skip_render_check=False)


def test_twins_and_copies_agree_and_go_on_alike(case):
    """Of actions both legal and not, beyond the end of an episode; another seed gives another puzzle."""
    one, two = (make(case, max_episode_steps=20, render_mode="rgb_array", pixels=240) for _ in range(2))
    one.action_space.seed(1)
    first = one.reset(seed=1)
    assert data_equivalence(first, two.reset(seed=1), exact=True)
    twins, info = [two], first[1]
    for step in range(50):
        if step == 5:
            one.render()
            twins += [copy.deepcopy(one), pickle.loads(pickle.dumps(one))]
        action = one.action_space.sample(info.get("action_mask") if step % 2 else None)
        result = one.step(action)
        info = result[4]
        assert all(data_equivalence(twin.step(action), result, exact=True) for twin in twins)
        if step == 10:
            assert all(np.array_equal(twin.render(), one.render()) for twin in twins)
        if result[2] or result[3]:
            following = one.reset()  # unseeded: goes on with the stream
            info = following[1]
            assert all(data_equivalence(twin.reset(), following, exact=True) for twin in twins)
    assert not data_equivalence(two.reset(seed=2)[0], first[0], exact=True)


def test_observations_and_infos_keep_their_form(case):
    env = make(case)
    env.action_space.seed(1)
    results = [env.reset(seed=1)]
    for _ in range(20):
        results.append(env.step(env.action_space.sample(results[-1][-1].get("action_mask"))))
        if results[-1][2]:
            results.append(env.reset())
    keys = list(results[0][1])
    for result in results:
        assert result[0] in env.observation_space
        assert list(result[-1]) == keys
        for key in ("steps", "illegal", "rating"):
            assert type(result[-1][key]) is int
        assert type(result[-1]["solved"]) is bool
    assert ("action_mask" in keys) == isinstance(env.action_space, gym.spaces.Discrete)
    assert ("solution" in keys) == case[1].get("solution_in_info", False)


def test_spec_survives_json(case):
    spec = make(case).spec
    assert case[1].items() <= json.loads(spec.to_json())["kwargs"].items()
    again = gym.make(gym.envs.registration.EnvSpec.from_json(spec.to_json()))
    assert data_equivalence(again.reset(seed=4), make(case).reset(seed=4), exact=True)


def test_nothing_goes_before_the_first_reset(case):
    env = make(case, render_mode="ansi").unwrapped
    envs = gym.make_vec(case[0], num_envs=2, render_mode="ansi", **case[1])
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
    rows, columns = env.unwrapped.family.shape
    if render_mode == "human":
        assert shown is None
    for frame in shown if render_mode.endswith("list") else [shown] * (render_mode != "human"):
        if render_mode.startswith("ansi"):
            lines = frame.splitlines()
            assert len({len(line) for line in lines}) == 1
            assert len(lines) > rows
        else:
            longest = max(rows, columns)
            assert frame.dtype == np.uint8
            assert frame.shape == (round(240 * rows / longest), round(240 * columns / longest), 3)
            assert len(np.unique(frame.reshape(-1, 3), axis=0)) > 5
    env.close()
    env.close()


def test_vector_modes_agree(case):
    """Native, sync and, one process a mode being slow to start, async for the general ids."""
    general = set(case[1]) == {"action_type"} and not air_envs.ENVIRONMENTS[case[0]].kwargs
    modes = ["vector_entry_point", "sync", *(["async"] if general else [])]
    envs = [gym.make_vec(case[0], num_envs=2, vectorization_mode=mode, **case[1]) for mode in modes]
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
    plain = make(case)
    plain.reset(seed=0)
    assert env.reset(seed=0)[0] in env.observation_space
    for step in range(3):
        action = env.action_space.sample()
        observation, reward, terminated, truncated, info = env.step(action)
        assert observation in env.observation_space
        assert reward == plain.step(action)[1] - 1
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
        env.unwrapped.dynamics.puzzle[0] if shape == () else 0,
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


@pytest.mark.parametrize("case", [c for c in CASES if c[1].get("action_type") != "propose"], ids=name_of)
def test_a_grid_where_single_moves_are_expected_says_what_takes_grids(case):
    env, envs = make(case), gym.make_vec(case[0], num_envs=2, **case[1])
    env.reset(seed=0), envs.reset(seed=0)
    grid, grids = env.unwrapped.dynamics.puzzle[0], envs.dynamics.puzzle
    for wanted in (grid, grid.astype(np.int64), grid.tolist(), grid.astype(np.float32)):
        with pytest.raises(air_envs.ActionError, match=ADVICE):
            env.step(wanted)
    with pytest.raises(air_envs.ActionError, match=ADVICE):
        envs.step(grids)
    for other in (grid[:-1], grid[0], [[1], [2, 3]], -1):
        with pytest.raises(air_envs.ActionError) as error:
            env.step(other)
        assert "propose" not in str(error.value)
