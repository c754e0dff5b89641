"""Writing pictures to files: GIF, MP4 and PNG, whole or not at all."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from puzzles.files import replacing

FILMS = (".gif", ".png", ".mp4")
"""Suffixes of what shows a run: films, and a picture of its moments."""


def save_gif(
    path: str | os.PathLike[str], frames: Iterable[NDArray[np.uint8]], ms_per_frame: int = 250, *, last_ms: int = 2000
) -> Path:
    """Write pictures as an endlessly repeating GIF of one palette, so that only what changes takes room.

    Args:
        path: of the file; replaced when it is there, whole or not at all.
        frames: (height, width, 3) uint8 each, all of one shape.
        ms_per_frame: how long each is shown.
        last_ms: how long the last is shown.

    Returns:
        The path written.

    Raises:
        ValueError: no frames, or one that is no picture or of another shape than the first.
    """
    import imageio.v3 as imageio

    path, pictures = Path(path), list(frames)
    if not pictures:
        raise ValueError(f"{path}: no frames, expected 1 or more")
    for picture in pictures:
        _check(path, picture, pictures[0].shape)
    durations = [ms_per_frame] * (len(pictures) - 1) + [max(last_ms, ms_per_frame)]
    duration = durations if len(durations) > 1 else durations[0]  # Pillow takes no list for a single picture
    with replacing(path) as partial:
        imageio.imwrite(partial, _one_palette(pictures), extension=".gif", duration=duration, loop=0)
    return path


def save_mp4(
    path: str | os.PathLike[str], frames: Iterable[NDArray[np.uint8]], ms_per_frame: int = 250, *, last_ms: int = 2000
) -> Path:
    """Write pictures as a film in H.264, which players and browsers show; they may be drawn as they are written.

    Args:
        path: of the file; replaced when it is there, whole or not at all.
        frames: (height, width, 3) uint8 each, all of one shape; an odd width or height gets one more pixel.
        ms_per_frame: how long each is shown.
        last_ms: how long the last is shown, in whole frames.

    Returns:
        The path written.

    Raises:
        ModuleNotFoundError: imageio-ffmpeg is missing.
        ValueError: no frames, or one that is no picture or of another shape than the first.
    """
    ffmpeg, path, frames = load_ffmpeg(), Path(path), iter(frames)
    first = next(frames, None)
    if first is None:
        raise ValueError(f"{path}: no frames, expected 1 or more")
    _check(path, first, first.shape)
    height, width = first.shape[0] + first.shape[0] % 2, first.shape[1] + first.shape[1] % 2  # H.264 takes even ones
    with replacing(path) as partial:
        film = ffmpeg.write_frames(
            str(partial),
            (width, height),
            fps=1000 / ms_per_frame,
            quality=8,
            macro_block_size=2,
            output_params=["-f", "mp4", "-movflags", "+faststart"],
        )
        film.send(None)
        try:
            for picture in itertools.chain((first,), frames):
                _check(path, picture, first.shape)
                even = np.pad(picture, ((0, height - len(picture)), (0, width - picture.shape[1]), (0, 0)), "edge")
                film.send(even.tobytes())
            for _ in range(round(last_ms / ms_per_frame) - 1):
                film.send(even.tobytes())
        finally:
            film.close()
    return path


def check_film(path: Path) -> None:
    """Make sure that a film, or a picture in its place, can be written to a path of that suffix.

    Raises:
        ModuleNotFoundError: .mp4 without ``imageio-ffmpeg``.
        ValueError: another suffix than those of ``FILMS``.
    """
    if path.suffix not in FILMS:
        raise ValueError(f"{path}: suffix {path.suffix!r}, expected one of {', '.join(FILMS)}")
    if path.suffix == ".mp4":
        load_ffmpeg()


def load_ffmpeg() -> Any:
    """Import imageio-ffmpeg, which brings the encoder of films.

    Raises:
        ModuleNotFoundError: it is missing; the message says which ``pip install`` brings it.
    """
    try:
        import imageio_ffmpeg
    except ModuleNotFoundError as error:
        line = "MP4 films need imageio-ffmpeg: pip install 'air-envs[video]'"
        raise ModuleNotFoundError(line, name="imageio_ffmpeg") from error
    return imageio_ffmpeg


def save_png(path: str | os.PathLike[str], picture: NDArray[np.uint8]) -> Path:
    """Write one (height, width, 3) uint8 picture as PNG, whole or not at all; return the path.

    Raises:
        ValueError: no picture.
    """
    import imageio.v3 as imageio

    path = Path(path)
    _check(path, picture, picture.shape)
    with replacing(path) as partial:
        imageio.imwrite(partial, picture, extension=".png", optimize=True)
    return path


def gif_and_png(path: Path) -> tuple[Path, Path]:
    """Return ``PATH.gif`` and ``PATH.png``, for a path that may end in either already; their folder is created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name = path.stem if path.suffix in (".gif", ".png") else path.name
    return path.with_name(f"{name}.gif"), path.with_name(f"{name}.png")


def _check(path: Path, picture: NDArray[np.uint8], shape: tuple[int, ...]) -> None:
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or picture.shape != shape:
        found = f"shape {picture.shape} and dtype {picture.dtype}"
        raise ValueError(f"{path}: a frame of {found}, expected (height, width, 3) uint8, the same for all")


def _one_palette(pictures: list[NDArray[np.uint8]], colours: int = 192, common: int = 128) -> list[NDArray[np.uint8]]:
    """Replace every colour by the nearest of one palette, compared to 6 bits.

    The palette takes the ``common`` commonest of all pictures, then whichever is farthest from those it has: a rare
    colour that is like no other, such as that of a solved puzzle, stays what it is.
    """
    bins = [_bins(picture) for picture in pictures]
    counts = np.sum([np.bincount(b.ravel(), minlength=1 << 18) for b in bins], axis=0)
    used = np.flatnonzero(counts)
    used = used[np.argsort(-counts[used], kind="stable")]
    exact = np.zeros((1 << 18, 3), dtype=np.uint8)  # a colour that stands for each bin: the last one seen in it
    for picture, b in zip(pictures, bins, strict=True):
        exact[b.ravel()] = picture.reshape(-1, 3)
    nearest = np.zeros((1 << 18, 3), dtype=np.uint8)
    nearest[used] = _nearest(exact[used], colours, common)
    return [nearest[b] for b in bins]


def _nearest(used: NDArray[np.uint8], colours: int, common: int) -> NDArray[np.uint8]:
    """Return the nearest to each colour, (N, 3), in a palette: the first ``common``, then the farthest from those."""
    wide = used.astype(np.int32)
    distance, nearest = np.full(len(used), 1 << 18), np.zeros(len(used), np.int64)
    for k in range(min(colours, len(used))):
        taken = k if k < common else int(distance.argmax())
        squares = ((wide - wide[taken]) ** 2).sum(axis=1)
        nearest[squares < distance] = taken
        distance = np.minimum(squares, distance)
    return used[nearest]


def _bins(picture: NDArray[np.uint8]) -> NDArray[np.int32]:
    wide = picture.astype(np.int32) >> 2
    return wide[..., 0] << 12 | wide[..., 1] << 6 | wide[..., 2]
