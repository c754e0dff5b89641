"""One symbol has one meaning: every notation of every side keeps each clue, or is refused."""

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import puzzles
from puzzles import PuzzleError
from tests.puzzles.sudoku_grids import PUBLISHED, PUBLISHED_SOLUTION, SIDES, sudoku

ONE_TO = "123456789ABCDEFG"
ZERO_TO = "0123456789ABCDEF"
LETTERS = "ABCDEFGHIJKLMNOP"
NOTATIONS = {"1 to n": ONE_TO, "0 to n - 1": ZERO_TO, "letters": LETTERS}
BLANKS = ".*-_x?0·"


def solution(side, seed=0):
    """Return a solved grid by the pattern of shifted rows, its digits renamed at random."""
    height = puzzles.family(f"sudoku-{side}x{side}").box_rows
    row, column = np.indices((side, side))
    shifted = (row % height * (side // height) + row // height + column) % side
    return (np.random.default_rng(seed).permutation(side)[shifted] + 1).astype(np.uint8)


def written(grid, symbols, blank):
    return "".join(blank if value == 0 else symbols[value - 1] for value in grid.ravel())


def same_but_for_names(one, other):
    """Whether two grids are equal after renaming the digits of one."""
    pairs = set(zip(one.ravel().tolist(), other.ravel().tolist(), strict=True))
    return len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs) and all(
        (a == 0) == (b == 0) for a, b in pairs
    )


@pytest.mark.parametrize("side", SIDES)
def test_the_reference_solves_the_puzzle(side):
    grid = solution(side)
    assert sudoku(side).is_solved(grid[None], grid[None]).all()


@pytest.mark.parametrize("side", SIDES)
@settings(max_examples=60, deadline=None)
@given(
    notation=st.sampled_from(sorted(NOTATIONS)),
    blank=st.sampled_from(BLANKS),
    zero=st.sampled_from([None, "digit", "blank"]),
    lower=st.booleans(),
    share=st.sampled_from([0.0, 0.2, 0.6, 1.0]),
    seed=st.integers(0, 2**32),
)
def test_no_notation_loses_a_clue(side, notation, blank, zero, lower, share, seed):
    """Text that means ``grid`` to the person who wrote it is read as that grid, its digits renamed, or refused."""
    assume(notation != "0 to n - 1" or (blank != "0" and zero != "blank"))  # else it is written to be misread
    random = np.random.default_rng(seed)
    grid = solution(side, seed) * (random.random((side, side)) < share).astype(np.uint8)
    text = written(grid, NOTATIONS[notation][:side], blank)
    text = text.lower() if lower else text
    try:
        read = sudoku(side).parse(text, zero=zero)
    except PuzzleError:
        uncertain = "0" in text and (blank != "0" or text.count("0") <= side)
        assert (zero is None and uncertain) or (zero == "digit" and notation != "0 to n - 1")
        return
    clues = np.count_nonzero(grid)
    assert np.count_nonzero(read) == clues or (zero == "digit" and blank == "0")
    again = sudoku(side).parse(sudoku(side).format(read))
    np.testing.assert_array_equal(again, read)
    if zero != "digit":
        assert same_but_for_names(read, grid)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("notation", sorted(NOTATIONS))
def test_each_notation_is_read_as_it_is_meant(side, notation):
    grid = solution(side, 3)
    grid[:, ::3] = 0
    text = written(grid, NOTATIONS[notation][:side], ".")
    zero = "digit" if notation == "0 to n - 1" else None
    for form in (text, text.lower()):
        np.testing.assert_array_equal(sudoku(side).parse(form, zero=zero), grid)
        found, read = puzzles.parse(form, zero=zero)
        assert found == sudoku(side)
        np.testing.assert_array_equal(read, grid)


@pytest.mark.parametrize("side", SIDES)
def test_a_zero_beside_another_blank_is_refused(side):
    grid = solution(side)
    grid[0, 1] = 0
    text = written(grid, ZERO_TO[:side], ".")
    row, column = divmod(text.index("0"), side)
    where = f"row {row + 1}, column {column + 1}"
    with pytest.raises(PuzzleError) as caught:
        sudoku(side).parse(text)
    assert str(caught.value) == (
        f"{where}: '0' in a grid with the blank '.', expected --zero digit or --zero blank (zero=... in Python)"
    )
    np.testing.assert_array_equal(sudoku(side).parse(text, zero="digit"), grid)
    as_blank = sudoku(side).parse(text, zero="blank")
    assert np.count_nonzero(as_blank == 0) == text.count("0") + text.count(".")


def test_a_zero_that_may_be_a_digit_is_refused():
    text = written(solution(16), ZERO_TO, ".")
    with pytest.raises(
        PuzzleError, match=r"^row \d+, column \d+: '0' may be a digit or a blank, expected --zero digit"
    ):
        sudoku(16).parse(text)
    np.testing.assert_array_equal(sudoku(16).parse(text, zero="digit"), solution(16))
    assert np.count_nonzero(sudoku(16).parse(text, zero="blank")) == 240
    with pytest.raises(PuzzleError, match=r": 'X' may be a digit or a blank, expected '\.' for blanks$"):
        sudoku(10).parse(written(solution(10), "123456789X", "."))


def test_a_zero_is_a_blank_where_it_can_be_nothing_else():
    family = sudoku(9)
    expected = family.parse(PUBLISHED)
    for blank in BLANKS:
        np.testing.assert_array_equal(family.parse(PUBLISHED.replace(".", blank)), expected)
    full = PUBLISHED_SOLUTION.replace("9", "0", 1)
    assert np.count_nonzero(family.parse(full)) == 80
    with pytest.raises(PuzzleError, match=r"expected one of '\.ABCDEFGHI'$"):
        family.parse(PUBLISHED_SOLUTION.translate(str.maketrans("123456789", "ABCDEFGH.")).replace("A", "Z", 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,.." + "." * 12, "row 1, column 2: ',', expected one of '.1234'"),
        ("1-x2" + "-" * 12, "row 1, column 3: 'x', expected one of '-1234'"),
        ("1-02" + "-" * 12, "row 1, column 3: '0' in a grid with the blank '-', expected --zero digit or --zero blank"),
        ("1-02" + "0" * 12, "row 1, column 2: '-' in a grid with the blank '0', expected --zero digit or --zero blank"),
        ("1502" + "0" * 12, "row 1, column 2: '5', expected one of '01234'"),
        ("15.2" + "." * 12, "row 1, column 2: '5', expected one of '.1234'"),
        ("1\n.2" + "." * 12, "row 1, column 2: '\\n', expected one of '.1234'"),
        ("1" * 15, "15 cells, expected 16"),
    ],
)
def test_what_is_wrong_is_named(text, message):
    with pytest.raises(PuzzleError, match="^" + re.escape(message)):
        sudoku(4).parse(text)


def test_what_zero_may_be():
    with pytest.raises(PuzzleError, match=r"^zero 'none', expected one of \('digit', 'blank'\)$"):
        sudoku(4).parse("." * 16, zero="none")
    with pytest.raises(PuzzleError, match=r"^zero 'digit': maze-2x2 has no digits, expected none$"):
        puzzles.family("maze-2x2").parse("S G ", zero="digit")


@pytest.mark.parametrize("side", SIDES)
def test_many_grids_are_read_as_each_is(side):
    family = sudoku(side)
    notation = family.notation()
    grids = np.stack([solution(side, seed) for seed in range(40)])
    grids[:, :, ::2] = 0
    grids[7] = solution(side)
    for blank in ".-0·":
        texts = [written(grid, ONE_TO, blank) for grid in grids]
        texts[20] = texts[20].replace(blank, "?")
        read, unknown = notation.parse_many(texts, family.shape)
        known = np.setdiff1d(np.arange(40), unknown)
        np.testing.assert_array_equal(read[known], grids[known])
        assert (len(known) > 37) == (blank != "·")
        assert 20 in unknown
        for text, grid in zip(texts, grids, strict=True):
            np.testing.assert_array_equal(notation.parse(text, family.shape), grid)


def test_a_file_has_one_notation():
    family = sudoku(16)
    grid = solution(16)
    letters, digits = written(grid, LETTERS, "."), written(grid, ONE_TO, ".")
    assert family.notation([letters] * 3 + [digits]).cells == "." + LETTERS
    assert family.notation([letters] + [digits] * 3).cells == "." + ONE_TO
    # A grid with few clues may be of either; the others of its file decide.
    few = "A" + "." * 255
    assert family.notation([few, letters]).parse(few, family.shape)[0, 0] == 1
    assert family.notation([few, digits]).parse(few, family.shape)[0, 0] == 10
    assert family.parse(family.format(family.parse(few)))[0, 0] == 10
