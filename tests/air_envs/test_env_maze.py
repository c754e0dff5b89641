import gymnasium as gym
import numpy as np
import pytest

import air_envs
import puzzles
from air_envs.maze import MazeMove, MazePropose
from puzzles import PuzzleError
from puzzles.maze.cells import GOAL, OPEN, PATH, START, WALL

# One way of 6 moves: right, right, down, down, left, left; and a dead end at the right.
BEND = "S  #" + "## #" + "G   "
UP, RIGHT, DOWN, LEFT = range(4)


def make(puzzle=BEND, shape=(3, 4), **kwargs):
    env = gym.make("air_envs/Maze-v0", rows=shape[0], columns=shape[1], **kwargs)
    observation, info = env.reset(options={"puzzle": puzzle})
    return env, observation, info


def test_walking_to_the_goal():
    env, observation, info = make(reward="dense")
    assert observation["agent"].tolist() == [0, 0]
    assert (info["distance"], info["optimal_length"], info["solved"]) == (6, 6, False)
    assert info["action_mask"].tolist() == [0, 1, 0, 0]
    total = 0.0
    for action, place in [(RIGHT, [0, 1]), (RIGHT, [0, 2]), (DOWN, [1, 2]), (DOWN, [2, 2]), (LEFT, [2, 1])]:
        observation, reward, terminated, _, info = env.step(action)
        assert observation["agent"].tolist() == place
        assert observation["grid"][tuple(place)] == PATH
        assert reward == pytest.approx(1 / 6)
        assert not terminated
        total += reward
    observation, reward, terminated, _, info = env.step(LEFT)
    assert (terminated, info["solved"], info["distance"], info["steps"], info["illegal"]) == (True, True, 0, 6, 0)
    assert observation["grid"][2, 0] == GOAL
    assert total + reward == pytest.approx(1)


def test_bumps_leave_the_agent_in_place():
    env, _, _ = make(reward=air_envs.DenseReward(illegal_penalty=0.5))
    for number, action in enumerate([UP, LEFT, DOWN], start=1):
        observation, reward, terminated, _, info = env.step(action)
        assert observation["agent"].tolist() == [0, 0]
        assert (reward, terminated, info["illegal"], info["steps"]) == (-0.5, False, number, number)


def test_walking_away_costs_and_the_trail_stays():
    env, _, _ = make(reward="dense")
    rewards = [env.step(action)[1] for action in (RIGHT, LEFT)]
    assert rewards == pytest.approx([1 / 6, -1 / 6])
    observation, *_ = env.step(RIGHT)
    assert observation["grid"][0].tolist() == [START, PATH, OPEN, WALL]


def test_sparse_reward_pays_at_the_goal_by_any_way():
    env, _, _ = make()
    rewards = [env.step(a)[1] for a in (RIGHT, RIGHT, DOWN, DOWN, RIGHT, LEFT, LEFT, LEFT)]
    assert rewards == [0, 0, 0, 0, 0, 0, 0, 1]


def test_discount_of_the_potential():
    env, _, _ = make(reward=air_envs.ShapedReward(discount=0.9))
    assert env.step(RIGHT)[1] == pytest.approx(0.9 * (-5 / 6) + 1)


def test_efficiency_is_paid_for_detours():
    env, _, info = make()
    assert info["efficiency"] == 0.0
    infos = [env.step(a)[4] for a in (UP, RIGHT, RIGHT, DOWN, DOWN, LEFT, LEFT)]
    assert [info["efficiency"] for info in infos] == [0.0] * 6 + [pytest.approx(6 / 7)]


@pytest.mark.parametrize("view", [1, 3, 5, 9])
def test_a_view_is_what_stands_around_the_agent(view):
    env, _, _ = make(view=view)
    whole, _, _ = make()
    assert list(env.observation_space.spaces) == ["view"]
    padded = np.zeros((3 + 2 * view, 4 + 2 * view), np.uint8)
    for action in (RIGHT, RIGHT, DOWN, DOWN, LEFT, LEFT):
        seen = env.step(action)[0]["view"]
        observation = whole.step(action)[0]
        padded[view : view + 3, view : view + 4] = observation["grid"]
        row, column = observation["agent"] + view - view // 2
        assert np.array_equal(seen, padded[row : row + view, column : column + view])


