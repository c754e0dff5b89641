"""How probabilities are drawn: which cells are tinted how strongly, signs by size and lightness, bars by length."""

import dataclasses

import numpy as np
import pytest

import puzzles
from air_envs.drawing import DARK, LIGHT, sprites
from air_envs.drawing.board import Layout, draw_board, to_array
from air_envs.drawing.probabilities import Bar, Likeliest, draw_bars, percent, strength, tinted
from air_envs.drawing.scene import make_scene
from air_envs.drawing.strokes import Pen

pygame = pytest.importorskip("pygame")


def drawn(family, cells, pixels=600, theme=LIGHT, **marks):
    surface = pygame.Surface((pixels, pixels), 0, 32)
    layout = draw_board(surface, (0, 0, pixels, pixels), puzzles.family(family), cells, theme, **marks)
    return to_array(surface), layout


def part(picture, layout: Layout, row, column):
    left, top, width, height = layout.cell_rect(row, column)
    edge = layout.thick
    return picture[top + edge : top + height - edge, left + edge : left + width - edge]


def colours(picture):
    return {tuple(colour) for colour in picture.reshape(-1, 3).tolist()}


def ink(picture, ground):
    """How much darker or lighter a part is than its ground, in all."""
    return np.abs(picture.astype(int) - np.array(ground)).sum()


