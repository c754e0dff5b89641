"""Saying that kernels are being compiled, which makes whatever called them first wait."""

from __future__ import annotations

import logging

from numba.core import event

PACKAGES = ("puzzles", "air_envs")
_LOGGER = logging.getLogger("puzzles")
_ONCE = "air-envs: compiling for this machine: up to a minute, once; `air-envs warmup` does all of it ahead"
_EACH_TIME = (
    "air-envs: compiling for this process: up to a minute; no folder for numba's cache can be written, "
    "NUMBA_CACHE_DIR names one"
)


class _Listener(event.Listener):
    """Hears of each kernel that numba compiles, and of none that it finds in its cache."""

    heard = False
    cached = True

    def on_start(self, event: event.Event) -> None:
        """Say so at the first kernel of this project."""
        package = event.data["dispatcher"].py_func.__module__.partition(".")[0]
        if package in PACKAGES and not self.heard:
            self.heard = True
            _LOGGER.warning(_ONCE if self.cached else _EACH_TIME)

    def on_end(self, event: event.Event) -> None:
        """Say nothing."""


_LISTENER = _Listener()


def announce_compiling() -> None:
    """Log one warning, on standard error where logging is not configured, when this process first compiles a kernel."""
    event.register("numba:compile", _LISTENER)


def announce_no_cache() -> None:
    """Let that warning say that what is compiled cannot be kept."""
    _LISTENER.cached = False
