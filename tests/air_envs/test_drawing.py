import dataclasses
import sys

import gymnasium as gym
import numpy as np
import pytest

import air_envs  # noqa: F401
import puzzles
from air_envs.drawing import (
    DARK,
    LIGHT,
    Layout,
    board_image,
    board_text,
    draw_board,
    make_scene,
    register_painter,
    tile,
)
from air_envs.drawing.sudoku import in_units_of
from air_envs.drawing.theme import as_theme, blend
from puzzles.maze.cells import GOAL, OPEN, PATH, START, WALL

SUDOKU, MAZE = puzzles.family("sudoku-4x4"), puzzles.family("maze-3x5")
SOLUTION = np.array([[1, 2, 3, 4], [3, 4, 1, 2], [2, 1, 4, 3], [4, 3, 2, 1]])
PUZZLE = np.where(np.eye(4), SOLUTION, 0)  # the diagonal is given
BEND = np.array([[START, OPEN, WALL, OPEN, OPEN], [WALL, OPEN, OPEN, OPEN, WALL], [OPEN, OPEN, WALL, OPEN, GOAL]])


def layout_of(family, pixels=480):
    height, width = board_image(family, np.zeros(family.shape, int), pixels=pixels).shape[:2]
    margin = max(1, pixels // 60)
    return Layout.fit((margin, margin, width - 2 * margin, height - 2 * margin), *family.shape)


def colours(picture, layout, row, column):
    """How many pixels of each colour a cell shows, its rim of lines left out."""
    left, top, width, height = layout.cell_rect(row, column)
    rim = layout.thick + 1
    inner = picture[top + rim : top + height - rim, left + rim : left + width - rim].reshape(-1, 3)
    values, counts = np.unique(inner, axis=0, return_counts=True)
    return {tuple(value): int(count) for value, count in zip(values.tolist(), counts.tolist(), strict=True)}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_givens_and_entries_differ_in_ground_colour_and_weight(theme):
    layout = layout_of(SUDOKU)
    picture = board_image(SUDOKU, SOLUTION, puzzle=PUZZLE, theme=theme)
    given, entry = colours(picture, layout, 0, 0), colours(picture, layout, 1, 2)  # both show a 1
    assert theme.given_cell in given
    assert theme.board in entry
    assert given[theme.given] > 1.4 * entry[theme.entry] > 100
    assert theme.entry not in given
    assert theme.given not in entry
    assert theme.conflict not in given | entry


def test_conflicts_are_marked_and_nothing_else():
    layout = layout_of(SUDOKU)
    cells = SOLUTION.copy()
    cells[0, 1] = 3  # with the 3 of row 1, and of its column and box
    picture = board_image(SUDOKU, cells, puzzle=PUZZLE)
    marked = {(r, c) for r in range(4) for c in range(4) if LIGHT.conflict in colours(picture, layout, r, c)}
    assert marked == {(0, 1), (0, 2), (1, 0), (3, 1)}


def test_candidates_stand_in_their_own_places_of_blank_cells():
    layout = layout_of(SUDOKU)
    candidates = np.zeros((4, 4, 4), bool)
    candidates[1, 2, 0] = candidates[1, 2, 3] = candidates[0, 0, 1] = True
    picture = board_image(SUDOKU, PUZZLE, puzzle=PUZZLE, candidates=candidates)
    left, top, side, _ = layout.cell_rect(1, 2)
    rim = layout.thick + 1
    cell = picture[top + rim : top + side - rim, left + rim : left + side - rim]
    ink = (cell != LIGHT.board).any(axis=2)
    half = len(ink) // 2
    quarters = ink[:half, :half], ink[:half, half:], ink[half:, :half], ink[half:, half:]
    assert [bool(quarter.any()) for quarter in quarters] == [True, False, False, True]  # 1 and 4 of a 2x2 box
    assert LIGHT.muted in colours(picture, layout, 1, 2)
    assert LIGHT.muted not in colours(picture, layout, 0, 0)  # a given is no blank cell


def test_likely_candidates_are_pencilled_more_strongly():
    layout, ink = layout_of(SUDOKU), {}
    for strength in (0.0, 0.2, 0.6, 1.0):
        picture = board_image(SUDOKU, np.zeros((4, 4)), candidates=np.full((4, 4, 4), strength))
        left, top, side, _ = layout.cell_rect(1, 1)
        ink[strength] = int((255 - picture[top : top + side, left : left + side].astype(int)).sum())
    assert ink[0.0] < ink[0.2] < ink[0.6] < ink[1.0]
    marked = board_image(SUDOKU, np.zeros((4, 4)), candidates=np.ones((4, 4, 4), bool))
    assert (marked == picture).all()


@pytest.mark.parametrize("pixels", [160, 400, 900])
def test_sixteen_candidates_show_as_digits_or_dots(pixels):
    family, layout = puzzles.family("sudoku-16x16"), layout_of(puzzles.family("sudoku-16x16"), pixels)
    blank = board_image(family, np.zeros((16, 16)), pixels=pixels)
    picture = board_image(family, np.zeros((16, 16)), candidates=np.ones((16, 16, 16)), pixels=pixels)
    for row, column in ((0, 0), (8, 5), (15, 15)):
        left, top, side, _ = layout.cell_rect(row, column)
        part = np.s_[top : top + side, left : left + side]
        assert (picture[part] != blank[part]).any(axis=2).mean() > 0.05


def test_wrong_entries_hints_and_the_selected_cell_are_marked():
    layout = layout_of(SUDOKU)
    here = np.zeros((4, 4), bool)
    here[1, 2] = True
    plain = colours(board_image(SUDOKU, SOLUTION, puzzle=PUZZLE), layout, 1, 2)
    wrong = colours(board_image(SUDOKU, SOLUTION, puzzle=PUZZLE, wrong=here), layout, 1, 2)
    hinted = colours(board_image(SUDOKU, SOLUTION, puzzle=PUZZLE, hinted=here), layout, 1, 2)
    assert wrong[LIGHT.conflict] > plain[LIGHT.entry]  # the digit, and a corner
    assert LIGHT.entry not in wrong
    assert hinted[LIGHT.good] > plain[LIGHT.entry]  # the digit, and a dot
    picture = board_image(SUDOKU, SOLUTION, puzzle=PUZZLE, selected=(1, 2))
    left, top, side, _ = layout.cell_rect(1, 2)
    assert (picture[top, left : left + side] == LIGHT.entry).all()
    assert LIGHT.board not in colours(picture, layout, 1, 3)  # its row is tinted
    assert LIGHT.board in colours(picture, layout, 3, 0)


def test_a_scene_is_drawn_as_its_parts_are():
    scene = make_scene(SUDOKU, SOLUTION, puzzle=PUZZLE, selected=(1, 2))
    assert np.array_equal(board_image(SUDOKU, scene), board_image(SUDOKU, SOLUTION, puzzle=PUZZLE, selected=(1, 2)))
    assert board_text(SUDOKU, scene) == board_text(SUDOKU, SOLUTION)
    with pytest.raises(TypeError, match="puzzle: found along with a Scene"):
        board_image(SUDOKU, scene, puzzle=PUZZLE)
    with pytest.raises(ValueError, match=r"scene: found shape \(4, 4\), expected \(3, 5\) for maze-3x5"):
        board_image(MAZE, scene)
    with pytest.raises(TypeError, match="colour"):
        board_image(SUDOKU, SOLUTION, colour=PUZZLE)


def test_an_environment_hands_its_viewer_a_scene():
    """Arrays of the scene are copies: a step changes none that a viewer keeps."""
    env = gym.make("air_envs/Sudoku-v0", size=4, candidates=True).unwrapped
    puzzle = np.where(np.arange(16).reshape(4, 4) == 0, 0, SOLUTION).astype(np.uint8)
    env.reset(options={"puzzle": puzzle})
    scene = env.dynamics.scene(0)
    env.step(0)  # a 1 into the one blank cell
    assert np.array_equal(scene.cells, puzzle)
    assert np.array_equal(scene.puzzle, puzzle)
    assert np.array_equal(scene.candidates[0, 0], [1, 0, 0, 0])
    assert np.array_equal(env.dynamics.scene(0).cells, SOLUTION)
    maze = gym.make("air_envs/Maze-v0", rows=3, columns=5).unwrapped
    maze.reset(options={"puzzle": BEND.astype(np.uint8)})
    maze.step(1)
    assert maze.dynamics.scene(0).agent == (0, 1)


def test_the_units_of_a_cell():
    family = puzzles.family("sudoku-6x6")
    found = np.zeros((6, 6), bool)
    found[3], found[:, 1], found[2:4, :3] = True, True, True  # boxes have two rows and three columns
    assert np.array_equal(in_units_of(family, (3, 1)), found)


def test_marks_of_a_maze_path():
    layout = layout_of(MAZE)
    cells = np.where(BEND == OPEN, PATH, BEND)
    first, second = np.zeros((2, 3, 5), bool)
    first[0, 1] = second[1, 1] = True
    picture = board_image(MAZE, cells, puzzle=BEND, wrong=first, hinted=second)
    middle = [tuple(picture[tuple(int(v) for v in reversed(layout.centre(*place)))]) for place in ((0, 1), (1, 1))]
    assert middle == [LIGHT.conflict, LIGHT.good]


def test_a_changed_given_is_marked_in_the_corner():
    layout = layout_of(SUDOKU)
    cells = SOLUTION.copy()
    cells[3, 3] = 0
    plain = board_image(SUDOKU, cells, puzzle=PUZZLE)
    assert LIGHT.conflict not in colours(plain, layout, 3, 3)  # a blank says nothing
    cells[3, 3] = 4
    picture = board_image(SUDOKU, cells, puzzle=PUZZLE)
    left, top, width, _ = layout.cell_rect(3, 3)
    assert tuple(picture[top + layout.thick + 2, left + width - layout.thick - 3]) == LIGHT.conflict
    assert tuple(plain[top + layout.thick + 2, left + width - layout.thick - 3]) == LIGHT.given_cell


def test_undecided_cells_are_hatched_whatever_their_value():
    layout = layout_of(SUDOKU)
    for value in (-1, 5, 255):
        cells = SOLUTION.copy()
        cells[1, 2] = value
        picture = board_image(SUDOKU, cells, puzzle=PUZZLE)
        seen = colours(picture, layout, 1, 2)
        assert LIGHT.entry not in seen
        assert len(seen) > 2
    blank = board_image(SUDOKU, np.where(cells == 255, 0, cells), puzzle=PUZZLE)
    assert set(colours(blank, layout, 1, 2)) == {LIGHT.board}


@pytest.mark.parametrize(("family", "cells"), [(SUDOKU, SOLUTION), (MAZE, BEND)])
def test_highlight_shows_in_its_cell_alone(family, cells):
    highlight = np.zeros(family.shape, bool)
    highlight[1, 2] = True
    plain, picture = board_image(family, cells), board_image(family, cells, highlight=highlight)
    layout = layout_of(family)
    assert blend(LIGHT.board, LIGHT.changed, LIGHT.highlight) in colours(picture, layout, 1, 2)
    rows, columns = np.nonzero((plain != picture).any(axis=2))
    left, top, width, height = layout.cell_rect(1, 2)
    assert left <= columns.min() <= columns.max() < left + width
    assert top <= rows.min() <= rows.max() < top + height


@pytest.mark.parametrize(("family", "cells"), [(SUDOKU, SOLUTION), (MAZE, BEND)])
def test_confidence_fades(family, cells):
    layout = layout_of(family)
    ink = {}
    for confidence in (0.0, 0.5, 1.0):
        picture = board_image(family, cells, confidence=np.full(family.shape, confidence))
        rect = layout.cell_rect(0, 2)
        part = picture[rect[1] : rect[1] + rect[3], rect[0] : rect[0] + rect[2]]
        ink[confidence] = int((255 - part.astype(int)).sum())
    assert 0 < ink[0.0] < ink[0.5] < ink[1.0]
    full = board_image(family, cells, confidence=np.ones(family.shape))
    assert np.array_equal(full, board_image(family, cells))


def test_maze_cells_and_agent():
    layout = layout_of(MAZE)
    cells = BEND.copy()
    cells[0, 1] = cells[1, 1] = PATH
    picture = board_image(MAZE, cells, puzzle=BEND, agent=(1, 3))
    middle = {
        place: tuple(picture[tuple(int(v) for v in reversed(layout.centre(*place)))])
        for place in [(0, 2), (0, 1), (1, 1), (1, 3), (1, 2)]
    }
    assert middle == {
        (0, 2): LIGHT.wall, (0, 1): LIGHT.path, (1, 1): LIGHT.path, (1, 3): LIGHT.agent, (1, 2): LIGHT.board,
    }  # fmt: skip
    assert LIGHT.start in colours(picture, layout, 0, 0)
    assert LIGHT.goal in colours(picture, layout, 2, 4)
    # The path is one line: it reaches the edge between its two cells, and not the edge towards the open cell.
    x, y = layout.centre(1, 1)
    assert tuple(picture[round(y - layout.cell / 2), round(x)]) == LIGHT.path
    assert tuple(picture[round(y), round(x + layout.cell / 2 - 2)]) == LIGHT.board


def test_maze_contradictions_are_marked():
    layout = layout_of(MAZE)
    cells = np.where(BEND == OPEN, PATH, BEND)
    assert LIGHT.conflict not in np.unique(board_image(MAZE, cells, puzzle=BEND).reshape(-1, 3), axis=0).tolist()
    cells[1, 0] = PATH  # over a wall
    picture = board_image(MAZE, cells, puzzle=BEND)
    marked = {(r, c) for r in range(3) for c in range(5) if LIGHT.conflict in colours(picture, layout, r, c)}
    assert marked == {(1, 0)}


@pytest.mark.parametrize("name", ["sudoku-4x4", "sudoku-6x6", "sudoku-9x9", "sudoku-16x16", "maze-9x9", "maze-30x20"])
@pytest.mark.parametrize("pixels", [97, 240, 481, 1000])
def test_any_size_as_asked(name, pixels):
    family = puzzles.family(name)
    rows, columns = family.shape
    batch = family.generate(np.array([1], np.uint64), None)
    picture = board_image(family, batch.solution[0], puzzle=batch.puzzle[0], pixels=pixels)
    assert picture.shape == (round(pixels * rows / max(rows, columns)), round(pixels * columns / max(rows, columns)), 3)
    # No digit or mark leaves the board: the rim of the page stays clean.
    assert (picture[0] == LIGHT.page).all()
    assert (picture[:, -1] == LIGHT.page).all()


def test_digits_are_smooth_and_centred():
    cells = np.full((4, 4), 0)
    cells[0, 0] = 1
    layout = layout_of(SUDOKU)
    rect = layout.cell_rect(0, 0)
    for digit in range(1, 5):
        cells[0, 0] = digit
        part = board_image(SUDOKU, cells)[rect[1] + 6 : rect[1] + rect[3] - 6, rect[0] + 6 : rect[0] + rect[2] - 6]
        ink = (part != LIGHT.board).any(axis=2)
        assert len(np.unique(part.reshape(-1, 3), axis=0)) > 10  # smoothed edges
        rows, columns = np.nonzero(ink)
        for found, size in ((rows, ink.shape[0]), (columns, ink.shape[1])):
            assert abs(found.min() + found.max() - (size - 1)) <= 4
    assert 0.4 < np.ptp(rows) / rect[3] < 0.6


@pytest.mark.parametrize(
    ("size", "radius", "ring"), [((60, 41), 6, 0), ((9, 30), 4, 2), ((7, 7), 2, 1), ((80, 8), 3, 5)]
)
def test_rounded_rectangles_are_those_of_every_sample(size, radius, ring):
    import pygame

    from air_envs.drawing import sprites

    alpha = pygame.surfarray.array_alpha(sprites.rounded(*size, radius, (1, 2, 3), ring)).T
    whole = sprites._shrink(sprites._rounded_mask(*size, radius, ring))
    assert np.array_equal(alpha, np.rint(255 * whole))


def test_layout_finds_the_cell_under_a_point():
    layout = layout_of(MAZE)
    for row in range(3):
        for column in range(5):
            assert layout.cell_at(*layout.centre(row, column)) == (row, column)
            left, top, width, height = layout.cell_rect(row, column)
            assert layout.cell_at(left, top) == layout.cell_at(left + width - 1, top + height - 1) == (row, column)
    assert layout.cell_at(layout.left - 1, layout.top) is None
    assert layout.cell_at(layout.left, layout.top + 3 * layout.cell) is None


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"cells: found shape \(3, 3\), expected \(4, 4\)"):
        board_image(SUDOKU, np.zeros((3, 3), int))
    with pytest.raises(ValueError, match="confidence"):
        board_image(SUDOKU, SOLUTION, confidence=np.zeros(4))
    with pytest.raises(ValueError, match="pixels"):
        board_image(SUDOKU, SOLUTION, pixels=8)
    with pytest.raises(ValueError, match="theme: found 'blue'"):
        as_theme("blue")


