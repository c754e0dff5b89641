"""Mazes against references that are too slow to be used: plain search, every shortest path, the exact law."""

import itertools
import math
from collections import Counter, deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import puzzles
from puzzles import PuzzleError
from puzzles.maze import GOAL, OPEN, PATH, START, WALL, Maze


def maze(rows, columns):
    return puzzles.family(f"maze-{rows}x{columns}")


def seeds(count, first=0):
    return np.arange(first, first + count, dtype=np.uint64)


def parse(*lines):
    return maze(len(lines), len(lines[0])).parse("".join(lines))


def neighbours(grid, cell):
    for step in ((-1, 0), (0, 1), (1, 0), (0, -1)):
        row, column = cell[0] + step[0], cell[1] + step[1]
        if 0 <= row < grid.shape[0] and 0 <= column < grid.shape[1] and grid[row, column] != WALL:
            yield row, column


def search(grid, origin):
    """Moves from ``origin`` to every cell it reaches."""
    moves = {origin: 0}
    queue = deque([origin])
    while queue:
        cell = queue.popleft()
        for other in neighbours(grid, cell):
            if other not in moves:
                moves[other] = moves[cell] + 1
                queue.append(other)
    return moves


def cell_of(grid, value):
    (cell,) = np.argwhere(grid == value)
    return tuple(int(x) for x in cell)


def shortest_paths(grid):
    """The inner cells of every shortest path from start to goal."""
    start, goal = cell_of(grid, START), cell_of(grid, GOAL)
    moves = search(grid, goal)

    def walk(cell):
        if cell == goal:
            yield ()
            return
        for other in neighbours(grid, cell):
            if moves[other] == moves[cell] - 1:
                for rest in walk(other):
                    yield (other, *rest)

    return [frozenset(path[:-1]) for path in walk(start)] if start in moves else []


SHAPES = st.tuples(st.integers(2, 4), st.integers(2, 4))


@st.composite
def small_puzzles(draw, shapes=SHAPES):
    shape = draw(shapes)
    cells = draw(st.lists(st.sampled_from([WALL, OPEN, OPEN]), min_size=math.prod(shape), max_size=math.prod(shape)))
    grid = np.array(cells, np.uint8)
    start, goal = draw(st.lists(st.integers(0, len(cells) - 1), min_size=2, max_size=2, unique=True))
    grid[start], grid[goal] = START, GOAL
    return grid.reshape(shape)


# -- rules -------------------------------------------------------------------------------------------------------------


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
    assert frozenset(zip(*map(list, np.where(solution == PATH)), strict=True)) in shortest_paths(grid)
    np.testing.assert_array_equal(np.where(solution == PATH, OPEN, solution), grid)
    assert family.rate(grid[None])[0] == moves[start]


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


def test_solve_prefers_up_then_right_then_down_then_left():
    np.testing.assert_array_equal(maze(3, 3).solve(parse("  G", "   ", "S  ")[None])[0], parse("ooG", "o  ", "S  "))
    np.testing.assert_array_equal(maze(3, 3).solve(parse("S  ", "   ", "  G")[None])[0], parse("Soo", "  o", "  G"))
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


# -- generators --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 2), (2, 9), (5, 5), (6, 7), (10, 10), (30, 30)])
def test_perfect_mazes_are_spanning_trees(shape):
    family = maze(*shape)
    batch = family.generate(seeds(20))
    assert batch.rating.min() >= sum(shape) // 2
    for grid in batch.puzzle:
        cells = {tuple(cell) for cell in np.argwhere(grid != WALL).tolist()}
        edges = sum(len(list(neighbours(grid, cell))) for cell in cells) // 2
        assert len(search(grid, cell_of(grid, START))) == len(cells) == edges + 1
        assert {(row, column) for row in range(0, shape[0], 2) for column in range(0, shape[1], 2)} <= cells
        for axis, side in enumerate(shape):
            if side % 2 == 0:  # beyond the last rooms: a dead end beside each room, walls between
                last = grid.take(-1, axis=axis) != WALL
                assert (last == (np.arange(len(last)) % 2 == 0)).all()


def test_perfect_mazes_have_every_spanning_tree():
    # Four rooms: the 4 trees of their square, each as likely as the others.
    trees = Counter((grid != WALL).tobytes() for grid in maze(3, 3).generate(seeds(4000)).puzzle)
    assert len(trees) == 4
    assert sum((count - 1000) ** 2 / 1000 for count in trees.values()) < 3 + 5 * math.sqrt(6)


@pytest.mark.parametrize(("generator", "shape"), [("perfect", (9, 12)), ("percolation", (7, 6))])
def test_min_path_is_kept(generator, shape):
    family = maze(*shape)
    for min_path in (1, 17):
        batch = family.generate(seeds(300), family.Options(generator, min_path=min_path))
        assert min_path <= batch.rating.min() < min_path + 3
        np.testing.assert_array_equal(family.rate(batch.puzzle), batch.rating)
        assert family.is_solved(batch.puzzle, batch.solution).all()


@pytest.mark.parametrize(
    ("shape", "expected"), [((2, 2), 1), ((3, 9), 1), ((4, 4), 5), ((10, 12), 29), ((30, 30), 109)]
)
def test_default_min_path_of_percolation(shape, expected):
    family = maze(*shape)
    batch = family.generate(seeds(2 if shape == (30, 30) else 100), family.Options("percolation"))
    assert expected <= batch.rating.min() <= expected + (15 if shape == (30, 30) else 2)


