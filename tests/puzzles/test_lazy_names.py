"""What ``puzzles`` and ``air_envs`` offer by name, and what importing them loads."""

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import air_envs
import puzzles

ROOT = Path(__file__).parents[2]
PACKAGES = pytest.mark.parametrize("package", [puzzles, air_envs], ids=["puzzles", "air_envs"])


@PACKAGES
def test_every_name_is_there_and_listed(package):
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018


@PACKAGES
def test_the_version_is_the_installed_one(package):
    assert package.__version__ == importlib.metadata.version("air-envs")


def test_a_source_tree_that_was_never_installed_has_no_version(tmp_path):
    """Only what ``import puzzles`` needs is on the path, without the metadata of an installation."""
    numpy = Path(np.__file__).parent
    for folder in (numpy, numpy.with_name("numpy.libs"), ROOT / "puzzles"):
        if folder.is_dir():
            (tmp_path / folder.name).symlink_to(folder)
    code = "import puzzles; print(puzzles.__version__)"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout == "0+unknown\n"


@pytest.mark.parametrize(
    ("package", "unwanted"),
    [
        ("puzzles", {"numba", "h5py", "tqdm", "gymnasium"}),
        ("air_envs", {"numba", "h5py", "tqdm", "pygame", "imageio", "matplotlib", "stable_baselines3"}),
    ],
)
def test_import_is_light(package, unwanted):
    """Neither torch nor what compiles, draws or reads files is loaded; no family and no environment."""
    code = f"import sys, {package}; print(*sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(answer.stdout.split())
    assert loaded & (unwanted | {"torch", "agents"}) == set()
    heavy = ("puzzles.sudoku", "puzzles.maze", "puzzles.dataset", "puzzles.build", "air_envs.")
    assert [name for name in loaded if name.startswith(heavy)] == []