def test_a_theme_of_ones_own():
    theme = dataclasses.replace(DARK, name="mine", entry=(1, 2, 3))
    env = gym.make("air_envs/Sudoku-v0", size=4, render_mode="rgb_array", theme=theme, action_type="propose")
    env.reset(seed=0)
    env.step(SOLUTION)
    assert (env.render() == (1, 2, 3)).all(axis=2).any()


def test_text_of_a_sudoku():
    cells = SOLUTION.copy()
    cells[0, 0], cells[3, 3] = -1, 0
    assert board_text(SUDOKU, cells).splitlines() == [
        "┌─────┬─────┐",
        "│ ? 2 │ 3 4 │",
        "│ 3 4 │ 1 2 │",
        "├─────┼─────┤",
        "│ 2 1 │ 4 3 │",
        "│ 4 3 │ 2 . │",
        "└─────┴─────┘",
    ]
    six = board_text(puzzles.family("sudoku-6x6"), np.zeros((6, 6), int)).splitlines()
    assert six[0] == "┌───────┬───────┐"
    assert [line[0] for line in six] == list("┌││├││├││└")


def test_text_of_a_maze():
    cells = BEND.copy()
    cells[0, 1] = cells[1, 1] = cells[1, 2] = PATH
    cells[2, 0] = -1
    assert board_text(MAZE, cells, agent=(1, 3)).splitlines() == [
        "┌──────────┐",
        "│S─┐ ██    │",
        "│██└─╴ @ ██│",
        "│?   ██  G │",
        "└──────────┘",
    ]


