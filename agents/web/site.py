"""A static site: the built page, and the models that it runs, as ONNX graphs with tables of puzzles.

``site.json`` lists the models. The folder of each has a part of its graphs' digest in its name, so that a browser may
keep it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

import puzzles
from agents.checkpoints.kinds import SITE
from agents.checkpoints.replacing import replacing_folder
from agents.config.model import EXPORTED
from agents.exporting.folder import export, trained_on
from agents.hub.generator import fresh_puzzle
from agents.pretrained import find, load_pretrained
from agents.web.shown import Shown

FORMAT = 1
"""Of ``site.json``."""
BUILT = Path(__file__).parents[2] / "web" / "dist"
"""Where ``make web`` puts the page in a source tree."""
MODELS, PUZZLES = "models", "puzzles.json"


def require_page(page: Path) -> None:
    """Refuse a folder without a built page.

    Raises:
        ValueError: there is none.
    """
    if not (page / "index.html").is_file():
        raise ValueError(f"{page}: no index.html, expected the built page: make web builds it in the source tree")


def write_site(shown: Iterable[Shown], output: Path, page: Path = BUILT, count: int = 200) -> list[dict[str, Any]]:
    """Write a site; returns what ``site.json`` says of each model.

    Args:
        shown: the models, the first one on the page first.
        output: the folder to write, or to replace.
        page: the built page.
        count: puzzles in each table.

    Raises:
        ValueError: no built page, no such model, or weights that do not fit the family.
        PuzzleError: puzzles that cannot be generated.
    """
    require_page(page)
    with replacing_folder(output) as folder:
        shutil.copytree(page, folder, dirs_exist_ok=True)
        entries = [_write_model(each, folder / MODELS, count) for each in shown]
        _write_json(folder / SITE, {"format": FORMAT, "models": entries})
    return entries


def puzzle_table(family: puzzles.PuzzleFamily, source: Path | None, count: int) -> list[str]:
    """Return the puzzles of the seeds 0 to ``count`` - 1 as text, of the kind that a model was trained on.

    Args:
        family: of the puzzles.
        source: the model's folder, None for the generator's defaults; see ``fresh_puzzle``.
        count: how many.
    """
    seeds = tqdm(range(count), desc=f"puzzles of {family.name}", unit="puzzle", leave=False)
    return [family.format(fresh_puzzle(family, seed, source)) for seed in seeds]


def _write_model(shown: Shown, models: Path, count: int) -> dict[str, Any]:
    model, source = load_pretrained(shown.model), find(shown.model)
    origin = trained_on(source, model.config) if source else None
    if shown.family is not None:
        model = model.resized(shown.family)
    temporary = models / shown.name
    temporary.mkdir(parents=True)
    export(model, temporary, Path(shown.model).name, origin)
    _write_json(temporary / PUZZLES, puzzle_table(puzzles.family(model.config.family), source, count))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sorted(temporary.iterdir()))).hexdigest()
    folder = temporary.rename(models / f"{shown.name}-{digest[:8]}")
    manifest = json.loads((folder / EXPORTED).read_bytes())
    return {"folder": folder.name, "name": shown.name, "manifest": manifest}


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
