"""Compiling ahead."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import air_envs

ROOT = Path(__file__).parents[2]
MESSAGE = "air-envs: compiling for this machine: up to a minute, once; `air-envs warmup` does all of it ahead"


def test_what_is_compiled_ahead_is_chosen_by_kind(capsys):
    air_envs.warm_up(["maze"], progress=False)
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match=r"no environment of 'kakuro', expected one of \['maze', 'sudoku'\]"):
        air_envs.warm_up(["kakuro"])


def test_compiling_is_said_once_and_only_where_it_happens(tmp_path):
    """One small kernel, with a new cache and again with what is in it then; not what somebody else compiles."""
    code = (
        "import sys, numba, numpy as np, puzzles.random as r; numba.njit(lambda x: x + 1)(1);"
        "print('ready', file=sys.stderr); r.uniform(r.seeded(np.uint64(2)))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path)}
    said = [
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stderr
        for _ in range(2)
    ]
    assert said == [f"ready\n{MESSAGE}\n", "ready\n"]


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
        curriculum = air_envs.CurriculumPuzzles([envs.source, envs.source], earlier=0)
        gymnasium.make(id, action_type=action_type, source=curriculum).reset(seed=0)
for kwargs in ({"erase": True, "candidates": True, "end_on_contradiction": True}, {"clues": 30}, {"level": "easy"}):
    gymnasium.make("air_envs/Sudoku-v0", **kwargs).reset(seed=0)
for kwargs in ({"view": 5}, {"generator": "braided"}, {"algorithm": "wilson"}, {"generator": "percolation"}):
    gymnasium.make("air_envs/Maze-v0", **kwargs).reset(seed=0)
"""


@pytest.mark.slow
def test_nothing_is_left_to_compile(tmp_path):
    """With a new cache: a minute or two."""

    def run(code):
        """Return what was compiled, and what was said on standard error."""
        environment = {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path), "SDL_VIDEODRIVER": "dummy"}
        command = [sys.executable, "-c", code + COMPILED]
        answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        return answer.stdout.splitlines()[-1].split(), answer.stderr

    compiled, said = run("import air_envs; air_envs.warm_up(progress=False)")
    assert "puzzles.sudoku.generator._generate_batch" in compiled
    assert said == f"{MESSAGE}\n"
    assert run(PLAY) == ([], "")
