"""Watching without a display: a session run to its end and written to a file."""

from __future__ import annotations

from pathlib import Path

from agents.thinking.ending import Ending
from agents.watching.film import save_film
from agents.watching.recording import save_recording
from agents.watching.story import Story
from air_envs.drawing.files import FILMS, check_film
from puzzles.dataset.existing import check_absent

RECORDING = ".h5"


def record(
    story: Story, path: Path | str, overwrite: bool = False, ms_per_update: int = 250, theme: str = "light"
) -> Path:
    """Run a story to its end and write it: .h5 a recording, .gif, .mp4 or .png pictures of the present branch.

    Args:
        story: a session, which runs as ``run`` says; a recording, which is written as it is.
        path: its suffix says what is written.
        overwrite: replace a file of this name.
        ms_per_update: how long a film shows each update.
        theme: of pictures, ``"light"`` or ``"dark"``.

    Returns:
        The path.

    Raises:
        FileExistsError: a file of this name, without ``overwrite``, or a folder.
        ValueError: another suffix.
        ModuleNotFoundError: .mp4 without ``imageio-ffmpeg``.
    """
    path = Path(path)
    is_film = path.suffix in FILMS
    if path.suffix not in (RECORDING, *FILMS):
        raise ValueError(f"{path}: suffix {path.suffix!r}, expected one of {', '.join((RECORDING, *FILMS))}")
    if is_film:
        check_film(path)
    check_absent(path, overwrite)
    if story.live:
        run(story)
    if is_film:
        return save_film(story, path, ms_per_update=ms_per_update, theme=theme)
    return save_recording(story, path, overwrite)


def run(story: Story) -> None:
    """Go on until ``Ending`` says that it is over, or to the maximum of ACT steps."""
    ending = Ending()
    while story.step():
        moment = story.moment
        if moment.update % len(story.program) == 0 and ending.reached(moment.solved, moment.halt):
            return
