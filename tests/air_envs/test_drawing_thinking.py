"""The window on a thinking model, drawn from made-up plain data: where its parts lie and what they show."""

import dataclasses
import itertools

import numpy as np
import pytest

import puzzles
from air_envs.drawing.board import to_array
from air_envs.drawing.frame import Frame
from air_envs.drawing.sprites import load_pygame
from air_envs.drawing.strokes import Pen
from air_envs.drawing.theme import DARK, LIGHT, THEMES, blend
from air_envs.drawing.thinking.inside import draw_inside
from air_envs.drawing.thinking.page import ANSWER, Z_H, Z_L, Choice, Inside, Lane, Page, Sheet, Tick, Timeline
from air_envs.drawing.thinking.regions import Regions
from air_envs.drawing.thinking.screen import ThinkingScreen
from air_envs.drawing.thinking.timeline import draw_timeline

SIZES = [(1280, 800), (2560, 1600), (1000, 620), (700, 1100), (3000, 700), (320, 200)]
FAMILIES = ["sudoku-4x4", "sudoku-9x9", "sudoku-16x16", "maze-30x30", "maze-20x4"]


def ticks(first, last, program="LLH", **marks):
    """Updates ``first`` to ``last``: halting rises, changes fall; ``marks`` are for the first of them."""
    found = []
    for update in range(first, last + 1):
        letter = program[(update - 1) % len(program)] if update else ""
        act_step = -(-update // len(program))
        found.append(Tick(letter, act_step, update / (last + 1), 1 / (1 + update)))
    return [found[0]._replace(**marks), *found[1:]]


def timeline(updates=12, cursor=5, lane=0, lanes=()):
    return Timeline([Lane("A", ticks(0, updates)), *lanes], lane, cursor, "paused")


def inside(family, moments=10, attention=True, **changes):
    rng = np.random.default_rng(0)
    odds = rng.dirichlet(np.ones(family.cell_values), (2, moments))
    heat = [rng.random(family.shape) / family.rows**2 for _ in range(2)] if attention else [None, None]
    names = family.cells[: family.cell_values] if family.symbols else ("wall", "open", "start", "goal", "path")
    made = Inside((1, 2), names, odds[0], odds[1], moments // 2, *heat, caption="layer 1 of 2")
    return dataclasses.replace(made, **changes)


def page(family, **changes):
    batch = family.generate(np.array([2], np.uint64))
    puzzle, solution = batch.puzzle[0], batch.solution[0]
    frame = Frame(puzzle, solution, puzzle, answer=solution, program="LLH", act_step=2, update=5, position=1, halt=0.4)
    made = Page(
        family,
        frame,
        None,
        timeline(lanes=[Lane("B", ticks(4, 8, marked=True), 0, 4)]),
        inside(family),
        Choice(Z_H, (1, 1)),
        "z_H frozen from here on",
        keys=[("Space", "run"), ("H", "all keys")],
    )
    return dataclasses.replace(made, **changes)


def blank(size, colour=(1, 2, 3)):
    surface = load_pygame().Surface(size, 0, 32)
    surface.fill(colour)
    return surface


def count(picture, colour, rect=None):
    if rect is not None:
        left, top, width, height = rect
        picture = picture[top : top + height, left : left + width]
    return int((picture == colour).all(axis=2).sum())


def outside(picture, rect, colour=(1, 2, 3)):
    """How many pixels are drawn on outside of a rectangle."""
    left, top, width, height = rect
    drawn = (picture != colour).any(axis=2)
    drawn[top : top + height, left : left + width] = False
    return int(drawn.sum())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FAMILIES)
def test_regions_are_disjoint_and_inside(size, name):
    regions = Regions.fit(size, *puzzles.family(name).shape)
    rects = regions[1:]
    for left, top, width, height in rects:
        assert left >= 0
        assert top >= 0
        assert width >= 0
        assert height >= 0
        assert left + width <= size[0]
        assert top + height <= size[1]
    for a, b in itertools.combinations(rects, 2):
        apart = a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]
        assert apart


