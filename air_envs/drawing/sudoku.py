"""How a Sudoku is painted: givens bold on a tint, entries lighter and blue, conflicts and contradictions vermilion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout
from air_envs.drawing.scene import UNDECIDED, Scene
from air_envs.drawing.strokes import ring
from air_envs.drawing.theme import Theme, blend
from puzzles.sudoku import Sudoku, rules
from puzzles.sudoku.geometry import geometry

if TYPE_CHECKING:
    import pygame

MARKS = ("changed", "breaks a rule", "contradicts the puzzle", "undecided")
_FAINTEST = 0.3
"""Opacity of a digit of confidence 0: still there to be read."""
_IN_SIGHT = 0.09
"""How far the row, column and box of the selected cell take the colour of entries."""
_SMALLEST = 4
"""Height of a candidate in pixels below which a dot is drawn for it."""


def paint(surface: pygame.Surface, layout: Layout, family: Sudoku, scene: Scene, theme: Theme) -> None:
    """Paint one board; see ``air_envs.drawing.board.Painter``."""
    cells, cell = scene.cells, layout.cell
    blank = np.zeros(family.shape, bool)
    given = blank if scene.puzzle is None else scene.puzzle > 0
    contradicted = given & (cells > 0) & (cells != scene.puzzle) if scene.puzzle is not None else blank
    if scene.wrong is not None:
        contradicted = contradicted | scene.wrong
    wrong = contradicted | rules.conflicts(np.maximum(cells, 0).astype(np.uint8)[None], family.box_rows)[0]
    if scene.conflicts is not None:
        wrong = wrong | (scene.conflicts & (cells > 0))
    highlit = blank if scene.highlight is None else scene.highlight
    hinted = blank if scene.hinted is None else scene.hinted
    in_sight = blank if scene.selected is None else in_units_of(family, scene.selected)
    height = max(4, round(cell * (0.5 if cell > 28 else 0.56)))

    for place in np.ndindex(family.shape):
        value = int(cells[place])
        confidence = 1.0 if scene.confidence is None else float(scene.confidence[place])
        ground = theme.given_cell if given[place] else theme.board
        if in_sight[place]:
            ground = blend(ground, theme.entry, _IN_SIGHT)
        if wrong[place]:
            ground = blend(ground, theme.conflict_cell, 0.3 + 0.7 * confidence)
        if highlit[place]:
            ground = blend(ground, theme.changed, theme.highlight)
        rect = layout.cell_rect(*place)
        surface.fill(ground, rect)
        if value == UNDECIDED:
            surface.blit(sprites.hatch(cell, theme.muted if highlit[place] else theme.undecided), rect[:2])
        elif value > 0:
            plain = given[place] and not contradicted[place]
            own = theme.good if hinted[place] else theme.entry
            colour = theme.conflict if wrong[place] else theme.given if plain else own
            digit = sprites.text(family.cells[value], height, colour, "bold" if plain else "regular")
            opacity = _FAINTEST + (1 - _FAINTEST) * confidence
            sprites.place(surface, sprites.faded(digit, opacity), *layout.centre(*place))
        elif scene.candidates is not None:
            _pencil(surface, rect, family, scene.candidates[place], theme)
        if contradicted[place]:
            surface.blit(sprites.corner(cell, theme.conflict), rect[:2])
        if hinted[place] and value > 0:
            size = max(2, round(cell * 0.12))
            sprites.place(surface, sprites.disc(size, theme.good), rect[0] + 1.4 * size, rect[1] + 1.4 * size)
    _lines(surface, layout, family, theme)
    if scene.selected is not None:
        ring(surface, layout.cell_rect(*scene.selected), max(2, layout.thick), theme.entry)


def write(family: Sudoku, scene: Scene) -> str:
    """Return one board as text; see ``air_envs.drawing.board.Painter``. An undecided cell is a question mark."""
    symbols = np.array([*family.cells[: family.cell_values], "?"])[scene.cells]  # UNDECIDED, -1, is the last
    stacks = family.side // family.box_columns
    rule = "─" * (2 * family.box_columns + 1)
    lines = ["┌" + "┬".join([rule] * stacks) + "┐"]
    for row in range(family.side):
        if row and row % family.box_rows == 0:
            lines.append("├" + "┼".join([rule] * stacks) + "┤")
        boxes = symbols[row].reshape(stacks, family.box_columns)
        lines.append("│" + "│".join(" " + " ".join(box) + " " for box in boxes) + "│")
    return "\n".join([*lines, "└" + "┴".join([rule] * stacks) + "┘"])


def in_units_of(family: Sudoku, place: tuple[int, int]) -> NDArray[np.bool_]:
    """(side, side) bool: the row, column and box of the cell at (row, column), itself among them."""
    cell = place[0] * family.side + place[1]
    found = np.zeros(family.side * family.side, bool)
    found[cell] = found[geometry(family.side, family.box_rows).peers[cell]] = True
    return found.reshape(family.shape)


def _pencil(
    surface: pygame.Surface, rect: tuple[int, int, int, int], family: Sudoku, digits: NDArray[np.float64], theme: Theme
) -> None:
    """Write small digits into a blank cell, each in its own place and strength: the cell is parted as a box is."""
    left, top, cell, _ = rect
    across, down = family.box_columns, family.box_rows
    margin = cell * 0.06
    wide, high = (cell - 2 * margin) / across, (cell - 2 * margin) / down
    height = round(min(wide * 0.9, high * 0.62, cell * 0.24))
    for index in np.flatnonzero(digits).tolist():
        row, column = divmod(index, across)
        x, y = left + margin + (column + 0.5) * wide, top + margin + (row + 0.5) * high
        if height < _SMALLEST:
            sign = sprites.disc(max(2, round(min(wide, high) * 0.6)), theme.muted)
        else:
            sign = sprites.text(family.cells[index + 1], height, theme.muted, "bold" if height < 8 else "regular")
        sprites.place(surface, sprites.faded(sign, _FAINTEST + (1 - _FAINTEST) * float(digits[index])), x, y)


def _lines(surface: pygame.Surface, layout: Layout, family: Sudoku, theme: Theme) -> None:
    size, cell, thick = layout.rows, layout.cell, layout.thick
    side, before = size * cell, thick // 2
    for k in range(1, size):
        at = k * cell - layout.thin // 2
        surface.fill(theme.line, (layout.left + at, layout.top, layout.thin, side))
        surface.fill(theme.line, (layout.left, layout.top + at, side, layout.thin))
    for k in range(0, size + 1, family.box_columns):
        rect = layout.left + k * cell - before, layout.top - before, thick, side + thick
        surface.fill(theme.frame, rect)
    for k in range(0, size + 1, family.box_rows):
        rect = layout.left - before, layout.top + k * cell - before, side + thick, thick
        surface.fill(theme.frame, rect)
