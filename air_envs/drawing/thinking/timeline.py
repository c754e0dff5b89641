"""The timeline: every update of every branch as a tick, and curves along those of the present one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing import sprites
from air_envs.drawing.frame import draw_hollow_tag
from air_envs.drawing.strokes import Pen, Rect, ring
from air_envs.drawing.theme import Colour, Theme, blend
from air_envs.drawing.thinking.page import Lane, Tick, Timeline

if TYPE_CHECKING:
    import pygame

_GUTTER = 3.0
"""Units left of the updates, for the names of the branches."""
_WIDEST, _NARROWEST = 2.4, 0.45
"""Units that an update is wide: while there are few, and when there are too many to show all."""
_HIGHEST, _LOWEST = 2.6, 1.1
"""Units that a branch is high, likewise."""


class Scale(NamedTuple):
    """The places of updates and branches on a timeline."""

    area: Rect
    """Of the updates, curves and branches together."""
    first: int
    """The first update shown."""
    last: int
    pitch: float
    """Pixels an update is wide."""
    top: int
    """Upper end of the first branch shown."""
    high: float
    """Pixels a branch is high."""
    lanes: range
    """Branches shown."""

    def left(self, update: int) -> float:
        """Return where an update begins."""
        return self.area[0] + (update - self.first) * self.pitch

    def middle(self, update: int) -> float:
        """Return the middle of an update."""
        return self.left(update) + self.pitch / 2

    def update_at(self, x: float) -> int:
        """Return the update at a place, the nearest of those shown where it lies outside."""
        return min(max(self.first + int((x - self.area[0]) // self.pitch), self.first), self.last)

    def lane_at(self, y: float) -> int | None:
        """Return the branch at a height; None above and below them all."""
        number = int((y - self.top) // self.high)
        return self.lanes[number] if y >= self.top and number < len(self.lanes) else None

    def holds(self, x: float, y: float) -> bool:
        """Whether a point is on the timeline."""
        left, top, width, height = self.area
        return left <= x < left + width and top <= y < top + height


def draw_timeline(surface: pygame.Surface, rect: Rect, timeline: Timeline, unit: int, theme: Theme) -> Scale | None:
    """Draw a timeline.

    Args:
        surface: what is drawn on.
        rect: in pixels.
        timeline: what is drawn.
        unit: height of a capital letter in pixels.
        theme: of everything.

    Returns:
        Where updates lie; None where there is no room for one.
    """
    left, top, width, height = rect
    pen = Pen(surface, unit, theme)
    _head(pen, rect, timeline)
    head, axis = round(2.8 * unit), 2 * unit
    lanes = len(timeline.lanes)
    curves = max(0, min(round(12 * unit), height - head - axis - round(min(lanes, 3) * _HIGHEST * unit)))
    area = left + round(_GUTTER * unit), top + head, width - round(_GUTTER * unit), height - head
    below = area[3] - curves - axis
    if area[2] < unit or below < _LOWEST * unit:
        return None
    scale = _scale(area, top + head + curves + axis, below, timeline, unit)
    plot = area[0], area[1], area[2], curves
    _cursor(surface, scale, timeline.cursor, theme)
    _axis(pen, scale, plot, timeline)
    _curves(pen, scale, plot, timeline)
    for index in scale.lanes:
        _fork(pen, scale, timeline.lanes[index], index)
    for index in scale.lanes:
        _lane(pen, scale, timeline, index)
    return scale


def _scale(area: Rect, top: int, below: int, timeline: Timeline, unit: int) -> Scale:
    updates = 1 + max(lane.end for lane in timeline.lanes)
    pitch = min(max(area[2] / updates, _NARROWEST * unit), _WIDEST * unit)
    shown = min(updates, max(1, int(area[2] / pitch + 1e-6)))
    first = min(max(timeline.cursor - shown // 2, 0), updates - shown)
    high = min(max(below / len(timeline.lanes), _LOWEST * unit), _HIGHEST * unit)
    rows = min(len(timeline.lanes), max(1, int(below // high)))
    start = min(max(timeline.lane - rows // 2, 0), len(timeline.lanes) - rows)
    return Scale(area, first, first + shown - 1, pitch, top, high, range(start, start + rows))


def _head(pen: Pen, rect: Rect, timeline: Timeline) -> None:
    """Its name and status, and what the curves are, flush right."""
    left, top, width, _ = rect
    unit, theme = pen.unit, pen.theme
    right = left + width
    for name, colour in (("halting probability", theme.good), ("cells changed", _changes(theme))):
        word = sprites.label(name, unit, theme.muted)
        right -= word.get_width()
        pen.surface.blit(word, (right, top))
        right -= round(1.5 * unit)
        pen.surface.fill(colour, (right, top + round(0.35 * unit), unit, unit))
        right -= round(1.6 * unit)
    name_width = pen.line("Timeline", (left, top), width, unit, theme.text, "bold")
    start = left + name_width + unit
    if right - start > 4 * unit:
        pen.line(timeline.status, (start, top), right - start, unit, theme.muted)


def _cursor(surface: pygame.Surface, scale: Scale, cursor: int, theme: Theme) -> None:
    """A band through everything where the present is."""
    if scale.first <= cursor <= scale.last:
        width = max(2, round(scale.pitch))
        height = round(scale.top + len(scale.lanes) * scale.high) - scale.area[1]
        surface.fill(blend(theme.page, theme.text, 0.13), (round(scale.left(cursor)), scale.area[1], width, height))


def _axis(pen: Pen, scale: Scale, plot: Rect, timeline: Timeline) -> None:
    """Where ACT steps begin, with their numbers, as many as there is room for."""
    unit, theme = pen.unit, pen.theme
    left, top, width, height = plot
    faint, line = blend(theme.page, theme.line, 0.6), timeline.line(timeline.lane)
    for y in (top, top + height // 2, top + height):
        pen.surface.fill(faint, (left, y, width, 1))
    for share, y in (("1", top), ("0", top + height)):
        pen.line(share, (left - unit, y - round(0.85 * unit)), unit, max(5, round(0.8 * unit)), theme.muted)
    starts = [u for u in range(1, len(line)) if line[u].act_step != line[u - 1].act_step]
    shown = [(u, line[u].act_step) for u in starts if scale.first <= u <= scale.last]
    free = left
    for update, step in shown:
        x = round(scale.left(update))
        pen.surface.fill(faint, (x, top, 1, height))
        number = sprites.label(f"ACT step {step}" if step == 1 else str(step), max(5, round(0.8 * unit)), theme.muted)
        if x >= free and x + number.get_width() <= left + width:
            pen.surface.blit(number, (x, top + height + round(0.25 * unit)))
            free = x + number.get_width() + unit


def _curves(pen: Pen, scale: Scale, plot: Rect, timeline: Timeline) -> None:
    _, top, _, height = plot
    if height < 4:
        return
    unit, theme, gap = pen.unit, pen.theme, 1 if scale.pitch >= 3 else 0
    line = timeline.line(timeline.lane)
    for update in range(scale.first, min(len(line) - 1, scale.last) + 1):
        high = round(height * line[update].changed)
        x, end = round(scale.left(update)), round(scale.left(update + 1))
        pen.surface.fill(_changes(theme), (x, top + height - high, max(1, end - x - gap), high))
    others = [lane for lane in scale.lanes if lane != timeline.lane]
    for lane in (*others, timeline.lane):
        own = lane == timeline.lane
        start = 0 if own else timeline.lanes[lane].start  # what it shares with its parent is drawn once
        halts = [tick.halt for tick in timeline.line(lane)[start:]]
        colour = theme.good if own else blend(theme.page, theme.good, 0.35)
        _curve(pen.surface, scale, plot, start, np.asarray(halts, float), colour, max(1.5, unit / 5))


def _curve(
    surface: pygame.Surface,
    scale: Scale,
    plot: Rect,
    start: int,
    values: NDArray[np.float64],
    colour: Colour,
    thick: float,
) -> None:
    """A line through values at the middles of updates ``start``, ``start + 1``, ...; one alone is a dot."""
    left, top, width, height = plot
    middles = np.array([scale.middle(start + k) for k in range(len(values))])
    if len(values) == 1 and left <= middles[0] < left + width:
        dot = sprites.disc(max(3, round(2 * thick)), colour)
        sprites.place(surface, dot, middles[0], top + height * (1 - values[0]))
        return
    columns = np.arange(max(left, round(middles[0])), min(left + width, round(middles[-1]) + 1))
    if len(columns) > 1:
        room = round(thick)  # a line along an edge is as thick as one in the middle
        heights = np.interp(columns, middles, values * height) + room
        surface.blit(sprites.graph(heights, height + 2 * room, colour, thick), (int(columns[0]), top - room))


def _fork(pen: Pen, scale: Scale, lane: Lane, index: int) -> None:
    """From the update at which a branch leaves its parent down to its own row."""
    if lane.parent is None or not scale.first <= lane.start <= scale.last:
        return
    thick = max(1, pen.unit // 6)
    colour = blend(pen.theme.page, pen.theme.muted, 0.7)
    x, y = round(scale.middle(lane.start) - thick / 2), round(_row(scale, index) + scale.high / 2)
    above = _row(scale, lane.parent) + scale.high / 2 if lane.parent in scale.lanes else scale.top
    pen.surface.fill(colour, (x, round(above), thick, y - round(above)))


def _lane(pen: Pen, scale: Scale, timeline: Timeline, index: int) -> None:
    unit, theme, lane = pen.unit, pen.theme, timeline.lanes[index]
    own, y = index == timeline.lane, _row(scale, index)
    high = max(3, round(scale.high * 0.74))
    top = round(y + (scale.high - high) / 2)
    name = scale.area[0] - round(_GUTTER * unit), round(y), round((_GUTTER - 0.8) * unit), round(scale.high)
    pen.write(lane.name, name, unit, theme.text if own else theme.muted, "bold" if own else "regular")
    for update in range(max(lane.start, scale.first), min(lane.end, scale.last) + 1):
        through = _runs_through(timeline, index, update)
        lit = through and timeline.cursor == update
        _tick(pen, scale, update, lane.ticks[update - lane.start], (top, high), through, lit)


def _runs_through(timeline: Timeline, index: int, update: int) -> bool:
    """Whether the present branch runs through the row of a branch at an update."""
    at: int | None = timeline.lane
    while at is not None and update < timeline.lanes[at].start:
        at = timeline.lanes[at].parent
    return at == index


def _tick(pen: Pen, scale: Scale, update: int, tick: Tick, where: tuple[int, int], own: bool, lit: bool) -> None:
    """One update: a block in the colour of its letter; a dot before the first.

    Args:
        pen: of the picture.
        scale: where updates lie.
        update: which.
        tick: what it was.
        where: (top, height) in pixels.
        own: whether the present branch runs through it.
        lit: whether it is the present one.
    """
    top, high = where
    unit, theme = pen.unit, pen.theme
    x, end = round(scale.left(update)), round(scale.left(update + 1))
    width = max(1, end - x - (1 if end - x > 2 else 0) - (1 if end - x > 8 else 0))
    if not tick.letter:
        dot = sprites.disc(max(3, min(width, high // 2)), theme.text if lit else theme.muted)
        sprites.place(pen.surface, dot, x + width / 2, top + high / 2)
        _marks(pen, tick, x, (top, high), width)
        return
    colour = theme.accent_h if tick.letter == "H" else theme.accent_l
    letter = tick.letter if width >= 1.5 * unit and high >= 1.2 * unit else ""
    ground = colour if lit else blend(theme.page, colour, 0.45 if own else 0.25)
    if tick.frozen and width >= 4:
        draw_hollow_tag(pen.surface, letter, (x, top, width, high), colour if lit else blend(theme.page, colour, 0.6))
    elif tick.frozen:
        pen.surface.fill(blend(theme.page, colour, 0.12), (x, top, width, high))
    elif width >= 4:
        pen.box((x, top, width, high), ground)
        if letter:
            ink = theme.page if lit else blend(theme.page, colour, 1.0 if own else 0.7)
            sprites.place(pen.surface, sprites.text(letter, round(0.9 * unit), ink), x + width / 2, top + high / 2)
    else:
        pen.surface.fill(ground, (x, top, width, high))
    if lit:
        edge = max(1, unit // 6)
        ring(pen.surface, (x - edge, top - edge, width + 2 * edge, high + 2 * edge), edge, theme.text)
    _marks(pen, tick, x, (top, high), width)


def _marks(pen: Pen, tick: Tick, x: int, where: tuple[int, int], width: int) -> None:
    """A line below what solves the puzzle, a diamond where somebody interfered."""
    (top, high), unit, theme = where, pen.unit, pen.theme
    if tick.solved:
        thick = max(2, unit // 4)
        pen.surface.fill(theme.good, (x, top + high - thick, width, thick))
    if tick.marked:
        size = max(5, round(unit * 0.9))
        sprites.place(pen.surface, sprites.diamond(size + 2, theme.page), x + width / 2, top)
        sprites.place(pen.surface, sprites.diamond(size, theme.goal), x + width / 2, top)


def _row(scale: Scale, index: int) -> float:
    """Upper end of a branch's row."""
    return scale.top + (index - scale.lanes.start) * scale.high


def _changes(theme: Theme) -> Colour:
    return blend(theme.page, theme.changed, 0.75)
