"""The rules of Sudoku against sets of digits."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puzzles import PuzzleError
from puzzles.sudoku import rules
from tests.puzzles.sudoku_grids import ALL_4X4, BOXES, peers, seeds, sudoku


@st.composite
def grids(draw):
    side = draw(st.sampled_from([4, 6, 9]))
    values = st.integers(0, side) if draw(st.booleans()) else st.sampled_from([0, 0, 0, 1, side])
    cells = draw(st.lists(values, min_size=side * side, max_size=side * side))
    return np.array(cells, np.uint8).reshape(side, side)


@settings(max_examples=60, deadline=None)
@given(grids())
def test_conflicts_and_candidates(grid):
    side = len(grid)
    conflicts = rules.conflicts(grid[None], BOXES[side][0])[0]
    candidates = rules.candidates(grid[None], BOXES[side][0])[0]
    assert candidates.dtype == np.uint32
    for row, column in itertools.product(range(side), repeat=2):
        held = {grid[peer] for peer in peers(side, row, column)}
        value = grid[row, column]
        assert conflicts[row, column] == (value != 0 and value in held)
        allowed = set() if value else set(range(1, side + 1)) - held
        assert {d for d in range(1, 33) if candidates[row, column] >> (d - 1) & 1} == allowed


def test_kernels_keep_the_grids_of_a_batch_apart():
    batch = np.stack([*ALL_4X4[:3], np.ones((4, 4), np.uint8), np.zeros((4, 4), np.uint8)])
    assert rules.conflicts(batch, 2).any(axis=(1, 2)).tolist() == [False, False, False, True, False]
    assert rules.candidates(batch, 2).any(axis=(1, 2)).tolist() == [False] * 4 + [True]
    assert rules.is_solved(np.zeros_like(batch), batch, 2).tolist() == [True] * 3 + [False] * 2


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, len(ALL_4X4) - 1),
    st.integers(0, len(ALL_4X4) - 1),
    st.lists(st.booleans(), min_size=16, max_size=16),
)
def test_solved_means_the_givens_are_kept_and_every_unit_is_full(of_puzzle, of_grid, blank):
    puzzle = np.where(np.reshape(blank, (4, 4)), 0, ALL_4X4[of_puzzle]).astype(np.uint8)
    grid = ALL_4X4[of_grid]
    kept = bool(((puzzle == 0) | (puzzle == grid)).all())
    assert sudoku(4).is_solved(puzzle[None], grid[None]).tolist() == [kept]


def test_every_wrong_cell_is_noticed():
    family = sudoku(6)
    blank = np.zeros((1, 6, 6), np.uint8)
    solution = family.generate(seeds(1)).solution
    assert family.is_solved(blank, solution).all()
    for row, column, value in itertools.product(range(6), range(6), range(7)):
        changed = solution.copy()
        changed[0, row, column] = value
        assert family.is_solved(blank, changed)[0] == (value == solution[0, row, column])


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([(0, 2, 4, 7), (0, 2, 8, 7)], r"^puzzle 0: row 3, column 5: 7 stands twice in its row$"),
        ([(1, 2, 4, 7), (1, 8, 4, 7)], r"^puzzle 1: row 3, column 5: 7 stands twice in its column$"),
        ([(1, 6, 0, 9), (1, 8, 2, 9)], r"^puzzle 1: row 7, column 1: 9 stands twice in its box$"),
        ([(1, 3, 3, 10)], r"^puzzle 1: row 4, column 4: 10, expected 0 to 9$"),
    ],
)
def test_check_names_the_cell(cells, message):
    batch = np.zeros((2, 9, 9), np.uint8)
    for index, row, column, value in cells:
        batch[index, row, column] = value
    with pytest.raises(PuzzleError, match=message):
        sudoku(9).check(batch)


def test_check_writes_large_digits_as_the_text_form_does():
    batch = np.zeros((1, 16, 16), np.uint8)
    batch[0, 0, :2] = 16
    with pytest.raises(PuzzleError, match=r"^puzzle 0: row 1, column 1: G stands twice in its row$"):
        sudoku(16).check(batch)
