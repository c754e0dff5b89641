"""Policies that learn nothing do what their docstrings say, on boards written down here."""

import numpy as np
import pytest

import puzzles
from agents.rl.baselines import BASELINES, greedy, random_legal, solver
from air_envs.policies import most_probable, sample

#   1 2 | 3 4
#   3 4 | 1 2
#   ---------
#   2 1 | 4 3
#   4 3 | 2 1
SOLUTION = np.array([[1, 2, 3, 4], [3, 4, 1, 2], [2, 1, 4, 3], [4, 3, 2, 1]], np.uint8)
MAZE = np.array(
    [
        [1, 1, 1, 1, 1],
        [1, 0, 0, 0, 1],
        [2, 1, 1, 0, 3],
    ],
    np.uint8,
)
UP, RIGHT, DOWN, LEFT = range(4)


def board(grid, puzzle=None):
    """Return a batch of one observation."""
    return {"grid": grid[None], "puzzle": (grid if puzzle is None else puzzle)[None]}


def in_maze(visited, agent):
    """Return the observation and the mask of an agent in ``MAZE`` that has visited some cells."""
    grid = MAZE.copy()
    for cell in visited:
        grid[cell] = 4
    row, column = agent
    cells = [(row - 1, column), (row, column + 1), (row + 1, column), (row, column - 1)]
    legal = [0 <= r < 3 and 0 <= c < 5 and MAZE[r, c] != 0 for r, c in cells]
    return board(grid, MAZE) | {"agent": np.array([agent])}, np.array([legal])


def without(*cells):
    grid = SOLUTION.copy()
    for cell in cells:
        grid[cell] = 0
    return grid


def action(cell, digit):
    return (cell[0] * 4 + cell[1]) * 4 + digit - 1


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("family", ["sudoku-4x4", "sudoku-6x6", "maze-7x9"])
def test_probabilities_sum_to_one_over_legal_actions(name, family):
    found = puzzles.family(family)
    data = found.generate(np.arange(5, dtype=np.uint64))
    observations = {"grid": data.puzzle, "puzzle": data.puzzle}
    actions = 4
    if found.kind == "maze":
        observations["agent"] = np.argwhere(data.puzzle == 2)[:, 1:]
    else:
        actions = found.side**3
    masks = np.random.default_rng(0).random((5, actions)) < 0.5
    masks[:, 0] = True
    chances = BASELINES[name](family).probabilities(observations, masks)
    assert chances.dtype == np.float32
    assert chances.shape == masks.shape
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-5)
    assert (chances[~masks] == 0).all()


def test_random_play_takes_every_legal_action_equally_often():
    masks = np.tile([True, False, True, True], (9000, 1))
    drawn = sample(random_legal("maze-3x5"), None, masks, np.random.default_rng(0))
    counts = np.bincount(drawn, minlength=4)
    assert counts[1] == 0
    assert abs(counts[[0, 2, 3]] - 3000).max() < 200


def test_greedy_sudoku_fills_a_cell_with_one_candidate_first():
    # The first cells fit two digits each, the last one only 1.
    grid = without((0, 0), (0, 1), (2, 0), (2, 1), (3, 3))
    masks = np.ones((1, 64), np.bool_)
    chances = greedy("sudoku-4x4").probabilities(board(grid), masks)[0]
    assert np.flatnonzero(chances).tolist() == [action((3, 3), 1)]


def test_greedy_sudoku_guesses_in_the_first_cell_with_the_fewest_candidates():
    grid = np.zeros((4, 4), np.uint8)
    grid[2, 0], grid[3, 1] = 1, 2
    chances = greedy("sudoku-4x4").probabilities(board(grid), np.ones((1, 64), np.bool_))[0]
    # (2, 1) and (3, 0) fit 3 and 4; no cell fits fewer, and no earlier cell so few.
    expected = {action((2, 1), 3): 0.5, action((2, 1), 4): 0.5}
    assert {int(found): chances[found] for found in np.flatnonzero(chances)} == expected


def test_actions_of_sudokus_that_can_be_erased_are_numbered_otherwise():
    masks = np.ones((1, 4 * 4 * 5), np.bool_)
    for policy in (greedy("sudoku-4x4"), solver("sudoku-4x4")):
        chances = policy.probabilities(board(without((3, 3)), SOLUTION), masks)[0]
        assert np.flatnonzero(chances).tolist() == [(3 * 4 + 3) * 5 + 1]


def test_the_sudoku_solver_places_what_is_missing_and_mends_what_is_wrong():
    puzzle = without((0, 0), (1, 1), (3, 3))
    grid = puzzle.copy()
    grid[1, 1] = 1  # wrong
    chances = solver("sudoku-4x4").probabilities(board(grid, puzzle), np.ones((1, 64), np.bool_))[0]
    right = [action((0, 0), 1), action((1, 1), 4), action((3, 3), 1)]
    assert np.flatnonzero(chances).tolist() == right
    np.testing.assert_allclose(chances[right], 1 / 3, rtol=1e-6)
    legal = np.zeros((1, 64), np.bool_)
    legal[0, [5, 7]] = True
    lost = solver("sudoku-4x4").probabilities(board(grid, puzzle), legal)[0]
    assert lost[[5, 7]].tolist() == [0.5, 0.5]  # nothing right is legal


def test_greedy_mazes_go_where_the_goal_looks_near_and_not_back():
    policy = greedy("maze-3x5")
    # Right leads nearer, into a dead end; up is the way.
    assert most_probable(policy, *in_maze([], (2, 0)))[0] == RIGHT
    assert most_probable(policy, *in_maze([(2, 1)], (2, 1)))[0] == RIGHT
    observation, mask = in_maze([(2, 1), (2, 2)], (2, 2))
    assert most_probable(policy, observation, mask)[0] == LEFT  # all visited: the only legal move
    observation, mask = in_maze([(2, 1), (2, 2)], (2, 0))
    assert most_probable(policy, observation, mask)[0] == UP
    observation, mask = in_maze([(2, 1), (2, 2), (1, 0)], (2, 0))
    assert policy.probabilities(observation, mask)[0].tolist() == [0.5, 0.5, 0, 0]  # walks at random


def test_the_maze_solver_walks_a_shortest_path():
    policy = solver("maze-3x5")
    agent, walked = (2, 0), []
    steps = {UP: (-1, 0), RIGHT: (0, 1), DOWN: (1, 0), LEFT: (0, -1)}
    while MAZE[agent] != 3:
        move = int(most_probable(policy, *in_maze([], agent))[0])
        walked.append(move)
        agent = (agent[0] + steps[move][0], agent[1] + steps[move][1])
    assert walked == [UP, UP, RIGHT, RIGHT, RIGHT, RIGHT, DOWN, DOWN]


def test_a_family_of_another_kind_is_refused(monkeypatch):
    family = puzzles.family("maze-3x5")
    monkeypatch.setattr(type(family), "kind", "kakuro")
    with pytest.raises(ValueError, match=r"no baseline of kind 'kakuro', expected one of \['maze', 'sudoku'\]"):
        greedy(family)
