"""Ctrl-C at a moment that suits the work."""

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
def deferred_interrupt() -> Iterator[list[float]]:
    """Collect Ctrl-C in the list yielded instead of raising it anywhere; a second one is raised at once.

    Outside the main thread, where signals can't be handled, nothing changes.
    """
    received: list[float] = []

    def receive(number: int, frame: FrameType | None) -> None:
        if received and time.monotonic() > received[0] + ECHO:
            raise KeyboardInterrupt
        received.append(time.monotonic())

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = signal.signal(signal.SIGINT, receive)
    try:
        yield received
    finally:
        signal.signal(signal.SIGINT, before)
