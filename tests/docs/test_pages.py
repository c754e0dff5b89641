"""The pages of docs: what is generated is up to date, links and pictures are there, and the code runs."""

import importlib.util
import re
import sys
import types
import xml.etree.ElementTree
from pathlib import Path

import gymnasium as gym
import pytest
from PIL import Image

import agents  # what it registers stays when the registries are restored
import air_envs
import puzzles
from air_envs.drawing import board

ROOT = Path(__file__).parents[2]
DOCS, README = ROOT / "docs", ROOT / "README.md"
PAGES = sorted(DOCS.rglob("*.md"))
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES_WITH_CODE = [page for page in PAGES if BLOCK.search(page.read_text())]


def name_of(page):
    """Return the path of a page in docs/."""
    return page.relative_to(DOCS).as_posix()


def script(name):
    """Return a script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date():
    generate = script("generate")
    for folder, pages in (("environments", generate.pages()), ("api", generate.api_pages())):
        for name, text in pages.items():
            assert (DOCS / folder / name).read_text() == text, f"{folder}/{name}: run python docs/generate.py"


def test_diagrams_are_up_to_date():
    drawn = script("diagrams").diagrams()
    assert {path.name for path in (DOCS / "diagrams").glob("*.svg")} == drawn.keys()
    for name, text in drawn.items():
        assert (DOCS / "diagrams" / name).read_text(encoding="utf-8") == text, f"{name}: run python docs/diagrams.py"
        xml.etree.ElementTree.fromstring(text)


def test_the_api_pages_show_every_public_name():
    for package in (puzzles, air_envs, agents):
        page = (DOCS / "api" / f"{package.__name__}.md").read_text()
        for name in package.__all__:
            assert name == "__version__" or f"\n::: {package.__name__}.{name}\n" in page


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_are_short_and_pictures_have_words(page):
    """Tables count for nothing: they grow with what is measured."""
    text = page.read_text()
    assert sum(not line.startswith("|") for line in text.splitlines()) <= 250
    assert "![](" not in text


def test_the_readme_is_one_screen_and_links():
    assert len(README.read_text().splitlines()) < 150


def test_pictures_are_small():
    for kind in ("sudoku", "maze"):
        path = DOCS / "environments" / f"{kind}.png"
        assert path.stat().st_size < 40_000
        assert Image.open(path).size == (360, 360)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links(page):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_pages_with_code_are_found():
    assert {page.name for page in PAGES_WITH_CODE} >= {"guide.md", "third_family.md", "quickstart.md", "thinking.md"}


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
@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=name_of)
def test_code_runs(page, tmp_path, monkeypatch):
    """Every Python block of a page, in order, as one module, with an empty working directory."""
    module = types.ModuleType(page.stem)
    monkeypatch.setitem(sys.modules, page.stem, module)
    monkeypatch.chdir(tmp_path)
    text = page.read_text()
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(page), "exec"), module.__dict__)  # tracebacks name the page's line
