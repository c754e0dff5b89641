"""Stories as pages: what the window draws of a moment, its branches and a cell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.watching.branches import Branch
from agents.watching.interventions import value_name
from agents.watching.moments import Moment, Reading
from agents.watching.story import Story
from air_envs.drawing.frame import Frame
from air_envs.drawing.thinking.page import Inside, Lane, Tick, Timeline


def frame_at(story: Story, branch: Branch, update: int) -> Frame:
    """Return what the boards show of a moment of a branch; the answer is that of the last finished ACT step."""
    moment, length = branch.moment(update), len(story.program)
    finished = update // length * length
    return Frame.of_states(
        story.family,
        moment.puzzle,
        moment.z_H,
        moment.z_L,
        answer=branch.moment(finished).z_H.cells if finished else None,
        z_h_conflicts=moment.conflicts if update else None,
        title=story.title,
        act_step=moment.act_step,
        update=update,
        program=story.program,
        frozen=moment.frozen,
        skipped=moment.letter == "-",
        position=(update - 1) % length if update else None,
        halt=moment.halt if update else None,
        solved=moment.solved if update else None,
    )


def timeline_of(story: Story, status: str = "") -> Timeline:
    """Return the timeline of a story, its present moment lit."""
    lanes = [
        Lane(branch.name, [_tick(story, moment) for moment in branch.moments], branch.parent, branch.start)
        for branch in story.branches
    ]
    return Timeline(lanes, story.cursor.branch, story.cursor.update, status)


def inside_of(story: Story, cell: tuple[int, int], layer: int = 0, head: int | None = None, hidden: str = "") -> Inside:
    """Return what is inside a cell.

    Args:
        story: at its present moment.
        cell: (row, column).
        layer: of the attention, counted from 0.
        head: of the attention, counted from 0; None for the mean of all.
        hidden: why attention is not shown; empty where it is.
    """
    moments = [story.branch.moment(update) for update in range(story.last_update + 1)]
    shape, attention_l, attention_h = story.attention_shape, None, None
    if shape is None:
        hidden = no_attention(story)
    elif not hidden:
        layers, heads = shape
        attention_l, attention_h = (story.attention(letter, layer, head, cell) for letter in "LH")
        which = (
            "one head" if heads == 1 else f"mean of {heads} heads" if head is None else f"head {head + 1} of {heads}"
        )
        hidden = f"layer {layer + 1} of {layers} · {which}"
    return Inside(
        cell,
        values=[value_name(story.family, value) for value in range(story.family.cell_values)],
        z_h=_odds([moment.z_H for moment in moments], cell),
        z_l=_odds([moment.z_L for moment in moments], cell),
        now=story.cursor.update,
        attention_l=attention_l,
        attention_h=attention_h,
        caption=hidden,
    )


def no_attention(story: Story) -> str:
    """Return why a story shows no attention."""
    if not story.live:
        return "A recording holds no attention: open the model itself to see it."
    return "This model mixes positions without attention: there is nothing that a cell attends to."


def _odds(readings: list[Reading], cell: tuple[int, int]) -> NDArray[np.float32]:
    return np.stack([reading.probability[cell] for reading in readings])


def _tick(story: Story, moment: Moment) -> Tick:
    return Tick(
        letter=story.program[(moment.update - 1) % len(story.program)] if moment.update else "",
        act_step=moment.act_step,
        halt=moment.halt,
        changed=float(moment.changed.mean()),
        solved=moment.solved,
        frozen=moment.letter == "-",
        marked=bool(moment.notes),
    )
