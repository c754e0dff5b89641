import gymnasium as gym
import numpy as np
import pytest

import air_envs
import puzzles
from air_envs.sudoku import SudokuPlace, SudokuPropose
from puzzles import PuzzleError

# Two cells are open: row 1 column 1 is 1, row 4 column 4 is 1.
EASY = ".234341221434321"[:15] + "."
SOLUTION = np.array([[1, 2, 3, 4], [3, 4, 1, 2], [2, 1, 4, 3], [4, 3, 2, 1]], np.uint8)
BLANKED = np.where(np.isin(np.arange(16), (0, 15)).reshape(4, 4), 0, SOLUTION)
FIRST, LAST = 0, 15 * 4


def make(**kwargs):
    env = gym.make("air_envs/Sudoku-v0", size=4, **kwargs)
    _, info = env.reset(options={"puzzle": EASY})
    return env, info


def test_placing_digits_solves():
    env, info = make(reward="sparse", solution_in_info=True)
    assert (info["filled"], info["conflicts"], info["steps"], info["solved"]) == (14, 0, 0, False)
    assert np.array_equal(info["solution"], SOLUTION)
    observation, reward, terminated, truncated, info = env.step(FIRST)
    assert (reward, terminated, truncated, info["filled"]) == (0.0, False, False, 15)
    assert observation["grid"][0, 0] == 1
    assert observation["puzzle"][0, 0] == 0
    observation, reward, terminated, _, info = env.step(LAST)
    assert (reward, terminated, info["solved"], info["steps"]) == (1.0, True, True, 2)
    assert np.array_equal(observation["grid"], SOLUTION)


def test_a_wrong_digit_conflicts_and_can_be_overwritten():
    env, _ = make(reward="dense")
    _, reward, terminated, _, info = env.step(FIRST + 1)  # 2 clashes with row (0, 1), column and box
    assert (reward, terminated) == (0.0, False)
    clashing = {(0, 0)} | {(r, c) for r, c in [(0, 1), (2, 0)] if SOLUTION[r, c] == 2}
    assert info["conflicts"] == len(clashing) == 3
    rewards = [env.step(action)[1] for action in (FIRST, LAST)]
    assert rewards == [0.5, 0.5]


def test_dense_reward_falls_when_a_right_digit_goes():
    env, _ = make(reward="dense")
    assert [env.step(action)[1] for action in (FIRST, FIRST + 3, FIRST)] == [0.5, -0.5, 0.5]


def test_a_given_refuses():
    env, _ = make(reward=air_envs.SparseReward(illegal_penalty=0.25, step_cost=0.01))
    before = env.unwrapped.dynamics.grid.copy()
    _, reward, terminated, _, info = env.step(1 * 4 + 0)
    assert reward == pytest.approx(-0.26)
    assert (terminated, info["illegal"], info["steps"]) == (False, 1, 1)
    assert np.array_equal(env.unwrapped.dynamics.grid, before)
    _, reward, *_ = env.step(FIRST)
    assert reward == pytest.approx(-0.01)


def test_proposing_grids():
    env, info = make(action_type="propose", reward="dense")
    assert "action_mask" not in info
    blank = SOLUTION.copy()
    blank[0, 0] = 0
    observation, reward, terminated, _, info = env.step(blank)
    assert (reward, terminated, info["filled"], info["illegal"]) == (0.5, False, 15, 0)
    assert np.array_equal(observation["grid"], blank)
    changed = SOLUTION.copy()
    changed[0, 1] = 3  # a given
    _, reward, terminated, _, info = env.step(changed)
    assert (reward, terminated, info["illegal"], info["solved"]) == (0.0, False, 1, False)
    assert info["conflicts"] > 0
    _, reward, terminated, _, info = env.step(SOLUTION.astype(np.int64))
    assert (reward, terminated, info["solved"], info["steps"]) == (0.5, True, True, 3)
    with pytest.raises(TypeError, match="whole grids"):
        env.unwrapped.action_masks()


def test_another_valid_grid_solves_nothing():
    env, _ = make(action_type="propose")
    other = np.array(
        [[2, 1, 4, 3], [4, 3, 2, 1], [1, 2, 3, 4], [3, 4, 1, 2]], np.uint8
    )  # obeys all rules but the givens
    _, reward, terminated, _, info = env.step(other)
    assert (reward, terminated, info["conflicts"], info["solved"]) == (0.0, False, 0, False)