def test_proposing_a_path():
    env, observation, info = make(action_type="propose", reward="dense")
    assert set(observation) == {"grid", "puzzle"}
    family = env.unwrapped.family
    solution = family.solve(family.parse(BEND)[None])[0]
    # Half the way: three of the six moves, nothing astray.
    half = np.zeros((3, 4), np.uint8)
    half[0, 1] = half[0, 2] = half[1, 2] = PATH
    observation, reward, terminated, _, info = env.step(half)
    assert (reward, terminated, info["distance"]) == (pytest.approx(0.5), False, 3)
    assert observation["grid"][0].tolist() == [START, PATH, PATH, WALL]
    # The whole way, given as path cells alone, start and goal marked too: all else is ignored.
    marks = np.where(solution >= START, PATH, 3).astype(np.int32)
    _, reward, terminated, _, info = env.step(marks)
    assert (reward, terminated, info["solved"], info["distance"]) == (pytest.approx(0.5), True, True, 0)


@pytest.mark.parametrize(
    ("extra", "illegal"), [((2, 3), 0), ((1, 0), 1)], ids=["a cell too many", "a cell of the wall"]
)
def test_a_path_with_something_astray_solves_nothing(extra, illegal):
    env, _, _ = make(action_type="propose", reward="dense")
    family = env.unwrapped.family
    proposal = family.solve(family.parse(BEND)[None])[0]
    proposal[extra] = PATH
    observation, reward, terminated, _, info = env.step(proposal)
    assert not terminated
    assert not info["solved"]
    assert reward == pytest.approx(6 / 7)
    assert (info["illegal"], info["distance"]) == (illegal, 0)
    assert observation["grid"][extra] == PATH


@pytest.mark.parametrize("cell", [(0, 1), (1, 0)])
def test_any_shortest_path_solves(cell):
    env, _, _ = make("S  G", (2, 2), action_type="propose")
    proposal = np.zeros((2, 2), np.uint8)
    proposal[cell] = PATH
    assert env.step(proposal)[2]
    both = np.full((2, 2), PATH, np.uint8)
    env.reset(options={"puzzle": "S  G"})
    assert not env.step(both)[2]


def test_neighbours_need_no_path_cell():
    env, _, _ = make("SG  ", (2, 2), action_type="propose", reward="dense")
    _, reward, terminated, *_ = env.step(np.zeros((2, 2), np.uint8))
    assert (reward, terminated) == (1.0, True)


@pytest.mark.parametrize("generator", ["perfect", "percolation"])
def test_progress_is_one_exactly_where_the_rules_say_solved(generator):
    family = puzzles.family("maze-6x7")
    batch = family.generate(np.arange(40, dtype=np.uint64), family.Options(generator=generator))
    rng = np.random.default_rng(0)
    dynamics = MazePropose(family, 40)
    dynamics.reset(np.arange(40), batch)
    for noise in (0.0, 0.02, 0.1, 0.5):
        flip = rng.random(batch.solution.shape) < noise
        proposal = np.where(flip, rng.integers(0, 5, batch.solution.shape), batch.solution).astype(np.uint8)
        dynamics.step(proposal)
        marked = proposal == PATH
        as_read = np.where(marked & (batch.puzzle <= OPEN), PATH, batch.puzzle).astype(np.uint8)
        assert np.array_equal(dynamics.grid, as_read)
        assert np.array_equal(dynamics.solved, family.is_solved(batch.puzzle, as_read))
        assert np.array_equal(dynamics.solved, dynamics.progress == 1)
        assert (dynamics.progress <= 1).all()
        assert np.array_equal(dynamics.refused, (marked & (batch.puzzle == WALL)).any(axis=(1, 2)))
    assert not dynamics.solved.all()


