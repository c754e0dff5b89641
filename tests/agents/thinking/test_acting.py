"""An agent that knows the answers, acting cell by cell and move by move, in every form of environment."""

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from sb3_contrib.common.maskable.evaluation import evaluate_policy as evaluate_masked
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from agents import AIRAgent
from agents.thinking.acting import Move, Place, Plan
from air_envs.sb3 import SB3VecEnv
from puzzles.maze import PATH
from tests.agents.thinking.conftest import knowing, untrained

SUDOKU, MAZE = "air_envs/Sudoku-v0", "air_envs/Maze-v0"
CASES = {
    "propose": (SUDOKU, "sudoku-4x4", {"action_type": "propose", "size": 4}),
    "place": (SUDOKU, "sudoku-4x4", {"action_type": "place", "size": 4}),
    "place, erase": (SUDOKU, "sudoku-4x4", {"action_type": "place", "size": 4, "erase": True}),
    "place, candidates": (
        SUDOKU,
        "sudoku-6x6",
        {"size": 6, "action_mask": "candidates", "end_on_contradiction": True, "clues": 20},
    ),
    "move": (MAZE, "maze-5x7", {"rows": 5, "columns": 7}),
    "move, several ways": (MAZE, "maze-7x7", {"rows": 7, "columns": 7, "generator": "percolation"}),
}


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> tuple[str, AIRAgent, dict[str, Any]]:
    id, family, arguments = CASES[request.param]
    return id, knowing(family), arguments


def test_evaluate_policy_as_it_is(case: Any) -> None:
    """One environment, single ones in a row, and the native vector environment."""
    id, agent, arguments = case
    single = Monitor(gym.make(id, **arguments))
    dummy = DummyVecEnv([lambda: Monitor(gym.make(id, **arguments)) for _ in range(3)])
    native = VecMonitor(SB3VecEnv(gym.make_vec(id, 3, autoreset_mode="SameStep", **arguments)))
    for env in (single, dummy, native):
        env.reset()
        returns, lengths = evaluate_policy(agent.for_env(env), env, n_eval_episodes=6, return_episode_rewards=True)
        assert returns == [1.0] * len(returns)
        if arguments.get("action_type") == "propose":
            assert max(lengths) <= 2, "an ACT step holds two H-updates, the answer comes with one to three"


def test_placing_and_moving_waste_no_step(case: Any) -> None:
    id, agent, arguments = case
    if arguments.get("action_type") == "propose":
        return
    env = gym.make(id, **arguments)
    player = agent.for_env(env)
    for seed in range(4):
        observation, info = env.reset(seed=seed)
        blanks = (observation["puzzle"] == 0).sum() if agent.family.symbols else info["optimal_length"]
        state, over, steps = None, False, 0
        while not over:
            action, state = player.predict(observation, state)
            assert info["action_mask"][action]
            observation, _, over, _, info = env.step(action)
            steps += 1
        assert info["solved"]
        assert steps == blanks
        assert info["illegal"] == 0


@pytest.mark.parametrize("name", ["place", "place, erase", "place, candidates", "move"])
def test_masks_are_obeyed(name: str) -> None:
    """An agent that knows nothing, forbidden what it would do."""
    id, family, arguments = CASES[name]
    agent = untrained(family, position="none")
    env = gym.make(id, **arguments)
    player = agent.for_env(env)
    observation, info = env.reset(seed=0)
    mask = info["action_mask"].astype(bool)
    seen = set()
    while mask.any():
        action, _ = player.predict(observation, action_masks=mask)
        assert mask[action]
        seen.add(int(action))
        mask[action] = False
    assert len(seen) == info["action_mask"].sum()
    envs = SB3VecEnv(gym.make_vec(id, 2, autoreset_mode="SameStep", max_episode_steps=8, **arguments))
    evaluate_masked(player, envs, n_eval_episodes=2, warn=False)


def test_a_plan_is_made_when_an_episode_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    agent = knowing("sudoku-4x4")
    thought = []
    think_through = agent._think_through
    envs = gym.make_vec(SUDOKU, 3, size=4, clues=14, autoreset_mode="SameStep")
    player = agent.for_env(envs)
    monkeypatch.setattr(player, "_think_through", lambda puzzle: thought.append(len(puzzle)) or think_through(puzzle))
    observation, _ = envs.reset(seed=0)
    state, starts = None, np.ones(3, bool)
    for _ in range(4):
        actions, state = player.predict(observation, state, starts)
        observation, _, ends, _, _ = envs.step(actions)
        starts = ends
    assert thought == [3, 3], "at the first step and after the two blanks of each"


