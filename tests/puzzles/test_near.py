"""Puzzles that differ in at most two cells up to symmetry: against the whole group, and against changes made here."""

import itertools
import math

import numpy as np
import pytest

import puzzles
from puzzles import PuzzleError
from puzzles.maze.cells import GOAL, START
from puzzles.maze.symmetry import elements
from puzzles.sudoku import near as sudoku_near
from puzzles.sudoku.patterns import equal_patterns, pattern_hashes
from tests.puzzles.test_sudoku_symmetry import all_orders


def random_images(family, grids, seed=0):
    """Return a random symmetry image of each grid."""
    elements = family.symmetries(np.random.default_rng(seed).random((len(grids), family.symmetry_dim)))
    return family.transform(grids, *elements)


def slow_distances(family, one, other, orders):
    """(orders, names) in how many cells each image of one Sudoku differs from another: a rule with no shortcut."""
    side, values = family.rows, family.rows + 1
    images = one.ravel()[orders]  # (orders, cells)
    agree = np.zeros((len(orders), values, values), np.float32)
    renamings = np.zeros((math.factorial(side), values, values), np.float32)
    for value, target in itertools.product(range(values), repeat=2):
        agree[:, value, target] = ((images == value) & (other.ravel() == target)).sum(axis=1)
    for renaming, names in zip(renamings, itertools.permutations(range(1, values)), strict=True):
        renaming[np.arange(values), [0, *names]] = 1
    return side * side - agree.reshape(len(orders), -1) @ renamings.reshape(len(renamings), -1).T


@pytest.mark.parametrize(("side", "first", "second"), [(4, 35, 35), (6, 1, 2)])
def test_all_pairs_of_small_sudokus(side, first, second):
    family = puzzles.family(f"sudoku-{side}x{side}")
    known, asked = (
        family.generate(np.arange(start, start + n, dtype=np.uint64)).puzzle
        for start, n in ((0, first), (1000, second))
    )
    if side == 6:  # random ones are far from each other
        asked = np.concatenate([asked, *(random_images(family, changed(known, kind)) for kind in (*CHANGES, *MORE))])
    orders = all_orders(side)
    expected = [min(slow_distances(family, one, other, orders).min() for one in known) <= 2 for other in asked]
    assert 0 < sum(expected) < len(expected)
    assert family.near(known, asked).tolist() == expected


def changed(grids, kind):
    """Change each Sudoku in some of its cells: "add", "remove" or "rename" a clue, at one cell after the other."""
    grids = grids.copy()
    side = grids.shape[1]
    for number, flat in enumerate(grids.reshape(len(grids), -1)):
        rng = np.random.default_rng(number)
        clues, blanks = (rng.permutation(np.flatnonzero(where)).tolist() for where in (flat > 0, flat == 0))
        for change in kind:
            if change == "add":
                flat[blanks.pop()] = rng.integers(1, side + 1)
            elif change == "remove":
                flat[clues.pop()] = 0
            else:
                cell = clues.pop()
                flat[cell] = flat[cell] % side + 1
    return grids


CHANGES = [
    kind for count in range(3) for kind in itertools.combinations_with_replacement(("add", "remove", "rename"), count)
]


MORE = [
    ("add", "add", "add"),
    ("add", "add", "remove"),
    ("rename", "remove", "add"),
    ("remove", "remove", "add"),
    ("remove", "remove", "remove"),
    ("rename", "rename", "rename"),
    ("remove", "remove", "add", "add"),
]


@pytest.mark.parametrize("side", [6, 9, 12])
@pytest.mark.parametrize("kind", CHANGES, ids="-".join)
def test_changes_of_at_most_two_cells_are_found(side, kind):
    family = puzzles.family(f"sudoku-{side}x{side}")
    known = family.generate(np.arange(8, dtype=np.uint64)).puzzle
    assert family.near(known, random_images(family, changed(known, kind))).all()
    assert family.near(random_images(family, changed(known, kind)), known).all()


@pytest.mark.parametrize("kind", MORE, ids="-".join)
def test_changes_of_more_cells_are_not_found(kind):
    family = puzzles.family("sudoku-9x9")
    known = family.generate(np.arange(20, dtype=np.uint64)).puzzle
    assert not family.near(known, random_images(family, changed(known, kind))).any()
    assert not family.near(random_images(family, changed(known, kind)), known).any()


def test_work_is_cut_up_without_a_trace(monkeypatch):
    family = puzzles.family("sudoku-6x6")
    known = family.generate(np.arange(8, dtype=np.uint64)).puzzle
    others = family.generate(np.arange(100, 108, dtype=np.uint64)).puzzle
    asked = np.concatenate([others, random_images(family, changed(known, ("add", "remove")))])
    expected = [False] * 8 + [True] * 8
    for held, made in ((1 << 23, 1 << 18), (300, 100), (1, 1), (500, 1 << 18)):
        monkeypatch.setattr(sudoku_near, "HELD", held)
        monkeypatch.setattr(sudoku_near, "MADE", made)
        done = []
        assert family.near(known, asked, done.append).tolist() == expected
        assert sum(done) == 16


