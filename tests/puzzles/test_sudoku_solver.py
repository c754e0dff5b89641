"""The Sudoku solvers against brute force and each other, and the ratings against published ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puzzles import PuzzleError, threads
from puzzles.sudoku import cells, solver
from tests.puzzles.sudoku_grids import ALL_4X4, BOXES, PUBLISHED, PUBLISHED_SOLUTION, brute_force, seeds, sudoku


def test_published_puzzle():
    family = sudoku(9)
    puzzle = family.parse(PUBLISHED)[None]
    assert family.format(family.solve(puzzle)[0]) == PUBLISHED_SOLUTION
    assert family.rate(puzzle).tolist() == [18]  # as Sudoku-Extreme says
    assert family.rate(puzzle, "guesses-to-proof").tolist() == [50]
    np.testing.assert_array_equal(family.parse(PUBLISHED.replace(".", "0")), puzzle[0])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 287), st.lists(st.sampled_from([0, 0, 1, 2]), min_size=16, max_size=16), st.data())
def test_solutions_are_those_of_brute_force(base, kinds, data):
    # Some cells of a solution, and often one cell changed: proper, ambiguous and impossible puzzles all occur.
    grid = np.where(np.reshape(kinds, (4, 4)) == 0, 0, ALL_4X4[base]).astype(np.uint8)
    if data.draw(st.booleans()):
        grid[data.draw(st.integers(0, 3)), data.draw(st.integers(0, 3))] = data.draw(st.integers(0, 4))
    expected = brute_force(grid)
    family = sudoku(4)
    assert family.count_solutions(grid[None], limit=1000)[0] == len(expected)
    assert family.count_solutions(grid[None])[0] == min(2, len(expected))
    assert family.count_answers(grid[None], 3).tolist() == [min(3, len(expected))]
    if len(expected) == 1:
        assert tuple(family.solve(grid[None]).ravel()) == expected[0]
    else:
        with pytest.raises(PuzzleError, match=r"^puzzle 0: (no solution|several solutions)$"):
            family.solve(grid[None])


def test_every_4x4_grid_is_counted():
    assert len(ALL_4X4) == 288
    assert sudoku(4).count_solutions(np.zeros((1, 4, 4), np.uint8), limit=10**6)[0] == 288


def test_the_limit_stops_the_count():
    blank = np.zeros((1, 16, 16), np.uint8)
    for limit in (1, 2, 17):
        assert sudoku(16).count_solutions(blank, limit)[0] == limit
    with pytest.raises(PuzzleError, match=r"^limit 0, expected 1 or more$"):
        sudoku(16).count_solutions(blank, 0)


@pytest.mark.parametrize(("change", "problem"), [(0, "several solutions"), (4, "no solution")])
def test_solve_names_the_first_puzzle_without_its_one_solution(change, problem):
    family = sudoku(9)
    batch = np.repeat(family.parse(PUBLISHED)[None], 5, axis=0)
    batch[3:, 0] = 0
    batch[3:, 0, 0] = change
    with pytest.raises(PuzzleError, match=rf"^puzzle 3: {problem}$"):
        family.solve(batch)


def test_a_puzzle_that_singles_solve_is_rated_0():
    family = sudoku(9)
    solution = family.parse(PUBLISHED_SOLUTION)
    easy = solution.copy()
    easy[0] = 0  # each digit is missing in one column and one row only
    batch = np.stack([easy, family.parse(PUBLISHED), solution])
    ratings = family.rate(batch)
    assert ratings[0] == ratings[2] == 0 < ratings[1]
    np.testing.assert_array_equal(family.rate(batch[::-1]), ratings[::-1])


def test_guesses_count_until_the_first_solution():
    puzzle = sudoku(9).parse(PUBLISHED)[None]
    puzzle[0, 0, 0] = 0
    results = [solver.search(puzzle, 3, limit) for limit in (1, 5)]
    assert [result.found[0] for result in results] == [1, 5]
    assert results[0].guesses[0] == results[1].guesses[0] == results[0].guesses_in_all[0] > 0
    assert results[1].guesses_in_all[0] > results[1].guesses[0]
    np.testing.assert_array_equal(results[0].solution, results[1].solution)


def test_a_guess_is_a_value_assumed_where_singles_are_stuck():
    # Two rows and two columns swap two digits: four open cells, each with both digits, so one guess decides all.
    family = sudoku(4)
    blank = family.parse("1234341221434321")
    blank[[0, 0, 2, 2], [0, 1, 0, 1]] = 0
    assert family.count_solutions(blank[None])[0] == 2
    assert family.rate(blank[None])[0] == 1


def by_cells(batch, limit):
    """What the search that serves every side finds: (solutions, how many)."""
    side = batch.shape[1]
    found, guesses, in_all = (np.zeros(len(batch), np.int32) for _ in range(3))
    solutions = np.zeros_like(batch)
    solver._search_batch(batch, limit, cells.workspace(side, BOXES[side][0], 1), solutions, found, guesses, in_all)
    return solutions, found


def digits_at_random(rng, puzzle, solution):
    count = int(rng.integers(5, 30))
    puzzle.ravel()[:] = 0
    puzzle.ravel()[rng.choice(81, count, replace=False)] = rng.integers(1, 10, count)


def clues_taken_away(rng, puzzle, solution):
    puzzle.ravel()[rng.choice(np.flatnonzero(puzzle), int(rng.integers(1, 5)), replace=False)] = 0


def one_cell_changed(rng, puzzle, solution):
    puzzle.ravel()[rng.integers(81)] = rng.integers(10)


def clues_that_may_not_suffice(rng, puzzle, solution):
    puzzle[:] = np.where(rng.random((9, 9)) < rng.uniform(0.2, 0.6), solution, 0)


@pytest.mark.parametrize("change", [digits_at_random, clues_taken_away, one_cell_changed, clues_that_may_not_suffice])
@pytest.mark.parametrize("limit", [1, 2, 40])
def test_both_searches_count_the_same_solutions(change, limit):
    batch, solution, _ = sudoku(9).generate(seeds(600))
    rng = np.random.default_rng(limit)
    for puzzle, solved in zip(batch, solution, strict=True):
        change(rng, puzzle, solved)
    result = solver.search(batch, 3, limit)
    expected, found = by_cells(batch, limit)
    np.testing.assert_array_equal(result.found, found)
    if limit > 1:
        np.testing.assert_array_equal(result.solution[found == 1], expected[found == 1])
    solved = found > 0
    assert sudoku(9).is_solved(batch[solved], result.solution[solved]).all()
    assert (result.solution[~solved] == 0).all()
    assert (result.guesses <= result.guesses_in_all).all()
    assert limit < 40 or len(np.unique(found)) > 1


def test_propagation_loses_no_solution():
    family = sudoku(6)
    batch, solution, _ = family.generate(seeds(40), family.Options(clues=10))
    shown = np.random.default_rng(0).random(batch.shape) < 0.1
    batch = np.where(shown, solution, batch) * (np.random.default_rng(1).random(batch.shape) < 0.9).astype(np.uint8)
    expected = [len(brute_force(puzzle)) for puzzle in batch]
    assert max(expected) > 20
    assert family.count_solutions(batch, 10**6).tolist() == expected


def test_the_limit_holds_for_the_blank_grid():
    assert sudoku(9).count_solutions(np.zeros((1, 9, 9), np.uint8), 5000).tolist() == [5000]


def test_each_solution_counts_once_whatever_the_limit():
    puzzle = sudoku(9).parse(PUBLISHED)[None]
    puzzle.ravel()[np.flatnonzero(puzzle)[:3]] = 0
    expected = int(by_cells(puzzle, 10**6)[1][0])
    assert expected > 20
    for limit in (expected - 1, expected, expected + 1, 10**6):
        assert sudoku(9).count_solutions(puzzle, limit)[0] == min(limit, expected)


def test_results_do_not_depend_on_threads_or_batches():
    batch, _, _ = sudoku(9).generate(seeds(900))
    batch[::3, 0] = 0
    whole = solver.search(batch, 3, 5)
    threads.set_threads(3)
    try:
        for mine, theirs in zip(solver.search(batch, 3, 5), whole, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    finally:
        threads.set_threads(None)
    for index in (0, 299, 899):
        for mine, theirs in zip(solver.search(batch[index : index + 1], 3, 5), whole, strict=True):
            np.testing.assert_array_equal(mine[0], theirs[index])


# -- ratings -----------------------------------------------------------------------------------------------------------


def copies(family, puzzle, count):
    order, relabel = family.symmetries(np.random.default_rng(0).random((count, family.symmetry_dim)))
    return family.transform(np.repeat(puzzle[None], count, axis=0), order, relabel)


@pytest.mark.parametrize("side", [6, 9])
def test_whether_propagation_is_enough_does_not_depend_on_the_orientation(side):
    family = sudoku(side)
    batch, _, rating = family.generate(seeds(60))
    assert (rating == 0).any()
    for puzzle, expected in zip(batch, rating, strict=True):
        assert (family.rate(copies(family, puzzle, 10)) == 0).all() == (expected == 0)
        assert (family.rate(copies(family, puzzle, 10), "guesses-to-proof") == 0).all() == (expected == 0)


def test_mean_rating_is_that_of_symmetric_copies():
    family = sudoku(9)
    puzzle = family.parse(PUBLISHED)
    mean = family.mean_rating(puzzle[None], orders=50)
    assert mean.dtype == np.float64
    ratings = family.rate(copies(family, puzzle, 400))
    assert len(np.unique(ratings)) > 5
    assert abs(mean[0] - ratings.mean()) < 5 * ratings.std() * (1 / 50 + 1 / 400) ** 0.5
    batch = np.stack([family.parse(PUBLISHED_SOLUTION), puzzle])
    assert family.mean_rating(batch, orders=50).tolist() == [0, mean[0]]
    assert family.mean_rating(puzzle[None], orders=50, seed=1)[0] != mean[0]
    assert family.mean_rating(puzzle[None], 50, convention="guesses-to-proof")[0] > mean[0]
    with pytest.raises(PuzzleError, match=r"^orders 0, expected 1 or more$"):
        family.mean_rating(batch, orders=0)


def test_unknown_conventions_are_refused():
    with pytest.raises(PuzzleError, match=r"^rating convention 'moves', expected one of \['guesses-to-solution', "):
        sudoku(9).rate(np.zeros((1, 9, 9), np.uint8), "moves")


# -- published lists ---------------------------------------------------------------------------------------------------


def published(folder, name, count):
    lines = (folder / "sudoku" / f"{name}.txt").read_text().splitlines()
    texts = [line[:81] for line in lines if line and not line.startswith("#")]
    return np.stack([sudoku(9).parse(text) for text in texts[:: max(1, len(texts) // count)]])


@pytest.mark.parametrize("name", ["forum_hardest_1106", "17_clue", "magictour_top1465", "forum_hardest_1905_11+"])
def test_public_puzzles_have_one_solution(real_data, name):
    family = sudoku(9)
    batch = published(real_data, name, 200)
    solution = family.solve(batch)
    assert family.is_solved(batch, solution).all()
    assert len(np.unique(family.canonical(batch, solution).reshape(len(batch), -1), axis=0)) == len(batch)
    if name == "17_clue":
        assert (np.count_nonzero(batch, axis=(1, 2)) == 17).all()


@pytest.mark.parametrize(
    ("name", "to_solution", "to_proof"),
    [
        ("forum_hardest_1905_11+", 34.2, 61.7),
        ("17_clue", 0.46, 0.57),
        ("magictour_top1465", 6.1, 8.9),
        ("forum_hardest_1106", 59.8, 110),
    ],
)
def test_ratings_are_on_the_scale_of_published_ones(real_data, name, to_solution, to_proof):
    batch = published(real_data, name, 20_000 if name == "17_clue" else 1000)
    assert sudoku(9).rate(batch).mean() == pytest.approx(to_solution, rel=0.1)
    assert sudoku(9).rate(batch, "guesses-to-proof").mean() == pytest.approx(to_proof, rel=0.1)
