"""``draw_board``: any family's grid, with or without an environment, at any size.

A family's painter is looked up by its kind in a small registry; a new family calls ``register_painter``.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from air_envs.drawing import sprites
from air_envs.drawing.scene import Scene, as_scene
from air_envs.drawing.theme import LIGHT, Theme, as_theme

if TYPE_CHECKING:
    import pygame

    from puzzles import PuzzleFamily


@dataclass(frozen=True)
class Layout:
    """Where the cells of a board lie on a surface: square cells of whole pixels, centred in the space given."""

    rows: int
    columns: int
    left: int
    top: int
    cell: int
    """Side of a cell in pixels."""

    @classmethod
    def fit(cls, rect: tuple[int, int, int, int], rows: int, columns: int) -> Layout:
        """Return the largest board that fits ``rect`` = (left, top, width, height) together with its frame.

        Raises:
            ValueError: less than 3 pixels a cell.
        """
        left, top, width, height = rect
        cell = max(min(width // columns, height // rows), 0)
        while cell and (columns * cell + 2 * _rim(cell) > width or rows * cell + 2 * _rim(cell) > height):
            cell -= 1
        if cell < 3:
            raise ValueError(f"{width}x{height} pixels for {rows}x{columns} cells, expected 4 pixels a cell or more")
        return cls(rows, columns, left + (width - columns * cell) // 2, top + (height - rows * cell) // 2, cell)

    @property
    def thin(self) -> int:
        """Width of the lines between cells, in pixels."""
        return max(1, round(self.cell / 44))

    @property
    def thick(self) -> int:
        """Width of the lines around boxes and boards, in pixels."""
        return max(2, round(self.cell / 19))

    @property
    def rim(self) -> int:
        """Room around the cells on each side, in pixels: what a frame may take."""
        return _rim(self.cell)

    def cell_rect(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Return (left, top, width, height) of a cell."""
        return self.left + column * self.cell, self.top + row * self.cell, self.cell, self.cell

    def centre(self, row: int, column: int) -> tuple[float, float]:
        """Return (x, y) of the middle of a cell."""
        return self.left + (column + 0.5) * self.cell, self.top + (row + 0.5) * self.cell

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Return (row, column) of the cell at a point, None outside the board."""
        row, column = int((y - self.top) // self.cell), int((x - self.left) // self.cell)
        return (row, column) if 0 <= row < self.rows and 0 <= column < self.columns else None


def _rim(cell: int) -> int:
    return max(1, round(cell / 24))


class Painter(Protocol):
    """How a family is drawn: a module with these functions."""

    MARKS: Sequence[str]
    """Which of ``"changed"``, ``"breaks a rule"``, ``"contradicts the puzzle"``, ``"undecided"`` a legend explains."""

    def paint(
        self, surface: pygame.Surface, layout: Layout, family: PuzzleFamily, scene: Scene, theme: Theme, /
    ) -> None:
        """Paint a board onto a surface, its cells where ``layout`` says."""

    def write(self, family: PuzzleFamily, scene: Scene, /) -> str:
        """Return a board as lines of text."""


# Imported when a board of the kind is first drawn.
_PAINTERS: dict[str, str] = {
    "maze": "air_envs.drawing.maze",
    "sudoku": "air_envs.drawing.sudoku",
}


def register_painter(kind: str, module: str) -> None:
    """Say how a family is drawn: ``register_painter("kakuro", "my_package.drawing")``, a module like ``Painter``."""
    _PAINTERS[kind] = module


def painter(kind: str) -> Painter:
    """Return how the kind is drawn.

    Raises:
        ValueError: nobody registered that.
    """
    if kind not in _PAINTERS:
        raise ValueError(f"no painter for {kind!r}, expected one of {sorted(_PAINTERS)}: see register_painter")
    return cast(Painter, importlib.import_module(_PAINTERS[kind]))


def draw_board(
    surface: pygame.Surface,
    rect: tuple[int, int, int, int],
    family: PuzzleFamily,
    board: Scene | ArrayLike,
    theme: str | Theme = LIGHT,
    **marks: Any,
) -> Layout:
    """Draw a board into a rectangle of a surface, such as one decoded from a model; needs no environment, no display.

    Args:
        surface: a pygame surface.
        rect: (left, top, width, height) in pixels; the board is centred in it with square cells.
        family: of the grid; says its shape and its painter.
        board: a ``Scene``; or cells, (rows, columns) integers, of which values that the family does not know (-1, 255)
            are drawn undecided.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        **marks: with cells, what ``make_scene`` takes: ``puzzle``, ``confidence``, ``highlight``, ``candidates``,
            ``wrong``, ``conflicts``, ``hinted``, ``agent``, ``selected``, ``chances``. Without a puzzle no cell is
            drawn as given.

    Returns:
        Where the cells lie.

    Raises:
        ValueError: an array of another shape, or too few pixels.
        TypeError: no such mark, or marks along with a scene.
    """
    scene = as_scene(family, board, **marks)
    layout = Layout.fit(rect, *family.shape)
    painter(family.kind).paint(surface, layout, family, scene, as_theme(theme))
    return layout


def board_text(family: PuzzleFamily, board: Scene | ArrayLike, **marks: Any) -> str:
    """Return a board as text with box-drawing characters, the arguments as for ``draw_board``."""
    return painter(family.kind).write(family, as_scene(family, board, **marks))


def board_image(
    family: PuzzleFamily, board: Scene | ArrayLike, *, pixels: int = 480, theme: str | Theme = LIGHT, **marks: Any
) -> NDArray[np.uint8]:
    """Return a picture of one board: (height, width, 3) uint8, the longer side ``pixels`` long.

    Args:
        family: of the grid.
        board: as for ``draw_board``.
        pixels: length of the longer side.
        theme: as for ``draw_board``.
        **marks: as for ``draw_board``.

    Raises:
        ValueError: an array of another shape, or too few pixels.
        TypeError: no such mark, or marks along with a scene.
    """
    return to_array(scene_surface(family, as_scene(family, board, **marks), pixels, theme)[0])


def scene_surface(family: PuzzleFamily, scene: Scene, pixels: int, theme: str | Theme) -> tuple[pygame.Surface, Layout]:
    """Return what ``board_image`` returns as a pygame surface, and where the cells lie on it."""
    pygame = sprites.load_pygame()
    width, height = board_size(family, pixels)
    surface = pygame.Surface((width, height), 0, 32)
    surface.fill(as_theme(theme).page)
    margin = max(1, pixels // 60)
    rect = margin, margin, width - 2 * margin, height - 2 * margin
    return surface, draw_board(surface, rect, family, scene, theme)


def board_size(family: PuzzleFamily, pixels: int) -> tuple[int, int]:
    """Return (width, height) of a picture of the family's board whose longer side has ``pixels`` pixels."""
    longest = max(family.shape)
    return round(pixels * family.columns / longest), round(pixels * family.rows / longest)