def test_draw_board_keeps_to_its_rectangle():
    import pygame

    surface = pygame.Surface((300, 200), 0, 32)
    surface.fill((9, 9, 9))
    layout = draw_board(surface, (100, 50, 120, 120), SUDOKU, SOLUTION, puzzle=PUZZLE)
    drawn = (pygame.surfarray.array3d(surface) != 9).any(axis=2)
    x, y = np.nonzero(drawn)
    assert 100 <= x.min() <= x.max() < 220
    assert 50 <= y.min() <= y.max() < 170
    assert layout.cell >= 27


def test_an_unknown_family_is_told_how_to_become_known(monkeypatch):
    import types

    from air_envs.drawing import board

    monkeypatch.setattr(board, "_PAINTERS", dict(board._PAINTERS))
    family = type(SUDOKU)(4, 4)
    family.kind = "kakuro"
    with pytest.raises(ValueError, match="register_painter"):
        board_image(family, SOLUTION)
    painter = types.ModuleType("kakuro_painter")
    painter.paint = lambda surface, layout, family, scene, theme: surface.fill((1, 2, 3))
    monkeypatch.setitem(sys.modules, "kakuro_painter", painter)
    register_painter("kakuro", "kakuro_painter")
    assert (board_image(family, SOLUTION) == (1, 2, 3)).all()


