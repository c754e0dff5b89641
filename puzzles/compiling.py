"""``njit`` for every kernel of the project: numba's, with a cache on disk that is used where there is one."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable
from typing import Any

import numba
from numba.core.caching import FunctionCache

from puzzles.compile_notice import announce_compiling, announce_no_cache
from puzzles.errors import PuzzleError

if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
    raise PuzzleError(
        "NUMBA_DISABLE_JIT is set, expected it unset: the kernels use processor vectors and overflowing integers, "
        "which exist only in compiled code"
    )

announce_compiling()


def njit(*, cache: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a kernel as ``numba.njit(cache=cache, **options)`` does.

    Numba refuses to decorate where it finds no folder for its cache, such as in a container with a read-only
    installation and no home. Here each process compiles its kernels then, and says why.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**options)(function)
        if cache:
            try:
                dispatcher._cache = _Cache(function)
            except RuntimeError:  # numba's "no locator available"
                announce_no_cache()
        return dispatcher

    return decorate


class _Cache(FunctionCache):
    """Numba's cache of one kernel. A file that cannot be read or written costs time, and nothing else."""

    def load_overload(self, *args: Any) -> Any:
        try:
            return super().load_overload(*args)
        except OSError:
            return None
        except (EOFError, pickle.UnpicklingError):  # cut short when the machine went down
            with contextlib.suppress(OSError):
                self.flush()
            return None

    def save_overload(self, *args: Any) -> None:
        with contextlib.suppress(OSError):
            super().save_overload(*args)
