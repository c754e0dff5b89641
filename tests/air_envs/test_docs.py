"""The pages of docs are what docs/generate.py writes, their links and pictures are there, and their code runs."""

import importlib.util
import re
import sys
import types
from pathlib import Path

import gymnasium as gym
import pytest
from PIL import Image

import agents  # noqa: F401 - what it registers stays when the registries are restored
import air_envs
import puzzles
from air_envs.drawing import board

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES_WITH_CODE = [page for page in PAGES if BLOCK.search(page.read_text())]


def test_pages_are_up_to_date():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for name, text in generate.pages().items():
        assert (DOCS / "environments" / name).read_text() == text, f"{name}: run python docs/generate.py"


def test_pictures_are_small():
    for kind in ("sudoku", "maze"):
        path = DOCS / "environments" / f"{kind}.png"
        assert path.stat().st_size < 40_000
        assert Image.open(path).size == (360, 360)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_pages_with_code_are_found():
    assert {page.name for page in PAGES_WITH_CODE} >= {"guide.md", "third_family.md"}


@pytest.fixture
def _registries():
    """What a page registers is gone when its test ends."""
    tables = gym.registry, air_envs.ENVIRONMENTS, puzzles._FAMILIES, board._PAINTERS
    before = [dict(table) for table in tables]
    yield
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)
    puzzles.family.cache_clear()


@pytest.mark.usefixtures("_registries")
@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=lambda page: page.name)
def test_code_runs(page, tmp_path, monkeypatch):
    """Every Python block of a page, in order, as one module, with an empty working directory."""
    module = types.ModuleType(page.stem)
    monkeypatch.setitem(sys.modules, page.stem, module)
    monkeypatch.chdir(tmp_path)
    text = page.read_text()
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(page), "exec"), module.__dict__)  # tracebacks name the page's line
