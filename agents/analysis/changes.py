"""What counts as a change of content from one update to the next (AIR paper, freeze experiments)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Changes(NamedTuple):
    """How decoded cells differ from those after the previous update, bool of the cells' shape each."""

    content: NDArray[np.bool_]
    """Another value, and the mask did not flip: the cell held the mask value neither before nor now."""
    flips: NDArray[np.bool_]
    """The mask flipped: the cell took or lost the mask value."""

    @property
    def tokens(self) -> NDArray[np.bool_]:
        """Another value, whatever it was: a change of content or a flip of the mask."""
        return self.content | self.flips

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Every cell of a grid changed its content at once: the cells' shape without its last two axes."""
        return np.asarray(self.content.all((-2, -1)))


def changes(before: NDArray[np.uint8] | None, after: NDArray[np.uint8], mask: int) -> Changes:
    """Compare decoded cells with those after the previous update.

    Args:
        before: after the previous update; None for the first update, which changes nothing.
        after: of the same shape.
        mask: the cell value that the family masks, blank in Sudoku, path in Maze.
    """
    if before is None:
        before = after
    flips = (before == mask) != (after == mask)
    return Changes((before != after) & ~flips, flips)