def tile(
    pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8],
    theme: str | Theme = LIGHT,
    *,
    columns: int | None = None,
    gap: int = 0,
) -> NDArray[np.uint8]:
    """Return many pictures in one, row by row: (height, width, 3) uint8.

    Args:
        pictures: N of (height, width, 3) uint8, all of one shape.
        theme: whose page shows between them.
        columns: of pictures; by default as many as make the longer side shortest.
        gap: pixels between pictures; boards bring a margin of their own.

    Raises:
        ValueError: no pictures, or not all of one shape.
    """
    shapes = {np.shape(picture) for picture in pictures}
    if len(shapes) != 1 or len(next(iter(shapes))) != 3:
        raise ValueError(f"pictures: found shapes {sorted(shapes)}, expected one shape (height, width, 3)")
    count, (height, width, channels) = len(pictures), shapes.pop()
    if columns is None:
        columns = min(range(count, 0, -1), key=lambda k: max(k * width, -(-count // k) * height))
    rows = -(-count // columns)
    size = rows * (height + gap) - gap, columns * (width + gap) - gap, channels
    whole = np.full(size, as_theme(theme).page, np.uint8)
    for index, picture in enumerate(pictures):
        top, left = (k * (side + gap) for k, side in zip(divmod(index, columns), (height, width), strict=True))
        whole[top : top + height, left : left + width] = picture
    return whole


def to_surface(picture: NDArray[np.uint8]) -> pygame.Surface:
    """Return a surface that shows the pixels of a picture, (height, width, 3) uint8."""
    return sprites.load_pygame().surfarray.make_surface(picture.swapaxes(0, 1))


def to_array(surface: pygame.Surface) -> NDArray[np.uint8]:
    """Return the pixels of a surface: (height, width, 3) uint8, a copy."""
    return np.ascontiguousarray(sprites.load_pygame().surfarray.pixels3d(surface).swapaxes(0, 1))
