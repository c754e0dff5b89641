"""Ctrl-C, pressed for real, ends what would go on for minutes or hours: mazes with paths that hardly any maze has."""

import os
import signal
import subprocess
import sys
import time

import pytest

SECONDS = 10
"""Until an interrupted process has ended: it takes less than one, but the machine may be busy."""

START = """
import sys
import gymnasium as gym
import numpy as np
import air_envs
import puzzles
from puzzles.build import build_dataset

family = puzzles.family("maze-255x255")
RARE = {"min_path": 30_000}

def generate(count, **options):
    family.generate(np.arange(count, dtype=np.uint64), family.Options(**options))

def build(**options):
    build_dataset(sys.argv[1], family, family.Options(**options), train=50, test=0, progress=False)

def reset(**options):
    gym.make("air_envs/Maze-v0", rows=255, columns=255, **options).reset(seed=0)

def vector_reset(**options):
    gym.make_vec("air_envs/Maze-v0", 40, rows=255, columns=255, **options).reset(seed=0)
"""


@pytest.mark.parametrize(
    ("warm_up", "endless"),
    [
        ("generate(1, generator='percolation', min_path=1)", "generate(1, generator='percolation', **RARE)"),
        ("generate(1, generator='percolation', min_path=1)", "generate(40, generator='percolation', **RARE)"),
        ("generate(1, algorithm='wilson')", "generate(1, algorithm='wilson', **RARE)"),
        ("generate(1, generator='braided')", "generate(40, generator='braided', **RARE)"),
        ("generate(1, generator='percolation', min_path=1)", "build(generator='percolation', **RARE)"),
        ("reset(generator='percolation', min_path=1)", "reset(generator='percolation', **RARE)"),
        ("vector_reset(generator='percolation', min_path=1)", "vector_reset(generator='percolation', **RARE)"),
    ],
)
def test_ctrl_c_ends_the_search_for_mazes_that_hardly_exist(warm_up, endless, tmp_path):
    script = f"{START}\n{warm_up}\nprint('ready', flush=True)\n{endless}\n"
    command = [sys.executable, "-c", script, str(tmp_path / "a.h5")]
    environment = {**os.environ, "PUZZLES_THREADS": "2"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n", process.stderr.read()
            time.sleep(1)  # it is in a kernel by then
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert errors.endswith("\nKeyboardInterrupt\n")
    assert process.returncode == -signal.SIGINT
