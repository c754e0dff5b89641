"""The adapter to Stable-Baselines3: against its own DummyVecEnv of single environments, and under its algorithms."""

import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
import torch
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

import air_envs
from air_envs.sb3 import BOARD_CNN, BoardCNN, SB3VecEnv
from air_envs.wrappers import vector

SUDOKU = ("air_envs/Sudoku-v0", {"size": 4, "clues": 12, "max_episode_steps": 9, "reward": "dense"})
MAZE = ("air_envs/Maze-v0", {"rows": 4, "columns": 5, "max_episode_steps": 12})


def native(case, count=4, **kwargs):
    id, arguments = case
    return SB3VecEnv(gym.make_vec(id, num_envs=count, autoreset_mode="SameStep", **arguments, **kwargs))


def dummy(case, count=4):
    id, arguments = case
    return DummyVecEnv([lambda: gym.make(id, **arguments) for _ in range(count)])


@pytest.mark.parametrize("case", [SUDOKU, MAZE], ids=["sudoku", "maze"])
def test_step_for_step_equal_to_a_dummy_vec_env(case):
    one, two = native(case), dummy(case)
    assert one.observation_space == two.observation_space
    assert one.action_space == two.action_space
    for envs in (one, two):
        envs.seed(11)
    first, second = one.reset(), two.reset()
    one.action_space.seed(0)
    ends = 0
    for _ in range(120):
        assert all(np.array_equal(first[key], second[key]) for key in second)
        assert np.array_equal(get_action_masks(one), get_action_masks(two))
        actions = np.array([one.action_space.sample() for _ in range(4)])
        first, rewards, dones, infos = one.step(actions)
        second, expected_rewards, expected_dones, expected_infos = two.step(actions)
        assert rewards.dtype == expected_rewards.dtype
        assert np.array_equal(rewards, expected_rewards)
        assert np.array_equal(dones, expected_dones)
        for row in np.flatnonzero(dones):
            found, expected = infos[row], expected_infos[row]
            assert set(found) == set(expected) | {"is_success"}
            assert found["is_success"] is bool(expected["solved"])
            for key in set(expected) - {"terminal_observation"}:
                assert np.array_equal(found[key], expected[key]), key
                assert type(found[key]) is type(expected[key]), key
            for key, values in expected["terminal_observation"].items():
                assert np.array_equal(found["terminal_observation"][key], values)
            ends += 1
        assert [infos[row] for row in np.flatnonzero(~dones)] == [{}] * int((~dones).sum())
    assert ends > 20


def test_masks_are_found_where_there_are_any():
    envs = native(SUDOKU)
    assert is_masking_supported(envs)
    envs.reset()
    assert envs.action_masks().shape == (4, 64)
    assert len(envs.env_method("action_masks", indices=[1, 3])) == 2
    assert np.array_equal(envs.env_method("action_masks", indices=2)[0], envs.action_masks()[2])
    whole = native(("air_envs/Sudoku-v0", {"size": 4, "action_type": "propose"}))
    assert not is_masking_supported(whole)
    whole.reset()
    with pytest.raises(AttributeError, match="no action masks"):
        whole.action_masks()


def test_masks_of_single_environments_in_a_row_are_found():
    id, arguments = MAZE
    mode = {"autoreset_mode": gym.vector.AutoresetMode.SAME_STEP}
    envs = SB3VecEnv(gym.make_vec(id, num_envs=2, vectorization_mode="sync", vector_kwargs=mode, **arguments))
    model = MaskablePPO("MultiInputPolicy", envs, n_steps=16, batch_size=32, n_epochs=1, seed=0, device="cpu")
    model.learn(64)
    assert np.array_equal(get_action_masks(envs), envs.action_masks())


def test_the_autoreset_mode_must_fit():
    with pytest.raises(ValueError, match=r"expected AutoresetMode\.SAME_STEP"):
        SB3VecEnv(gym.make_vec("air_envs/Sudoku-v0", num_envs=2, size=4))


def test_options_seeds_and_attributes():
    envs = native(SUDOKU)
    puzzle = ".234341221434321"[:15] + "."
    envs.set_options({"puzzle": puzzle})
    assert (envs.reset()["puzzle"][:, 0, 1] == 2).all()
    envs.set_options([{"puzzle": puzzle}, {}, {}, {}])
    with pytest.raises(ValueError, match="expected the same for all"):
        envs.reset()
    envs.set_options()
    envs.seed(3)
    first = envs.reset()
    assert not np.array_equal(envs.reset()["puzzle"], first["puzzle"])
    envs.seed(3)
    assert np.array_equal(envs.reset()["puzzle"], first["puzzle"])
    assert len(envs.reset_infos) == 4
    assert envs.reset_infos[0]["solved"] is False
    assert envs.get_attr("num_envs", indices=[0, 1]) == [4, 4]
    envs.set_attr("max_episode_steps", 2)
    with pytest.raises(ValueError, match="expected all"):
        envs.set_attr("max_episode_steps", 2, indices=[0])
    for _ in range(2):
        _, _, dones, infos = envs.step(np.zeros(4, int))
    assert dones.all()
    assert all(info["TimeLimit.truncated"] for info in infos)
    assert envs.env_is_wrapped(gym.Wrapper) == [False] * 4
    with pytest.raises(AttributeError):
        envs.get_attr("nothing")
    envs.close()


