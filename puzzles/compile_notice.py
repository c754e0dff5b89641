"""Saying that kernels are being compiled, which makes whatever called them first wait."""

from __future__ import annotations

import logging

from numba.core import event

PACKAGES = ("puzzles", "air_envs")
_LOGGER = logging.getLogger("puzzles")
_MESSAGE = "air-envs: compiling for this machine: up to a minute, once; `air-envs warmup` does all of it ahead"


class _Listener(event.Listener):
    """Hears of each kernel that numba compiles, and of none that it finds in its cache."""

    heard = False

    def on_start(self, event: event.Event) -> None:
        """Say so at the first kernel of this project."""
        package = event.data["dispatcher"].py_func.__module__.partition(".")[0]
        if package in PACKAGES and not self.heard:
            self.heard = True
            _LOGGER.warning(_MESSAGE)

    def on_end(self, event: event.Event) -> None:
        """Say nothing."""


_LISTENER = _Listener()


def announce_compiling() -> None:
    """Log one warning, on standard error where logging is not configured, when this process first compiles a kernel."""
    event.register("numba:compile", _LISTENER)
