"""The observation wrappers, around single and vector environments of both families."""

import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence

import air_envs
from air_envs import wrappers
from air_envs.wrappers import vector

SUDOKU, MAZE = "air_envs/Sudoku-v0", "air_envs/Maze-v0"
CASES = [
    (SUDOKU, {"size": 4}),
    (SUDOKU, {"size": 6, "candidates": True}),
    (SUDOKU, {"size": 4, "action_type": "propose"}),
    (MAZE, {"rows": 5, "columns": 8}),
    (MAZE, {"rows": 5, "columns": 8, "view": 3}),
    (MAZE, {"rows": 5, "columns": 8, "action_type": "propose"}),
]
ENCODED = ["OneHotObservation", "FlatObservation", "ImageObservation"]
MODES = ["NextStep", "SameStep", "Disabled"]


@pytest.fixture(params=CASES, ids=[f"{id[9:-3]}-{'-'.join(map(str, kwargs.values()))}" for id, kwargs in CASES])
def case(request):
    return request.param


@pytest.mark.parametrize("name", ENCODED)
def test_wrapped_environments_pass_both_checkers(case, name):
    from stable_baselines3.common.env_checker import check_env as sb3_check_env

    id, kwargs = case
    env = getattr(wrappers, name)(gym.make(id, **kwargs))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*different from the unwrapped version")
        check_env(env, skip_render_check=True)
        # Planes are no image to Stable-Baselines3, which says so; whole-grid actions hold cell values.
        for known in (".*image.*", ".*normalized Box action", ".*np.float32", ".*unconventional shape"):
            warnings.filterwarnings("ignore", message=known, category=UserWarning)
        sb3_check_env(env)


def test_one_hot_says_what_the_observation_says():
    env = air_envs.OneHotObservation(gym.make(MAZE, rows=5, columns=8))
    planes, _ = env.reset(seed=0)
    seen = env.unwrapped.dynamics.observation()
    assert planes.shape == (5, 8, 11)
    assert env.channels == ("agent", *(f"{part}={value}" for part in ("grid", "puzzle") for value in range(5)))
    assert np.array_equal(np.argwhere(planes[..., 0]), seen["agent"])
    assert np.array_equal(planes[..., 1:6].argmax(axis=2), seen["grid"][0])
    assert np.array_equal(planes[..., 6:].argmax(axis=2), seen["puzzle"][0])
    assert (planes.reshape(40, 11)[:, 1:].sum(axis=1) == 2).all()


def test_parts_are_chosen_and_ordered():
    env = air_envs.OneHotObservation(gym.make(MAZE, rows=5, columns=8), parts=["grid", "agent"])
    assert env.channels == ("grid=0", "grid=1", "grid=2", "grid=3", "grid=4", "agent")
    env = air_envs.OneHotObservation(gym.make(SUDOKU, size=6, candidates=True), parts=["candidates"])
    planes, _ = env.reset(seed=0)
    assert np.array_equal(planes, env.unwrapped.dynamics.candidates[0])


def test_the_three_encodings_hold_the_same(case):
    id, kwargs = case
    one_hot, flat, image = (getattr(wrappers, name)(gym.make(id, **kwargs)) for name in ENCODED)
    planes, vector_, picture = (env.reset(seed=5)[0] for env in (one_hot, flat, image))
    scale = image.encoding.scale
    assert np.array_equal(planes.ravel(), vector_)
    assert min(picture.shape[:2]) >= 36 > (scale - 1) * min(planes.shape[:2])
    assert np.array_equal(picture, np.kron(planes, np.ones((scale, scale, 1), np.uint8)) * 255)


def test_an_image_is_one_to_stable_baselines():
    from stable_baselines3.common.preprocessing import is_image_space, is_image_space_channels_first

    for id, kwargs in CASES:
        space = air_envs.ImageObservation(gym.make(id, **kwargs)).observation_space
        assert is_image_space(space)
        assert not is_image_space_channels_first(space)


@pytest.mark.parametrize("inner", [None, *ENCODED])
def test_masks_are_observed(inner):
    env = gym.make(SUDOKU, size=4, action_mask="candidates")
    env = air_envs.ActionMaskObservation(getattr(wrappers, inner)(env) if inner else env)
    check_env(env, skip_render_check=True)
    observation, info = env.reset(seed=0)
    for _ in range(10):
        assert np.array_equal(observation["action_mask"], info["action_mask"])
        if not info["action_mask"].any():  # a dead end
            break
        observation, _, _, _, info = env.step(env.action_space.sample(observation["action_mask"]))
        assert observation in env.observation_space
    assert info["illegal"] == 0
    assert info["steps"] > 0


