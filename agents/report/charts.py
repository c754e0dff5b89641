"""Charts as SVG in the colours of the page, light and dark: lines with intervals, and rows of bars and dots.

They are drawn here, not by matplotlib: its SVG is ten times as large, and its colours do not follow the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import NamedTuple

from markupsafe import Markup

from agents.figures.charts import percent_limits

WIDTH, HEIGHT = 380, 236
"""Of a chart in its own units, which are pixels on a telephone."""
SMALL = 250, 160
"""Of one of many."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 10, 36
_LETTER = 6.1
"""Width of a letter of a row's name."""
PALETTE = ("l", "h", "good", "goal", "agent", "muted", "text")
"""Colours by their names in report.css; z_L and L are ``l``, z_H and H are ``h``, as in all pictures."""

Number = float | None
_Place = Callable[[float, float], tuple[float, float]]
_Across = Callable[[float], float]


class Line(NamedTuple):
    """One line of a chart; points without a number are left out."""

    label: str
    x: Sequence[float]
    y: Sequence[Number]
    low: Sequence[Number] = ()
    """Lower ends of the intervals, or none."""
    high: Sequence[Number] = ()
    colour: str = "l"
    dashed: bool = False
    faint: bool = False
    """One of many, without marks and without a place in the legend."""


class Row(NamedTuple):
    """One number in every row of a chart."""

    label: str
    values: Sequence[Number]
    low: Sequence[Number] = ()
    high: Sequence[Number] = ()
    colour: str = "l"
    shape: str = "bar"
    """``bar``, ``dot``, ``diamond`` or ``faint``, a small dot."""


class Figure(NamedTuple):
    """A chart ready for the page."""

    title: str
    svg: Markup
    legend: tuple[tuple[str, str, str], ...] = ()
    """(colour, shape, label) of each series."""
    note: str = ""


