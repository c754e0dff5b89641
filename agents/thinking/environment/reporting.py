"""What is shown of a mind: infos for programs, frames and text for people."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.thinking.conflicts import conflicts
from agents.thinking.environment.mind import COMMIT, H, L, Mind
from air_envs.drawing.board import board_text
from air_envs.drawing.frame import Frame
from air_envs.drawing.rollout import draw_frame
from air_envs.drawing.scene import make_scene
from air_envs.drawing.viewer import Viewer
from puzzles import Grids, PuzzleFamily

_LETTERS = np.array(["L", "H", "", ""], object)
"""By action: the letter of the update that it makes."""


def thinking_info(mind: Mind) -> dict[str, NDArray[Any]]:
    """Return (N,) arrays, the same keys at every call.

    - letter: the update that the last step made, "L" or "H"; "" after a COMMIT and after a reset.
    - committed: whether the last step was a COMMIT.
    - act_step: ACT step of the last update, counted from 1; 0 before the first.
    - halt_logit: of "the whole proposal is right".
    - proposal_solves: whether the proposal is right by the rules, submitted or not.
    """
    return {
        "letter": _LETTERS[mind.last],
        "committed": mind.last == COMMIT,
        "act_step": mind.act_step,
        "halt_logit": mind.halt_logit,
        "proposal_solves": mind.solves,
    }


def thinking_frames(mind: Mind, row: int, answer: Grids, answer_before: Grids) -> tuple[Frame, Frame]:
    """Return what to draw of one puzzle, and the frame before its last action, from which it differs.

    Args:
        mind: of N puzzles.
        row: which of them.
        answer: (rows, columns): the grid that was proposed last; the puzzle before the first proposal.
        answer_before: the same before the last action.
    """
    family, last = mind.agent.family, mind.last[row]
    z_H, z_L = mind.state(row)
    updates, commits = int(mind.updates[row]), int(mind.done[row, COMMIT])
    frame = Frame.of_states(
        family,
        mind.puzzle[row],
        z_H,
        z_L,
        answer=answer,
        z_h_conflicts=conflicts(family, mind.puzzle[row, None], mind.answer[row, None])[0],
        title=family.name + (f" · proposal {commits}" if commits else ""),
        act_step=int(mind.act_step[row]),
        update=updates,
        program="".join(_LETTERS[mind.strip[row]]),
        position=(updates - 1) % len(mind.program) if updates else None,
        halt=float(mind.halting_probability[row]),
        solved=bool(mind.solves[row]),
    )
    before = Frame(
        mind.puzzle[row],
        z_h=mind.z_H.cells_before[row] if last == H else z_H.cells,
        z_l=mind.z_L.cells_before[row] if last == L else z_L.cells,
        answer=answer_before,
    )
    return frame, before


def thinking_picture(mind: Mind, row: int, answer: Grids, answer_before: Grids, viewer: Viewer) -> NDArray[np.uint8]:
    """Draw one puzzle, the cells highlighted that its last action changed: (height, width, 3) uint8.

    Args:
        mind: of N puzzles.
        row: which of them.
        answer: see ``thinking_frames``.
        answer_before: see there.
        viewer: whose theme and pixels are taken.
    """
    frame, before = thinking_frames(mind, row, answer, answer_before)
    picture = draw_frame(mind.agent.family, frame, viewer.theme, previous=before, panel=viewer.pixels)
    height, width, _ = picture.shape  # even sides, or players show no film of it
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")


def thinking_text(mind: Mind, row: int, answer: Grids, answer_before: Grids) -> str:
    """Return the same as text; see ``frame_text``."""
    return frame_text(mind.agent.family, *thinking_frames(mind, row, answer, answer_before))


def frame_text(family: PuzzleFamily, frame: Frame, before: Frame) -> str:
    """Return a frame as text: a line of what was done, and the boards of the answer, z_H and z_L side by side.

    A fourth block marks the cells of z_H and z_L that differ from ``before`` with ``*``.
    """
    letters = [f"[{c}]" if at == frame.position else f" {c} " for at, c in enumerate(frame.program)]
    line = f"{frame.title} · ACT step {frame.act_step} · update {frame.update} · {''.join(letters)} · "
    line += f"halting probability {frame.halt:.2f} · {'solved' if frame.solved else 'not solved'}"
    names = ("answer so far", "z_H, the proposal", "z_L, the scratchpad")
    blocks = []
    for name, panel in zip(names, frame.boards, strict=True):
        board = board_text(family, make_scene(family, panel.cells, puzzle=frame.puzzle))
        blocks.append([name, *board.splitlines()])
    differs = (np.asarray(frame.z_h) != before.z_h) | (np.asarray(frame.z_l) != before.z_l)
    marks = ["".join("*" if cell else "·" for cell in row) for row in differs]
    blocks.append([f"changed: {differs.sum()}", "", *marks])
    height = max(map(len, blocks))
    widths = [max(map(len, block)) for block in blocks]
    lines = zip(*([*block, *[""] * (height - len(block))] for block in blocks), strict=True)
    shown = ("   ".join(text.ljust(width) for text, width in zip(texts, widths, strict=True)) for texts in lines)
    return "\n".join([line, *(text.rstrip() for text in shown)])