@pytest.mark.parametrize(
    ("kwargs", "action", "message"),
    [
        ({}, 64, "action 64, expected 0 to 63"),
        ({}, -1, "action -1, expected 0 to 63"),
        ({}, 3.0, "3.0 of type float, expected an integer"),
        ({}, np.nan, "nan of type float, expected an integer"),
        ({}, np.array(np.nan), "expected an integer"),
        ({}, None, "None of type NoneType, expected an integer"),
        ({}, "7", "'7' of type str"),
        ({}, np.array([3]), "expected an integer"),
        ({}, [1, 2], "expected an integer"),
        ({"action_type": "propose"}, 3, "expected a grid of shape \\(4, 4\\)"),
        ({"action_type": "propose"}, SOLUTION[:3], "shape \\(3, 4\\).*expected a grid of shape \\(4, 4\\)"),
        ({"action_type": "propose"}, SOLUTION.ravel(), "shape \\(16,\\)"),
        ({"action_type": "propose"}, np.full((4, 4), 5), "row 1, column 1: 5, .* 0 to 4"),
        ({"action_type": "propose"}, SOLUTION.astype(np.int8) - 2, "row 1, column 1: -1"),
        ({"action_type": "propose"}, SOLUTION.astype(np.float32), "dtype float32"),
        ({"action_type": "propose"}, np.full((4, 4), np.nan), "with NaN"),
        ({"action_type": "propose"}, [[1, 2], [3]], "expected a grid"),
    ],
)
def test_what_is_no_action_is_refused_before_anything_changes(kwargs, action, message):
    env, _ = make(**kwargs)
    env = env.unwrapped
    before = env.dynamics.grid.copy(), env.dynamics.info()
    with pytest.raises(air_envs.ActionError, match=message):
        env.step(action)
    assert issubclass(air_envs.ActionError, ValueError)
    assert np.array_equal(env.dynamics.grid, before[0])
    assert env.dynamics.info() == before[1]


@pytest.mark.parametrize("action", [5, np.int64(5), np.int8(5), np.array(5), np.array(5, np.uint16)])
def test_any_integer_is_an_action(action):
    env, _ = make()
    env.step(action)


@pytest.mark.parametrize("side", [4, 6, 9, 16])
@pytest.mark.parametrize("action_mask", ["rule", "candidates"])
@pytest.mark.parametrize("erase", [False, True])
def test_all_counts_and_masks_equal_the_rules_after_every_step(side, action_mask, erase):
    family = puzzles.family(f"sudoku-{side}x{side}")
    rng = np.random.default_rng(side)
    count = 6
    dynamics = SudokuPlace(family, count, action_mask=action_mask, erase=erase, candidates=True)
    batch = family.generate(np.arange(count, dtype=np.uint64))
    dynamics.reset(np.arange(count), batch)
    peers = peers_of(family)
    for step in range(40):
        if step == 20:  # some rows start afresh, the others go on
            dynamics.reset(np.array([1, 4]), family.generate(np.array([50, 51], np.uint64)))
        info = dynamics.info()
        assert np.array_equal(info["filled"], (dynamics.grid > 0).sum(axis=(1, 2)))
        assert np.array_equal(dynamics.solved, family.is_solved(dynamics.puzzle, dynamics.grid))
        blank = dynamics.puzzle == 0
        right = ((dynamics.grid == dynamics.solution) & blank).sum(axis=(1, 2))
        assert np.allclose(dynamics.progress, right / blank.sum(axis=(1, 2)))
        for i in range(count):
            grid = dynamics.grid[i].ravel()
            clashes = [grid[c] > 0 and any(grid[c] == grid[p] for p in peers[c]) for c in range(side * side)]
            assert info["conflicts"][i] == sum(clashes)
            if step % 8 == 0:
                assert np.array_equal(dynamics.masks()[i], brute_force_mask(dynamics, i, peers, action_mask))
                assert np.array_equal(dynamics.candidates[i], brute_force_candidates(dynamics, i, peers))
        # Now and then the right digit, so that digits also come to stand where they belong.
        cells = rng.integers(side * side, size=count)
        digits = rng.integers(0 if erase else 1, side + 1, size=count)
        known = dynamics.solution.reshape(count, -1)[np.arange(count), cells].astype(np.int64)
        digits = np.where(rng.random(count) < 0.4, known, digits)
        dynamics.step(cells * (side + 1) + digits if erase else cells * side + digits - 1)


def peers_of(family):
    units = family.coordinates
    return [[p for p in range(len(units)) if p != c and (units[p] == units[c]).any()] for c in range(len(units))]


