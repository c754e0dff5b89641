"""Small anti-aliased pictures, cached: digits and labels in two weights, markers, path pieces, hatches.

Each is drawn eight times as large, averaged down to coverage and tinted, so that edges are smooth at any size and a
frame costs little more than copying. Only here and in ``window`` is pygame imported, when something is first drawn.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing.theme import Colour

if TYPE_CHECKING:
    import pygame

_SCALE = 8
UP, RIGHT, DOWN, LEFT = 1, 2, 4, 8
"""Bits of the sides that a path piece reaches."""


@functools.cache
def load_pygame() -> Any:
    """Import pygame; needs no display.

    Raises:
        gymnasium.error.DependencyNotInstalled: pygame is missing.
    """
    try:
        import pygame
        import pygame.font
    except ImportError as error:
        from gymnasium.error import DependencyNotInstalled

        raise DependencyNotInstalled("drawing needs pygame: pip install pygame") from error
    return pygame


@functools.lru_cache(maxsize=4096)
def text(string: str, size: int, colour: Colour, weight: str = "bold") -> pygame.Surface:
    """Return ``string`` on a transparent surface, cropped to its ink in width, capitals centred in its height.

    Args:
        string: one line.
        size: height of a capital letter or digit in pixels, >= 1.
        colour: of the ink.
        weight: ``"bold"`` or ``"regular"``.
    """
    return _tint(_text_coverage(string, size, weight), colour)


@functools.lru_cache(maxsize=2048)
def label(string: str, size: int, colour: Colour, weight: str = "regular") -> pygame.Surface:
    """Return ``string`` with room for descenders: its height is that of the line, the same for every string.

    The baseline lies ``size`` * 1.25 below the top, so labels of one size placed at one height line up.
    """
    return _tint(_line_coverage(string, size, weight), colour)


@functools.lru_cache(maxsize=512)
def disc(diameter: int, colour: Colour, ring: float = 0.0) -> pygame.Surface:
    """Return a filled circle, or the outer ``ring`` (fraction of the radius) of one."""
    y, x = _centred(diameter)
    distance = np.hypot(x, y)
    inside = distance <= 1.0
    if ring:
        inside &= distance >= 1.0 - ring
    return _tint(_shrink(inside), colour)


@functools.lru_cache(maxsize=512)
def diamond(size: int, colour: Colour) -> pygame.Surface:
    """Return a square standing on its corner, with slightly rounded corners."""
    y, x = _centred(size)
    return _tint(_shrink((np.abs(x) ** 1.25 + np.abs(y) ** 1.25) <= 1.0), colour)


@functools.lru_cache(maxsize=512)
def arrow(size: int, side: int, colour: Colour) -> pygame.Surface:
    """Return an arrowhead in a square of ``size`` pixels.

    Args:
        size: in pixels.
        side: where it points: ``UP``, ``RIGHT``, ``DOWN`` or ``LEFT``.
        colour: of all of it.
    """
    y, x = _centred(size)
    along, across = {UP: (-y, x), DOWN: (y, x), LEFT: (-x, y), RIGHT: (x, y)}[side]
    across = np.abs(across)
    inside = (along <= 0.92 - 2.0 * across) & (along >= -0.42 - 0.62 * across) & (across <= 0.84)
    return _tint(_shrink(inside), colour)


@functools.lru_cache(maxsize=512)
def rounded(width: int, height: int, radius: int, colour: Colour, ring: int = 0) -> pygame.Surface:
    """Return a rectangle with rounded corners; with ``ring``, its outline of that many pixels alone."""
    edge = 2 * max(radius, ring) + 3
    corners = _shrink(_rounded_mask(min(width, edge), min(height, edge), radius, ring))
    return _tint(_stretched(_stretched(corners, width).T, height).T, colour)


@functools.lru_cache(maxsize=512)
def hatch(size: int, colour: Colour) -> pygame.Surface:
    """Return faint diagonal lines inside a square: a cell that holds no value."""
    y, x = _grid(size, size)
    spacing = max(4.0, size / 5)
    lines = np.abs((x + y) % spacing - spacing / 2) < max(0.35, spacing / 14)
    margin = size * 0.16
    inside = (np.abs(x - size / 2) < size / 2 - margin) & (np.abs(y - size / 2) < size / 2 - margin)
    return _tint(_shrink(lines & inside), colour)


@functools.lru_cache(maxsize=512)
def corner(size: int, colour: Colour) -> pygame.Surface:
    """Return the mark of a contradiction: a triangle in the upper right corner of a cell of ``size`` pixels."""
    y, x = _grid(size, size)
    return _tint(_shrink((size - x) + y < size * 0.34), colour)


@functools.lru_cache(maxsize=1024)
def path_piece(size: int, sides: int, colour: Colour, width: float = 0.34) -> pygame.Surface:
    """Return one cell's piece of a rounded line that reaches the given sides of the cell.

    Args:
        size: of the cell in pixels.
        sides: any of ``UP | RIGHT | DOWN | LEFT``; 0 gives a dot.
        colour: of the line.
        width: of the line, as a fraction of the cell.
    """
    y, x = _grid(size, size)
    centre = size / 2
    half = max(0.75, size * width / 2)
    # A dot stands alone and must be seen; a joint is as wide as the line.
    inside = np.hypot(x - centre, y - centre) <= (half if sides else half * 1.25)
    along_x, along_y = np.abs(x - centre) <= half, np.abs(y - centre) <= half
    for side, reached in (
        (UP, along_x & (y <= centre)),
        (DOWN, along_x & (y >= centre)),
        (LEFT, along_y & (x <= centre)),
        (RIGHT, along_y & (x >= centre)),
    ):
        if sides & side:
            inside |= reached
    return _tint(_shrink(inside), colour)


def graph(heights: NDArray[np.float64], height: int, colour: Colour, thickness: float) -> pygame.Surface:
    """Return a smooth line through one height per column of pixels.

    Args:
        heights: (width,) float: how far above the bottom the middle of the line lies, in pixels.
        height: of the surface.
        colour: of the line.
        thickness: of the line in pixels.
    """
    slope = np.gradient(heights) if len(heights) > 1 else np.zeros(len(heights))
    y = height - 0.5 - np.arange(height)[:, None]
    distance = np.abs(y - heights) / np.hypot(1.0, slope)
    return _tint(np.clip(thickness / 2 + 0.5 - distance, 0.0, 1.0), colour)


def faded(sprite: pygame.Surface, opacity: float) -> pygame.Surface:
    """Return ``sprite`` at an opacity of 0..1."""
    if opacity >= 1.0:
        return sprite
    copy = sprite.copy()
    copy.set_alpha(round(255 * max(opacity, 0.0)))
    return copy


def place(surface: pygame.Surface, sprite: pygame.Surface, x: float, y: float) -> None:
    """Copy ``sprite`` onto ``surface`` with its centre at (x, y)."""
    surface.blit(sprite, (round(x - sprite.get_width() / 2), round(y - sprite.get_height() / 2)))


# -- coverage: float arrays (height, width) in 0..1 --------------------------------------------------------------------


def _grid(width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(y, x) of the centre of every sample, in pixels."""
    y, x = np.mgrid[0 : height * _SCALE, 0 : width * _SCALE]
    return (y + 0.5) / _SCALE, (x + 0.5) / _SCALE


