"""How a maze is painted: solid walls, a round green start, a diamond goal, the path as one rounded line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout
from air_envs.drawing.probabilities import draw_arrows, tinted
from air_envs.drawing.scene import UNDECIDED, Scene
from air_envs.drawing.theme import Theme, blend
from puzzles import PuzzleFamily
from puzzles.maze.cells import GOAL, OPEN, PATH, START, WALL

if TYPE_CHECKING:
    import pygame

MARKS = ("changed", "breaks a rule", "contradicts the puzzle", "undecided")
_FAINTEST = 0.2


def paint(surface: pygame.Surface, layout: Layout, family: PuzzleFamily, scene: Scene, theme: Theme) -> None:
    """Paint one board; see ``air_envs.drawing.board.Painter``."""
    del family
    cells, cell = scene.cells, layout.cell
    strength = np.ones(cells.shape)
    if scene.confidence is not None:
        strength = _FAINTEST + (1 - _FAINTEST) * scene.confidence
    contradicted = _contradicts(cells, scene.puzzle)
    conflicts = np.zeros(cells.shape, bool) if scene.conflicts is None else scene.conflicts & (cells == PATH)
    wrong = contradicted | conflicts
    if scene.wrong is not None:
        wrong = wrong | scene.wrong

    surface.fill(theme.board, (layout.left, layout.top, layout.columns * cell, layout.rows * cell))
    _open_lines(surface, layout, theme)
    for row, column in np.argwhere(cells == WALL).tolist():
        surface.fill(blend(theme.board, theme.wall, strength[row, column]), layout.cell_rect(row, column))
    for row, column in np.argwhere(conflicts).tolist():
        surface.fill(theme.conflict_cell, layout.cell_rect(row, column))
    if scene.highlight is not None:
        for row, column in np.argwhere(scene.highlight).tolist():
            ground = theme.wall if cells[row, column] == WALL else theme.board
            surface.fill(blend(ground, theme.changed, theme.highlight), layout.cell_rect(row, column))
    if scene.chances is not None:
        for row, column in np.argwhere(scene.chances).tolist():
            surface.fill(tinted(theme.board, float(scene.chances[row, column]), theme), layout.cell_rect(row, column))
    for row, column in np.argwhere(cells == UNDECIDED).tolist():
        highlit = scene.highlight is not None and bool(scene.highlight[row, column])
        lines = sprites.hatch(cell, theme.muted if highlit else theme.undecided)
        surface.blit(lines, layout.cell_rect(row, column)[:2])
    _path(surface, layout, scene, strength, wrong, theme)
    for row, column in np.argwhere((cells == START) | (cells == GOAL)).tolist():
        _marker(surface, layout, (row, column), int(cells[row, column]), strength[row, column], theme)
    for row, column in np.argwhere(contradicted).tolist():
        surface.blit(sprites.corner(cell, theme.conflict), layout.cell_rect(row, column)[:2])
    if scene.agent is not None:
        draw_arrows(surface, layout, scene, theme)
        _agent(surface, layout, scene.agent, theme)
    _frame(surface, layout, theme)


# A path cell by the sides it reaches: bits up 1, right 2, down 4, left 8.
_STROKES = "•╵╶└╷│┌├╴┘─┴┐┤┬┼"


def write(family: PuzzleFamily, scene: Scene) -> str:
    """Return one board as text; see ``air_envs.drawing.board.Painter``. A cell is two characters wide.

    ``██`` wall, ``S`` start, ``G`` goal, ``@`` agent, ``?`` undecided, the path a line.
    """
    sides = _sides(scene.cells)
    lines = ["┌" + "──" * family.columns + "┐"]
    for row in range(family.rows):
        line = ""
        for column in range(family.columns):
            value, reach = scene.cells[row, column], int(sides[row, column])
            if value == WALL:
                line += "██"
                continue
            symbol = {OPEN: " ", START: "S", GOAL: "G", PATH: _STROKES[reach], UNDECIDED: "?"}[int(value)]
            if scene.agent == (row, column):
                symbol = "@"
            line += symbol + ("─" if reach & sprites.RIGHT else " ")
        lines.append("│" + line + "│")
    return "\n".join([*lines, "└" + "──" * family.columns + "┘"])


def _contradicts(cells: NDArray[np.int16], puzzle: NDArray[np.int16] | None) -> NDArray[np.bool_]:
    """Cells that say something else than the puzzle; a path over open cells says nothing else."""
    if puzzle is None:
        return np.zeros(cells.shape, dtype=bool)
    agrees = (cells == puzzle) | (cells == UNDECIDED) | ((cells == PATH) & (puzzle == OPEN))
    return ~agrees


def _path(
    surface: pygame.Surface,
    layout: Layout,
    scene: Scene,
    strength: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    theme: Theme,
) -> None:
    cells, sides = scene.cells, _sides(scene.cells)
    for row, column in np.argwhere((cells == PATH) | (cells == START) | (cells == GOAL)).tolist():
        reach = int(sides[row, column])
        if cells[row, column] != PATH and not reach:
            continue
        own = theme.path if scene.hinted is None or not scene.hinted[row, column] else theme.good
        colour = theme.conflict if wrong[row, column] else own
        piece = sprites.path_piece(layout.cell, reach, colour)
        surface.blit(sprites.faded(piece, strength[row, column]), layout.cell_rect(row, column)[:2])


def _sides(cells: NDArray[np.int16]) -> NDArray[np.int64]:
    """(rows, columns) int64: to which sides each path, start or goal cell has another, as bits of ``sprites``."""
    on_path = np.pad((cells == PATH) | (cells == START) | (cells == GOAL), 1)
    middle = on_path[1:-1, 1:-1]
    up, right, down, left = on_path[:-2, 1:-1], on_path[1:-1, 2:], on_path[2:, 1:-1], on_path[1:-1, :-2]
    return middle * (sprites.UP * up + sprites.RIGHT * right + sprites.DOWN * down + sprites.LEFT * left)


def _marker(
    surface: pygame.Surface, layout: Layout, place: tuple[int, int], value: int, opacity: float, theme: Theme
) -> None:
    if value == START:
        sprite, letter = sprites.disc(max(3, round(layout.cell * 0.82)), theme.start), "S"
    else:
        sprite, letter = sprites.diamond(max(3, round(layout.cell * 0.98)), theme.goal), "G"
    sprites.place(surface, sprites.faded(sprite, opacity), *layout.centre(*place))
    if layout.cell >= 15:
        sign = sprites.text(letter, max(5, round(layout.cell * 0.34)), theme.marker_text)
        sprites.place(surface, sign, *layout.centre(*place))


def _agent(surface: pygame.Surface, layout: Layout, place: tuple[int, int], theme: Theme) -> None:
    size = max(3, round(layout.cell * 0.62))
    sprites.place(surface, sprites.disc(size + 2 * max(1, layout.cell // 16), theme.board), *layout.centre(*place))
    sprites.place(surface, sprites.disc(size, theme.agent), *layout.centre(*place))


def _open_lines(surface: pygame.Surface, layout: Layout, theme: Theme) -> None:
    """Faint lines between cells, where they are large enough to count."""
    if layout.cell < 8:
        return
    faint = blend(theme.board, theme.line, 0.45)
    for k in range(1, layout.columns):
        surface.fill(faint, (layout.left + k * layout.cell, layout.top, 1, layout.rows * layout.cell))
    for k in range(1, layout.rows):
        surface.fill(faint, (layout.left, layout.top + k * layout.cell, layout.columns * layout.cell, 1))


def _frame(surface: pygame.Surface, layout: Layout, theme: Theme) -> None:
    thick = layout.rim
    width, height = layout.columns * layout.cell, layout.rows * layout.cell
    left, top = layout.left - thick, layout.top - thick
    for rect in (
        (left, top, width + 2 * thick, thick),
        (left, layout.top + height, width + 2 * thick, thick),
        (left, top, thick, height + 2 * thick),
        (layout.left + width, top, thick, height + 2 * thick),
    ):
        surface.fill(theme.wall, rect)
