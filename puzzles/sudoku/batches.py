"""Work on a batch in pieces."""

from __future__ import annotations

from collections.abc import Callable

from puzzles.threads import in_threads


def in_batches(work: Callable[[slice], None], count: int, size: int) -> None:
    """Call ``work`` with slices of at most ``size`` that cover ``range(count)``, over threads; see ``in_threads``.

    Between two slices an interrupt is heard: kernels hear none.
    """

    def pieces(part: slice) -> None:
        for first in range(part.start, part.stop, size):
            work(slice(first, min(first + size, part.stop)))

    in_threads(pieces, count, size)
