"""``air-envs web``: a static site in which models solve puzzles in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from agents.cli.names import require_model
from agents.cli.parsing import parse


def web_command(
    models: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")],
    output: Path,
    puzzles: int = 200,
    page: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Write a static site that any web server serves: python -m http.server --directory OUTPUT.

    The page has to be built in the source tree: make web, which needs Node.

    Args:
        models: shipped models such as sudoku-extreme, folders of training runs, or hf://owner/name; another grid shape
            follows an @, such as sudoku-any@sudoku-4x4. The page shows the first one first.
        output: the new folder to write.
        puzzles: how many generated puzzles each model brings.
        page: folder of the built page, by default that of make web.
        overwrite: replace the site that the folder holds.
    """
    from agents.config.extras import require
    from agents.web.shown import Shown

    shown = [Shown.parse(text) for text in models]
    names = [each.name for each in shown]
    if not shown:
        raise ValueError("no model, expected at least one, such as sudoku-extreme")
    if len(set(names)) < len(names):
        raise ValueError(f"models {', '.join(names)}, expected each once")
    if puzzles < 1:
        raise ValueError(f"puzzles {puzzles}, expected at least 1")
    for each in shown:
        require_model(each.model)
    require("torch", "onnx", "onnxscript")

    from agents.checkpoints.kinds import require_replaceable
    from agents.web.site import BUILT, write_site

    require_replaceable(output, overwrite, "site")
    for entry in write_site(shown, output, page or BUILT, puzzles):
        print(f"{entry['name']}: {entry['manifest']['family']}, {entry['manifest']['parameters']:,} weights")
    print(f"python -m http.server --directory {output} serves it")


def main(args: list[str]) -> None:
    """Run ``air-envs web MODEL... --output FOLDER``."""
    parse(web_command, "air-envs web", args)
