"""Solving and judging mazes against plain search and every shortest path."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puzzles import PuzzleError
from puzzles.maze import GOAL, OPEN, PATH, START, Maze
from puzzles.threads import set_threads
from tests.puzzles.maze_grids import cell_of, first_path, maze, parse, search, seeds, shortest_paths, small_puzzles


@settings(max_examples=100, deadline=None)
@given(small_puzzles())
def test_distances_and_solution(grid):
    family = maze(*grid.shape)
    moves = search(grid, cell_of(grid, GOAL))
    distances = family.distances(grid[None])
    assert distances.dtype == np.int32
    for cell in np.ndindex(grid.shape):
        assert distances[0][cell] == moves.get(cell, -1)
    start = cell_of(grid, START)
    if start not in moves:
        for call in (family.solve, family.rate):
            with pytest.raises(PuzzleError, match=r"^puzzle 1: no way from start to goal$"):
                call(np.stack([np.array(shortest_possible(grid.shape)), grid]))
        return
    solution = family.solve(grid[None])[0]
    marked = frozenset(zip(*map(list, np.where(solution == PATH)), strict=True))
    assert marked in shortest_paths(grid)
    assert marked == frozenset(first_path(grid))
    np.testing.assert_array_equal(np.where(solution == PATH, OPEN, solution), grid)
    assert family.rate(grid[None])[0] == moves[start]


def test_published_labels_are_the_paths_found_first(real_data):
    family = maze(30, 30)
    for split, count in (("train", 1000), ("test", 500)):
        folder = real_data / "maze-30x30-hard-1k" / split
        puzzle, label = (
            np.load(folder / f"all__{name}.npy").reshape(-1, 30, 30).astype(np.uint8) - 1
            for name in ("inputs", "labels")
        )
        assert len(puzzle) == count
        np.testing.assert_array_equal(family.solve(puzzle), label)


def shortest_possible(shape):
    grid = np.full(shape, OPEN, np.uint8)
    grid[0, :2] = START, GOAL
    return grid


@settings(max_examples=150, deadline=None)
@given(small_puzzles(), st.data())
def test_solved_means_one_shortest_path_is_marked(grid, data):
    paths = shortest_paths(grid)
    family = maze(*grid.shape)
    for path in paths:
        answer = grid.copy()
        for cell in path:
            answer[cell] = PATH
        assert family.is_solved(grid[None], answer[None])[0]
    answer = grid.copy()
    if paths and data.draw(st.booleans()):
        for cell in data.draw(st.sampled_from(paths)):
            answer[cell] = PATH
    for _ in range(data.draw(st.integers(0, 2))):
        row = data.draw(st.integers(0, grid.shape[0] - 1))
        column = data.draw(st.integers(0, grid.shape[1] - 1))
        answer[row, column] = data.draw(st.integers(0, 4))
    marked = frozenset(zip(*map(list, np.where(answer == PATH)), strict=True))
    unmarked = np.where((answer == PATH) & (grid == OPEN), OPEN, answer)
    assert family.is_solved(grid[None], answer[None])[0] == (marked in paths and bool((unmarked == grid).all()))


@pytest.mark.parametrize(
    ("answer", "solved"),
    [
        (("Soo ", "  oG", "# # "), True),
        (("S   ", "oooG", "# # "), True),
        (("Sooo", "   G", "# # "), True),
        (("Soo ", "   G", "# # "), False),  # broken off
        (("Sooo", "  oG", "# # "), False),  # a cell too many
        (("Soo ", "  oG", "# #o"), False),  # a cell astray
        (("So  ", "o  G", "# # "), False),  # as many cells as a path, but none
        (("Soo ", "  oG", "### "), False),  # a wall that was none
        (("Soo ", "  oG", "o # "), False),  # a wall taken away
        (("Goo ", "  oS", "# # "), False),
        (("    ", "    ", "    "), False),
    ],
)
def test_answers_that_are_and_are_not(answer, solved):
    puzzle = parse("S   ", "   G", "# # ")
    assert maze(3, 4).is_solved(puzzle[None], parse(*answer)[None]).tolist() == [solved]


def test_a_detour_is_no_answer():
    puzzle = parse("S G", "   ", "   ")
    detour = parse("S G", "ooo", "   ")
    assert maze(3, 3).is_solved(np.stack([puzzle] * 2), np.stack([detour, parse("SoG", "   ", "   ")])).tolist() == [
        False,
        True,
    ]


def test_neighbouring_start_and_goal_need_no_path():
    puzzle = parse("SG", "  ")[None]
    np.testing.assert_array_equal(maze(2, 2).solve(puzzle), puzzle)
    assert maze(2, 2).is_solved(puzzle, puzzle)[0]
    assert maze(2, 2).rate(puzzle)[0] == 1


def test_solve_looks_down_then_left_then_right_then_up():
    np.testing.assert_array_equal(maze(3, 3).solve(parse("  G", "   ", "S  ")[None])[0], parse("  G", "  o", "Soo"))
    np.testing.assert_array_equal(maze(3, 3).solve(parse("S  ", "   ", "  G")[None])[0], parse("S  ", "o  ", "ooG"))
    np.testing.assert_array_equal(maze(3, 3).solve(parse("  S", "   ", "G  ")[None])[0], parse("  S", "  o", "Goo"))


def test_a_grid_without_start_or_goal_is_unsolved():
    grids = np.stack([parse("  ", " G"), parse("S ", "  ")])
    assert maze(2, 2).is_solved(grids, grids).tolist() == [False, False]
    assert maze(2, 2).distances(grids)[1].tolist() == [[-1, -1], [-1, -1]]


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (("  ", " G"), r"^puzzle 1: 0 start cells, expected 1$"),
        (("SS", " G"), r"^puzzle 1: 2 start cells, expected 1$"),
        (("S ", "  "), r"^puzzle 1: 0 goal cells, expected 1$"),
        (("SG", "GG"), r"^puzzle 1: 3 goal cells, expected 1$"),
        (("S ", "oG"), r"^puzzle 1: row 2, column 1: a path cell, only answers have one$"),
    ],
)
def test_check_says_what_is_wrong(grid, message):
    batch = np.stack([parse("S ", " G"), parse(*grid)])
    for call in (maze(2, 2).check, maze(2, 2).solve, maze(2, 2).rate):
        with pytest.raises(PuzzleError, match=message):
            call(batch)


@pytest.mark.parametrize(("rows", "columns"), [(1, 5), (5, 1), (256, 5), (5, 256), (0, 0)])
def test_other_shapes_are_refused(rows, columns):
    with pytest.raises(PuzzleError, match=rf"^no maze of {rows}x{columns}, expected 2 to 255 rows and columns$"):
        Maze(rows, columns)


def test_the_largest_maze():
    family = maze(255, 255)
    batch = family.generate(seeds(1), family.Options(min_path=2000))
    assert batch.rating[0] >= 2000
    assert family.is_solved(batch.puzzle, batch.solution)[0]


@settings(max_examples=100, deadline=None)
@given(small_puzzles())
def test_shortest_paths_are_counted(grid):
    counts = maze(*grid.shape).count_shortest_paths(grid[None])
    assert maze(*grid.shape).count_answers(grid[None], 2).tolist() == [min(2, int(counts[0]))]
    assert counts.dtype == np.uint64
    assert counts.tolist() == [len(shortest_paths(grid))]


@pytest.mark.parametrize(("side", "exact"), [(20, True), (34, True), (35, False), (60, False)])
def test_the_count_of_shortest_paths_stops_at_the_largest_uint64(side, exact):
    grid = np.full((side, side), OPEN, np.uint8)
    grid[0, 0], grid[-1, -1] = START, GOAL
    paths = math.comb(2 * side - 2, side - 1)
    assert (paths < 2**64) == exact
    assert maze(side, side).count_shortest_paths(grid[None])[0] == min(paths, 2**64 - 1)


def test_threads_change_no_result():
    family = maze(9, 9)
    puzzle, solution, _ = family.generate(seeds(300))
    questions = (
        lambda: family.generate(seeds(300)).puzzle,
        lambda: family.solve(puzzle),
        lambda: family.rate(puzzle),
        lambda: family.distances(puzzle),
        lambda: family.count_shortest_paths(puzzle),
        lambda: family.is_solved(puzzle, solution),
        lambda: family.canonical(puzzle, solution),
    )
    try:
        for question in questions:
            set_threads(1)
            alone = question()
            set_threads(3)
            np.testing.assert_array_equal(question(), alone)
    finally:
        set_threads(None)


def test_the_first_failure_is_named_wherever_it_is_found():
    family = maze(2, 2)
    batch = np.stack([parse("S ", " G")] * 500)
    batch[431] = parse("S#", "#G")
    with pytest.raises(PuzzleError, match=r"^puzzle 431: no way from start to goal$"):
        family.solve(batch)


# -- real data ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["train", "test"])
def test_maze_hard(real_data, split):
    family = maze(30, 30)
    folder = real_data / "maze-30x30-hard-1k" / split
    inputs, labels = (np.load(folder / f"all__{part}.npy").reshape(-1, 30, 30) for part in ("inputs", "labels"))
    puzzle, solution = (np.subtract(tokens, 1).astype(np.uint8) for tokens in (inputs, labels))
    family.check(puzzle)
    assert family.is_solved(puzzle, solution).all()
    ratings = family.rate(puzzle)
    assert ratings.min() >= 109
    np.testing.assert_array_equal(ratings, (solution == PATH).sum(axis=(1, 2)) + 1)
    assert len(np.unique(family.canonical(puzzle, solution).reshape(len(puzzle), -1), axis=0)) == len(puzzle)
