"""How a Sudoku is painted: givens bold on a tint, entries lighter and blue, conflicts and contradictions vermilion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout
from air_envs.drawing.probabilities import Likeliest, opacity, strength, tinted
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
_MARGIN = 0.06
"""Of the places of pencilled digits, as a fraction of the cell."""
_READABLE = 8
"""Pixels of the height below which digits of an agent's moves have no places of their own."""
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
    in_sight = blank
    if scene.selected is not None and scene.chances is None:  # beside probabilities its tint would be read as one
        in_sight = in_units_of(family, scene.selected)
    likeliest = None if scene.chances is None or scene.candidates is None else Likeliest.of(scene.candidates)
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
        if scene.chances is not None:
            ground = tinted(ground, float(scene.chances[place]), theme)
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
            if likeliest is None:
                _pencil(surface, rect, family, scene.candidates[place], theme)
            else:
                _weigh(surface, rect, family, scene.candidates[place], likeliest, theme)
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
    wide, high = _parts(rect[2], family)
    height = round(_largest(rect[2], family))
    for index in np.flatnonzero(digits).tolist():
        if height < _SMALLEST:
            sign = sprites.disc(max(2, round(min(wide, high) * 0.6)), theme.muted)
        else:
            sign = sprites.text(family.cells[index + 1], height, theme.muted, "bold" if height < 8 else "regular")
        faint = sprites.faded(sign, _FAINTEST + (1 - _FAINTEST) * float(digits[index]))
        sprites.place(surface, faint, *_place_in(rect, family, index))


def _weigh(
    surface: pygame.Surface,
    rect: tuple[int, int, int, int],
    family: Sudoku,
    digits: NDArray[np.float64],
    likeliest: Likeliest,
    theme: Theme,
) -> None:
    """Write the digits of an agent's moves where ``_pencil`` does: large and dark as they are probable.

    The most probable one of the board stands on a disc. Where they would be too small to read, the most probable one of
    the cell stands alone in its middle.
    """
    left, top, cell, _ = rect
    shown = strength((digits / likeliest.value) ** 2)
    large, room = _largest(cell, family), min(_parts(cell, family))
    alone = large < _READABLE
    if alone:
        large, room = 0.3 * cell, 0.8 * cell
    for index in [int(digits.argmax())] if alone else range(family.side):
        weight = float(shown[index])
        if not weight:
            continue
        height = round(large * (0.9 + 0.5 * weight))
        ink, place = theme.text, (left + cell / 2, top + cell / 2) if alone else _place_in(rect, family, index)
        if likeliest.alone and digits[index] == likeliest.value:
            size = round(min(1.75 * height, 1.1 * room))
            sprites.place(surface, sprites.disc(max(size, 4), theme.policy), *place)
            ink, weight = theme.board, 1.0
        if height < _SMALLEST:
            sign = sprites.disc(max(2, height), ink)
        else:
            sign = sprites.text(family.cells[index + 1], height, ink, "bold" if weight > 0.5 else "regular")
        sprites.place(surface, sprites.faded(sign, opacity(weight)), *place)


def _parts(cell: int, family: Sudoku) -> tuple[float, float]:
    """Return (width, height) of a digit's place in a cell of ``cell`` pixels that has one for each digit."""
    return (1 - 2 * _MARGIN) * cell / family.box_columns, (1 - 2 * _MARGIN) * cell / family.box_rows


def _largest(cell: int, family: Sudoku) -> float:
    """Return how high a pencilled digit is."""
    wide, high = _parts(cell, family)
    return min(wide * 0.9, high * 0.62, cell * 0.24)


def _place_in(rect: tuple[int, int, int, int], family: Sudoku, index: int) -> tuple[float, float]:
    """Return (x, y) of the middle of a cell's place for the digit ``index + 1``."""
    left, top, cell, _ = rect
    row, column = divmod(index, family.box_columns)
    wide, high = _parts(cell, family)
    return left + _MARGIN * cell + (column + 0.5) * wide, top + _MARGIN * cell + (row + 0.5) * high


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
