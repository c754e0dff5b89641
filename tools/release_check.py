"""Checks a release before it is uploaded: ``make release-check``.

It builds the source distribution and the wheel, checks their metadata and content, installs each in a fresh virtual
environment, and uses it from outside the source tree.

The wheel's environment gets the core dependencies from the package index, in the tested versions. The packages of the
extra ``agents`` are gigabytes with torch, so they come from the environment that runs this script, through a ``.pth``
file. air-envs itself never does: the check fails if it is imported from anywhere but the fresh environment. The source
distribution's environment gets all dependencies that way.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tools.archives import PACKAGES, problems_of_sdist, problems_of_wheel

ROOT = Path(__file__).parents[1]

COMMANDS = """
models
data build sudoku-4x4 --train 40 --validation 10 --test 10 --output data.h5
data inspect data.h5
data verify data.h5
data overlap data.h5
data export data.h5 --format csv --output lists
data import lists --output imported.h5
data mix imported.h5 --test data.h5 --output mixed.h5
train --preset sudoku-4x4 --dataset data.h5 --output run --steps 2 --batch 8 --eval-puzzles 5
eval run data.h5 --puzzles 5
solve 5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36..
watch sudoku-6x6-minimal --output thinking
analyze run data.h5 --output analysis
pack run --dataset data.h5 --output packed
train --preset sudoku-4x4 --dataset data.h5 --output trm --steps 2 --batch 8 --variant TRM
export-checkpoint trm --output theirs
import-checkpoint theirs --output back
export-onnx sudoku-6x6-minimal --output exported --format torch
report run --dataset data.h5 --puzzles 5 --analysed 2 --what rollouts --output report.html
train-rl sudoku-4x4-easy --steps 256 --num-envs 16 --n-steps 8 --batch 64 --eval-puzzles 10 --output agent
watch agent --output agent-plays
warmup
play --help
ablate --help
web --help
"""
"""One command of each kind, in an order that works. The last three need a window, an hour, and the built page."""

USER = """\
import gymnasium as gym
import numpy as np
import air_envs
import puzzles
from agents import AIRAgent

agent: AIRAgent = AIRAgent.from_pretrained("sudoku-6x6")
rows: int = puzzles.family("sudoku-6x6").rows
wrong_rows: str = puzzles.family("sudoku-6x6").rows
wrong_agent: int = AIRAgent.from_pretrained("sudoku-6x6")
wrong_envs: int = air_envs.ENVIRONMENTS
"""
"""A user's file; mypy has to find the three wrong types, which it can't where a package counts as untyped."""


def main() -> None:
    """Run every check. End with exit status 1 at the first that fails; what the archives hold is reported last."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="air-envs-release-") as folder:
        outside = Path(folder)
        wheel, sdist = build(outside / "dist")
        expected = [name for name in tracked_files() if name.split("/")[0] in PACKAGES]
        problems = [*problems_of_wheel(wheel, expected), *problems_of_sdist(sdist, expected)]
        run("metadata", [sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist)], outside)
        check_wheel(wheel, outside / "wheel")
        check_sdist(sdist, outside / "sdist")
        sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.2f} MB" for path in (wheel, sdist))
    if problems:
        fail("\n".join(["the archives:", *problems]))
    print(f"\n{sizes}: ready ({time.perf_counter() - start:.0f} s)")


def build(output: Path) -> tuple[Path, Path]:
    """Build both archives of the tracked files, as they are in the working tree; return wheel and source distribution.

    A copy is built: setuptools keeps a folder of what it built, and would take files from it that are gone since.
    """
    copy = output.parent / "source"
    for name in tracked_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    run("build", [sys.executable, "-m", "build", "--outdir", str(output), str(copy)], output.parent)
    return next(output.glob("*.whl")), next(output.glob("*.tar.gz"))


def tracked_files() -> list[str]:
    """Return the names of the files that git tracks, without those that are deleted in the working tree."""
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    return [name for name in names if (ROOT / name).is_file()]


def check_wheel(wheel: Path, folder: Path) -> None:
    """Install and use the wheel, without torch and then with it."""
    python = new_environment(folder)
    constraints = ["--constraint", str(ROOT / "constraints.txt")]
    run("wheel: install", [python, "-m", "pip", "install", "--quiet", *constraints, str(wheel)], folder)
    run("wheel: dependencies", [python, "-m", "pip", "check"], folder)
    run("wheel: environments alone", [python, "-c", NO_TORCH + python_block(*ENVIRONMENTS_ALONE)], folder)
    add_heavy_packages(python, folder)
    use(python, folder, "wheel")
    for line in COMMANDS.strip().splitlines():
        run(f"wheel: air-envs {line}", [str(Path(python).with_name("air-envs")), *line.split()], folder)
    check_types(python, folder)