def test_wrong_grids_are_refused():
    family = puzzles.family("sudoku-4x4")
    grids = np.zeros((1, 4, 4), np.uint8)
    with pytest.raises(PuzzleError, match="expected 0 to 4"):
        family.near(grids, grids + np.uint8(5))
    with pytest.raises(PuzzleError, match=r"shape \(1, 9, 9\), expected \(N, 4, 4\)"):
        family.near(np.zeros((1, 9, 9), np.uint8), grids)


def test_nothing_is_near_nothing():
    for name in ("sudoku-9x9", "maze-6x6"):
        family = puzzles.family(name)
        some, none = family.generate(np.arange(3, dtype=np.uint64)).puzzle, np.zeros((0, *family.shape), np.uint8)
        assert family.near(none, some).tolist() == [False] * 3
        assert family.near(some, none).tolist() == []


# -- patterns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [4, 6, 9, 16])
def test_equal_patterns_have_equal_hashes_and_are_proved_equal(side):
    family = puzzles.family(f"sudoku-{side}x{side}")
    patterns = family.generate(np.arange(6, dtype=np.uint64)).puzzle
    patterns = np.concatenate([patterns, np.zeros_like(patterns[:1])])
    mark = side + 1
    for pattern in patterns[:-1]:
        cells = np.flatnonzero(pattern)
        pattern.flat[cells[:2]] = 0, mark
    images = random_images(family, patterns)
    assert (images == mark).sum() == 6
    assert (pattern_hashes(images, family.box_rows) == pattern_hashes(patterns, family.box_rows)).all()
    for pattern, image in zip(patterns, images, strict=True):
        assert equal_patterns(pattern, image, family.box_rows)


def test_patterns_that_look_alike_are_told_apart():
    # Two digits at opposite corners of two boxes, or of three: the proof must look further than counts.
    one = np.zeros((6, 6), np.uint8)
    one[0, 0], one[1, 3], one[2, 1], one[3, 4] = 1, 1, 2, 2
    other = one.copy()
    other[3, 4], other[5, 4] = 0, 2
    renamed = one.copy()
    renamed[0, 0], renamed[1, 3], renamed[2, 1], renamed[3, 4] = 2, 2, 5, 5
    marked = one.copy()
    marked[0, 0] = 7
    assert equal_patterns(one, renamed, 2)
    for different in (other, marked):
        assert not equal_patterns(one, different, 2)
        assert not equal_patterns(different, one, 2)
    moved = random_images(puzzles.family("sudoku-6x6"), marked[None])[0]
    assert equal_patterns(marked, moved, 2)
    assert not equal_patterns(marked, np.where(moved == 7, 0, moved).astype(np.uint8), 2)


# -- mazes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["maze-5x5", "maze-4x6", "maze-2x2"])
def test_all_pairs_of_small_mazes(name):
    family = puzzles.family(name)
    known, asked = (family.generate(np.arange(start, start + 60, dtype=np.uint64)).puzzle for start in (0, 1000))
    orders, _ = family.symmetries(elements(*family.shape))
    images = known.reshape(60, -1)[:, orders]  # (60, elements, cells)
    distances = (images[None] != asked.reshape(60, 1, 1, -1)).sum(axis=3).min(axis=(1, 2))
    assert family.near(known, asked).tolist() == (distances <= 2).tolist()
    assert (distances <= 2).any()
    if name != "maze-2x2":
        assert (distances > 2).any()


@pytest.mark.parametrize("cells", [0, 1, 2, 3])
def test_changed_mazes(cells):
    family = puzzles.family("maze-30x30")
    known = family.generate(np.arange(10, dtype=np.uint64), family.Options(generator="perfect")).puzzle
    asked = random_images(family, known)
    for number, flat in enumerate(asked.reshape(10, -1)):
        chosen = np.random.default_rng(number).permutation(np.flatnonzero((flat != START) & (flat != GOAL)))[:cells]
        flat[chosen] = 1 - flat[chosen]
    done = []
    assert family.near(known, asked, done.append).tolist() == [cells <= 2] * 10
    assert sum(done) == 10


def test_a_start_that_moves_is_two_cells():
    family = puzzles.family("maze-30x30")
    known = family.generate(np.arange(4, dtype=np.uint64), family.Options(generator="perfect")).puzzle
    asked = random_images(family, known)
    for flat in asked.reshape(4, -1):
        flat[[np.flatnonzero(flat == START)[0], np.flatnonzero(flat == 1)[0]]] = 1, START
    assert family.near(known, asked).all()
    for flat in asked.reshape(4, -1):
        flat[np.flatnonzero(flat == 1)[0]] = 0
    assert not family.near(known, asked).any()
