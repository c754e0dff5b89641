"""The thinking environments by id: what Gymnasium and Stable-Baselines3 ask of them, and what they pass on."""

import copy
import json
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env, data_equivalence
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor

import air_envs
import puzzles
from agents import AIR, AIRAgent, InternalActions, shipped_models
from agents.pretrained import find
from agents.thinking.environment.mind import COMMIT, H, L
from agents.thinking.environment.observing import FEATURES
from air_envs.sb3 import SB3VecEnv
from puzzles.dataset import Dataset
from tests.agents.conftest import TINY
from tests.agents.thinking.conftest import assert_same, knowing, untrained

SUDOKU, MAZE = "air_envs/SudokuThinking-v0", "air_envs/MazeThinking-v0"


def id_of(agent: AIRAgent) -> str:
    return MAZE if agent.family.kind == "maze" else SUDOKU


def check(env: gym.Env) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped, skip_render_check=True)
        # Unavoidable: a grid is neither an image nor a vector.
        warnings.filterwarnings("ignore", message="(?s).*unconventional shape", category=UserWarning)
        sb3_check_env(env)


@pytest.mark.parametrize("observations", ["grids", "features", "hidden"])
def test_checkers_of_gymnasium_and_stable_baselines(case: Any, observations: str) -> None:
    id, agent, arguments = case
    check(gym.make(id, model=agent, observations=observations, **arguments))


@pytest.mark.parametrize("name", shipped_models())
def test_checkers_with_every_shipped_model(name: str) -> None:
    agent = AIRAgent.from_pretrained(name)
    puzzle = agent.family.generate(np.zeros(1, np.uint64))

    class Same:
        """One puzzle, whatever is drawn: hard ones take long to generate."""

        family = agent.family

        def load(self, keys: np.ndarray) -> puzzles.Puzzles:
            return puzzle.take(np.zeros(len(keys), np.int64))

    check(gym.make(id_of(agent), model=agent, observations="features", source=Same()))


def test_twins_and_copies_go_on_alike(case: Any) -> None:
    id, agent, arguments = case
    one, two = (gym.make(id, model=agent, max_commits=2, max_updates=9, **arguments) for _ in range(2))
    one.action_space.seed(1)
    assert data_equivalence(one.reset(seed=1), two.reset(seed=1), exact=True)
    twins = [two]
    for step in range(40):
        if step == 5:
            twins += [copy.deepcopy(one), pickle.loads(pickle.dumps(one))]
        action = one.action_space.sample()
        result = one.step(action)
        assert all(data_equivalence(twin.step(action), result, exact=True) for twin in twins)
        if result[2] or result[3]:
            posed = one.reset()
            assert all(data_equivalence(twin.reset(), posed, exact=True) for twin in twins)


def test_a_spec_with_names_and_paths_survives_json(run: Path, dataset: Path) -> None:
    env = gym.make(SUDOKU, model=str(run), dataset=str(dataset), split="test", observations="features")
    text = env.spec.to_json()
    assert json.loads(text)["kwargs"]["model"] == str(run)
    again = gym.make(gym.envs.registration.EnvSpec.from_json(text))
    assert data_equivalence(again.reset(seed=4), env.reset(seed=4), exact=True)


def test_registration_loads_no_torch_and_needs_no_gymnasium() -> None:
    script = (
        "import sys, agents\n"
        "assert not {'torch', 'gymnasium'} & sys.modules.keys()\n"
        "import gymnasium as gym\n"
        "assert gym.spec('air_envs/SudokuThinking-v0').vector_entry_point\n"
        "assert gym.spec('air_envs/MazeThinking-v0').vector_entry_point\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    late = (
        "import sys, gymnasium as gym, agents; gym.spec('air_envs/MazeThinking-v0'); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", late], check=True)
    without = (
        "import sys; sys.modules['gymnasium'] = None\nimport agents, agents.thinking.conflicts, agents.thinking.acting"
    )
    subprocess.run([sys.executable, "-c", without], check=True)