@pytest.mark.parametrize("size", SIZES[:-1])
@pytest.mark.parametrize("name", FAMILIES)
def test_parts_stay_in_their_places(size, name):
    family = puzzles.family(name)
    regions = Regions.fit(size, *family.shape)
    surface = blank(size)
    long = timeline(200, 150, 1, [Lane(c, ticks(60 + 5 * k, 180), k, 60 + 5 * k) for k, c in enumerate("BCDEFGHIJK")])
    for line in (timeline(0, 0), timeline(), long):
        draw_timeline(surface, regions.timeline, line, regions.unit, LIGHT)
    assert outside(to_array(surface), regions.timeline) == 0
    surface = blank(size)
    puzzle = np.zeros(family.shape, np.uint8)
    for look in (None, inside(family), inside(family, 1), inside(family, 300, attention=False)):
        draw_inside(surface, regions.inside, family, puzzle, look, regions.unit, LIGHT)
    assert outside(to_array(surface), regions.inside) == 0


@pytest.mark.parametrize("theme", list(THEMES.values()), ids=list(THEMES))
@pytest.mark.parametrize("name", FAMILIES)
def test_a_page_is_drawn_at_every_size(theme, name):
    family = puzzles.family(name)
    for size in (SIZES[0], SIZES[2], SIZES[-1]):
        screen = ThinkingScreen(size, theme)
        picture = to_array(screen.draw(page(family)))
        assert picture.shape == (size[1], size[0], 3)
        assert tuple(picture[0, 0]) == theme.page
        if size[0] >= 1000 and size[1] >= 620:
            left, top, width, height = screen.regions.boards
            for layout in screen.layouts:
                assert left <= layout.left
                assert layout.left + layout.columns * layout.cell <= left + width
                assert top <= layout.top
                assert layout.top + layout.rows * layout.cell <= top + height
            boards = [(one.left, one.left + one.columns * one.cell) for one in screen.layouts]
            assert all(one[1] < two[0] for one, two in itertools.pairwise(boards))
            assert screen.scale is not None


def test_a_cell_is_found_where_it_is_drawn():
    screen = ThinkingScreen((1280, 800), LIGHT)
    screen.draw(page(puzzles.family("sudoku-9x9")))
    for board, cell in ((ANSWER, (0, 0)), (Z_H, (4, 8)), (Z_L, (8, 3))):
        assert screen.cell_at(*screen.layouts[board].centre(*cell)) == Choice(board, cell)
    assert screen.cell_at(5, 5) is None


def test_boards_are_drawn_once_per_frame():
    screen, family = ThinkingScreen((1280, 800), LIGHT), puzzles.family("sudoku-4x4")
    first = page(family)
    screen.draw(first)
    boards = screen._boards[1]
    screen.draw(dataclasses.replace(first, inside=None, message="", choice=None))
    assert screen._boards[1] is boards
    screen.draw(dataclasses.replace(first, frame=dataclasses.replace(first.frame)))
    assert screen._boards[1] is not boards


def test_the_chosen_cell_has_a_ring_on_its_own_board():
    family = puzzles.family("sudoku-4x4")
    one, other = (ThinkingScreen((1280, 800), LIGHT) for _ in range(2))
    shown = page(family, inside=None)
    ringed, plain = to_array(one.draw(shown)), to_array(other.draw(dataclasses.replace(shown, choice=None)))
    differ = (ringed != plain).any(axis=2)
    layout = one.layouts[Z_H]
    left, top, side, _ = layout.cell_rect(1, 1)
    rows, columns = np.nonzero(differ)
    assert abs(rows.min() - top) <= side * 0.1
    assert abs(columns.max() - left - side) <= side * 0.1
    assert not differ[top + 3 : top + side - 3, left + 3 : left + side - 3].any()


# -- timeline ----------------------------------------------------------------------------------------------------------

RECT = (20, 20, 900, 300)


