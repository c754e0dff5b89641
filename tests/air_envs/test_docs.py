"""The pages of docs/environments are what docs/generate.py writes, and their pictures are there."""

import importlib.util
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parents[2] / "docs"


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