def test_the_wrapper_and_the_environment_are_alike(dataset: Path) -> None:
    agent = knowing("sudoku-4x4")
    inner = gym.make("air_envs/Sudoku-v0", dataset=str(dataset), action_type="propose", max_episode_steps=100)
    wrapped = InternalActions(inner, agent, update_cost=0.25, max_updates=30)
    env = gym.make(SUDOKU, model=agent, dataset=str(dataset), update_cost=0.25, max_updates=30, max_commits=100)
    assert wrapped.observation_space == env.observation_space
    rng = np.random.default_rng(0)
    found, expected = wrapped.reset(seed=3), env.reset(seed=3)
    for _ in range(80):
        counts = {"steps", "illegal"}  # of the wrapped environment, proposals alone
        infos = [{name: value for name, value in one[-1].items() if name not in counts} for one in (found, expected)]
        assert_same((*found[:-1], infos[0]), (*expected[:-1], infos[1]))
        if len(found) == 5 and (found[2] or found[3]):
            found, expected = wrapped.reset(), env.reset()
            continue
        action = rng.choice(3, p=[0.45, 0.4, 0.15])
        found, expected = wrapped.step(action), env.step(action)


def test_observations_rewards_and_infos_of_one_episode() -> None:
    agent = knowing("sudoku-4x4")
    env = gym.make(SUDOKU, model=agent, update_cost=0.5, clues=8, solution_in_info=True)
    observation, info = env.reset(seed=1)
    assert (info["letter"], info["committed"], info["act_step"], info["proposal_solves"]) == ("", False, 0, False)
    assert (observation["proposal"] == agent.family.undecided).all()
    hard = int(1 + (observation["puzzle"].astype(int) + 1).sum() % 3)
    observation, reward, *_, info = env.step(L)
    assert (reward, info["letter"], info["act_step"], info["committed"]) == (-0.5, "L", 1, False)
    assert observation["updates"].tolist() == [1, 0, 0]
    for made in range(1, hard + 1):
        observation, reward, terminated, truncated, info = env.step(H)
        assert (reward, terminated, truncated) == (-0.5, False, False)
        assert (info["letter"], info["halt_logit"]) == ("H", 2.0 * (made - hard) + 1)
        assert observation["halting_probability"][0] == pytest.approx(1 / (1 + np.exp(-info["halt_logit"])))
        assert info["proposal_solves"] == (made == hard)
        assert not info["solved"]
    assert np.array_equal(observation["proposal"], info["solution"])
    _, reward, terminated, truncated, info = env.step(COMMIT)
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert (info["letter"], info["committed"], info["solved"]) == ("", True, True)


def test_features_say_what_they_name() -> None:
    agent = knowing("sudoku-4x4")
    env = gym.make(SUDOKU, model=agent, observations="features", clues=8, max_updates=10, max_commits=4)
    names = {name: number for number, name in enumerate(FEATURES)}

    def read(features: np.ndarray, *asked: str) -> list[float]:
        return [round(float(features[names[name]]), 4) for name in asked]

    puzzle = next(p for p in agent.family.generate(np.arange(9, dtype=np.uint64), agent.family.Options(clues=8)).puzzle)
    needed = int(1 + (puzzle.astype(int) + 1).sum() % 3)
    features, _ = env.reset(options={"puzzle": puzzle})
    assert read(features, "open", "z_H_changed", "L_updates", "H_updates", "commits", "L_since_H") == [1, 0, 0, 0, 0, 0]
    features, *_ = env.step(L)
    assert read(features, "z_L_changed", "L_updates", "L_since_H") == [1, 0.1, round(1 / 6, 4)]
    for _ in range(needed - 1):
        features, *_ = env.step(H)
        assert read(features, "open") == [0.5], "the puzzle itself, of which half is blank"
    features, *_ = env.step(H)
    first = needed == 1
    assert read(features, "open", "conflicts", "z_H_changed", "L_since_H") == [0, 0, 1 if first else 0.5, 0]
    assert read(features, "halting_probability") == [round(1 / (1 + np.exp(-1)), 4)]


def test_budgets() -> None:
    agent = untrained()
    env = gym.make(SUDOKU, model=agent, max_updates=2, max_commits=2, clues=8)
    env.reset(seed=0)
    assert [env.step(action)[2:4] for action in (L, COMMIT, H)] == [(False, False)] * 3
    assert env.unwrapped.action_masks().tolist() == [False, False, True]
    assert env.step(H)[2:4] == (False, True), "one more update truncates"
    _, info = env.reset(seed=0)
    assert info["action_mask"].tolist() == [1, 1, 1]
    env.step(COMMIT)
    assert env.step(COMMIT)[2:4] == (True, False), "the last proposal ends the episode"
    env.reset(seed=0)
    assert not env.step(COMMIT)[2]
    default = gym.make(SUDOKU, model=agent).unwrapped.mind
    assert (default.max_updates, default.max_commits) == (24, 4)
    for wrong in ({"max_updates": -1}, {"max_commits": 0}):
        ((name, value),) = wrong.items()
        with pytest.raises(ValueError, match=f"{name} {value}, expected"):
            gym.make(SUDOKU, model=agent, **wrong)


