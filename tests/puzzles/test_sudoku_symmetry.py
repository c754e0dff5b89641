"""The symmetry group of Sudoku and its canonical form against the whole group, element by element."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puzzles import PuzzleError
from tests.puzzles.sudoku_grids import ALL_4X4, BOXES, PUBLISHED_SOLUTION, SIDES, seeds, sudoku


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


def test_random_copies_are_uniform_over_the_group():
    """Of a 4x4 puzzle that no symmetry but the identity leaves as it is."""
    family = sudoku(4)
    batch = family.generate(seeds(1))
    relabels = np.array([[0, *labels] for labels in itertools.permutations(range(1, 5))])
    moved = batch.puzzle.ravel()[all_orders(4)]
    group = {image.tobytes() for image in relabels[:, moved].astype(np.uint8).reshape(-1, 16)}
    assert len(group) == 128 * 24
    draws = 20 * len(group)
    copies = family.random_copies(batch.take(np.zeros(draws, int)), seeds(draws))
    drawn, counts = np.unique(copies.puzzle.reshape(-1, 16), axis=0, return_counts=True)
    assert {image.tobytes() for image in drawn} == group
    assert abs(((counts - 20) ** 2 / 20).sum() - len(group)) < 5 * math.sqrt(2 * len(group))


@pytest.mark.parametrize("side", SIDES)
def test_random_copies_are_copies(side):
    """A key alone picks the copy; with its solution it is equal to the puzzle up to symmetry."""
    family = sudoku(side)
    batch = family.generate(seeds(3))
    keys = seeds(3, first=7)
    copies = family.random_copies(batch, keys)
    np.testing.assert_array_equal(family.solve(copies.puzzle), copies.solution)
    np.testing.assert_array_equal(copies.rating, batch.rating)
    assert (copies.puzzle != batch.puzzle).any(axis=(1, 2)).all()
    if side <= 10:  # the canonical form of larger ones takes long
        np.testing.assert_array_equal(family.canonical(*copies[:2]), family.canonical(*batch[:2]))
    for part, whole in zip(family.random_copies(batch.take([2]), keys[2:]), copies, strict=True):
        np.testing.assert_array_equal(part[0], whole[2])


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