def brute_force_mask(dynamics, i, peers, action_mask):
    side, grid, puzzle = dynamics.family.side, dynamics.grid[i].ravel(), dynamics.puzzle[i].ravel()
    mask = []
    for cell in range(side * side):
        if dynamics.erase:
            mask.append(puzzle[cell] == 0 and grid[cell] != 0)
        for digit in range(1, side + 1):
            free = action_mask == "rule" or all(grid[p] != digit for p in (cell, *peers[cell]))
            mask.append(puzzle[cell] == 0 and free)
    return np.array(mask, np.int8)


def brute_force_candidates(dynamics, i, peers):
    side, grid = dynamics.family.side, dynamics.grid[i].ravel()
    fits = [
        [grid[cell] == 0 and all(grid[p] != digit for p in peers[cell]) for digit in range(1, side + 1)]
        for cell in range(side * side)
    ]
    return np.array(fits, np.uint8).reshape(side, side, side)


@pytest.mark.parametrize("dynamics_type", [SudokuPlace, SudokuPropose])
def test_a_batch_equals_single_environments_step_for_step(dynamics_type):
    family, count = puzzles.family("sudoku-4x4"), 5
    envs = [gym.make("air_envs/Sudoku-v0", size=4, action_type=dynamics_type.action_type) for _ in range(count)]
    firsts = [env.reset(seed=seed)[0]["puzzle"] for seed, env in enumerate(envs)]
    batch = dynamics_type(family, count)
    puzzle = np.stack(firsts)
    batch.reset(np.arange(count), puzzles.Puzzles(puzzle, family.solve(puzzle), family.rate(puzzle)))
    batch.action_space.seed(0)
    for _ in range(30):
        actions = np.stack([batch.action_space.sample() for _ in range(count)])
        batch.step(actions)
        observed, info = batch.observation(), batch.info()
        for i, env in enumerate(envs):
            observation, _, _, _, single = env.step(actions[i])
            assert all(np.array_equal(observation[key], observed[key][i]) for key in observation)
            assert all(single[key] == info[key][i] for key in info)


def test_erasing_empties_a_cell_and_a_given_refuses():
    env, info = make(erase=True, reward="dense")
    assert env.action_space.n == 16 * 5
    assert info["action_mask"][0] == 0  # nothing to erase
    _, reward, *_, info = env.step(1)
    assert (reward, info["filled"], info["action_mask"][0]) == (0.5, 15, 1)
    observation, reward, *_, info = env.step(0)
    assert (reward, info["filled"], info["action_mask"][0], info["illegal"]) == (-0.5, 14, 0, 0)
    assert observation["grid"][0, 0] == 0
    assert env.step(5)[4]["illegal"] == 1
    assert env.step(0)[4]["illegal"] == 1  # nothing there: no harm


@pytest.mark.parametrize("side", [4, 9])
def test_the_end_at_a_contradiction_is_that_of_the_rules(side):
    family, count = puzzles.family(f"sudoku-{side}x{side}"), 200
    rng = np.random.default_rng(0)
    dynamics = SudokuPlace(family, count, end_on_contradiction=True, action_mask="candidates", candidates=True)
    every = np.arange(count)
    dynamics.reset(every, family.generate(np.arange(count, dtype=np.uint64)))
    causes = {"conflict": 0, "no candidate": 0}
    for _ in range(4 * side):
        # A digit that fits, mostly; any other now and then.
        legal = dynamics.masks() > 0
        wild = rng.random((count, 1)) < 0.05
        dynamics.step((rng.random(legal.shape) * (legal | (wild & (rng.random(legal.shape) < 0.1)))).argmax(axis=1))
        stuck = ((dynamics.grid == 0) & (dynamics.candidates.sum(axis=3) == 0)).any(axis=(1, 2))
        assert np.array_equal(dynamics.failed, (dynamics.conflicts > 0) | stuck)
        assert np.array_equal(dynamics.ended, dynamics.failed | dynamics.solved)
        causes["conflict"] += int((dynamics.conflicts > 0).sum())
        causes["no candidate"] += int((stuck & (dynamics.conflicts == 0)).sum())
        over = np.flatnonzero(dynamics.ended)
        dynamics.reset(over, family.generate(rng.integers(1 << 63, size=len(over), dtype=np.uint64)))
    assert min(causes.values()) > 10


def test_a_contradiction_terminates_unsolved():
    env, _ = make(end_on_contradiction=True)
    _, reward, terminated, truncated, info = env.step(FIRST + 1)
    assert (reward, terminated, truncated, info["solved"]) == (0.0, True, False, False)


