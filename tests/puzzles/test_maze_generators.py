"""Generated mazes against the exact laws that they should follow."""

import itertools
import math
import pickle
from collections import Counter

import numpy as np
import pytest

from puzzles import PuzzleError
from puzzles.errors import GenerationError
from puzzles.maze import GOAL, OPEN, START, WALL, generator
from puzzles.maze.trees import ALGORITHMS
from tests.puzzles.maze_grids import cell_of, maze, neighbours, search, seeds


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("shape", [(2, 2), (2, 9), (5, 5), (6, 7), (10, 10), (30, 30)])
def test_perfect_mazes_are_spanning_trees(shape, algorithm):
    family = maze(*shape)
    batch = family.generate(seeds(20), family.Options(algorithm=algorithm))
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


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_perfect_mazes_have_every_spanning_tree(algorithm):
    # Four rooms: the 4 trees of their square, each as likely as the others.
    family = maze(3, 3)
    trees = Counter(
        (grid != WALL).tobytes() for grid in family.generate(seeds(4000), family.Options(algorithm=algorithm)).puzzle
    )
    assert len(trees) == 4
    assert sum((count - 1000) ** 2 / 1000 for count in trees.values()) < 3 + 5 * math.sqrt(6)


def spanning_trees(rows, columns, algorithm, count):
    """How often each tree of rows x columns rooms is drawn."""
    family = maze(2 * rows - 1, 2 * columns - 1)
    options = family.Options(algorithm=algorithm, min_path=1)
    return Counter((grid != WALL).tobytes() for grid in family.generate(seeds(count), options).puzzle)


@pytest.mark.parametrize(("algorithm", "even"), [("wilson", True), ("depth-first", False)])
def test_wilson_draws_every_spanning_tree_equally_often(algorithm, even):
    # By Kirchhoff's theorem nine rooms have 192 spanning trees; depth-first, which has its favourites, shows the power.
    family = maze(5, 5)
    batch = family.generate(seeds(100 * 192), family.Options(algorithm=algorithm, min_path=1))
    trees = Counter((grid != WALL).tobytes() for grid in batch.puzzle)
    statistic = sum((count - 100) ** 2 / 100 for count in trees.values()) + 100 * (192 - len(trees))
    assert (statistic < 191 + 5 * math.sqrt(2 * 191)) == even


def dead_ends(grid):
    return sum(len(list(neighbours(grid, cell))) == 1 for cell in map(tuple, np.argwhere(grid != WALL)))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_braided_mazes_have_no_dead_ends(algorithm):
    family = maze(21, 17)
    batch = family.generate(seeds(40), family.Options("braided", algorithm=algorithm))
    assert all(dead_ends(grid) == 0 for grid in batch.puzzle)
    assert all(len(search(grid, cell_of(grid, START))) == (grid != WALL).sum() for grid in batch.puzzle)
    assert (family.count_shortest_paths(batch.puzzle) > 1).any()


def test_braiding_nothing_leaves_the_tree():
    family = maze(21, 17)
    none, tree = (family.generate(seeds(40), o) for o in (family.Options("braided", braid=0.0), family.Options()))
    np.testing.assert_array_equal(none.puzzle, tree.puzzle)


def test_opening_a_part_of_the_dead_ends_leaves_the_rest():
    # The tree is the same for the same seed as long as the first draw is kept, which min_path 1 sees to.
    family = maze(31, 31)
    trees = family.generate(seeds(30), family.Options(min_path=1)).puzzle
    for fraction in (0.25, 0.5, 0.75):
        braided = family.generate(seeds(30), family.Options("braided", braid=fraction, min_path=1)).puzzle
        for tree, grid in zip(trees, braided, strict=True):
            wanted = dead_ends(tree) - int(dead_ends(tree) * fraction + 0.5)
            assert wanted - 1 <= dead_ends(grid) <= wanted < dead_ends(tree)  # one opening can do away with two
            assert ((grid != WALL) >= (tree != WALL)).all()


@pytest.mark.parametrize(("generator", "shape"), [("perfect", (9, 12)), ("braided", (9, 12)), ("percolation", (7, 6))])
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


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"min_path": 30},
        {"generator": "braided", "algorithm": "prim"},
        {"generator": "percolation", "min_path": 2},
        {"generator": "percolation", "min_path": 25},
    ],
)
def test_a_maze_depends_on_its_seed_alone(options):
    family = maze(9, 9)
    options = family.Options(**options)
    batch = family.generate(seeds(40), options)
    for index in (0, 1, 17, 39):
        for one, all_of_them in zip(family.generate(seeds(1, first=index), options), batch, strict=True):
            np.testing.assert_array_equal(one[0], all_of_them[index])