def drawn(line, unit=9, theme=LIGHT):
    surface = blank((940, 340), theme.page)
    scale = draw_timeline(surface, RECT, line, unit, theme)
    return to_array(surface), scale


def tick_rect(scale, update, lane):
    left, right = round(scale.left(update)), round(scale.left(update + 1))
    top = round(scale.top + (lane - scale.lanes.start) * scale.high)
    return left, top, right - left, round(scale.high)


def test_updates_and_branches_are_found_where_they_are_drawn():
    _, scale = drawn(timeline(40, 7, 1, [Lane("B", ticks(4, 30), 0, 4)]))
    assert (scale.first, scale.last) == (0, 40)
    for update in range(41):
        assert scale.update_at(scale.middle(update)) == update
        assert scale.holds(scale.middle(update), scale.area[1] + 3)
    assert scale.update_at(-100) == 0
    assert scale.update_at(5000) == 40
    for lane in range(2):
        assert scale.lane_at(scale.top + (lane + 0.5) * scale.high) == lane
    assert scale.lane_at(scale.top - 1) is None
    assert scale.lane_at(scale.top + 2 * scale.high + 1) is None
    assert not scale.holds(scale.area[0] - 1, scale.top)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_present_update_is_lit_in_its_colour(theme):
    for cursor, lit, dim in ((5, theme.accent_l, theme.accent_h), (6, theme.accent_h, theme.accent_l)):
        picture, scale = drawn(timeline(12, cursor), theme=theme)
        here = tick_rect(scale, cursor, 0)
        assert count(picture, lit, here) > 0.3 * here[2] * here[3]
        other = tick_rect(scale, 11 - cursor, 0)
        assert count(picture, dim, other) < 0.1 * other[2] * other[3]


def test_frozen_updates_are_hollow():
    full, frozen = (
        [tick._replace(frozen=shape) if update in (7, 8) else tick for update, tick in enumerate(ticks(0, 12))]
        for shape in (False, True)
    )
    ground = blend(LIGHT.page, LIGHT.accent_l, 0.45)
    for made, filled in ((full, True), (frozen, False)):
        picture, scale = drawn(Timeline([Lane("A", made)], 0, 1))
        left, top, width, height = tick_rect(scale, 7, 0)
        assert (count(picture, ground, (left, top, width, height)) > 0.3 * width * height) == filled


def test_a_branch_leaves_its_parent_where_somebody_interfered():
    alone, scale = drawn(timeline(12, 2))
    both, _ = drawn(timeline(12, 2, 0, [Lane("B", ticks(6, 10, marked=True), 0, 6)]))
    assert count(alone, LIGHT.goal) == 0
    assert count(both, LIGHT.goal) > 20, "a diamond"
    rows, columns = np.nonzero((both == LIGHT.goal).all(axis=2))
    assert abs(columns.mean() - scale.middle(6)) <= 2
    _, one, _, high = tick_rect(scale, 6, 0)
    assert rows.min() > one + high / 2, "on the branch, below its parent"
    second = tick_rect(scale, 7, 1)
    assert (both[second[1] : second[1] + second[3], second[0] : second[0] + second[2]] != LIGHT.page).any()
    before = tick_rect(scale, 4, 1)
    assert (both[before[1] + 2 : before[1] + before[3], before[0] : before[0] + before[2]] == LIGHT.page).all()


def test_curves_follow_halting_and_changes():
    flat = [Tick("L", 1, 0.5, 0.0) for _ in range(11)]
    picture, scale = drawn(Timeline([Lane("A", flat)], 0, 0))
    top = scale.area[1]
    plot = round(scale.top) - top - 18
    x = round(scale.middle(5))
    rows = np.flatnonzero(np.abs(picture[top : top + plot + 2, x].astype(int) - LIGHT.good).max(axis=1) < 60)
    assert abs(rows.mean() - plot / 2) <= 1.5
    half = [tick._replace(halt=0.0, changed=0.5) for tick in flat]
    picture, scale = drawn(Timeline([Lane("A", half)], 0, 0))
    bars = blend(LIGHT.page, LIGHT.changed, 0.75)
    rows = np.flatnonzero((picture[top : top + plot + 2, x] == bars).all(axis=1))
    assert len(rows) == pytest.approx(plot / 2, abs=3)