def lightness(colour):
    return np.dot(colour, (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize(
    ("probability", "expected"), [(0.0, 0.0), (0.002, 0.0), (0.01, 0.1), (0.25, 0.5), (0.49, 0.7), (1.0, 1.0)]
)
def test_strength_is_the_root_in_tenths(probability, expected):
    assert strength(probability) == pytest.approx(expected)
    assert strength(np.array([probability]))[0] == pytest.approx(expected)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_sudoku_cells_are_tinted_by_their_probability(theme):
    chances = np.zeros((4, 4))
    chances[0, 1], chances[2, 3], chances[3, 0] = 0.64, 0.25, 0.01
    picture, layout = drawn("sudoku-4x4", np.zeros((4, 4), int), 160, theme, chances=chances)
    for place in np.ndindex(4, 4):
        assert colours(part(picture, layout, *place)) == {tinted(theme.board, chances[place], theme)}
    assert colours(part(picture, layout, 1, 1)) == {theme.board}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_tints_differ_in_lightness_for_all_who_see_no_hue(theme):
    shades = [lightness(tinted(theme.board, probability, theme)) for probability in (0.0, 0.04, 0.25, 0.64, 1.0)]
    steps = np.diff(shades)
    assert (np.sign(steps) == np.sign(steps[0])).all()
    assert (np.abs(steps) > 4).all()


def test_digits_are_large_as_they_are_probable():
    candidates = np.zeros((4, 4, 4))
    candidates[0, 0] = np.sqrt([0.5, 0.1, 0.0, 0.02])
    empty, _ = drawn("sudoku-4x4", np.zeros((4, 4), int), chances=np.zeros((4, 4)))
    scene = make_scene(puzzles.family("sudoku-4x4"), np.zeros((4, 4), int), chances=np.zeros((4, 4)))
    picture, layout = drawn("sudoku-4x4", dataclasses.replace(scene, candidates=candidates))
    cell = part(picture, layout, 0, 0)
    half, edge = len(cell) // 2, 8  # the disc reaches a little over its place
    upper, lower = cell[: half - edge], cell[half + edge :]
    quarters = [part[:, side] for part in (upper, lower) for side in (np.s_[: half - edge], np.s_[half + edge :])]
    first, second, third, fourth = (ink(quarter, LIGHT.board) for quarter in quarters)
    assert first > second > fourth > third == 0
    assert LIGHT.policy in colours(quarters[0])  # the most probable one stands on a disc
    assert LIGHT.policy not in colours(cell[:, half + edge :])
    assert np.array_equal(part(picture, layout, 2, 2), part(empty, layout, 2, 2))


def test_where_small_digits_cannot_be_read_the_most_probable_one_stands_alone():
    candidates = np.zeros((16, 16, 16))
    candidates[3, 4, 6], candidates[3, 4, 0] = 1.0, 0.5
    chances = np.zeros((16, 16))
    picture, layout = drawn("sudoku-16x16", np.zeros((16, 16), int), chances=chances, candidates=candidates)
    alone = candidates.copy()
    alone[3, 4, 0] = 0
    other, _ = drawn("sudoku-16x16", np.zeros((16, 16), int), chances=chances, candidates=alone)
    assert np.array_equal(picture, other)
    assert LIGHT.policy in colours(part(picture, layout, 3, 4))
    signs, _ = np.nonzero((part(picture, layout, 3, 4) != LIGHT.board).any(axis=2))
    assert signs.max() - signs.min() >= 10


def test_selected_cells_tint_nothing_while_tints_are_probabilities():
    chances = np.zeros((4, 4))
    picture, layout = drawn("sudoku-4x4", np.zeros((4, 4), int), chances=chances, selected=(0, 0))
    assert colours(part(picture, layout, 0, 2)) == {LIGHT.board}
    plain, _ = drawn("sudoku-4x4", np.zeros((4, 4), int), selected=(0, 0))
    assert colours(part(plain, layout, 0, 2)) != {LIGHT.board}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_mazes_show_arrows_as_large_as_their_probability(theme):
    cells = np.ones((5, 5), int)
    chances = np.zeros((5, 5))
    chances[1, 2], chances[2, 3], chances[3, 2] = 0.7, 0.25, 0.05
    picture, layout = drawn("maze-5x5", cells, theme=theme, agent=(2, 2), chances=chances)
    sizes = []
    for place in ((1, 2), (2, 3), (3, 2)):
        cell = part(picture, layout, *place)
        ground = tinted(theme.board, chances[place], theme)
        assert ground in colours(cell)
        sizes.append((cell != ground).any(axis=2).sum())
    assert sizes[0] > 1.3 * sizes[1] > 1.3 * 1.3 * sizes[2] > 0
    assert colours(part(picture, layout, 2, 1)) == colours(part(picture, layout, 4, 4))


@pytest.mark.parametrize(
    ("side", "axis", "flipped"),
    [(sprites.UP, 1, False), (sprites.DOWN, 1, True), (sprites.LEFT, 0, False), (sprites.RIGHT, 0, True)],
)
def test_arrows_point_to_their_side(side, axis, flipped):
    alpha = pygame.surfarray.array_alpha(sprites.arrow(40, side, (0, 0, 0))).astype(int)
    across = (alpha > 127).sum(axis=1 - axis)
    across = across[::-1] if flipped else across
    filled = np.flatnonzero(across)
    tip, tail = across[filled[0] : filled[0] + 4], across[filled[-1] - 8 : filled[-1]]
    assert tip.max() < tail.max()
    assert np.array_equal(alpha, alpha[:, ::-1] if axis == 0 else alpha[::-1])  # symmetric about the way it points


def test_bars_are_as_long_as_they_are_probable():
    surface = pygame.Surface((820, 60), 0, 32)
    surface.fill(LIGHT.page)
    bars = [Bar("up", 0.5, True), Bar("right", 0.25, False), Bar("down", 0.0, False), Bar("left", 1.0, False)]
    draw_bars(Pen(surface, 10, LIGHT), (0, 10, 815, 30), bars)
    row = to_array(surface)[12, :, :].astype(int)  # above the words
    wide, gap = 200, 5
    for number, bar in enumerate(bars):
        bar_row = row[number * (wide + gap) : number * (wide + gap) + wide]
        filled = (np.abs(bar_row - LIGHT.given_cell).sum(axis=1) > 60) & (np.abs(bar_row - LIGHT.page).sum(axis=1) > 60)
        assert abs(filled.sum() - wide * bar.probability) <= 8  # less the rounded corners


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "0 %"),
        (0.001, "<1 %"),
        (0.006, "1 %"),
        (0.624, "62 %"),
        (0.997, ">99 %"),
        (1.0, "100 %"),
        (0.9999999, "100 %"),
    ],
)
def test_percent(probability, text):
    assert percent(probability) == text


def test_likeliest():
    assert Likeliest.of(np.array([0.1, 0.7, 0.2])) == (0.7, True)
    assert Likeliest.of(np.array([0.5, 0.5])) == (0.5, False)
    assert Likeliest.of(np.zeros(3)) == (1.0, False)


def test_chances_are_of_the_boards_shape():
    family = puzzles.family("sudoku-4x4")
    with pytest.raises(ValueError, match="chances"):
        make_scene(family, np.zeros((4, 4), int), chances=np.zeros((4, 5)))
    scene = make_scene(family, np.zeros((4, 4), int), chances=np.full((4, 4), np.nan))
    assert not scene.chances.any()
