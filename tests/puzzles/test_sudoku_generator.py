"""Generated Sudoku puzzles: unique, minimal, of the wanted level, dependent on nothing but their seed."""

import itertools
import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest

from puzzles import PuzzleError
from puzzles.errors import GenerationError
from puzzles.sudoku import Sudoku, generator
from puzzles.threads import stopped_by
from tests.puzzles.sudoku_grids import BOXES, SIDES, seeds, sudoku


@pytest.mark.parametrize("side", SIDES)
def test_generated_puzzles_are_unique_and_differ(side):
    family = sudoku(side)
    batch = family.generate(seeds(30 if side <= 10 else 4))
    family.check(batch.puzzle)
    assert (family.count_solutions(batch.puzzle) == 1).all()
    np.testing.assert_array_equal(family.solve(batch.puzzle), batch.solution)
    assert len(np.unique(batch.solution.reshape(len(batch.solution), -1), axis=0)) > 0.8 * len(batch.solution)


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
    ("side", "options", "message"),
    [
        (4, {"clues": 0}, r"^clues 0, expected an integer 4 to 16 at side 4$"),
        (4, {"clues": 3}, r"^clues 3, expected an integer 4 to 16 at side 4$"),
        (4, {"clues": 17}, r"^clues 17, expected"),
        (6, {"clues": 7}, r"^clues 7, expected an integer 8 to 36 at side 6$"),
        (9, {"clues": 10}, r"^clues 10, expected an integer 17 to 81 at side 9$"),
        (9, {"clues": 16, "clues_max": 30}, r"^clues 16, expected"),
        (16, {"clues": 14}, r"^clues 14, expected an integer 15 to 256 at side 16$"),
        (9, {"clues": 30.0}, r"^clues 30.0, expected an integer"),
        (9, {"clues": "30"}, r"^clues '30', expected an integer"),
        (9, {"clues": 30, "clues_max": 82}, r"^clues_max 82, expected an integer from clues, 30, to 81$"),
        (4, {"clues": 6, "clues_max": 5}, r"^clues_max 5, expected an integer from clues, 6, to 16$"),
        (4, {"clues_max": 5}, r"^clues_max 5 without clues$"),
        (9, {"level": "simple"}, r"^level 'simple', expected one of"),
        (9, {"level": ["easy"]}, r"^level \['easy'\], expected one of"),
        (6, {"level": "hard"}, r"^level 'hard' at side 6, expected side 9, the only one that has levels$"),
        (9, {"level": "hard", "clues": 30}, r"^level 'hard' along with clues, which a level decides$"),
    ],
)
def test_options_that_no_puzzle_has(side, options, message):
    family = sudoku(side)
    with pytest.raises(PuzzleError, match=message):
        family.check_options(family.Options(**options))
    with pytest.raises(PuzzleError, match=message):
        family.generate(seeds(2, first=7), family.Options(**options))


def test_the_fewest_clues_of_side_4_are_those_of_all_its_puzzles():
    """Every choice of 3 cells of every solution grid leaves several solutions; 4 are enough for some."""
    family = sudoku(4)
    grids = np.unique(family.generate(seeds(8000), family.Options(clues=16)).solution, axis=0)
    assert len(grids) == 288
    cells = np.array(list(itertools.combinations(range(16), 3)))
    for grid in grids:
        puzzle = np.zeros((len(cells), 16), np.uint8)
        np.put_along_axis(puzzle, cells, grid.reshape(16)[cells], axis=1)
        assert (family.count_solutions(puzzle.reshape(-1, 4, 4)) == 2).all()
    assert generator.FEWEST_CLUES[4] == 4


def test_a_clue_count_that_is_not_reached_names_the_seed(monkeypatch):
    monkeypatch.setattr(generator, "ATTEMPTS", 200)
    family, options = sudoku(9), sudoku(9).Options(clues=17)
    family.check_options(options)
    message = r"^seed 7: no 9x9 puzzle with 17 clues on 200 solution grids$"
    with pytest.raises(GenerationError, match=message) as error:
        family.generate(seeds(2, first=7), options)
    assert error.value.seed == 7