def test_a_long_timeline_shows_what_is_around_the_present():
    for cursor in (0, 700, 1500):
        _, scale = drawn(timeline(1500, cursor))
        assert scale.first <= cursor <= scale.last
        assert scale.last - scale.first < 400
        assert scale.pitch >= 3
    many = [Lane(str(k), ticks(5, 9), 0, 5) for k in range(40)]
    for lane in (0, 20, 40):
        _, scale = drawn(timeline(20, 6, lane, many))
        assert lane in scale.lanes
        assert len(scale.lanes) < 41


def test_solved_updates_are_underlined():
    line = [tick._replace(solved=update >= 6) for update, tick in enumerate(ticks(0, 12))]
    picture, scale = drawn(Timeline([Lane("A", line)], 0, 0))
    assert count(picture, LIGHT.good, tick_rect(scale, 9, 0)) > 10
    assert count(picture, LIGHT.good, tick_rect(scale, 3, 0)) == 0


# -- look inside -------------------------------------------------------------------------------------------------------


def look(family, shown):
    surface = blank((640, 300), LIGHT.page)
    draw_inside(surface, (10, 10, 620, 280), family, np.zeros(family.shape, np.uint8), shown, 9, LIGHT)
    return to_array(surface)


def test_bars_are_as_high_as_the_probability():
    family = puzzles.family("sudoku-4x4")
    heights = []
    for share in (0.55, 1.0):
        odds = np.zeros((8, 5))
        odds[:, 3] = share
        picture = look(family, inside(family, 8, attention=False, z_h=odds, z_l=np.full((8, 5), 0.001)))
        heights.append(int((picture[60:, :320] == LIGHT.accent_h).all(axis=2).sum(axis=0).max()))
    assert heights[1] > 15
    assert heights[0] == pytest.approx(0.55 * heights[1], abs=2)


def test_attention_tints_what_is_attended_to():
    family = puzzles.family("sudoku-4x4")
    heat = np.zeros((4, 4))
    heat[0, 0], heat[3, 3] = 0.8, 0.4
    picture = look(family, inside(family, attention_h=heat, attention_l=np.zeros((4, 4))))
    full, half = (blend(LIGHT.board, LIGHT.accent_h, 0.72 * strength) for strength in (1.0, 0.5))
    close = [int((np.abs(picture.astype(int) - colour).max(axis=2) <= 3).sum()) for colour in (full, half)]
    assert min(close) > 200
    assert close[0] == pytest.approx(close[1], rel=0.1)


def test_without_attention_a_sentence_takes_its_place(monkeypatch):
    family, said = puzzles.family("sudoku-4x4"), []
    line = Pen.line
    monkeypatch.setattr(Pen, "line", lambda pen, string, *rest: said.append(string) or line(pen, string, *rest))
    look(family, inside(family, attention=False, caption="This model does not attend."))
    assert "This model does not attend." in said
    assert not any("attends" in string for string in said)
    said.clear()
    look(family, inside(family))
    assert [string for string in said if "attends" in string] == ["H attends", "L attends"]


def test_a_sheet_lies_over_the_window():
    family = puzzles.family("sudoku-4x4")
    screen = ThinkingScreen((1280, 800), LIGHT)
    below = to_array(screen.draw(page(family)))
    for sheet in (Sheet("Keys", [(str(k), "what it does") for k in range(34)]), Sheet("Text", entry="12" * 300)):
        above = to_array(screen.draw(page(family, sheet=sheet)))
        rows, columns = np.nonzero((above != below).any(axis=2))
        assert rows.max() - rows.min() > 100
        assert rows.min() > 0
        assert rows.max() < 799
        assert columns.min() > 0
        assert columns.max() < 1279
