"""The site builds strictly and offline: no broken link or anchor, nothing loaded from elsewhere, and a search."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("material", reason="the extra docs is not installed")
pytest.importorskip("mkdocstrings", reason="the extra docs is not installed")

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it once: about ten seconds, most of them for the API pages."""
    folder, page = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("page")
    (page / "index.html").write_text('<script src="assets/a.js"></script><p>a page', encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(folder)]
    nowhere = "http://127.0.0.1:9"
    env = os.environ | {
        "AIR_ENVS_PAGE": str(page),
        "NO_MKDOCS_2_WARNING": "1",
        "http_proxy": nowhere,
        "https_proxy": nowhere,
    }
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\ssrc=\"([^\"]+)\"", html)
        loaded += re.findall(r"<link[^>]*rel=\"(?:stylesheet|icon|preload)\"[^>]*href=\"([^\"]+)\"", html)
        assert loaded
        for address in loaded:
            assert "//" not in address, f"{page.relative_to(site)} loads {address}"


def test_the_page_that_thinks_is_embedded(site: Path) -> None:
    (address,) = re.findall(r'<iframe src="([^"]+)"', (site / "web.html").read_text(encoding="utf-8"))
    assert "a page" in (site / address).read_text(encoding="utf-8")


def test_the_api_pages_show_docstrings_and_signatures(site: Path) -> None:
    page = (site / "api" / "agents.html").read_text(encoding="utf-8")
    assert 'id="agents.AIRAgent.think"' in page or 'id="agents.thinking.agent.AIRAgent.think"' in page
    assert "Yield every update of a puzzle" in page
    assert "PuzzleError" in page


def test_the_search_finds_pages_and_names(site: Path) -> None:
    documents = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    found = {document["location"].partition("#")[0] for document in documents}
    assert {"install.html", "api/puzzles.html", "benchmarks.html", "models/maze-hard.html"} <= found
    assert any("MaskablePPO" in document["text"] for document in documents)


def test_models_have_cards_without_their_front_matter(site: Path) -> None:
    page = (site / "models" / "sudoku-extreme.html").read_text(encoding="utf-8")
    assert "library_name" not in page
    assert "Accuracy" in page
