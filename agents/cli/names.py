"""The names of models, runs and datasets that a command is given, and what to do where there is none of that name."""

from __future__ import annotations

import errno
import shlex
from pathlib import Path

from agents.pretrained import HUB, UNKNOWN, find, shipped_models


def require_model(name: str) -> None:
    """Refuse a name that is no model's: not of a folder, of a shipped model, or ``hf://owner/name``.

    Unlike ``AIRAgent.from_pretrained``, a command asks the hub for nothing but what is marked as its own: a folder that
    is missing or misspelt never loads a stranger's model.

    Raises:
        FileNotFoundError: neither a folder nor a shipped model.
    """
    if find(name) is None and not name.startswith(HUB):
        raise FileNotFoundError(errno.ENOENT, f"{UNKNOWN}, which air-envs models lists", name)


def require_run(path: Path) -> None:
    """Refuse the folder of a training run that is not there.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not path.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(path))


def suggestion(missing: str) -> str | None:
    """Say which command makes a missing run or dataset; None where none is known.

    Args:
        missing: a path that ends in ``.h5`` is that of a dataset, any other that of a run.
    """
    path = Path(missing)
    return _of_dataset(path) if path.suffix == ".h5" else _of_run(path)


def _of_run(path: Path) -> str | None:
    from agents.config.presets import PRESETS

    if path.name not in PRESETS:
        return None
    made = f"air-envs train --preset {path.name} makes {PRESETS[path.name].output}"
    return f"{made}, and {path.name} is a shipped model" if path.name in shipped_models() else made


def _of_dataset(path: Path) -> str | None:
    import puzzles
    from agents.config.presets import PRESETS
    from agents.config.recipes import RECIPES

    recipe = RECIPES.get(path.stem)
    if recipe is None:
        try:
            family = puzzles.family(path.stem)
        except puzzles.PuzzleError:
            return None
        return f"air-envs data build {family.name} --output {shlex.quote(str(path))} makes one"
    command = recipe.command(path)
    if command is not None:
        return f"{command} makes it"
    preset, made = next(
        (name, dataset) for name, config in PRESETS.items() for dataset in config.datasets if dataset.stem == path.stem
    )
    return f"air-envs train --preset {preset} makes {made} before it trains"
