"""Sudoku against references that are too slow to be used: brute force, the whole symmetry group, sets of digits."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import puzzles
from puzzles import PuzzleError
from puzzles.sudoku import Sudoku, rules, solver

PUBLISHED = "5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36.."
PUBLISHED_SOLUTION = "583427169974136528216859374792364851351298746648715293865971432137642985429583617"
SIDES = [4, 6, 8, 9, 10, 12, 15, 16]
BOXES = {4: (2, 2), 6: (2, 3), 8: (2, 4), 9: (3, 3), 10: (2, 5), 12: (3, 4), 15: (3, 5), 16: (4, 4)}


def sudoku(side):
    return puzzles.family(f"sudoku-{side}x{side}")


def seeds(count, first=0):
    return np.arange(first, first + count, dtype=np.uint64)


def peers(side, row, column):
    height, width = BOXES[side]
    return {
        (r, c)
        for r in range(side)
        for c in range(side)
        if (r == row or c == column or (r // height, c // width) == (row // height, column // width))
    } - {(row, column)}


def brute_force(grid):
    """Every solution of one grid as a tuple of cells, cell after cell, without any cleverness."""
    side = len(grid)
    cells = [int(value) for value in grid.ravel()]
    around = [[r * side + c for r, c in peers(side, *divmod(cell, side))] for cell in range(side * side)]

    def fill(cell):
        if cell == side * side:
            yield tuple(cells)
            return
        given_value = cells[cell]
        for value in [given_value] if given_value else range(1, side + 1):
            if all(cells[peer] != value for peer in around[cell]):
                cells[cell] = value
                yield from fill(cell + 1)
                cells[cell] = given_value

    return list(fill(0))


ALL_4X4 = np.array(brute_force(np.zeros((4, 4), np.uint8)), np.uint8).reshape(-1, 4, 4)


# -- rules -------------------------------------------------------------------------------------------------------------


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


# -- solver ------------------------------------------------------------------------------------------------------------


def test_published_puzzle():
    family = sudoku(9)
    puzzle = family.parse(PUBLISHED)[None]
    assert family.format(family.solve(puzzle)[0]) == PUBLISHED_SOLUTION
    assert family.rate(puzzle)[0] > 0
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
    assert results[0].guesses[0] == results[1].guesses[0] > 0
    np.testing.assert_array_equal(results[0].solution, results[1].solution)


def test_a_guess_is_a_value_assumed_where_singles_are_stuck():
    # Two rows and two columns swap two digits: four open cells, each with both digits, so one guess decides all.
    family = sudoku(4)
    blank = family.parse("1234341221434321")
    blank[[0, 0, 2, 2], [0, 1, 0, 1]] = 0
    assert family.count_solutions(blank[None])[0] == 2
    assert family.rate(blank[None])[0] == 1


# -- generator ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", SIDES)
def test_generated_puzzles_are_unique_and_differ(side):
    family = sudoku(side)
    batch = family.generate(seeds(30 if side <= 10 else 4))
    family.check(batch.puzzle)
    assert (family.count_solutions(batch.puzzle) == 1).all()
    np.testing.assert_array_equal(family.solve(batch.puzzle), batch.solution)
    assert len(np.unique(batch.solution.reshape(len(batch.solution), -1), axis=0)) > 0.9 * len(batch.solution)


@pytest.mark.parametrize("side", [6, 8, 9, 10])
def test_default_puzzles_are_minimal(side):
    family = sudoku(side)
    for puzzle in family.generate(seeds(5)).puzzle:
        fewer = np.repeat(puzzle[None], (puzzle > 0).sum(), axis=0)
        for index, cell in enumerate(np.flatnonzero(puzzle)):
            fewer[index].ravel()[cell] = 0
        assert (family.count_solutions(fewer) == 2).all()


@pytest.mark.parametrize(
    ("side", "clues", "count"),
    [(4, 4, 50), (6, 9, 50), (6, 14, 500), (9, 23, 10), (9, 30, 50), (12, 60, 2), (16, 112, 2)],
)
def test_exact_clue_count(side, clues, count):
    family = sudoku(side)
    batch = family.generate(seeds(count), family.Options(clues=clues))
    assert (np.count_nonzero(batch.puzzle, axis=(1, 2)) == clues).all()
    assert (family.count_solutions(batch.puzzle) == 1).all()


@pytest.mark.parametrize(
    ("side", "options", "expected"),
    [(4, {}, range(4, 11)), (6, {"clues": 14, "clues_max": 16}, range(14, 17)), (12, {}, [54]), (16, {}, [112])],
)
def test_clue_range(side, options, expected):
    family = sudoku(side)
    batch = family.generate(seeds(700 if side < 12 else 3), family.Options(**options))
    values, counts = np.unique(np.count_nonzero(batch.puzzle, axis=(1, 2)), return_counts=True)
    assert values.tolist() == list(expected)
    assert counts.min() > 0.7 * counts.mean()  # uniform over the range


def test_all_4x4_grids_are_generated_about_equally_often():
    family = sudoku(4)
    batch = family.generate(seeds(288 * 30), family.Options(clues=8))
    _, counts = np.unique(batch.solution.reshape(-1, 16), axis=0, return_counts=True)
    assert len(counts) == 288
    assert counts.max() < 4 * counts.min() + 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clues": 0}, r"^clues 0 to 0, expected 1 <= clues <= clues_max <= 16$"),
        ({"clues": 17}, r"^clues 17 to 17, expected"),
        ({"clues": 6, "clues_max": 5}, r"^clues 6 to 5, expected"),
        ({"clues_max": 5}, r"^clues_max 5 without clues$"),
        ({"clues": 3}, r"^seed 7: no 4x4 puzzle with 3 clues on 10,000 solution grids$"),
    ],
)
def test_options_that_cannot_be_met(options, message):
    family = sudoku(4)
    with pytest.raises(PuzzleError, match=message):
        family.generate(seeds(2, first=7), family.Options(**options))


@pytest.mark.parametrize(("rows", "columns"), [(5, 5), (9, 6), (25, 25), (0, 0)])
def test_other_shapes_are_refused(rows, columns):
    with pytest.raises(PuzzleError, match=rf"^no Sudoku of {rows}x{columns}, expected a square of side"):
        Sudoku(rows, columns)


@pytest.mark.parametrize("side", SIDES)
def test_boxes(side):
    family = sudoku(side)
    assert (family.box_rows, family.box_columns) == BOXES[side]
    row, column, box = family.coordinates.T
    height, width = BOXES[side]
    np.testing.assert_array_equal(box, row // height * (side // width) + column // width)
    assert family.split_rule == ("exact" if side == 4 else "canonical")


# -- symmetry ----------------------------------------------------------------------------------------------------------


def row_orders(side, box):
    """Every permutation of lines that moves groups of ``box`` lines, and lines inside a group."""
    groups = [range(first, first + box) for first in range(0, side, box)]
    for arranged in itertools.permutations(groups):
        for lines in itertools.product(*(list(itertools.permutations(group)) for group in arranged)):
            yield [line for part in lines for line in part]


def all_orders(side):
    """(G, cells): every cell order of the group, each once."""
    height, width = BOXES[side]
    cells = np.arange(side * side).reshape(side, side)
    flips = [cells, cells.T] if height == width else [cells]
    column_orders = list(row_orders(side, width))
    return np.array(
        [
            flip[np.ix_(rows, columns)].ravel()
            for flip in flips
            for rows in row_orders(side, height)
            for columns in column_orders
        ]
    )


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SIDES), st.integers(0, 2**32 - 1))
def test_symmetries_keep_the_number_of_solutions(side, seed):
    family = sudoku(side)
    batch = family.generate(seeds(1, first=seed % 8))
    puzzle = np.repeat(batch.puzzle, 2, axis=0)
    if side <= 9:
        puzzle[1].ravel()[np.flatnonzero(puzzle[1])[:2]] = 0  # several solutions where the puzzle was minimal
    order, relabel = family.symmetries(np.random.default_rng(seed).random((2, family.symmetry_dim)))
    moved = family.transform(puzzle, order, relabel)
    np.testing.assert_array_equal(family.count_solutions(moved, 50), family.count_solutions(puzzle, 50))
    np.testing.assert_array_equal(family.solve(moved[:1]), family.transform(batch.solution, order[:1], relabel[:1]))
    assert (relabel[:, 0] == 0).all()


@pytest.mark.parametrize("side", [4, 6])
def test_random_symmetries_are_uniform_over_the_group(side):
    family = sudoku(side)
    group = {order.tobytes() for order in all_orders(side)}
    assert len(group) == {4: 2 * (2 * 2 * 2) ** 2, 6: (6 * 2**3) * (2 * 6**2)}[side]
    draws = 20 * len(group)
    order, relabel = family.symmetries(np.random.default_rng(0).random((draws, family.symmetry_dim)))
    drawn, counts = np.unique(order, axis=0, return_counts=True)
    assert {line.tobytes() for line in drawn} <= group
    absent = len(group) - len(counts)
    statistic = ((counts - 20) ** 2 / 20).sum() + 20 * absent
    assert abs(statistic - len(group)) < 5 * math.sqrt(2 * len(group))  # chi-square, mean and 5 deviations
    _, label_counts = np.unique(relabel, axis=0, return_counts=True)
    assert len(label_counts) == math.factorial(side)


# -- canonical form ----------------------------------------------------------------------------------------------------


def smallest_images(puzzle, solution, orders):
    """(smallest solution, its smallest givens) over the whole group, relabelled so that row 1 counts up."""
    side = len(solution)
    moved = solution.ravel()[orders].astype(np.intp)
    relabel = np.zeros((len(orders), side + 1), np.intp)
    np.put_along_axis(relabel, moved[:, :side], np.broadcast_to(np.arange(1, side + 1), (len(orders), side)), axis=1)
    solutions = np.take_along_axis(relabel, moved, axis=1)
    givens = np.take_along_axis(relabel, puzzle.ravel()[orders].astype(np.intp), axis=1)
    both = np.concatenate([solutions, givens], axis=1)
    return both[np.lexsort(both.T[::-1])[0]].reshape(2, side, side)


def test_4x4_grids_fall_into_two_classes():
    forms = sudoku(4).canonical(ALL_4X4, ALL_4X4)
    assert len(np.unique(forms.reshape(-1, 16), axis=0)) == 2


@pytest.mark.parametrize(("side", "count"), [(4, 300), (6, 12)])
def test_canonical_form_is_the_smallest_image_under_the_whole_group(side, count):
    family = sudoku(side)
    batch = family.generate(seeds(count))
    orders = all_orders(side)
    forms = family.canonical(batch.puzzle, batch.solution)
    for puzzle, solution, form in zip(batch.puzzle, batch.solution, forms, strict=True):
        np.testing.assert_array_equal(form, smallest_images(puzzle, solution, orders)[1])
    full_forms = family.canonical(batch.solution, batch.solution)
    for solution, form in zip(batch.solution[:12], full_forms, strict=False):
        np.testing.assert_array_equal(form, smallest_images(solution, solution, orders)[0])


@pytest.mark.parametrize(("side", "count"), [(8, 200), (9, 500), (10, 30), (12, 20), (15, 10), (16, 20)])
def test_canonical_form_is_one_per_class(side, count):
    family = sudoku(side)
    batch = family.generate(seeds(count))
    forms = family.canonical(batch.puzzle, batch.solution)
    assert len(np.unique(forms.reshape(count, -1), axis=0)) == count
    for seed in range(3):
        order, relabel = family.symmetries(np.random.default_rng(seed).random((count, family.symmetry_dim)))
        moved = family.canonical(
            family.transform(batch.puzzle, order, relabel), family.transform(batch.solution, order, relabel)
        )
        np.testing.assert_array_equal(moved, forms)


def test_canonical_form_tells_apart_puzzles_of_one_solution():
    # A grid without automorphisms (as this one) has 81 classes of puzzles with one blank.
    family = sudoku(9)
    solutions = np.repeat(family.parse(PUBLISHED_SOLUTION)[None], 81, axis=0)
    blanked = solutions.copy()
    blanked.reshape(81, 81)[np.arange(81), np.arange(81)] = 0
    assert len(np.unique(family.canonical(blanked, solutions).reshape(81, 81), axis=0)) == 81


def test_canonical_form_of_a_grid_with_many_automorphisms():
    # Translations by a band, a row, a stack or a column are automorphisms: every cell is like every other.
    family = sudoku(9)
    (band, row), (stack, column) = np.divmod(np.arange(9)[:, None], 3), np.divmod(np.arange(9), 3)
    solution = (3 * ((row + stack) % 3) + (band + column) % 3 + 1).astype(np.uint8)
    solutions = np.repeat(solution[None], 200, axis=0)
    one_clue = np.zeros((81, 9, 9), np.uint8)
    one_clue.reshape(81, 81)[np.arange(81), np.arange(81)] = solution.ravel()
    assert len(np.unique(family.canonical(one_clue, solutions[:81]).reshape(81, -1), axis=0)) == 1
    rng = np.random.default_rng(0)
    puzzle = np.where(rng.random(solutions.shape) < 0.3, solutions, 0).astype(np.uint8)
    order, relabel = family.symmetries(rng.random((200, family.symmetry_dim)))
    np.testing.assert_array_equal(
        family.canonical(family.transform(puzzle, order, relabel), family.transform(solutions, order, relabel)),
        family.canonical(puzzle, solutions),
    )


def test_canonical_refuses_a_wrong_solution():
    family = sudoku(4)
    batch = family.generate(seeds(3))
    wrong = batch.solution.copy()
    wrong[1, 0] = wrong[1, 1]
    with pytest.raises(PuzzleError, match=r"^puzzle 1: the solution given with it does not solve it$"):
        family.canonical(batch.puzzle, wrong)


# -- real lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["forum_hardest_1106", "17_clue", "magictour_top1465", "forum_hardest_1905_11+"])
def test_public_puzzles_have_one_solution(real_data, name):
    family = sudoku(9)
    lines = (real_data / "sudoku" / f"{name}.txt").read_text().splitlines()
    texts = [line[:81] for line in lines if line and not line.startswith("#")][:200]
    batch = np.stack([family.parse(text) for text in texts])
    solution = family.solve(batch)
    assert family.is_solved(batch, solution).all()
    assert len(np.unique(family.canonical(batch, solution).reshape(len(batch), -1), axis=0)) == len(batch)
    if name == "17_clue":
        assert (np.count_nonzero(batch, axis=(1, 2)) == 17).all()