@pytest.mark.parametrize(
    ("side", "options"), [(4, {}), (6, {"clues": 9, "clues_max": 11}), (9, {"level": "hard"}), (12, {})]
)
def test_a_kernel_that_is_called_more_often_makes_the_same_puzzles(side, options, monkeypatch):
    family = sudoku(side)
    expected = family.generate(seeds(5), family.Options(**options))
    for grids in (1, 3):
        monkeypatch.setattr(generator, "_GRIDS", grids)
        monkeypatch.setattr(generator, "_GRIDS_ABOVE_10", grids)
        for field, array in zip(expected, family.generate(seeds(5), family.Options(**options)), strict=True):
            np.testing.assert_array_equal(field, array)


def test_a_clue_count_out_of_reach_hears_that_it_is_to_stop():
    class Stop(threading.Event):  # set when it was asked often enough
        asked = 0

        def is_set(self):
            self.asked += 1
            return self.asked == 100

    stop = Stop()
    with pytest.raises(CancelledError), stopped_by(stop):
        sudoku(9).generate(seeds(1), sudoku(9).Options(clues=17))
    assert stop.asked == 100


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


@pytest.mark.parametrize(
    ("level", "low", "high", "clues"),
    [("easy", 0, 0, range(32, 41)), ("medium", 0, 0, None), ("hard", 1, 4, None), ("expert", 5, 15, None)],
)
def test_levels_are_bands_of_ratings(level, low, high, clues):
    family = sudoku(9)
    batch = family.generate(seeds(40), family.Options(level=level))
    assert (family.count_solutions(batch.puzzle) == 1).all()
    assert low <= batch.rating.min()
    assert batch.rating.max() <= high
    if clues is not None:
        assert set(np.count_nonzero(batch.puzzle, axis=(1, 2)).tolist()) <= set(clues)


def test_extreme_puzzles_are_unique_minimal_and_depend_on_their_seed_alone():
    family = sudoku(9)
    options = family.Options(level="extreme")
    batch = family.generate(seeds(24), options)
    np.testing.assert_array_equal(family.solve(batch.puzzle), batch.solution)
    assert 8 < batch.rating.mean() < 60
    np.testing.assert_array_equal(family.generate(seeds(1, 4), options).puzzle[0], batch.puzzle[4])
    for puzzle in batch.puzzle[:6]:
        fewer = np.repeat(puzzle[None], (puzzle > 0).sum(), axis=0)
        for index, cell in enumerate(np.flatnonzero(puzzle)):
            fewer[index].ravel()[cell] = 0
        assert (family.count_solutions(fewer) == 2).all()


@pytest.mark.parametrize(
    ("side", "level"), [(4, None), (6, None), (9, None), (9, "expert"), (9, "extreme"), (16, None)]
)
def test_generated_ratings_are_those_that_rate_counts(side, level):
    family = sudoku(side)
    batch = family.generate(seeds(12), family.Options(level=level))
    np.testing.assert_array_equal(batch.rating, family.rate(batch.puzzle))
    assert batch.rating.any() or side < 9


@pytest.mark.slow
def test_extreme_puzzles_have_the_profile_of_sudoku_extreme():
    family = sudoku(9)
    batch = family.generate(seeds(1000), family.Options(level="extreme"))
    assert 19 <= batch.rating.mean() <= 25
    assert np.quantile(batch.rating, 0.9) >= 40
    assert 0.15 <= (family.rate(batch.puzzle, "guesses-to-proof") <= 2).mean() <= 0.35  # the random minimal ones
    forms = family.canonical(batch.puzzle, batch.solution).reshape(1000, -1)
    assert len(np.unique(forms, axis=0)) == 1000


@pytest.mark.parametrize(
    ("side", "options", "message"),
    [
        (9, {"level": "evil"}, r"^level 'evil', expected one of \['easy', 'medium', 'hard', 'expert', 'extreme'\]$"),
        (6, {"level": "hard"}, r"^level 'hard' at side 6, expected side 9, the only one that has levels$"),
        (9, {"level": "hard", "clues": 30}, r"^level 'hard' along with clues, which a level decides$"),
    ],
)
def test_levels_that_cannot_be_met(side, options, message):
    with pytest.raises(PuzzleError, match=message):
        sudoku(side).generate(seeds(1), sudoku(side).Options(**options))
