"""The symmetries of mazes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puzzles import PuzzleError, Puzzles
from tests.puzzles.maze_grids import maze, seeds, small_puzzles


def images(grid):
    turned = [np.rot90(grid, k) for k in range(4)]
    both = turned + [image.T for image in turned]
    return [image for image in both if image.shape == grid.shape]


@pytest.mark.parametrize(("shape", "elements"), [((4, 4), 8), ((3, 5), 4)])
def test_random_symmetries_are_uniform_over_the_group(shape, elements):
    family = maze(*shape)
    order, relabel = family.symmetries(np.random.default_rng(0).random((8000, family.symmetry_dim)))
    assert relabel is None
    drawn, counts = np.unique(order, axis=0, return_counts=True)
    cells = np.arange(math.prod(shape)).reshape(shape)
    assert {line.tobytes() for line in drawn} == {np.ascontiguousarray(image).tobytes() for image in images(cells)}
    mean = 8000 / elements
    assert ((counts - mean) ** 2 / mean).sum() < elements - 1 + 5 * math.sqrt(2 * elements)


@settings(max_examples=60, deadline=None)
@given(st.one_of(small_puzzles(), small_puzzles(st.just((3, 3)))))
def test_canonical_form_is_the_smallest_image(grid):
    family = maze(*grid.shape)
    smallest = min(images(grid), key=lambda image: image.ravel().tolist())
    for image in images(grid):
        batch = np.stack([np.zeros_like(grid), image])  # a neighbour must not matter
        np.testing.assert_array_equal(family.canonical(batch, batch)[1], smallest)


@pytest.mark.parametrize("shape", [(12, 12), (9, 14)])
def test_symmetries_keep_the_rating(shape):
    family = maze(*shape)
    batch = family.generate(seeds(50))
    order, relabel = family.symmetries(np.random.default_rng(1).random((50, family.symmetry_dim)))
    moved = family.transform(batch.puzzle, order, relabel)
    np.testing.assert_array_equal(family.rate(moved), batch.rating)
    assert family.is_solved(moved, family.transform(batch.solution, order, relabel)).all()


@pytest.mark.parametrize(("shape", "elements"), [((8, 8), 8), ((6, 9), 4)])
def test_every_copy_is_labelled_as_a_generated_maze_is(shape, elements):
    family = maze(*shape)
    batch = family.generate(seeds(40), family.Options(generator="percolation"))
    copies = family.every_copy(batch)
    for whole, part in zip(copies, batch, strict=True):
        np.testing.assert_array_equal(whole[:40], part)
    np.testing.assert_array_equal(copies.solution, family.solve(copies.puzzle))
    np.testing.assert_array_equal(copies.rating, np.tile(batch.rating, elements))
    for k, puzzle in enumerate(batch.puzzle):
        drawn = {image.tobytes() for image in copies.puzzle[k::40]}
        assert drawn == {np.ascontiguousarray(image).tobytes() for image in images(puzzle)}


@pytest.mark.parametrize(("shape", "elements"), [((8, 8), 8), ((6, 9), 4)])
def test_random_copies_are_labelled_as_generated_mazes_are(shape, elements):
    family = maze(*shape)
    batch = family.generate(seeds(1), family.Options(generator="percolation")).take(np.zeros(60, int))
    copies = family.random_copies(batch, seeds(60))
    np.testing.assert_array_equal(copies.solution, family.solve(copies.puzzle))
    np.testing.assert_array_equal(copies.rating, batch.rating)
    assert len(np.unique(copies.puzzle, axis=0)) == elements
    np.testing.assert_array_equal(family.random_copies(batch.take([9]), seeds(1, first=9)).puzzle[0], copies.puzzle[9])


def test_a_maze_labelled_with_another_shortest_path_is_not_copied():
    family = maze(2, 2)
    puzzle, right, wrong = (np.stack([family.parse(text)]) for text in ("S  G", "S oG", "So G"))
    copies = family.every_copy(Puzzles(puzzle, right, family.rate(puzzle)))
    assert {family.format(grid) for grid in copies.solution} == {"S oG", " SGo", " GSo", "G oS"}
    with pytest.raises(
        PuzzleError, match="puzzle 0: labelled with another shortest path than symmetry copies would be"
    ):
        family.every_copy(Puzzles(puzzle, wrong, family.rate(puzzle)))