def test_tiles_stand_in_reading_order_on_the_page():
    pictures = np.arange(5 * 4 * 6 * 3, dtype=np.uint8).reshape(5, 4, 6, 3)
    whole = tile(pictures, "dark", columns=3, gap=2)
    assert whole.shape == (4 + 2 + 4, 6 * 3 + 2 * 2, 3)
    for index in range(5):
        top, left = index // 3 * 6, index % 3 * 8
        assert np.array_equal(whole[top : top + 4, left : left + 6], pictures[index])
    assert (whole[6:, 16:] == DARK.page).all()  # where a sixth would stand
    assert (whole[4:6] == DARK.page).all()
    assert (whole[:, 6:8] == DARK.page).all()


@pytest.mark.parametrize(
    ("count", "shape", "expected"),
    [(1, (9, 9), (9, 9)), (4, (9, 9), (18, 18)), (5, (8, 8), (16, 24)), (8, (5, 20), (20, 40))],
)
def test_tiles_make_nearly_a_square(count, shape, expected):
    assert tile([np.zeros((*shape, 3), np.uint8)] * count).shape == (*expected, 3)


@pytest.mark.parametrize("pictures", [[], [np.zeros((4, 4, 3)), np.zeros((4, 5, 3))], [np.zeros((4, 4))]])
def test_tiles_of_different_shapes_are_refused(pictures):
    with pytest.raises(ValueError, match="pictures: found shapes"):
        tile(pictures)