def test_candidates_are_observed_and_pencilled_in():
    env, _ = make(candidates=True, render_mode="rgb_array")
    observation, _ = env.reset(options={"puzzle": EASY})
    assert observation["candidates"].sum() == 2
    assert observation["candidates"][0, 0].tolist() == [1, 0, 0, 0]
    plain, _ = make(render_mode="rgb_array")
    assert not np.array_equal(env.render(), plain.render())
    assert env.step(FIRST)[0]["candidates"].sum() == 1
    proposing, _ = make(candidates=True, action_type="propose")
    assert proposing.step(np.zeros((4, 4), int))[0]["candidates"].all()


def test_conflicts_cost_and_are_paid_back():
    env, _ = make(reward=air_envs.ConflictReward(penalty=0.1))
    assert env.step(FIRST + 1)[1] == pytest.approx(-0.3)  # three cells clash
    assert env.step(FIRST)[1] == pytest.approx(0.3)
    assert env.step(LAST)[1] == pytest.approx(1.0)
    assert make(reward="conflict")[0].step(FIRST + 1)[1] == pytest.approx(-0.3)


@pytest.mark.parametrize("discount", [0.9, 1.0])
@pytest.mark.parametrize("actions", [[FIRST, LAST], [FIRST + 1, FIRST, LAST + 1, FIRST, LAST], [FIRST, FIRST + 1]])
def test_shaping_adds_one_to_the_discounted_sparse_return_of_an_ended_episode(discount, actions):
    """Whatever way it took, solved or not: so an agent with this discount prefers what it preferred before."""
    returns = []
    for reward in ("sparse", air_envs.ShapedReward(discount=discount)):
        env, _ = make(reward=reward, end_on_contradiction=actions[-1] != LAST)
        results = [env.step(action) for action in actions]
        assert results[-1][2]
        returns.append(sum(discount**t * result[1] for t, result in enumerate(results)))
    assert returns[1] == pytest.approx(returns[0] + 1)


@pytest.mark.parametrize(
    "puzzle",
    [
        EASY,
        EASY.replace(".", "0"),
        EASY.replace(".", "_"),
        " ".join(EASY),
        "\n".join(EASY[i : i + 4] for i in range(0, 16, 4)) + "\n",
        ". 2 | 3 4\n3 4 | 1 2\n----+----\n2 1 | 4 3\n4 3 | 2 .",
        BLANKED.tolist(),
        *(BLANKED.astype(dtype) for dtype in (np.int64, np.int8, np.uint16)),
    ],
)
def test_a_puzzle_is_taken_in_any_form(puzzle):
    env = gym.make("air_envs/Sudoku-v0", size=4, solution_in_info=True)
    observation, info = env.reset(options={"puzzle": puzzle})
    assert env.unwrapped.family.format(observation["puzzle"]) == EASY
    assert np.array_equal(info["solution"], SOLUTION)


def test_posed_puzzles_are_checked():
    env = gym.make("air_envs/Sudoku-v0", size=4)
    for puzzle, message in [
        (EASY[:-1], "15 cells, expected 16"),
        ("x" + EASY[1:], "row 1, column 1"),
        ("." * 16, "several solutions"),
        ("11" + "." * 14, "twice"),
        (np.zeros((3, 4), int), "shape \\(3, 4\\)"),
        (np.full((4, 4), 9), "row 1, column 1: 9"),
        (np.zeros((4, 4)), "dtype float64"),
        ([*SOLUTION[:3].tolist(), [4, 3, 2]], r"^puzzle: ragged rows, expected text or \(rows, columns\) integers$"),
    ]:
        with pytest.raises(PuzzleError, match=message):
            env.reset(options={"puzzle": puzzle})
    for options in ({"row": 1}, {"index": 1, "puzzle": EASY}):
        with pytest.raises(ValueError, match="options"):
            env.reset(options=options)


def test_a_full_puzzle_is_solved_from_the_start():
    env = gym.make("air_envs/Sudoku-v0", size=4)
    _, info = env.reset(options={"puzzle": SOLUTION})
    assert info["solved"]
    assert env.step(0)[2]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"size": 5}, "5x5"),
        ({"action_type": "move"}, "action_type: found 'move'"),
        ({"action_mask": "peers"}, "action_mask: found 'peers'"),
        ({"reward": "rich"}, "reward: found 'rich'"),
        ({"clues": 3, "size": 4}, "clues"),
        ({"action_type": "propose", "erase": True}, "erase: found True with action_type 'propose'"),
        ({"action_type": "propose", "action_mask": "candidates"}, "action_mask: found 'candidates' with action_type"),
        ({"action_type": "propose", "end_on_contradiction": True}, "an option of 'place'"),
    ],
)
def test_bad_arguments_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        gym.make("air_envs/Sudoku-v0", **kwargs).reset(seed=0)