def test_moves_and_masks_equal_brute_force():
    family, count = puzzles.family("maze-5x8"), 12
    batch = family.generate(np.arange(count, dtype=np.uint64), family.Options(generator="percolation"))
    dynamics = MazeMove(family, count)
    dynamics.reset(np.arange(count), batch)
    distances = family.distances(batch.puzzle)
    places = [tuple(np.argwhere(puzzle == START)[0]) for puzzle in batch.puzzle]
    rng = np.random.default_rng(0)
    for _ in range(60):
        actions = rng.integers(4, size=count)
        masks = dynamics.masks().copy()
        dynamics.step(actions)
        for i in range(count):
            reachable = {}
            for action, (down, right) in enumerate([(-1, 0), (0, 1), (1, 0), (0, -1)]):
                row, column = places[i][0] + down, places[i][1] + right
                if 0 <= row < 5 and 0 <= column < 8 and batch.puzzle[i, row, column] != WALL:
                    reachable[action] = (row, column)
            assert masks[i].tolist() == [action in reachable for action in range(4)]
            places[i] = reachable.get(actions[i], places[i])
            assert tuple(dynamics.agent[i]) == places[i]
            assert dynamics.refused[i] == (actions[i] not in reachable)
            assert dynamics.to_go[i] == distances[i][places[i]]
            assert dynamics.solved[i] == (batch.puzzle[i][places[i]] == GOAL)


@pytest.mark.parametrize("dynamics_type", [MazeMove, MazePropose])
def test_a_batch_equals_single_environments_step_for_step(dynamics_type):
    family, count = puzzles.family("maze-4x5"), 5
    kwargs = {"rows": 4, "columns": 5, "action_type": dynamics_type.action_type, "reward": "dense"}
    envs = [gym.make("air_envs/Maze-v0", **kwargs) for _ in range(count)]
    puzzle = np.stack([env.reset(seed=seed)[0]["puzzle"] for seed, env in enumerate(envs)])
    batch, reward = dynamics_type(family, count), air_envs.DenseReward()
    batch.reset(np.arange(count), puzzles.Puzzles(puzzle, family.solve(puzzle), family.rate(puzzle)))
    batch.action_space.seed(0)
    for _ in range(40):
        actions = np.stack([batch.action_space.sample() for _ in range(count)])
        batch.step(actions)
        rewards, observed, info = reward(batch), batch.observation(), batch.info()
        for i, env in enumerate(envs):
            observation, single_reward, terminated, _, single = env.step(actions[i])
            assert single_reward == rewards[i]
            assert terminated == batch.solved[i]
            assert all(np.array_equal(observation[key], observed[key][i]) for key in observation)
            assert all(single[key] == info[key][i] for key in info)


@pytest.mark.parametrize(
    ("kwargs", "action"),
    [({}, 4), ({}, -1), ({}, 0.5), ({"action_type": "propose"}, np.full((3, 4), 5)), ({"action_type": "propose"}, 0)],
)
def test_what_is_no_action_is_refused(kwargs, action):
    env, _, _ = make(**kwargs)
    with pytest.raises(air_envs.ActionError, match="expected"):
        env.unwrapped.step(action)
    assert env.unwrapped.dynamics.steps[0] == 0


@pytest.mark.parametrize(
    ("puzzle", "message"),
    [
        ("S  #" + "####" + "G   ", "no way"),
        ("S  #" + "## #" + "    ", "0 goal"),
        ("So #" + "## #" + "G   ", "path cell"),
    ],
)
def test_posed_mazes_are_checked(puzzle, message):
    with pytest.raises(PuzzleError, match=message):
        make(puzzle)


def test_bad_arguments_are_named():
    for kwargs, message in [
        ({"generator": "wilson"}, "wilson"),
        ({"rows": 1}, "1x9"),
        ({"action_type": "place"}, "place"),
        ({"view": 4}, "view: found 4, expected an odd number"),
        ({"view": 3, "action_type": "propose"}, "view: found 3 with action_type 'propose', an option of 'move'"),
        ({"reward": "conflict"}, "MazeMove counts no conflicts"),
    ]:
        with pytest.raises(ValueError, match=message):
            gym.make("air_envs/Maze-v0", **kwargs).reset(seed=0)
