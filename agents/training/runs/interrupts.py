"""Ctrl-C, or another signal that ends the process, at a moment that suits the work."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

ECHO = 1.0
"""Seconds in which a second signal is taken for the same Ctrl-C: ``torchrun`` passes on what the terminal has sent."""


@contextlib.contextmanager
def deferred_interrupt(*further: signal.Signals) -> Iterator[list[float]]:
    """Collect Ctrl-C in the list yielded instead of raising it anywhere; a second one is raised at once.

    Outside the main thread, where signals can't be handled, nothing changes.

    Args:
        *further: signals that count as Ctrl-C, such as ``SIGTERM``.
    """
    received: list[float] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if received and time.monotonic() > received[0] + ECHO:
            raise KeyboardInterrupt
        received.append(time.monotonic())

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.signal(number, receive) for number in (signal.SIGINT, *further)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
