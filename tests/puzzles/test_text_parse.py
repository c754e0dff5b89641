"""``puzzles.parse``: one puzzle in any form that a person may have it in."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import puzzles
from puzzles import PuzzleError
from puzzles.maze import MazeOptions
from tests.puzzles.sudoku_grids import PUBLISHED, PUBLISHED_SOLUTION, SIDES, sudoku

GRID = sudoku(9).parse(PUBLISHED)
ROWS = [PUBLISHED[start : start + 9] for start in range(0, 81, 9)]


def cut(row, width=3):
    return [row[start : start + width] for start in range(0, len(row), width)]


def boxed(rows, bar="|", rule="---+---+---", spaced=False):
    join = " ".join if spaced else "".join
    lines = [f" {bar} ".join(join(part) for part in cut(row)) if spaced else bar.join(cut(row)) for row in rows]
    return "\n".join("\n".join(lines[band : band + 3]) + ("\n" + rule if band < 6 else "") for band in (0, 3, 6))


DASHED = [row.replace(".", "-") for row in ROWS]
FORMS = {
    "one line": PUBLISHED,
    "blank 0": PUBLISHED.replace(".", "0"),
    **{f"blank {blank}": PUBLISHED.replace(".", blank) for blank in "*-_x?X~·"},
    "blank space": PUBLISHED[:-1].replace(".", " ") + "6",
    "line end": PUBLISHED + "\r\n",
    "byte order mark": "\ufeff" + PUBLISHED,
    "around it": f"  \n\t{PUBLISHED}  \n\n",
    "comment": f"# hard\n{PUBLISHED}",
    "comment after": f"{PUBLISHED} # hard, ED=9.0",
    "comment glued on": f"{PUBLISHED}#hard",
    "forum": f"{PUBLISHED};ED=7.1/1.2/1.2;AB;3",
    "glued to a word": f"{PUBLISHED}ED=7.1",
    "glued to an exclamation mark": f"{PUBLISHED.replace('.', '_')}!hard",
    "bank": f"0000183b305c {PUBLISHED.replace('.', '0')} 1.2",
    "name before": f"puzzle 7: {PUBLISHED}",
    "with its solution": f"{PUBLISHED} {PUBLISHED_SOLUTION}",
    "comma": f"{PUBLISHED},{PUBLISHED_SOLUTION},3",
    "tab": f"7\t{PUBLISHED}\t1.2",
    "quoted": f'"{PUBLISHED}"',
    "address": f"https://example.org/sudoku?bd={PUBLISHED}",
    "HoDoKu": f":0000:x:{PUBLISHED}:::",
    "cells apart": " ".join(PUBLISHED),
    "rows apart": " ".join(ROWS),
    "rows by slash": "/".join(ROWS),
    "JSON": str(GRID.tolist()),
    "flat JSON": str(GRID.ravel().tolist()),
    "NumPy": str(GRID),
    "lines": "\n".join(ROWS),
    "lines with carriage returns": "\r".join(ROWS),
    "indented": "\n".join(f"    {row}" for row in ROWS),
    "sdk": "#AA\n#DExample\n" + "\n".join(ROWS),
    "sdk with sections": "[Puzzle]\n" + "\n".join(ROWS) + "\n[State]\n" + "\n".join(cut(PUBLISHED_SOLUTION, 9)),
    "ss": boxed(ROWS, rule="-----------"),
    "ss with a border": " *-----------*\n"
    + "\n".join(f" |{line}|" if "+" not in line else " |---+---+---|" for line in boxed(ROWS).splitlines())
    + "\n *-----------*",
    "spaced": boxed(ROWS, rule="------+-------+------", spaced=True),
    "box drawing": boxed(ROWS, bar="│", rule="───┼───┼───"),
    "drawn with dashes": "\n".join(DASHED),
    "boxes and dashes": boxed(DASHED, rule="-----------"),
    "title": "Grid 01\n" + "\n".join(ROWS).replace(".", "0"),
    "titled by nine letters": "Difficult\n" + "\n".join(ROWS),
    "blank lines": "\n\n".join("\n".join(ROWS[band : band + 3]) for band in (0, 3, 6)),
    "commas": "\n".join(",".join(row) for row in ROWS),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("family", [None, "sudoku-9x9", sudoku(9)], ids=["deduced", "named", "given"])
def test_every_form_of_one_puzzle(form, family):
    found, grid = puzzles.parse(FORMS[form], family)
    assert found == sudoku(9)
    assert grid.dtype == np.uint8
    expected = GRID.copy()
    expected[8, 8] = 6 if form == "blank space" else 0  # a line keeps no blanks at its end
    np.testing.assert_array_equal(grid, expected)


def test_a_digit_that_hodoku_filled_in_is_not_given():
    solved = f":0000:x:{PUBLISHED[0]}+{PUBLISHED_SOLUTION[1]}{PUBLISHED[2:]}:231 442::"
    np.testing.assert_array_equal(puzzles.parse(solved)[1], GRID)


@pytest.mark.parametrize("side", SIDES)
def test_every_side_is_recognised_by_its_length(side):
    family = sudoku(side)
    batch = family.generate(np.arange(3, dtype=np.uint64))
    for grid in (*batch.puzzle, batch.solution[0]):
        text = family.format(grid)
        rows = cut(text, side)
        numbers = "\n".join(" ".join(str(value) for value in row) for row in grid)
        for form in (text, text.lower(), f"no. 7; {text}; hard", "\n".join(rows), "/".join(rows), numbers):
            found, read = puzzles.parse(form)
            assert found is family
            np.testing.assert_array_equal(read, grid)


def test_a_sparse_grid_is_recognised_by_its_length():
    text = "." * 255 + "5"
    assert puzzles.parse(text)[0] == sudoku(16)
    assert puzzles.parse("5" + "0" * 35)[0] == sudoku(6)
    assert puzzles.parse("\n".join(cut(text, 16)))[0] == sudoku(16)


@pytest.mark.parametrize("shape", ["2x2", "6x6", "7x9", "30x30", "3x40"])
def test_mazes(shape):
    family = puzzles.family(f"maze-{shape}")
    options = MazeOptions(generator="percolation", min_path=2)
    for grid in family.generate(np.arange(4, dtype=np.uint64), options).puzzle:
        text = family.format(grid)
        rows = cut(text, family.columns)
        forms = ["\n".join(rows), "\n" + "\r\n".join(rows) + "\r\n\r\n"]
        for form in (*forms, text):
            np.testing.assert_array_equal(puzzles.parse(form, family)[1], grid)
        for form in forms + ([text] if family.rows == family.columns else []):
            found, read = puzzles.parse(form)
            assert found is family
            np.testing.assert_array_equal(read, grid)


def test_integers():
    for puzzle in (GRID, GRID.astype(np.int64), GRID.tolist(), tuple(map(tuple, GRID.tolist()))):
        for family in (None, "sudoku-9x9"):
            found, grid = puzzles.parse(puzzle, family)
            assert found == sudoku(9)
            assert grid.dtype == np.uint8
            np.testing.assert_array_equal(grid, GRID)
    maze = puzzles.family("maze-5x8")
    grid = maze.generate(np.zeros(1, np.uint64)).puzzle[0]
    assert puzzles.parse(grid.astype(int))[0] is maze
    twice = GRID.copy()
    twice[0, 1] = twice[0, 0]  # a contradiction is for ``check`` to find, as in a text
    assert puzzles.parse(twice)[0] == sudoku(9)
    read = puzzles.parse(GRID)[1]
    read[0, 0] = 1
    assert GRID[0, 0] == 5  # the caller's array stays his own


@pytest.mark.parametrize(
    ("puzzle", "family", "message"),
    [
        ("", None, "no puzzle, expected 81 cells of sudoku-9x9"),
        ("# nothing", None, "no puzzle, expected 81 cells of sudoku-9x9"),
        (PUBLISHED[1:], None, "80 cells, expected 81"),
        (PUBLISHED + "1", None, "82 cells, expected 81"),
        ("." * 254 + "G", None, "255 cells, expected 256"),
        (PUBLISHED, "sudoku-6x6", "81 cells, expected 36"),
        (f"{PUBLISHED}\n{PUBLISHED_SOLUTION}", None, "2 puzzles, expected one"),
        ("53X7" + PUBLISHED[4:], None, "row 1, column 3: 'X', expected one of '.123456789'"),
        ("530." + PUBLISHED[4:], None, "row 1, column 3: '0' in a grid with the blank '.', expected --zero digit or"),
        ("\n".join(ROWS[:8]), None, "line 1: 8 rows, expected 9"),
        ("\n".join([*ROWS[:4], ROWS[4][1:], *ROWS[5:]]), None, "line 5: 8 cells, expected 9"),
        ("\n".join([*ROWS[:4], "5!7X89...", *ROWS[5:]]), None, "line 5: 8 cells, expected 9"),
        ("\n".join([*ROWS[:4], ".7X89....", *ROWS[5:]]), None, "row 5, column 3: 'X', expected one of '.123456789'"),
        (f"{PUBLISHED_SOLUTION[1:]}ED=7.1", None, "82 cells, expected 81"),
        ("####\n#SG\n####", None, "line 2: 3 cells, expected 4"),
        ("####\n#SE#\n####", "maze-3x4", "row 2, column 3: 'E', expected one of '# SGo'"),
        ("S  G", "maze-3x3", "4 cells, expected 9"),
        (GRID[:8], None, "puzzle: a grid of no family, expected one: name the family"),
        (GRID[:8], "sudoku-9x9", "puzzle: shape (8, 9), expected (9, 9)"),
        (GRID[0], None, "puzzle: shape (9,), expected (rows, columns)"),
        (GRID.astype(float), None, "puzzle: dtype float64, expected integers"),
        (GRID.astype(int) - 1, "sudoku-9x9", "puzzle: row 1, column 2: -1, expected 0 to 9"),
        ([[1, 2], [3]], None, "puzzle: ragged rows, expected text or (rows, columns) integers"),
        (None, None, "puzzle: shape (), expected (rows, columns)"),
        (np.array([[0, 2, 0, 1], [0, 0, 0, 0], [3, 0, 0, 0], [0, 0, 0, 0]]), None, "puzzle: a grid of maze-4x4 and of"),
        (PUBLISHED, "chess-8x8", "unknown family 'chess-8x8', expected KIND-ROWSxCOLUMNS with KIND in"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(puzzle, family, message):
    with pytest.raises(PuzzleError, match="^" + re.escape(message)) as caught:
        puzzles.parse(puzzle, family)
    assert "\n" not in str(caught.value)


CHARACTERS = st.sampled_from("0123456789ABCDEFGMNPabx.*-_?#|+=:;, \t\n\r[]SGo'\"é")


def attempt(text, family=None, zero=None):
    """Return the family and the grid of a text, or the one line that refuses it."""
    try:
        return puzzles.parse(text, family, zero)
    except PuzzleError as error:
        return str(error)


@settings(max_examples=100, deadline=None)
@given(text=st.one_of(st.text(CHARACTERS, max_size=120), st.text(max_size=60)), zero=st.sampled_from([None, "digit"]))
def test_any_text_is_read_or_refused(text, zero):
    result = attempt(text, zero=zero)
    if isinstance(result, str):
        assert "\n" not in result
    else:
        family, grid = result
        assert grid.shape == family.shape
        np.testing.assert_array_equal(family.checked(grid[None])[0], grid)


@settings(max_examples=100, deadline=None)
@given(
    form=st.sampled_from(sorted(FORMS)),
    position=st.floats(0, 1),
    length=st.integers(0, 3),
    instead=st.text(CHARACTERS, max_size=3),
    family=st.sampled_from([None, "sudoku-9x9"]),
)
def test_damage_changes_no_cell_but_its_own(form, position, length, instead, family):
    """A form of which a piece is missing, or replaced, is refused, or the other cells stay what and where they were."""
    text = FORMS[form]
    start = int(position * len(text))
    result = attempt(text[:start] + instead + text[start + length :], family)
    if isinstance(result, str):
        assert "\n" not in result
    else:
        changed = result[1] != puzzles.parse(text)[1]
        assert np.count_nonzero(changed) <= max(length, len(instead))
