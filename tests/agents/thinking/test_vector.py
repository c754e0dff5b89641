"""The native vector form against Gymnasium's loop over single environments: equal row by row, in every mode."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode
from hypothesis import given, settings
from hypothesis import strategies as st

import air_envs
from agents import AIRAgent
from agents.thinking.environment.mind import COMMIT, H, L
from tests.agents.thinking.conftest import CASES, assert_same, knowing, untrained

COUNT = 5
BUDGETS = {"max_updates": 7, "max_commits": 3, "update_cost": 0.125, "reward": "dense"}


def pair(id: str, mode: str, count: int = COUNT, **arguments: Any) -> tuple[Any, Any]:
    native = gym.make_vec(id, num_envs=count, autoreset_mode=mode, **arguments)
    kwargs = {"autoreset_mode": AutoresetMode(mode)}
    return native, gym.make_vec(id, count, vectorization_mode="sync", vector_kwargs=kwargs, **arguments)


@pytest.mark.parametrize("observations", ["grids", "features", "hidden"])
@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_equal_with_autoreset(case: Any, mode: str, observations: str) -> None:
    id, agent, arguments = case
    native, sync = pair(id, mode, model=agent, observations=observations, **BUDGETS, **arguments)
    assert native.single_observation_space == sync.single_observation_space
    assert native.observation_space == sync.observation_space
    rng = np.random.default_rng(0)
    assert_same(native.reset(seed=7), sync.reset(seed=7))
    terminated = truncated = solved = 0
    for step in range(60):
        if step == 40:  # unseeded: the streams go on
            assert_same(native.reset(), sync.reset())
        actions = rng.choice(3, COUNT, p=[0.45, 0.4, 0.15])
        found = native.step(actions)
        assert_same(found, sync.step(actions))
        assert found[0] in native.observation_space
        terminated, truncated = terminated + found[2].sum(), truncated + found[3].sum()
        solved += int((found[1] > 0).sum())
    assert min(terminated, truncated, solved) >= 3, "every end was met"


def test_equal_with_reset_masks(case: Any) -> None:
    id, agent, arguments = case
    native, sync = pair(id, "Disabled", model=agent, **BUDGETS, **arguments)
    rng = np.random.default_rng(0)
    assert_same(native.reset(seed=list(range(COUNT))), sync.reset(seed=list(range(COUNT))))
    for _ in range(50):
        actions = rng.choice(3, COUNT, p=[0.45, 0.4, 0.15])
        found = native.step(actions)
        assert_same(found, sync.step(actions))
        over = found[2] | found[3]
        if over.any():
            with pytest.raises(ResetNeeded):
                native.step(actions)
            over |= rng.random(COUNT) < 0.1  # some before their end
            seed = [int(rng.integers(100)) if rng.random() < 0.5 else None for _ in range(COUNT)]
            options = {"reset_mask": over}
            assert_same(native.reset(seed=seed, options=options), sync.reset(seed=seed, options=options))


@settings(max_examples=25, deadline=None)
@given(
    actions=st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=14),
    seed=st.integers(0, 2**32 - 1),
    mode=st.sampled_from(["NextStep", "SameStep"]),
    budgets=st.tuples(st.integers(0, 9), st.integers(1, 4)),
    name=st.sampled_from(sorted(CASES)),
)
def test_any_actions_with_any_budgets(
    actions: list[tuple[int, ...]], seed: int, mode: str, budgets: tuple[int, int], name: str
) -> None:
    id, family, arguments = CASES[name]
    limits = {"max_updates": budgets[0], "max_commits": budgets[1], "max_episode_steps": 9}
    native, sync = pair(id, mode, 3, model=knowing(family), **limits, **arguments)
    assert_same(native.reset(seed=seed), sync.reset(seed=seed))
    for step in actions:
        assert_same(native.step(np.array(step)), sync.step(np.array(step)))


@pytest.mark.parametrize("family", ["sudoku-4x4", "maze-7x5"])
@pytest.mark.parametrize("observations", ["grids", "features", "hidden"])
def test_real_weights_agree_to_rounding(family: str, observations: str) -> None:
    """In float64, where what decides a cell is no rounding; what is said in float32 rounds a last bit otherwise."""
    id = "air_envs/MazeThinking-v0" if family.startswith("maze") else "air_envs/SudokuThinking-v0"
    native, sync = pair(id, "SameStep", 4, model=untrained(family), observations=observations, max_commits=2)
    rng = np.random.default_rng(1)
    close = {"rtol": 1e-5, "atol": 1e-6}
    assert_same(native.reset(seed=1), sync.reset(seed=1), **close)
    for _ in range(25):
        actions = rng.choice(3, 4, p=[0.5, 0.4, 0.1])
        assert_same(native.step(actions), sync.step(actions), **close)


class Counted:
    """Counts a model's updates, and how many rows they ran."""

    def __init__(self, agent: AIRAgent, monkeypatch: pytest.MonkeyPatch):
        self.calls: list[tuple[str, int]] = []
        update = agent.model.update

        def counting(letter: str, state: Any, x: Any) -> Any:
            self.calls.append((letter, len(x)))
            return update(letter, state, x)

        monkeypatch.setattr(agent.model, "update", counting)


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_one_batch_per_letter_and_step(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = knowing("sudoku-4x4")
    envs = gym.make_vec("air_envs/SudokuThinking-v0", 6, autoreset_mode=mode, model=agent, max_commits=1)
    counted = Counted(agent, monkeypatch)
    envs.reset(seed=0)
    envs.step(np.array([L, H, L, L, H, L]))
    assert counted.calls == [("L", 4), ("H", 2)]
    counted.calls.clear()
    _, _, terminations, *_ = envs.step(np.full(6, COMMIT))
    assert terminations.all()
    assert counted.calls == []
    if mode == "NextStep":
        *_, infos = envs.step(np.full(6, L))
        assert counted.calls == [], "a step that resets runs no update"
        assert infos["steps"].tolist() == [0] * 6
    if mode == "Disabled":
        envs.reset(options={"reset_mask": np.array([True] * 6)})
    envs.step(np.full(6, H))
    assert counted.calls == [("H", 6)]


def test_actions_out_of_range_name_their_row_and_change_nothing() -> None:
    envs = gym.make_vec("air_envs/SudokuThinking-v0", 3, model=knowing("sudoku-4x4"))
    before, _ = envs.reset(seed=0)
    with pytest.raises(air_envs.ActionError, match=r"sub-environment 1: action 3, expected 0 to 2 \(L, H, COMMIT\)"):
        envs.step(np.array([0, 3, 1]))
    after, _, _, _, infos = envs.step(np.full(3, COMMIT))
    assert infos["steps"].tolist() == [1] * 3
    assert np.array_equal(before["proposal"], after["proposal"])


def test_returned_arrays_are_copies_and_actions_are_not_kept() -> None:
    envs = gym.make_vec("air_envs/SudokuThinking-v0", 2, model=knowing("sudoku-4x4"))
    observation, infos = envs.reset(seed=0)
    kept = {name: values.copy() for name, values in (observation | infos).items()}
    actions = np.array([L, L])
    envs.step(actions)
    actions[:] = H
    assert all(np.array_equal(values, kept[name]) for name, values in (observation | infos).items())
    *_, infos = envs.step(np.array([COMMIT, H]))
    assert infos["letter"].tolist() == ["", "H"]
    assert envs.unwrapped.mind.done.tolist() == [[1, 0, 1], [1, 1, 0]]