def test_pictures():
    envs = native(MAZE, render_mode="rgb_array", pixels=60)
    envs.reset()
    assert len(envs.get_images()) == 4
    assert envs.render().shape == (2 * 48, 2 * 60, 3)


@pytest.mark.parametrize("algorithm", [PPO, MaskablePPO])
@pytest.mark.parametrize("case", [SUDOKU, MAZE], ids=["sudoku", "maze"])
def test_algorithms_train_on_it(algorithm, case):
    envs = VecMonitor(native(case, count=8))
    model = algorithm("MultiInputPolicy", envs, n_steps=32, batch_size=64, n_epochs=1, seed=0, device="cpu")
    model.learn(512)
    assert model.num_timesteps == 512
    assert len(model.ep_info_buffer) > 10
    assert len(model.ep_success_buffer) > 10
    assert max(episode["l"] for episode in model.ep_info_buffer) == case[1]["max_episode_steps"]


def test_real_numbers_are_no_grids():
    envs = native(("air_envs/Sudoku-v0", {"size": 4, "action_type": "propose"}))
    model = PPO("MultiInputPolicy", envs, n_steps=16, batch_size=32, seed=0, device="cpu")
    with pytest.raises(air_envs.ActionError, match="dtype float32, expected 4 grids"):
        model.learn(64)


@pytest.mark.parametrize("case", [SUDOKU, MAZE], ids=["sudoku", "maze"])
def test_cnn_policy_takes_planes(case):
    id, arguments = case
    env = air_envs.OneHotObservation(gym.make(id, **arguments))
    model = PPO("CnnPolicy", env, policy_kwargs=BOARD_CNN, n_steps=32, batch_size=32, n_epochs=1, seed=0, device="cpu")
    before = [weight.clone() for weight in model.policy.features_extractor.parameters()]
    model.learn(64)
    assert model.num_timesteps == 64
    after = model.policy.features_extractor.parameters()
    assert all((one != other).any() for one, other in zip(before, after, strict=True))
    assert env.action_space.contains(int(model.predict(env.reset(seed=0)[0])[0]))


def test_cnn_policy_takes_planes_of_a_vector_environment():
    envs = gym.make_vec(SUDOKU[0], num_envs=4, autoreset_mode="SameStep", **SUDOKU[1])
    envs = SB3VecEnv(vector.OneHotObservation(envs, parts=["grid"]))
    model = MaskablePPO("CnnPolicy", envs, policy_kwargs=BOARD_CNN, n_steps=16, batch_size=32, n_epochs=1, device="cpu")
    model.learn(64)
    assert model.num_timesteps == 64


def test_the_network_looks_at_neighbouring_cells_and_all_channels():
    space = gym.spaces.Box(0, 1, (5, 7, 3), np.uint8)
    network = BoardCNN(space, features_dim=8, filters=4, layers=1)
    planes = torch.zeros(1, 5, 7, 3, requires_grad=True)
    convolved = network.network[0](planes.movedim(-1, 1))
    assert convolved.shape == (1, 4, 5, 7)
    convolved[0, :, 2, 3].sum().backward()
    seen = planes.grad[0].abs() > 0
    assert seen.nonzero()[:, :2].min(0).values.tolist() == [1, 2]
    assert seen.nonzero()[:, :2].max(0).values.tolist() == [3, 4]
    assert seen[1:4, 2:5].all()
    assert network(planes).shape == (1, 8)


def test_the_network_is_for_planes_alone():
    env = air_envs.ImageObservation(gym.make(MAZE[0], **MAZE[1]))
    with pytest.raises(ValueError, match=r"^BoardCNN: found Box.*255.*, expected that of air_envs.OneHotObservation$"):
        PPO("CnnPolicy", env, policy_kwargs={"features_extractor_class": BoardCNN}, device="cpu")


def test_what_is_missing_is_named(tmp_path):
    """A module of that name that cannot be imported stands for an installation without Stable-Baselines3."""
    (tmp_path / "stable_baselines3.py").write_text("raise ModuleNotFoundError('No module named stable_baselines3')")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import air_envs.sb3"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.stderr.splitlines()[-1] == (
        "ImportError: air_envs.sb3: No module named stable_baselines3, expected: pip install 'air-envs[agents]'"
    )


class Proposer:
    """Answers with the puzzle as it is, as an agent that proposes whole grids does; Stable-Baselines3's signature."""

    def predict(self, observation, state=None, episode_start=None, deterministic=False):
        return observation["puzzle"], state


@pytest.mark.parametrize("case", [SUDOKU, MAZE], ids=["sudoku", "maze"])
@pytest.mark.parametrize("make", [native, dummy])
def test_an_agent_that_proposes_grids_reads_what_takes_them(case, make):
    advice = r'for whole grids make the environment with action_type="propose"$'
    with pytest.raises(air_envs.ActionError, match=advice):
        evaluate_policy(Proposer(), make(case), 1, warn=False)
    envs = make((case[0], case[1] | {"action_type": "propose"}))
    _, lengths = evaluate_policy(Proposer(), envs, 4, return_episode_rewards=True, warn=False)
    assert lengths == [case[1]["max_episode_steps"]] * 4


def test_a_policy_is_evaluated_on_it():
    envs = VecMonitor(native(MAZE))
    model = PPO("MultiInputPolicy", envs, n_steps=16, batch_size=32, seed=0, device="cpu")
    returns, lengths = evaluate_policy(model, envs, 12, return_episode_rewards=True)
    assert len(returns) == len(lengths) >= 12