def test_the_puzzles_are_the_environments(dataset: Path, maze_dataset: Path) -> None:
    env = gym.make(SUDOKU, model=untrained(), dataset=str(dataset), split="test")
    observation, _ = env.reset(options={"index": 7})
    assert np.array_equal(observation["puzzle"], Dataset(dataset).split("test").puzzle[7])
    assert np.count_nonzero(gym.make(SUDOKU, model=untrained(), clues=9).reset(seed=0)[0]["puzzle"]) == 9
    env = gym.make(MAZE, model=untrained("maze-7x5"))
    assert env.reset(seed=0)[0]["puzzle"].shape == (7, 5)
    env = gym.make(MAZE, model=untrained("maze-7x5", position="none"), rows=6)
    assert env.reset(seed=0)[0]["puzzle"].shape == (6, 5), "weights that belong to no place take any shape"


def test_puzzles_are_generated_as_the_models_were() -> None:
    env = gym.make(SUDOKU, model="sudoku-6x6")
    assert [np.count_nonzero(env.reset(seed=seed)[0]["puzzle"]) for seed in range(4)] == [14] * 4
    env = gym.make(SUDOKU, model=find("sudoku-6x6"), clues=20)
    assert np.count_nonzero(env.reset(seed=0)[0]["puzzle"]) == 20
    env = gym.make(SUDOKU, model="sudoku-any", size=4)
    assert env.reset(seed=0)[0]["puzzle"].shape == (4, 4), "level extreme is of 9x9 alone"


def test_models_loaded_by_name_share_their_weights() -> None:
    one, two = (gym.make(SUDOKU, model=name).unwrapped.mind.agent for name in ("sudoku-6x6", "air_envs/sudoku-6x6"))
    assert one.model is two.model


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": untrained("maze-7x5")}, "model: found one for maze-7x5, expected one for sudoku"),
        ({"model": untrained(), "observations": "pixels"}, r"found 'pixels', expected one of \['features', 'grids'"),
        ({"model": untrained(), "candidates": True}, "candidates: found True, expected False"),
        ({"model": untrained(), "size": 6}, "family sudoku-6x6: these weights fit sudoku-4x4 alone"),
        ({"model": "nothing"}, "nothing: neither a folder nor a shipped model"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gym.make(SUDOKU, **arguments)


def test_hidden_states_are_the_models() -> None:
    agent = untrained()
    env = gym.make(SUDOKU, model=agent, observations="hidden", clues=8)
    observation, _ = env.reset(seed=0)
    thoughts = agent.think(observation)
    for action, thought in zip((L, L, H), thoughts, strict=False):
        observation, *_ = env.step(action)
        for name in ("z_H", "z_L"):
            state = getattr(thought.state, name)[0].float()
            assert observation[name].shape == (17, 32)
            torch.testing.assert_close(torch.from_numpy(observation[name]), state)


def test_stable_baselines3_learns_from_features() -> None:
    arguments = {"model": AIRAgent(AIR(TINY)), "observations": "features", "max_commits": 1, "max_updates": 6}
    envs = VecMonitor(SB3VecEnv(gym.make_vec(SUDOKU, 8, autoreset_mode="SameStep", **arguments)))
    model = PPO("MlpPolicy", envs, n_steps=16, batch_size=64, n_epochs=1, seed=0, device="cpu")
    model.learn(256)
    assert max(episode["l"] for episode in model.ep_info_buffer) <= 7
    evaluate_policy(model, envs, 8)
    one = gym.make(SUDOKU, **arguments)
    action, _ = model.predict(one.reset(seed=0)[0])
    assert one.action_space.contains(int(action))


def test_masks_reach_maskable_ppo() -> None:
    envs = SB3VecEnv(gym.make_vec(SUDOKU, 2, autoreset_mode="SameStep", model=untrained(), max_updates=1))
    envs.reset()
    envs.step(np.array([L, COMMIT]))
    assert envs.action_masks().tolist() == [[False, False, True], [True, True, True]]


def test_an_error_of_an_action_changes_nothing() -> None:
    env = gym.make(SUDOKU, model=untrained(), clues=8)
    before, _ = env.reset(seed=0)
    for action in (3, -1, 1.5, "L", None):
        with pytest.raises(air_envs.ActionError, match=r"0 to 2 \(L, H, COMMIT\)"):
            env.unwrapped.step(action)
    after, *_, info = env.step(COMMIT)
    assert info["steps"] == 1
    assert np.array_equal(before["proposal"], after["proposal"])