def test_placing_is_the_most_confident_change() -> None:
    family = untrained().family
    puzzle = family.parse("1...............")[None]
    grid = family.parse("12..............")[None]
    probability = np.zeros((1, 4, 4, 5), np.float32)
    probability[0, 0, 0, 2] = 0.99  # a given
    probability[0, 0, 1, 2] = 0.98  # is there already
    probability[0, 0, 1, 4] = 0.3
    probability[0, 3, 3, 0] = 0.97  # blank is no digit
    probability[0, 2, 1, 3] = 0.6
    observation = {"puzzle": puzzle, "grid": grid}
    assert Place().act(family, Plan(probability), observation, None).tolist() == [(2 * 4 + 1) * 4 + 2]
    assert Place(erase=True).act(family, Plan(probability), observation, None).tolist() == [(2 * 4 + 1) * 5 + 3]
    mask = np.ones((1, 64), bool)
    mask[0, (2 * 4 + 1) * 4 + 2] = False
    assert Place().act(family, Plan(probability), observation, mask).tolist() == [1 * 4 + 3], "a digit is overwritten"


def test_moving_follows_the_path_and_does_not_turn_round() -> None:
    family = knowing("maze-3x4").family
    maze = family.parse("S..G".replace(".", family.cells[1]) + family.cells[1] * 8)
    probability = np.zeros((1, 3, 4, 5), np.float32)
    probability[0, 0, 1:3, PATH] = 0.6, 0.7
    probability[0, 1, 0, PATH] = 0.9
    grid = maze.copy()

    def move(row: int, column: int) -> int:
        observation = {"puzzle": maze[None], "grid": grid[None], "agent": np.array([[row, column]])}
        return int(Move().act(family, Plan(probability), observation, None)[0])

    assert move(0, 0) == 2, "down, most probably on the path"
    grid[1, 0] = PATH
    assert move(1, 0) == 1, "on, though both neighbours on the left are likelier"
    assert move(0, 1) == 1, "along the path"
    assert move(0, 2) == 1, "onto the goal"
    grid[0, 1] = PATH
    assert move(0, 0) == 2, "where all was visited, still the likeliest"


def test_action_types_by_name_and_by_environment() -> None:
    agent = AIRAgent.from_pretrained("sudoku-6x6", action_type="place")
    env = gym.make("air_envs/Sudoku6x6-v0")
    assert agent.action_type == "place"
    assert env.action_space.contains(int(agent.predict(env.reset(seed=0)[0])[0]))
    assert untrained().action_type == "propose"
    assert untrained("maze-7x5").for_env(gym.make(MAZE, rows=7, columns=5)).action_type == "move"
    proposing = gym.make(SUDOKU, size=6, action_type="propose")
    assert agent.for_env(proposing).action_type == "propose"
    assert agent.for_env(proposing).model is agent.model
    with pytest.raises(ValueError, match=r"action_type 'jump', expected one of \['move', 'place', 'propose'\]"):
        AIRAgent(agent.model, action_type="jump")
    with pytest.raises(ValueError, match=r"action space Discrete\(64\), expected grids of sudoku-6x6"):
        agent.for_env(gym.make(SUDOKU, size=4))
    maze = gym.make(MAZE, rows=7, columns=5, view=3)
    observation, _ = maze.reset(seed=0)
    with pytest.raises(ValueError, match=r"observation \['view'\], expected a Dict with puzzle, grid, agent"):
        untrained("maze-7x5").for_env(maze).predict(observation)
    with pytest.raises(ValueError, match="observation ndarray, expected a Dict with puzzle"):
        agent.for_env(proposing).predict(np.zeros(3))


def test_a_trained_model_places_and_moves() -> None:
    for name, id, arguments in (
        ("sudoku-6x6", "air_envs/Sudoku6x6-v0", {"clues": 14}),
        ("maze-9x9", MAZE, {}),
    ):
        env = Monitor(gym.make(id, **arguments))
        mean, _ = evaluate_policy(AIRAgent.from_pretrained(name).for_env(env), env, n_eval_episodes=3)
        assert mean == 1.0
