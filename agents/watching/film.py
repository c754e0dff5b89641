"""Films of a story: one picture per update of a branch, as GIF, PNG or MP4."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.watching.pages import frame_at
from agents.watching.story import Story
from air_envs.drawing.files import check_film, save_gif, save_mp4, save_png
from air_envs.drawing.frame import Frame
from air_envs.drawing.rollout import draw_frames
from air_envs.drawing.sheet import draw_sheet
from air_envs.drawing.theme import Theme


def frames(story: Story, branch: int | None = None) -> list[Frame]:
    """Return what a film shows: every moment of a branch, the present one by default, from update 0 on."""
    shown = story.branches[story.cursor.branch if branch is None else branch]
    return [frame_at(story, shown, update) for update in range(shown.last_update + 1)]


def save_film(
    story: Story, path: Path | str, branch: int | None = None, ms_per_update: int = 250, theme: str | Theme = "light"
) -> Path:
    """Write a branch, the present one by default, as pictures; return the path.

    Args:
        story: live or recorded.
        path: .gif or .mp4, a film, or .png, a contact sheet of all updates.
        branch: index of the branch.
        ms_per_update: how long each update is shown.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.

    Raises:
        ValueError: another suffix.
        ModuleNotFoundError: .mp4 without ``imageio-ffmpeg``.
    """
    path = Path(path)
    check_film(path)
    if path.suffix == ".png":
        return save_png(path, draw_sheet(story.family, frames(story, branch), theme=theme, title=story.title))
    film = Film(story, path, branch, ms_per_update, theme)
    while film.draw():
        pass
    return film.save()


class Film:
    """A film that is drawn picture by picture, so that the caller can do other things in between.

    Args:
        story: live or recorded.
        path: .gif or .mp4.
        branch: index of the branch; None for the present one.
        ms_per_update: how long each update is shown.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.

    Raises:
        ValueError: another suffix.
        ModuleNotFoundError: .mp4 without ``imageio-ffmpeg``.
    """

    def __init__(
        self,
        story: Story,
        path: Path,
        branch: int | None = None,
        ms_per_update: int = 250,
        theme: str | Theme = "light",
    ):
        check_film(path)
        shown = frames(story, branch)
        self.path, self.length = path, len(shown)
        self.pictures: list[NDArray[np.uint8]] = []
        """Those drawn so far, of ``length``: (height, width, 3) uint8 each."""
        self._ms = ms_per_update
        self._coming = draw_frames(story.family, shown, theme)

    def draw(self) -> bool:
        """Draw the next picture; return whether there was one."""
        picture = next(self._coming, None)
        if picture is not None:
            self.pictures.append(picture)
        return picture is not None

    def save(self) -> Path:
        """Write what was drawn; return the path."""
        save = save_gif if self.path.suffix == ".gif" else save_mp4
        return save(self.path, self.pictures, self._ms)
