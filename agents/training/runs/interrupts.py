"""Ctrl-C, or another signal that ends the process, at a moment that suits the work."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeVar

ECHO = 1.0
"""Seconds in which a second signal is taken for the same Ctrl-C: ``torchrun`` passes on what the terminal has sent."""

T = TypeVar("T")


class Interrupts:
    """True once Ctrl-C was pressed."""

    def __init__(self) -> None:
        self._received: float | None = None
        self._at_once = False

    def __bool__(self) -> bool:
        return self._received is not None

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Remember the first signal; raise a second one."""
        if self._received is None:
            self._received = time.monotonic()
            if self._at_once:
                raise KeyboardInterrupt
        elif time.monotonic() > self._received + ECHO:
            raise KeyboardInterrupt

    def unless_pressed(self, work: Callable[[], T]) -> T | None:
        """Return what ``work`` returns; None where Ctrl-C was pressed before or breaks it off.

        Args:
            work: may be left at any point.
        """
        if self:
            return None
        self._at_once = True
        try:
            return work()
        except KeyboardInterrupt:
            if not self:
                raise
            return None
        finally:
            self._at_once = False


@contextlib.contextmanager
def deferred_interrupt(*further: signal.Signals) -> Iterator[Interrupts]:
    """Remember Ctrl-C in what is yielded instead of raising it anywhere; a second one is raised at once.

    Outside the main thread, where signals can't be handled, nothing changes.

    Args:
        *further: signals that count as Ctrl-C, such as ``SIGTERM``.
    """
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = {number: signal.signal(number, interrupts.receive) for number in (signal.SIGINT, *further)}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