def check_sdist(sdist: Path, folder: Path) -> None:
    """Build and install the source distribution, and use it."""
    python = new_environment(folder)
    run("sdist: install", [python, "-m", "pip", "install", "--quiet", "--no-deps", str(sdist)], folder)
    add_heavy_packages(python, folder)
    use(python, folder, "sdist")


NO_TORCH = """\
import importlib.util
import gymnasium as gym
import air_envs
assert importlib.util.find_spec("torch") is None
"""
"""Before a block that goes on from the imports of an earlier one."""
TEN_LINES = "README.md", "AIRAgent"
ENVIRONMENTS_ALONE = "docs/quickstart.md", "env.render()"
"""Pages, and what the block in them contains."""


def use(python: str, folder: Path, what: str) -> None:
    """Run the ten lines of the README, and see that every package comes from the environment itself."""
    where = f"import {', '.join(PACKAGES)}\nfor each in ({', '.join(PACKAGES)}):\n    print(each.__file__)\n"
    for line in run(f"{what}: import", [python, "-c", where], folder).splitlines():
        if not Path(line).resolve().is_relative_to(folder.resolve()):
            fail(f"{line}: imported, expected the installed package below {folder}")
    block = python_block(*TEN_LINES)
    printed = run(f"{what}: ten lines", [python, "-c", block], folder).splitlines()
    for expected in re.findall(r"^print\(.*\)  # (.*)$", block, re.MULTILINE):
        if expected not in printed:
            fail(f"the README's ten lines printed {printed[:3]}, expected a line {expected!r}")


def check_types(python: str, folder: Path) -> None:
    """See that mypy knows the packages' types in a user's file."""
    (folder / "user.py").write_text(USER, encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-executable", python, "--cache-dir", "cache", "user.py"],
        cwd=folder, capture_output=True, text=True, env=environment(), check=False,
    )  # fmt: skip
    wrong = [number for number, line in enumerate(USER.splitlines(), 1) if line.startswith("wrong_")]
    reported = [int(number) for number in re.findall(r"^user\.py:(\d+): error", found.stdout, re.MULTILINE)]
    if reported != wrong:
        fail(f"mypy reports lines {reported} of a user's file, expected {wrong}:\n{found.stdout}{found.stderr}")
    print("ok    wheel: types of a user's file")


def new_environment(folder: Path) -> str:
    """Make a virtual environment in a new folder; return its Python."""
    folder.mkdir()
    run(f"{folder.name}: virtual environment", [sys.executable, "-m", "venv", str(folder / "env")], folder)
    return str(next((folder / "env").glob("[bS]*/python*")))


def add_heavy_packages(python: str, folder: Path) -> None:
    """Let an environment import what this one has installed, after its own packages."""
    purelib = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = run(f"{folder.name}: where its packages are", purelib, folder).strip()
    heavy = [path for path in sys.path if Path(path).name == "site-packages"]
    Path(own, "heavy.pth").write_text("\n".join(heavy) + "\n", encoding="utf-8")


def python_block(page: str, having: str) -> str:
    """Return a page's first block of Python that contains a text.

    Raises:
        ValueError: there is none.
    """
    for block in re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL):
        if having in block:
            return str(block)
    raise ValueError(f"{page}: no block of Python with {having!r}")


def environment() -> dict[str, str]:
    """Return the environment variables of a check: no source tree, no window."""
    return {**os.environ, "PYTHONPATH": "", "SDL_VIDEODRIVER": "dummy", "PYTHONDONTWRITEBYTECODE": "1"}


def run(name: str, command: Sequence[str], folder: Path) -> str:
    """Run a command in a folder and return what it printed; where it fails, print that and end."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(), check=False)
    if done.returncode:
        fail(f"{name}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    print(f"ok    {name} ({time.perf_counter() - start:.0f} s)", flush=True)
    return done.stdout


def fail(message: str) -> None:
    """End with a message and exit status 1."""
    raise SystemExit(f"FAILED {message}")


if __name__ == "__main__":
    main()