@pytest.mark.parametrize("options", [{}, {"min_path": 30}, {"generator": "percolation", "min_path": 2}])
def test_a_maze_depends_on_its_seed_alone(options):
    family = maze(9, 9)
    options = family.Options(**options)
    batch = family.generate(seeds(40), options)
    for index in (0, 1, 17, 39):
        for one, all_of_them in zip(family.generate(seeds(1, first=index), options), batch, strict=True):
            np.testing.assert_array_equal(one[0], all_of_them[index])


def exact_law(shape, min_path, low, high):
    """The probability of each (grid, start, goal) that plain rejection accepts, by going through all of them."""
    chances = (np.arange(200) + 0.5) / 200 * (high - low) + low
    law = {}
    cells = list(np.ndindex(shape))
    for walls in itertools.product([WALL, OPEN], repeat=len(cells)):
        grid = np.array(walls, np.uint8).reshape(shape)
        count = walls.count(WALL)
        weight = (chances**count * (1 - chances) ** (len(cells) - count)).mean()
        for start in cells:
            if grid[start] == WALL:
                continue
            for goal, moves in search(grid, start).items():
                if moves >= max(1, min_path):
                    puzzle = grid.copy()
                    puzzle[start], puzzle[goal] = START, GOAL
                    law[puzzle.tobytes()] = weight
    total = sum(law.values())
    return {key: weight / total for key, weight in law.items()}


@pytest.mark.parametrize(
    ("shape", "min_path", "low", "high"),
    [((2, 3), 1, 0.3, 0.5), ((2, 3), 3, 0.0, 0.9), ((3, 3), 5, 0.2, 0.6), ((3, 3), 4, 0.4, 0.4)],
)
def test_percolation_mazes_follow_the_law_of_plain_rejection(shape, min_path, low, high):
    law = exact_law(shape, min_path, low, high)
    family = maze(*shape)
    options = family.Options("percolation", min_path=min_path, wall_low=low, wall_high=high)
    draws = 40_000
    drawn = Counter(grid.tobytes() for grid in family.generate(seeds(draws), options).puzzle)
    assert set(drawn) <= set(law)
    expected = np.array(list(law.values())) * draws
    observed = np.array([drawn[key] for key in law])
    rare = expected < 5
    expected, observed = (np.append(part[~rare], part[rare].sum()) for part in (expected, observed))
    statistic = ((observed - expected) ** 2 / np.maximum(expected, 1)).sum()
    assert statistic < len(expected) + 5 * math.sqrt(2 * len(expected))  # chi-square, mean and 5 deviations


@pytest.mark.parametrize("rows", [3, 4])
def test_every_shortest_path_is_equally_likely(rows):
    # Without walls and from corner to corner there are C(2n - 2, n - 1) shortest paths.
    family = maze(rows, rows)
    options = family.Options("percolation", min_path=2 * rows - 2, wall_low=0.0, wall_high=0.0)
    count = 8000
    batch = family.generate(seeds(count), options)
    number = math.comb(2 * rows - 2, rows - 1)
    for corner in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        answers = Counter(grid.tobytes() for grid in batch.solution[batch.puzzle[:, *corner] == START])
        mean = sum(answers.values()) / number
        assert len(answers) == number
        statistic = sum((seen - mean) ** 2 / mean for seen in answers.values())
        assert statistic < number - 1 + 5 * math.sqrt(2 * number)


def test_shortest_paths_are_equally_likely_where_the_first_step_is_not():
    # Of the 5 shortest paths 3 go right first and 2 go down: a fair first step would favour those 2.
    family = maze(3, 3)
    options = family.Options("percolation", min_path=4, wall_low=0.3, wall_high=0.3)
    puzzle = parse("S  ", "   ", "# G")
    batch = family.generate(seeds(60_000), options)
    answers = batch.solution[(batch.puzzle == puzzle).all(axis=(1, 2))]
    seen = Counter(answer.tobytes() for answer in answers)
    paths = shortest_paths(puzzle)
    mean = len(answers) / len(paths)
    assert len(seen) == len(paths) == 5
    assert mean > 20
    assert sum((count - mean) ** 2 / mean for count in seen.values()) < 4 + 5 * math.sqrt(8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_path": 0}, r"^min_path 0, expected 1 to 24 for 5x5$"),
        ({"min_path": 25}, r"^min_path 25, expected 1 to 24 for 5x5$"),
        ({"min_path": 24}, r"^seed 9: no perfect maze of 5x5 with a path of 24 moves or more in 100,000 draws$"),
        ({"generator": "kruskal"}, r"^generator 'kruskal', expected 'perfect' or 'percolation'$"),
        ({"wall_low": 0.6}, r"^wall_low 0.6, wall_high 0.5, expected 0 <= wall_low <= wall_high < 1$"),
        ({"wall_low": -0.1}, r"^wall_low -0.1, wall_high 0.5, expected"),
        ({"wall_high": 1.0}, r"^wall_low 0.3, wall_high 1.0, expected"),
    ],
)
def test_options_that_cannot_be_met(options, message):
    family = maze(5, 5)
    with pytest.raises(PuzzleError, match=message):
        family.generate(seeds(2, first=9), family.Options(**options))


def test_percolation_gives_up_in_the_end(monkeypatch):
    monkeypatch.setattr("puzzles.maze.generator.PERCOLATION_DRAWS", 1000)
    family = maze(5, 5)
    message = r"^seed 0: no percolation maze of 5x5 with a path of 22 moves or more in 1,000 draws$"
    with pytest.raises(PuzzleError, match=message):
        family.generate(seeds(1), family.Options("percolation", min_path=22))


# -- symmetry ----------------------------------------------------------------------------------------------------------


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