def test_a_wrapped_spec_survives_json():
    env = air_envs.ActionMaskObservation(air_envs.ImageObservation(gym.make(MAZE), parts=("grid", "agent"), scale=5))
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert again.observation_space == env.observation_space
    assert data_equivalence(again.reset(seed=3), env.reset(seed=3), exact=True)


def test_wrapped_environments_are_pickled(case):
    id, kwargs = case
    env = air_envs.FlatObservation(gym.make(id, **kwargs))
    env.reset(seed=0)
    twin = pickle.loads(pickle.dumps(env))
    assert data_equivalence(env.reset(), twin.reset(), exact=True)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: air_envs.FlatObservation(gym.make("CartPole-v1")), "found Box.*, expected a Dict"),
        (lambda: air_envs.OneHotObservation(gym.make(MAZE), parts=["view"]), r"parts: found \['view'\]"),
        (lambda: air_envs.OneHotObservation(gym.make(MAZE), parts=[]), r"parts: found \[\]"),
        (lambda: air_envs.ImageObservation(gym.make(MAZE), scale=0), "scale: found 0, expected 1"),
        (lambda: air_envs.ActionMaskObservation(gym.make(MAZE, action_type="propose")), "has no mask"),
        (lambda: wrappers.Planes(gym.spaces.Dict(a=gym.spaces.Discrete(3))), r"grids of shapes \[\]"),
        (
            lambda: wrappers.Planes(
                gym.spaces.Dict(a=gym.spaces.Discrete(3), b=gym.spaces.Box(0, 4, (2, 3), np.uint8))
            ),
            r"a: found Discrete\(3\), which fits no board of 2x3",
        ),
    ],
)
def test_what_cannot_be_encoded_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [*ENCODED, "ActionMaskObservation"])
def test_vector_wrappers_equal_single_ones(name, mode):
    """Native and sync environments, the latter over wrapped single ones, resets included."""
    single, many = getattr(wrappers, name), getattr(vector, name)
    options = {"num_envs": 3, "rows": 4, "columns": 4, "max_episode_steps": 5}
    native = many(gym.make_vec(MAZE, autoreset_mode=mode, **options))
    kwargs = {"autoreset_mode": mode}
    around = many(gym.make_vec(MAZE, vectorization_mode="sync", vector_kwargs=kwargs, **options))
    inside = gym.make_vec(MAZE, vectorization_mode="sync", vector_kwargs=kwargs, wrappers=[single], **options)
    envs = [native, around, inside]
    assert len({str(env.observation_space) for env in envs}) == 1
    rng = np.random.default_rng(0)
    results = [env.reset(seed=2) for env in envs]
    finals = 0
    for _ in range(40):
        for result in results:
            assert data_equivalence(result[0], results[-1][0], exact=True)
            assert result[0] in native.observation_space
        over = results[-1][2] | results[-1][3] if len(results[-1]) == 5 else np.zeros(3, bool)
        if mode == "SameStep" and over.any():
            finals += 1
            for row in np.flatnonzero(over):
                last = [result[4]["final_obs"][row] for result in results]
                assert all(data_equivalence(one, last[-1], exact=True) for one in last)
                assert last[0] in native.single_observation_space
        if mode == "Disabled" and over.any():
            results = [env.reset(options={"reset_mask": over.copy()}) for env in envs]
            continue
        actions = rng.integers(4, size=3)
        results = [env.step(actions) for env in envs]
    assert finals > 0 or mode != "SameStep"


def test_ppo_trains_on_wrapped_native_environments():
    from sb3_contrib import MaskablePPO

    from air_envs.sb3 import SB3VecEnv

    envs = gym.make_vec(MAZE, num_envs=4, rows=4, columns=4, autoreset_mode="SameStep", max_episode_steps=6)
    model = MaskablePPO("CnnPolicy", SB3VecEnv(vector.ImageObservation(envs)), n_steps=16, batch_size=32, n_epochs=1)
    model.learn(64)
    assert model.num_timesteps == 64
