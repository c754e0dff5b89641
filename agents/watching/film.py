"""Films of a story: one picture per update of a branch, as GIF, PNG or MP4."""

from __future__ import annotations

from pathlib import Path

import puzzles
from agents.watching.moments import Moment
from agents.watching.story import Story
from air_envs.drawing.files import load_ffmpeg, save_gif, save_mp4, save_png
from air_envs.drawing.frame import Frame
from air_envs.drawing.rollout import draw_frames
from air_envs.drawing.sheet import draw_sheet

SUFFIXES = (".gif", ".png", ".mp4")


def frames(story: Story, branch: int | None = None) -> list[Frame]:
    """Return what a film shows: every moment of a branch, the present one by default, from update 0 on."""
    shown = story.branches[story.cursor.branch if branch is None else branch]
    found, answer = [], None
    for update in range(shown.last_update + 1):
        moment = shown.moment(update)
        if update and update % len(story.program) == 0:
            answer = moment.z_H.cells
        found.append(_frame(story, moment, answer))
    return found


def save_film(
    story: Story, path: Path | str, branch: int | None = None, ms_per_update: int = 250, theme: str = "light"
) -> Path:
    """Write a branch, the present one by default, as pictures; return the path.

    Args:
        story: live or recorded.
        path: .gif or .mp4, a film, or .png, a contact sheet of all updates.
        branch: index of the branch.
        ms_per_update: how long each update is shown.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        ValueError: another suffix.
        gymnasium.error.DependencyNotInstalled: .mp4 without ``imageio-ffmpeg``.
    """
    path = Path(path)
    check_film(path)
    shown = frames(story, branch)
    if path.suffix == ".png":
        return save_png(path, draw_sheet(story.family, shown, theme=theme, title=story.title))
    save = save_gif if path.suffix == ".gif" else save_mp4
    return save(path, draw_frames(story.family, shown, theme), ms_per_update)


def check_film(path: Path) -> None:
    """Make sure that a film can be written to a path of that suffix.

    Raises:
        gymnasium.error.DependencyNotInstalled: .mp4 without ``imageio-ffmpeg``.
        ValueError: another suffix.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path}: suffix {path.suffix!r}, expected one of {', '.join(SUFFIXES)}")
    if path.suffix == ".mp4":
        load_ffmpeg()


def _frame(story: Story, moment: Moment, answer: puzzles.Grids | None) -> Frame:
    candidates = [z.probability[..., 1:] if story.family.symbols else None for z in (moment.z_H, moment.z_L)]
    return Frame(
        moment.puzzle,
        z_h=moment.z_H.cells,
        z_l=moment.z_L.cells,
        answer=answer,
        z_h_confidence=moment.z_H.confidence,
        z_l_confidence=moment.z_L.confidence,
        z_h_candidates=candidates[0],
        z_l_candidates=candidates[1],
        title=story.title,
        act_step=moment.act_step,
        update=moment.update,
        program=story.program,
        position=(moment.update - 1) % len(story.program) if moment.update else None,
        halt=moment.halt if moment.update else None,
        solved=moment.solved if moment.update else None,
    )
