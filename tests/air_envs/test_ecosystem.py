"""What is used around Gymnasium environments, on every registered id and every way of acting: recorders, wrappers of
single and vector environments, and Stable-Baselines3's evaluation. Checkers are in ``test_conformance``."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

import air_envs
from air_envs.sb3 import SB3VecEnv

IDS = list(air_envs.ENVIRONMENTS)
CASES = [
    (id, action_type)
    for id, environment in air_envs.ENVIRONMENTS.items()
    for action_type in gym.envs.registration.load_env_creator(environment.entry_point).dynamics_types
]
LIMIT = 3


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0][9:]}-{case[1]}")
def case(request):
    return request.param


def make(case, **kwargs):
    return gym.make(case[0], action_type=case[1], max_episode_steps=LIMIT, **kwargs)


def make_vec(case, count, **kwargs):
    return gym.make_vec(case[0], count, action_type=case[1], max_episode_steps=LIMIT, **kwargs)


class RandomPolicy:
    """Looks to Stable-Baselines3 like a model."""

    def __init__(self, space):
        self.space = space
        space.seed(0)

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        count = len(next(iter(observation.values())))
        return np.array([self.space.sample() for _ in range(count)]), state


def test_evaluate_policy_of_stable_baselines3(case):
    """Over single environments and over the native vector environment: as many episodes, each as long."""
    env = make(case)
    envs = VecMonitor(SB3VecEnv(make_vec(case, 2, autoreset_mode="SameStep")))
    for evaluated in (DummyVecEnv([lambda: Monitor(make(case))]), envs):
        policy = RandomPolicy(env.action_space)
        returns, lengths = evaluate_policy(policy, evaluated, n_eval_episodes=4, return_episode_rewards=True)
        assert returns == [0.0] * 4  # what is random solves nothing in three steps
        assert lengths == [LIMIT] * 4


@pytest.mark.parametrize("id", IDS)
def test_videos_of_single_and_vector_environments(id, tmp_path):
    pytest.importorskip("moviepy", reason="RecordVideo of Gymnasium writes with moviepy, which is not installed")
    env = gym.make(id, render_mode="rgb_array", pixels=96, max_episode_steps=LIMIT)
    env = gym.wrappers.RecordVideo(
        env, str(tmp_path / "one"), episode_trigger=lambda episode: True, disable_logger=True
    )
    env.reset(seed=0)
    for _ in range(LIMIT):
        env.step(env.action_space.sample())
    env.close()
    envs = gym.make_vec(id, 2, render_mode="rgb_array", pixels=96, max_episode_steps=LIMIT)
    envs = gym.wrappers.vector.RecordVideo(
        envs, str(tmp_path / "many"), step_trigger=lambda step: step == 0, video_length=LIMIT, disable_logger=True
    )
    envs.reset(seed=0)
    for _ in range(LIMIT + 1):
        envs.step(envs.action_space.sample())
    envs.close()
    for folder in ("one", "many"):
        (video,) = (tmp_path / folder).glob("*.mp4")
        assert video.stat().st_size > 1000


def test_wrappers_of_single_environments(case):
    """Each around the next; the numbers of the outermost are those of an environment without them."""
    env = gym.wrappers.FlattenObservation(make(case))
    env = gym.wrappers.RecordEpisodeStatistics(gym.wrappers.TransformReward(env, lambda reward: reward + 0.5))
    env = gym.wrappers.TimeLimit(gym.wrappers.NormalizeReward(env), 2)
    plain = make(case)
    observation, _ = env.reset(seed=0)
    expected, _ = plain.reset(seed=0)
    env.action_space.seed(0)
    for step in range(2):
        flat = gym.spaces.flatten(plain.observation_space, expected)
        assert np.array_equal(observation, flat)
        assert observation in env.observation_space
        action = env.action_space.sample()
        observation, reward, terminated, truncated, _ = env.step(action)
        expected, *_ = plain.step(action)
        assert np.isfinite(reward)
        assert (terminated, truncated) == (False, step == 1)
    statistics = env.get_wrapper_attr("return_queue")
    assert len(statistics) == 0  # the inner limit is 3 steps


def test_statistics_of_vector_environments(case):
    """The native environment and Gymnasium's own loop agree on returns, lengths and when they are there."""
    native = make_vec(case, 3)
    sync = make_vec(case, 3, vectorization_mode="sync", vector_kwargs={"autoreset_mode": AutoresetMode.NEXT_STEP})
    wrapped = [gym.wrappers.vector.RecordEpisodeStatistics(envs) for envs in (native, sync)]
    for envs in wrapped:
        envs.reset(seed=0)
    native.action_space.seed(0)
    episodes = 0
    for _ in range(2 * (LIMIT + 1)):
        actions = native.action_space.sample()
        *_, first = wrapped[0].step(actions)
        *_, second = wrapped[1].step(actions)
        assert ("episode" in first) == ("episode" in second)
        if "episode" in first:
            episodes += int(first["_episode"].sum())
            for key in ("r", "l"):
                assert np.array_equal(first["episode"][key], second["episode"][key])
    assert episodes == 6


def test_rewards_of_vector_environments_can_be_normalised(case):
    envs = gym.wrappers.vector.NormalizeReward(make_vec(case, 3, reward=lambda dynamics: dynamics.steps * 10.0))
    envs.reset(seed=0)
    rewards = [envs.step(envs.action_space.sample())[1] for _ in range(11)]  # the last one is the third of an episode
    assert np.isfinite(rewards).all()
    assert 0 < np.abs(rewards[-1]).max() < 10
