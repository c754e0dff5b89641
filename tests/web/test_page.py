"""The page in a browser: it is built, models are exported for it, and its end-to-end tests run in Chromium. Slow."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from agents.cli import main
from tests.chromium import chromium

pytestmark = pytest.mark.slow
pytest.importorskip("onnxscript", reason="the extra web is not installed")

WEB = Path(__file__).parents[2] / "web"
MODELS = ("sudoku-extreme", "maze-9x9")


@pytest.fixture(scope="module")
def tools() -> dict[str, str]:
    """The environment of the end-to-end tests; skips where Node, its packages or Chromium are missing."""
    if shutil.which("npx") is None:
        pytest.skip("no Node")
    if not (WEB / "node_modules").is_dir():
        pytest.skip("no web/node_modules: make web installs them")
    return {**os.environ, "CHROMIUM": chromium()}


@pytest.fixture(scope="module")
def site(tools: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("web")
    subprocess.run(["npx", "vite", "build", "--outDir", folder / "page"], cwd=WEB, env=tools, check=True)
    main(["web", *MODELS, "--output", str(folder / "site"), "--page", str(folder / "page"), "--puzzles", "4"])
    return folder / "site"


def test_end_to_end(tools: dict[str, str], site: Path) -> None:
    done = subprocess.run(
        ["npm", "run", "--silent", "e2e"],
        cwd=WEB,
        env={**tools, "SITE": str(site)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
