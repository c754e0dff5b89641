"""Fixtures that every test may use."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # before Triton is imported: its kernels run on a CPU, slowly
os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores Ctrl-C, which tests press


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public puzzle lists, which are not part of the project; tests that use them skip without it."""
    folder = Path(os.environ.get("AIR_ENVS_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}: set AIR_ENVS_DATA to one that holds the public puzzle lists")
    return folder


@pytest.fixture
def display() -> Iterator[str]:
    """The name of a virtual X11 screen; needs Xvfb."""
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait()


def window_of(program: subprocess.Popen[bytes], environment: dict[str, str]) -> str:
    """Return xdotool's number of a program's window, as soon as it is visible."""
    return subprocess.run(
        ["xdotool", "search", "--sync", "--onlyvisible", "--pid", str(program.pid)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout.split()[0]
