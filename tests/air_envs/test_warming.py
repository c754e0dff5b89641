"""Compiling ahead."""

import subprocess
import sys
from pathlib import Path

import pytest

import air_envs

ROOT = Path(__file__).parents[2]


def test_what_is_compiled_ahead_is_chosen_by_kind(capsys):
    air_envs.warm_up(["maze"], progress=False)
    assert capsys.readouterr() == ("", "")
    with pytest.raises(ValueError, match=r"no environment of 'kakuro', expected one of \['maze', 'sudoku'\]"):
        air_envs.warm_up(["kakuro"])


# What a process compiles that it does not find on disk, by the name of the kernel.
COMPILED = """
import sys
from numba.core.dispatcher import Dispatcher

names = {
    f"{name}.{kernel}"
    for name, module in list(sys.modules.items())
    if name.split(".")[0] in ("puzzles", "air_envs")
    for kernel, found in vars(module).items()
    if isinstance(found, Dispatcher) and found.stats.cache_misses
}
print(*sorted(names))
"""
PLAY = """
import gymnasium, numpy as np, air_envs

for id in air_envs.ENVIRONMENTS:
    for action_type in gymnasium.make(id).unwrapped.dynamics_types:
        env = gymnasium.make(id, action_type=action_type, render_mode="rgb_array")
        env.reset(seed=0)
        env.step(env.action_space.sample())
        env.render()
        envs = gymnasium.make_vec(id, num_envs=3, action_type=action_type)
        envs.reset(seed=0)
        envs.step(envs.action_space.sample())
        envs.reset(options={"puzzle": envs.dynamics.puzzle[1]})
for kwargs in ({"erase": True, "candidates": True, "end_on_contradiction": True}, {"clues": 30}, {"level": "easy"}):
    gymnasium.make("air_envs/Sudoku-v0", **kwargs).reset(seed=0)
for kwargs in ({"view": 5}, {"generator": "braided"}, {"algorithm": "wilson"}, {"generator": "percolation"}):
    gymnasium.make("air_envs/Maze-v0", **kwargs).reset(seed=0)
"""


@pytest.mark.slow
def test_nothing_is_left_to_compile(tmp_path):
    """With a new cache: a minute or two."""

    def run(code):
        environment = {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path), "SDL_VIDEODRIVER": "dummy"}
        command = [sys.executable, "-c", code + COMPILED]
        answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return answer.stdout.splitlines()[-1].split()

    assert "puzzles.sudoku.generator._generate_batch" in run("import air_envs; air_envs.warm_up(progress=False)")
    assert run(PLAY) == []
