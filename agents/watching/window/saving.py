"""Files that the window writes: recordings, films, pictures. Films are drawn picture by picture in between."""

from __future__ import annotations

import re
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from agents.watching.film import Film
from agents.watching.recording import save_recording
from agents.watching.story import Story
from air_envs.drawing.loop import in_background
from air_envs.drawing.theme import Theme


class News(NamedTuple):
    """How far a film is."""

    message: str
    done: bool = False
    """Whether the file is written."""


class Saver:
    """Writes files, each under a name that is free.

    Args:
        folder: where to.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._film: Film | None = None
        self._written: Future[Path] | None = None

    def record(self, story: Story) -> str:
        """Write a recording; return what there is to say.

        Raises:
            OSError: the file cannot be written.
        """
        return f"Saved {save_recording(story, self.path(story, '.h5'))}"

    def film(self, story: Story, suffix: str, ms_per_update: int, theme: Theme) -> str:
        """Begin a film of the present branch; return what there is to say.

        Raises:
            gymnasium.error.DependencyNotInstalled: .mp4 without ``imageio-ffmpeg``.
            ValueError: another film is being made.
        """
        if self._film is not None:
            raise ValueError(f"{self._film.path.name} is being made, expected to film after that")
        self._film = Film(story, self.path(story, suffix), ms_per_update=ms_per_update, theme=theme)
        return "Filming ..."

    def tick(self) -> News | None:
        """Draw the next picture of a film that is being made; return what there is to say.

        Raises:
            OSError: the file cannot be written.
        """
        film = self._film
        if film is None:
            return None
        if self._written is None:
            if film.draw():
                return News(f"Film: {len(film.pictures)} of {film.length} pictures")
            self._written = in_background(film.save)
            return News(f"Writing {film.path.name} ...")
        if not self._written.done():
            return None
        written, self._written, self._film = self._written, None, None
        return News(f"Saved {written.result()}", done=True)

    def path(self, story: Story, suffix: str) -> Path:
        """Return a path in the folder that is free, named after the puzzle."""
        stem = re.sub(r"[^A-Za-z0-9.]+", "-", story.title).strip("-") or "thinking"
        number, path = 1, self.folder / f"{stem}{suffix}"
        while path.exists():
            number += 1
            path = self.folder / f"{stem}-{number}{suffix}"
        return path
