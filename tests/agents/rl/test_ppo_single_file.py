"""PPO in one file: its features are the counts that it says, and it learns 4x4 Sudoku of a few blanks."""

import gymnasium as gym
import numpy as np
import torch

import air_envs  # noqa: F401
from examples.rl.ppo_single_file import BOX_ROWS, Config, Network, train
from puzzles.sudoku import Sudoku


def test_boxes_are_those_of_the_family():
    assert {side: Sudoku(side, side).box_rows for side in BOX_ROWS} == BOX_ROWS


def test_codes_count_candidates_of_cell_row_column_and_box():
    envs = gym.make_vec("air_envs/Sudoku-v0", 3, size=6, action_mask="candidates")
    masks = envs.reset(seed=0)[1]["action_mask"]
    codes = Network(6, 4).codes(masks).numpy()
    fits = masks.reshape(3, 6, 6, 6)
    checked = 0
    for board, row, column, digit in np.argwhere(fits):
        top, left = row // 2 * 2, column // 3 * 3
        counts = [
            fits[board, row, column].sum(),
            fits[board, row, :, digit].sum(),
            fits[board, :, column, digit].sum(),
            fits[board, top : top + 2, left : left + 3, digit].sum(),
        ]
        expected = np.ravel_multi_index([int(count) for count in counts], (7,) * 4)
        assert codes[board, (row * 6 + column) * 6 + digit] == expected
        checked += 1
    assert checked > 100


def test_probabilities_are_zero_where_illegal_and_sum_to_one():
    torch.manual_seed(0)
    envs = gym.make_vec("air_envs/Sudoku-v0", 4, size=4, action_mask="candidates")
    observations, infos = envs.reset(seed=0)
    masks = infos["action_mask"].astype(bool)
    chances = Network(4, 8).probabilities(observations, masks)
    assert (chances[~masks] == 0).all()
    assert (chances[masks] > 0).all()
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-5)


def test_it_learns_and_is_reproducible():
    config = Config(clues=9, steps=12_000, num_envs=64, batch=256, puzzles=200)
    found = train(config)
    assert found.measured.solved_count >= 180  # random play solves about 97
    assert 0 < found.in_environment < found.seconds
    short = Config(clues=9, steps=2048, num_envs=64, puzzles=50)
    assert np.array_equal(train(short).measured.steps, train(short).measured.steps)
