"""Observations as planes over the board, a channel for each value of a cell; they ask the spaces, not the family."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

Batch = dict[str, NDArray[Any]]
_SMALLEST_IMAGE = 36
"""Pixels of a side below which Stable-Baselines3's ``CnnPolicy`` has nothing left after its convolutions."""


class Planes:
    """Turns batches of ``Dict`` observations into planes, channels last: (N, rows, columns, channels) uint8, 0 or 1.

    A grid of cell values, ``Box(0, h, (rows, columns))``, becomes h + 1 channels, one for each value; a place on the
    board, ``MultiDiscrete([rows, columns])``, one channel; ``MultiBinary((rows, columns, k))`` its k channels.

    Args:
        space: of one observation.
        parts: which of its parts, in this order; None takes all, as the space orders them.

    Raises:
        ValueError: a space that is no ``Dict``, a part that it does not have or that is none of these, or grids of
            several shapes.
    """

    def __init__(self, space: spaces.Space[Any], parts: Sequence[str] | None = None):
        if not isinstance(space, spaces.Dict):
            raise ValueError(f"observation space: found {space}, expected a Dict: a puzzle that is not wrapped yet")
        self.parts = tuple(space) if parts is None else tuple(parts)
        unknown = [part for part in self.parts if part not in space.spaces]
        if unknown or not self.parts:
            raise ValueError(f"parts: found {list(self.parts)}, expected some of {list(space)}")
        self.board = _board(space)
        """(rows, columns)."""
        painters = [_painter(part, space[part], self.board) for part in self.parts]
        self.channels = tuple(name for names, _ in painters for name in names)
        """What each channel says: ``"grid=0"``, ``"agent"``."""
        self._paint = [paint for _, paint in painters]
        ends = np.cumsum([len(names) for names, _ in painters]).tolist()
        self._slices = [slice(end - len(names), end) for end, (names, _) in zip(ends, painters, strict=True)]
        self.shape = (*self.board, len(self.channels))
        """(rows, columns, channels)."""

    def __call__(self, observations: Batch) -> NDArray[np.uint8]:
        """Return the planes of N observations, parts (N, ...): (N, rows, columns, channels) uint8."""
        count = len(observations[self.parts[0]])
        planes = np.zeros((count, *self.shape), np.bool_)
        for part, paint, channels in zip(self.parts, self._paint, self._slices, strict=True):
            paint(observations[part], planes[..., channels])
        return planes.view(np.uint8)


class OneHot:
    """Observations as planes: ``Box(0, 1, (rows, columns, channels), uint8)``."""

    def __init__(self, planes: Planes):
        self.planes = planes
        self.space = spaces.Box(0, 1, planes.shape, np.uint8)

    def __call__(self, observations: Batch) -> NDArray[np.uint8]:
        """Return (N, rows, columns, channels) uint8."""
        return self.planes(observations)


class Flat:
    """Observations as vectors, the planes cell by cell: ``Box(0, 1, (rows * columns * channels,), uint8)``."""

    def __init__(self, planes: Planes):
        self.planes = planes
        self.space = spaces.Box(0, 1, (int(np.prod(planes.shape)),), np.uint8)

    def __call__(self, observations: Batch) -> NDArray[np.uint8]:
        """Return (N, rows * columns * channels) uint8."""
        planes = self.planes(observations)
        return planes.reshape(len(planes), -1)


class Image:
    """Observations as pictures, each cell a square of pixels, 255 where the plane has a 1.

    Args:
        planes: of the observations.
        scale: side of a cell in pixels; None takes the smallest whose pictures ``CnnPolicy`` can take.

    Raises:
        ValueError: a scale below 1.
    """

    def __init__(self, planes: Planes, scale: int | None = None):
        if scale is not None and scale < 1:
            raise ValueError(f"scale: found {scale}, expected 1 pixel or more")
        self.planes = planes
        self.scale = -(-_SMALLEST_IMAGE // min(planes.board)) if scale is None else scale
        rows, columns, channels = planes.shape
        self.space = spaces.Box(0, 255, (rows * self.scale, columns * self.scale, channels), np.uint8)

    def __call__(self, observations: Batch) -> NDArray[np.uint8]:
        """Return (N, rows * scale, columns * scale, channels) uint8, 0 or 255."""
        return (self.planes(observations) * np.uint8(255)).repeat(self.scale, axis=1).repeat(self.scale, axis=2)


Encoding = OneHot | Flat | Image

Paint = Callable[[NDArray[Any], NDArray[np.bool_]], None]
"""Sets the 1s of one part, (N, ...), in its channels, (N, rows, columns, k) bool, all False before."""


def _board(space: spaces.Dict) -> tuple[int, int]:
    shapes = {part.shape for part in space.values() if isinstance(part, spaces.Box) and _is_grid(part)}
    if len(shapes) != 1:
        raise ValueError(f"observation space: found grids of shapes {sorted(shapes)}, expected one shape in {space}")
    rows, columns = shapes.pop()
    return rows, columns


def _is_grid(space: spaces.Box) -> bool:
    return len(space.shape) == 2 and np.issubdtype(space.dtype, np.integer) and not space.low.any()


def _painter(part: str, space: spaces.Space[Any], board: tuple[int, int]) -> tuple[list[str], Paint]:
    """Return the names of a part's channels, and what paints them."""
    if isinstance(space, spaces.Box) and _is_grid(space):
        values = np.arange(int(space.high.max()) + 1)
        return [f"{part}={value}" for value in values], functools.partial(_paint_values, values)
    if isinstance(space, spaces.MultiDiscrete) and tuple(space.nvec.tolist()) == board:
        return [part], _paint_places
    if isinstance(space, spaces.MultiBinary) and len(space.shape) == 3 and space.shape[:2] == board:
        return [f"{part}={k}" for k in range(space.shape[2])], _paint_binary
    raise ValueError(f"{part}: found {space}, which fits no board of {board[0]}x{board[1]} cells")


def _paint_values(values: NDArray[np.int64], grids: NDArray[Any], planes: NDArray[np.bool_]) -> None:
    np.equal(grids[..., None], values.astype(grids.dtype), out=planes)


def _paint_places(places: NDArray[Any], planes: NDArray[np.bool_]) -> None:
    planes[np.arange(len(places)), places[:, 0], places[:, 1], 0] = True


def _paint_binary(binary: NDArray[Any], planes: NDArray[np.bool_]) -> None:
    planes[:] = binary
