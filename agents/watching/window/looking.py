"""Which cell is looked into, and when its attention is computed: where that takes long, only at rest."""

from __future__ import annotations

import time
from collections.abc import Callable

from agents.watching.pages import inside_of, no_attention
from agents.watching.story import Story
from air_envs.drawing.thinking.page import Inside

_QUICK = 0.1
"""Seconds that showing attention may take while updates run."""
_REST = 0.25
"""Seconds without a change after which attention is shown that takes longer."""


class Looking:
    """What the look inside shows.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.cell: tuple[int, int] | None = None
        """(row, column)."""
        self.layer = 0
        """Counted from 0."""
        self.head: int | None = None
        """Counted from 0; None for the mean of all."""
        self.attends = True
        """Whether attention is shown."""
        self._clock = clock
        self._cost = 0.0
        self._seen: tuple[object, ...] = ()
        self._measured: tuple[object, ...] = ()
        self._since = 0.0

    def at_rest(self, story: Story, running: bool) -> bool:
        """Whether attention can be shown without holding up the window."""
        seen = (story, story.cursor)
        if seen != self._seen:
            self._seen, self._since = seen, self._clock()
        return self._cost < _QUICK or (not running and self._clock() - self._since >= _REST)

    def inside(self, story: Story, running: bool) -> Inside | None:
        """Return what is inside the cell at the present moment; None where none is chosen."""
        if self.cell is None:
            return None
        shape = story.attention_shape
        if shape is not None:  # another model may have fewer
            self.layer = min(self.layer, shape[0] - 1)
            self.head = None if self.head is None else min(self.head, shape[1] - 1)
        if not self.attends:
            return inside_of(story, self.cell, hidden="Attention is hidden: A shows it.")
        if not self.at_rest(story, running):
            return inside_of(story, self.cell, hidden="Attention takes a while: it is shown when updates stop.")
        start = self._clock()
        inside = inside_of(story, self.cell, self.layer, self.head)
        if self._measured != self._seen:  # looked at once more, it is held and costs nothing
            self._measured, self._cost = self._seen, self._clock() - start
        return inside

    def next_layer(self, story: Story, step: int) -> None:
        """Take another layer, the first after the last.

        Raises:
            ValueError: there is no attention; the message says why.
        """
        self.layer = (self.layer + step) % _shape(story)[0]

    def next_head(self, story: Story, step: int) -> None:
        """Take another head; before the first, and after the last, is the mean of all.

        Raises:
            ValueError: there is no attention; the message says why.
        """
        heads = _shape(story)[1]
        number = 0 if self.head is None else self.head + 1
        number = (number + step) % (heads + 1)
        self.head = number - 1 if number else None


def _shape(story: Story) -> tuple[int, int]:
    shape = story.attention_shape
    if shape is None:
        raise ValueError(no_attention(story))
    return shape