@pytest.mark.parametrize(
    "options",
    [
        {"min_path": 30},
        {"generator": "braided", "min_path": 22},
        {"generator": "percolation", "min_path": 16},
        {"generator": "percolation", "min_path": 25},
        {"generator": "percolation", "min_path": 19, "wall_low": 0.1, "wall_high": 0.95},
    ],
)
def test_a_kernel_that_is_called_more_often_makes_the_same_mazes(options, monkeypatch):
    family = maze(9, 9)
    expected = family.generate(seeds(30), family.Options(**options))
    for draws in (1, 100):
        monkeypatch.setattr(generator, "_TREE_CELLS", 81 * draws)
        monkeypatch.setattr(generator, "_PERCOLATION_CELLS", 81 * draws)
        for field, array in zip(expected, family.generate(seeds(30), family.Options(**options)), strict=True):
            np.testing.assert_array_equal(field, array)


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


@pytest.mark.parametrize("screened", [False, True])
@pytest.mark.parametrize(
    ("shape", "min_path", "low", "high"),
    [((2, 3), 1, 0.3, 0.5), ((2, 3), 3, 0.0, 0.9), ((3, 3), 5, 0.2, 0.6), ((3, 3), 4, 0.4, 0.4)],
)
def test_percolation_mazes_follow_the_law_of_plain_rejection(shape, min_path, low, high, screened, monkeypatch):
    monkeypatch.setattr("puzzles.maze.generator._screens", lambda *_: screened)
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


@pytest.mark.parametrize("options", [{}, {"generator": "braided"}, {"generator": "percolation"}])
def test_solutions_are_those_of_the_family(options):
    family = maze(9, 8)
    batch = family.generate(seeds(500), family.Options(**options))
    np.testing.assert_array_equal(batch.solution, family.solve(batch.puzzle))
    np.testing.assert_array_equal(batch.rating, family.rate(batch.puzzle))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_path": 0}, r"^min_path 0, expected an integer 1 to 16 for perfect mazes of 5x5$"),
        ({"min_path": 17}, r"^min_path 17, expected an integer 1 to 16 for perfect mazes of 5x5$"),
        (
            {"generator": "percolation", "min_path": 21},
            r"^min_path 21, expected an integer 1 to 20 for percolation mazes of 5x5$",
        ),
        (
            {"generator": "percolation", "min_path": 9, "wall_low": 0.0, "wall_high": 0.0},
            r"^min_path 9, expected an integer 1 to 8 for percolation mazes of 5x5 without walls$",
        ),
        (
            {"generator": "percolation", "wall_low": 0.0, "wall_high": 0.0},
            r"^min_path 9, expected an integer 1 to 8 for percolation mazes of 5x5 without walls$",
        ),
        ({"generator": "kruskal"}, r"^generator 'kruskal', expected 'perfect', 'braided' or 'percolation'$"),
        ({"algorithm": "dfs"}, r"^algorithm 'dfs', expected one of \['depth-first', 'wilson', 'kruskal', 'prim'\]$"),
        ({"generator": "braided", "braid": 1.5}, r"^braid 1.5, expected a number from 0 to 1$"),
        ({"min_path": 4.5}, r"^min_path 4.5, expected an integer 1 to 16"),
        ({"min_path": True}, r"^min_path True, expected an integer"),
        ({"min_path": "9"}, r"^min_path '9', expected an integer"),
        ({"braid": float("nan")}, r"^braid nan, expected a number from 0 to 1$"),
        ({"braid": "1"}, r"^braid '1', expected a number from 0 to 1$"),
        ({"wall_low": None}, r"^wall_low None, wall_high 0.5, expected"),
        ({"wall_low": 0.6}, r"^wall_low 0.6, wall_high 0.5, expected 0 <= wall_low <= wall_high < 1$"),
        ({"wall_low": -0.1}, r"^wall_low -0.1, wall_high 0.5, expected"),
        ({"wall_high": 1.0}, r"^wall_low 0.3, wall_high 1.0, expected"),
    ],
)
def test_options_that_cannot_be_met(options, message):
    family = maze(5, 5)
    with pytest.raises(PuzzleError, match=message):
        family.check_options(family.Options(**options))
    with pytest.raises(PuzzleError, match=message):
        family.generate(seeds(2, first=9), family.Options(**options))


def test_a_path_that_is_not_found_names_the_seed():
    family, options = maze(5, 5), maze(5, 5).Options("braided", min_path=16)
    family.check_options(options)
    message = r"^seed 9: no braided maze of 5x5 with a path of 16 moves or more in 100,000 draws$"
    with pytest.raises(GenerationError, match=message) as error:
        family.generate(seeds(2, first=9), options)
    assert error.value.seed == 9
    assert str(pickle.loads(pickle.dumps(error.value))) == str(error.value)


@pytest.mark.parametrize("cells", [1, 300 * 25, 10**9])
def test_percolation_gives_up_in_the_end(monkeypatch, cells):
    monkeypatch.setattr(generator, "PERCOLATION_DRAWS", 1000)
    monkeypatch.setattr(generator, "_PERCOLATION_CELLS", cells)
    family = maze(5, 5)
    message = r"^seed 0: no percolation maze of 5x5 with a path of 20 moves or more in 1,000 draws$"
    with pytest.raises(PuzzleError, match=message):
        family.generate(seeds(1), family.Options("percolation", min_path=20))
