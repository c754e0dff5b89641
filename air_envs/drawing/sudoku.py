"""How a Sudoku is painted: givens bold on a tint, entries lighter and blue, conflicts and contradictions vermilion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from air_envs.drawing import sprites
from air_envs.drawing.board import UNDECIDED, Layout, Scene
from air_envs.drawing.theme import Theme, blend
from puzzles.sudoku import Sudoku, rules

if TYPE_CHECKING:
    import pygame

MARKS = ("changed", "breaks a rule", "contradicts the puzzle", "undecided")
_FAINTEST = 0.3
"""Opacity of a digit of confidence 0: still there to be read."""


def paint(surface: pygame.Surface, layout: Layout, family: Sudoku, scene: Scene, theme: Theme) -> None:
    """Paint one board; see ``air_envs.drawing.board.Painter``."""
    cells, cell = scene.cells, layout.cell
    given = np.zeros(family.shape, bool) if scene.puzzle is None else scene.puzzle > 0
    contradicted = given & (cells > 0) & (cells != scene.puzzle) if scene.puzzle is not None else given
    wrong = contradicted | rules.conflicts(np.maximum(cells, 0).astype(np.uint8)[None], family.box_rows)[0]
    height = max(4, round(cell * (0.5 if cell > 28 else 0.56)))

    for row in range(layout.rows):
        for column in range(layout.columns):
            place = row, column
            value, confidence = int(cells[place]), 1.0
            if scene.confidence is not None:
                confidence = float(scene.confidence[place])
            ground = theme.given_cell if given[place] else theme.board
            if wrong[place]:
                ground = blend(ground, theme.conflict_cell, 0.3 + 0.7 * confidence)
            highlit = scene.highlight is not None and bool(scene.highlight[place])
            if highlit:
                ground = blend(ground, theme.changed, theme.highlight)
            rect = layout.cell_rect(row, column)
            surface.fill(ground, rect)
            if value == UNDECIDED:
                surface.blit(sprites.hatch(cell, theme.muted if highlit else theme.undecided), rect[:2])
            elif value > 0:
                plain = given[place] and not contradicted[place]
                colour = theme.conflict if wrong[place] else theme.given if plain else theme.entry
                digit = sprites.text(family.cells[value], height, colour, "bold" if plain else "regular")
                opacity = _FAINTEST + (1 - _FAINTEST) * confidence
                sprites.place(surface, sprites.faded(digit, opacity), *layout.centre(*place))
            if contradicted[place]:
                surface.blit(sprites.corner(cell, theme.conflict), rect[:2])
    _lines(surface, layout, family, theme)


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