def _centred(size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(y, x) of every sample of a square, from -1 to 1."""
    y, x = _grid(size, size)
    return 2 * y / size - 1, 2 * x / size - 1


def _rounded_mask(width: int, height: int, radius: int, ring: int) -> NDArray[np.bool_]:
    y, x = _grid(width, height)
    dx = np.maximum(np.abs(x - width / 2) - (width / 2 - radius), 0)
    dy = np.maximum(np.abs(y - height / 2) - (height / 2 - radius), 0)
    distance = np.hypot(dx, dy)
    inside = distance <= radius
    if ring:
        hole = (np.abs(x - width / 2) < width / 2 - ring) & (np.abs(y - height / 2) < height / 2 - ring)
        inside &= ~(hole & (distance < max(radius - ring, 0.01)))
    return inside


def _stretched(coverage: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Repeat the middle column up to a width: between its corners a rectangle is the same all along."""
    columns = coverage.shape[1]
    repeats = np.ones(columns, int)
    repeats[columns // 2] += width - columns
    return np.repeat(coverage, repeats, axis=1)


def _shrink(mask: NDArray[Any]) -> NDArray[np.float64]:
    height, width = mask.shape[0] // _SCALE, mask.shape[1] // _SCALE
    return mask.reshape(height, _SCALE, width, _SCALE).mean(axis=(1, 3), dtype=np.float64)


def _tint(coverage: NDArray[np.float64], colour: Colour) -> pygame.Surface:
    pygame = load_pygame()
    height, width = coverage.shape
    rgba = np.empty((height, width, 4), dtype=np.uint8)
    rgba[..., :3] = colour
    rgba[..., 3] = np.rint(255 * coverage)
    return pygame.image.frombuffer(rgba.tobytes(), (width, height), "RGBA")


def _font(size: int) -> Any:
    """Open pygame's own font: again each time, because another environment may call ``pygame.quit``."""
    font = load_pygame().font
    font.init()
    return font.Font(None, size)


@functools.cache
def _capital(size: int) -> tuple[int, int, int]:
    """Return (font size, first row, height) of capital letters that are ``size`` * ``_SCALE`` samples high."""
    probe = _ink(_font(400), "H")
    rows = np.flatnonzero(probe.any(axis=1))
    font_size = max(1, round(400 * size * _SCALE / len(rows)))
    rows = np.flatnonzero(_ink(_font(font_size), "H").any(axis=1))
    return font_size, int(rows[0]), len(rows)


def _ink(font: Any, string: str) -> NDArray[np.bool_]:
    surface = font.render(string, True, (255, 255, 255))
    return (load_pygame().surfarray.array_alpha(surface) > 127).T


@functools.lru_cache(maxsize=1024)
def _text_coverage(string: str, size: int, weight: str) -> NDArray[np.float64]:
    font_size, first, height = _capital(size)
    ink = _weighted(_ink(_font(font_size), string), size, weight)
    room = max(_SCALE, round(size * 0.06) * _SCALE)  # round digits reach a little over the capitals
    ink = np.pad(ink, ((room, room), (0, 0)))[first : first + height + 2 * room]
    columns = np.flatnonzero(ink.any(axis=0))
    if len(columns):
        ink = ink[:, columns[0] : columns[-1] + 1]
    return _shrink(_padded(ink, size * _SCALE + 2 * room))


@functools.lru_cache(maxsize=2048)
def _line_coverage(string: str, size: int, weight: str) -> NDArray[np.float64]:
    font_size, first, height = _capital(size)
    ink = _weighted(_spaced(string, font_size, size if weight == "regular" else 0), size, weight)
    baseline, rows = round(size * 1.25) * _SCALE, round(size * 1.7) * _SCALE
    line = np.zeros((rows, ink.shape[1]), dtype=bool)
    shift = baseline - (first + height)
    source = ink[max(0, -shift) : rows - shift]
    line[max(0, shift) : max(0, shift) + len(source)] = source
    return _shrink(_padded(line, rows))


def _spaced(string: str, font_size: int, tighten: int) -> NDArray[np.bool_]:
    """Ink of a line whose letters stand closer by 7 % of ``tighten`` pixels: thinned letters need less room."""
    font = _font(font_size)
    letters = [_ink(font, letter) for letter in string]
    starts = [font.size(string[:i])[0] - round(i * tighten * _SCALE * 0.07) for i in range(len(string))]
    width = max((start + letter.shape[1] for start, letter in zip(starts, letters, strict=True)), default=1)
    line = np.zeros((max((len(letter) for letter in letters), default=1), width), dtype=bool)
    for start, letter in zip(starts, letters, strict=True):
        line[: len(letter), start : start + letter.shape[1]] |= letter
    return line


def _weighted(ink: NDArray[np.bool_], size: int, weight: str) -> NDArray[np.bool_]:
    """Thin the one weight that pygame brings (bold) to a regular one, by eroding its outline."""
    if weight == "bold":
        return ink
    for step in range(round(size * _SCALE * 0.031)):
        kept = ink.copy()
        kept[1:] &= ink[:-1]
        kept[:-1] &= ink[1:]
        kept[:, 1:] &= ink[:, :-1]
        kept[:, :-1] &= ink[:, 1:]
        if step % 2:  # every other step takes the diagonals too: an octagon, nearly a disc
            kept[1:, 1:] &= ink[:-1, :-1]
            kept[:-1, :-1] &= ink[1:, 1:]
            kept[1:, :-1] &= ink[:-1, 1:]
            kept[:-1, 1:] &= ink[1:, :-1]
        ink = kept
    return ink


def _padded(ink: NDArray[np.bool_], height: int) -> NDArray[np.bool_]:
    """Pad to whole pixels: in width evenly, in height to ``height`` samples."""
    ink = ink[:height]
    width = max(1, -(-ink.shape[1] // _SCALE)) * _SCALE
    left = (width - ink.shape[1]) // 2
    below = height - ink.shape[0]
    return np.pad(ink, ((0, below), (left, width - ink.shape[1] - left)))
