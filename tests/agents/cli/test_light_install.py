"""The command without the extra ``agents``: no torch, no matplotlib, and what else that extra brings."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.config.extras import EXTRAS

ABSENT = sorted(module for module, extra in EXTRAS.items() if extra == "agents")
SCRIPT = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {ABSENT}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def light(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python code where the modules of the extra cannot be imported."""
    return subprocess.run([sys.executable, "-c", SCRIPT + code], capture_output=True, text=True, cwd=cwd)


def command(cwd: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run ``air-envs WORDS`` there."""
    root = Path(__file__).parents[3]
    return light(f"sys.path.insert(0, {str(root)!r})\nfrom agents.cli import main\nmain({[*map(str, words)]})", cwd)


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["models"],
        ["train", "--help"],
        ["data", "build", "sudoku-4x4", "--train", 3, "--test", 2, "--workers", 1],
        ["data", "inspect", "DATA"],
        ["data", "verify", "DATA"],
        ["data", "export", "DATA", "--format", "csv", "--output", "csv"],
        ["play", "maze", "--size", 5, "--screenshot", "maze.png"],
    ],
)
def test_what_needs_no_extra_works_without(words: list[object], dataset: Path, tmp_path: Path) -> None:
    done = command(tmp_path, *(dataset if word == "DATA" else word for word in words))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "module"),
    [
        (["watch", "sudoku-6x6"], "huggingface_hub"),
        (["eval", "sudoku-6x6", "DATA"], "torch"),
        (["train", "--preset", "sudoku-4x4", "--dataset", "DATA"], "torch"),
        (["analyze", "sudoku-6x6", "DATA"], "torch"),
        (["pack", ".", "--output", "out"], "huggingface_hub"),
        (["export-onnx", "sudoku-6x6", "--output", "out"], "torch"),
        (["web", "sudoku-6x6", "--output", "out"], "torch"),
        (["data", "inspect", "DATA", "--picture", "page.png"], "matplotlib"),
    ],
)
def test_what_needs_it_names_the_line_that_installs_it(
    words: list[object], module: str, dataset: Path, tmp_path: Path
) -> None:
    done = command(tmp_path, *(dataset if word == "DATA" else word for word in words))
    assert done.returncode == 2
    assert done.stderr == f"air-envs: error: {module} is not installed: pip install 'air-envs[agents]'\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["agents.AIRAgent", "agents.AIR", "agents.InternalActions", "agents.Trainer"])
def test_so_does_an_import(name: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    package, _, member = name.partition(".")
    done = light(f"sys.path.insert(0, {str(root)!r})\nimport {package}\n{package}.{member}", tmp_path)
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: torch is not installed: pip install 'air-envs[agents]'"
    )
