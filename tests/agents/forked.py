"""A function in a process of its own, forked, which spares the imports: for what a process can't undo."""

import contextlib
import ctypes
import io
import os
import sys
import traceback
from collections.abc import Callable
from typing import NamedTuple


class Ended(NamedTuple):
    code: int
    """Exit code; minus a signal's number."""
    err: str
    """What was written to stderr."""


def forked(function: Callable[[], object]) -> Ended:
    """Run a function in a forked process to its end, and return how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code, err = 1, io.StringIO()
        try:
            with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
                function()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            err.write(traceback.format_exc())
        finally:
            os.write(writing, err.getvalue().encode()[:60_000])
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read().decode()
    _, status = os.waitpid(child, 0)
    return Ended(os.waitstatus_to_exitcode(status), text)


def obey_permissions() -> None:
    """Let root, in this process, be refused what the permissions of a file refuse (Linux, capabilities(7))."""
    libc, header, sets = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, sets) == 0
    for which in (0, 1):  # effective, permitted
        sets[which] &= ~(1 << 1)  # CAP_DAC_OVERRIDE
    assert libc.capset(header, sets) == 0


def dies_at_event(number: int, events: set[str]) -> None:
    """Let this process end, as a kill would end it, just before the ``number``-th of some of Python's audit events."""
    left = number

    def count(event: str, args: tuple[object, ...]) -> None:
        nonlocal left
        if event in events:
            left -= 1
            if left == 0:
                os._exit(9)

    sys.addaudithook(count)