def line_chart(
    title: str,
    x_label: str,
    lines: Sequence[Line],
    percent: bool = False,
    limits: tuple[float, float] | None = None,
    zero: bool = False,
    note: str = "",
    log: bool = False,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Figure:
    """Draw lines.

    Args:
        title: above the chart.
        x_label: below the axis.
        lines: to draw.
        percent: numbers are shares, shown in per cent.
        limits: of the y axis; by default those of the numbers.
        zero: draw a line at 0, and let the axis hold it.
        note: below the legend.
        log: a logarithmic y axis; all numbers are above 0.
        size: width and height in units.
    """
    width, height = size
    scale = 100.0 if percent else 1.0
    points = [
        [(x, scale * y) for x, y in zip(line.x, line.y, strict=True) if y is not None and math.isfinite(y)]
        for line in lines
    ]
    xs = [x for each in points for x, _ in each] or [0.0, 1.0]
    ys = [y for each in points for _, y in each] + ([0.0] if zero else [])
    if not log:
        ys += [scale * edge for line in lines for edge in (*line.low, *line.high) if edge is not None]
    bottom, top = limits or _padded(ys or [0.0, 1.0], percent, log)
    left, right = min(xs), max(xs)
    if left == right:
        left, right = left - 1, right + 1

    def place(x: float, y: float) -> tuple[float, float]:
        y = min(max(y, bottom), top)
        share = math.log(y / bottom) / math.log(top / bottom) if log else (y - bottom) / (top - bottom)
        across = (x - left) / (right - left)
        return _LEFT + across * (width - _LEFT - _RIGHT), height - _BOTTOM - share * (height - _TOP - _BOTTOM)

    parts = []
    for tick in _log_ticks(bottom, top) if log else ticks(bottom, top):
        _, y = place(left, tick)
        parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{width - _RIGHT}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{_short(tick)}</text>')
    for tick in ticks(left, right, whole=True):
        x, _ = place(tick, bottom)
        parts.append(
            f'<text class="tick" x="{x:.1f}" y="{height - _BOTTOM + 15}" text-anchor="middle">{_short(tick)}</text>'
        )
    if zero:
        _, y = place(left, 0)
        parts.append(f'<path class="zero" d="M{_LEFT} {y:.1f}H{width - _RIGHT}"/>')
    middle = (_LEFT + width - _RIGHT) / 2
    parts.append(f'<text class="tick" x="{middle}" y="{height - 5}" text-anchor="middle">{escape(x_label)}</text>')
    for line, found in zip(lines, points, strict=True):
        parts += _band(line, scale, place)
        parts += _stroke(line, found, place, percent)
    shown = tuple((line.colour, "dashed" if line.dashed else "line", line.label) for line in lines if not line.faint)
    return Figure(title, _svg(width, height, title, parts), _unique(shown), note)


def row_chart(
    title: str,
    names: Sequence[str],
    rows: Sequence[Row],
    percent: bool = False,
    limits: tuple[float, float] | None = None,
    note: str = "",
) -> Figure:
    """Draw rows of bars and dots, one row per name.

    Args:
        title: above the chart.
        names: of the rows.
        rows: numbers, each of all rows; bars lie one below the other, dots on the middle of the row.
        percent: numbers are shares, shown in per cent.
        limits: of the axis; by default those of the numbers, with 0 where there are bars.
        note: below the legend.
    """
    scale = 100.0 if percent else 1.0
    bars = [row for row in rows if row.shape == "bar"]
    numbers = [scale * value for row in rows for value in (*row.values, *row.low, *row.high) if value is not None]
    low, high = limits or _padded([*numbers, *([0.0] if bars else [])] or [0.0, 1.0], percent)
    first = min(155.0, 16 + _LETTER * max(map(len, names), default=1))
    thick = 11.0
    tall = max(20.0, thick * len(bars) + 8)
    height = _TOP + tall * len(names) + 26

    def across(value: float) -> float:
        return first + (value - low) / (high - low) * (WIDTH - first - _RIGHT)

    parts = []
    for tick in ticks(low, high, 4):
        x = across(tick)
        parts.append(f'<path class="{"zero" if tick == 0 else "grid"}" d="M{x:.1f} {_TOP}V{height - 22}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{_short(tick)}</text>')
    for number, name in enumerate(names):
        middle = _TOP + tall * (number + 0.5)
        parts.append(
            f'<text class="name" x="{first - 8}" y="{middle + 3.5:.1f}" text-anchor="end">{escape(name)}</text>'
        )
        for place, row in enumerate(bars):
            parts += _mark(row, number, middle + thick * (place - (len(bars) - 1) / 2), across, scale, percent, name)
        for row in rows:
            if row.shape != "bar":
                parts += _mark(row, number, middle, across, scale, percent, name)
    shown = tuple((row.colour, row.shape, row.label) for row in rows if row.shape != "faint")
    return Figure(title, _svg(WIDTH, height, title, parts), _unique(shown), note)


def ticks(low: float, high: float, most: int = 5, whole: bool = False) -> list[float]:
    """Return round numbers between two ends, at most so many and one: steps of 1, 2 or 5 times a power of 10.

    Args:
        low: the lower end.
        high: the upper end, above it.
        most: steps, at most.
        whole: whole numbers alone.
    """
    step = 10.0 ** math.floor(math.log10((high - low) / most))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= most)
    step = max(1.0, step) if whole else step
    first = math.ceil(low / step - 1e-9)
    return [round(step * k, 12) + 0.0 for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if high / low < 100 else (1,)
    return [factor * 10.0**power for power in powers for factor in factors if low <= factor * 10.0**power <= high]


def _padded(values: Sequence[float], percent: bool, log: bool = False) -> tuple[float, float]:
    low, high = min(values), max(values)
    if percent and low >= 0 and high <= 100:
        room = 0.06 * (high - low)
        return percent_limits(low - room, high + room)
    if log:
        return low / 1.15, high * 1.15
    if low == high:
        return low - (abs(low) / 2 or 0.5), high + (abs(high) / 2 or 0.5)
    room = 0.06 * (high - low)  # but none beyond a 0 at the end, where nothing lies
    return low - (room if low else 0), high + (room if high else 0)


def _band(line: Line, scale: float, place: _Place) -> Iterable[str]:
    edges = [
        (x, scale * low, scale * high)
        for x, low, high in zip(line.x, line.low, line.high, strict=False)
        if low is not None and high is not None
    ]
    if len(edges) < 2:
        return
    there = [place(x, low) for x, low, _ in edges]
    back = [place(x, high) for x, _, high in reversed(edges)]
    yield f'<path class="band c-{line.colour}" d="M{_joined([*there, *back])}Z"/>'


def _stroke(line: Line, points: list[tuple[float, float]], place: _Place, percent: bool) -> Iterable[str]:
    found = [place(x, y) for x, y in points]
    if not found:
        return
    style = " dashed" if line.dashed else " faint" if line.faint else ""
    yield f'<path class="stroke c-{line.colour}{style}" d="M{_joined(found)}"/>'
    if line.faint or len(found) > 60:
        return
    for (x, y), (at, value) in zip(found, points, strict=True):
        words = escape(f"{line.label}, {_short(at)}: {_said(value, percent)}")
        yield f'<circle class="dot c-{line.colour}" cx="{x:.1f}" cy="{y:.1f}" r="2.4"><title>{words}</title></circle>'


def _mark(row: Row, number: int, y: float, across: _Across, scale: float, percent: bool, name: str) -> Iterable[str]:
    value = row.values[number]
    if value is None or not math.isfinite(value):
        return
    x, zero = across(scale * value), across(0.0) if row.shape == "bar" else 0.0
    words = f"{name}, {row.label}: {_said(scale * value, percent)}"
    low, high = (edges[number] if edges else None for edges in (row.low, row.high))
    if low is not None and high is not None:
        words += f" ({_said(scale * low, percent)} to {_said(scale * high, percent)})"
    title = f"<title>{escape(words)}</title>"
    if row.shape == "bar":
        yield (
            f'<rect class="bar c-{row.colour}" x="{min(x, zero):.1f}" y="{y - 4.5:.1f}" width="{abs(x - zero):.1f}"'
            f' height="9">{title}</rect>'
        )
    if low is not None and high is not None:
        ends = across(scale * low), across(scale * high)
        yield f'<path class="whisker c-{row.colour}" d="M{ends[0]:.1f} {y:.1f}H{ends[1]:.1f}"/>'
    if row.shape == "diamond":
        yield f'<path class="diamond c-{row.colour}" d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5Z">{title}</path>'
    elif row.shape != "bar":
        radius = 4.2 if row.shape == "dot" else 2.6
        style = " faint" if row.shape == "faint" else ""
        yield f'<circle class="dot c-{row.colour}{style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}">{title}</circle>'


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _svg(width: float, height: float, title: str, parts: Iterable[str]) -> Markup:
    head = f'<svg class="chart" viewBox="0 0 {width} {height:.0f}" role="img" aria-label="{escape(title)}">'
    return Markup(f"{head}{''.join(parts)}</svg>")


def _unique(shown: tuple[tuple[str, str, str], ...]) -> tuple[tuple[str, str, str], ...]:
    found = tuple(dict.fromkeys(shown))
    return found if len(found) > 1 else ()


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _said(value: float, percent: bool) -> str:
    return f"{value:.1f} %" if percent else f"{value:.4g}"
