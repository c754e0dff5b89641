"""Makes the thinking environments known to Gymnasium, which need not be there, nor be loaded before it is used."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

KINDS = ("Sudoku", "Maze")


def register_environments() -> None:
    """Register ``air_envs/SudokuThinking-v0`` and ``air_envs/MazeThinking-v0``, with entry points that load later."""
    from gymnasium.envs.registration import register

    for kind in KINDS:
        register(
            f"air_envs/{kind}Thinking-v0",
            entry_point=f"agents.thinking.environment.single:{kind}ThinkingEnv",
            vector_entry_point=f"agents.thinking.environment.vector:{kind}ThinkingVectorEnv",
        )


def register_with_gymnasium() -> None:
    """Register the environments now if Gymnasium is loaded, else as soon as it is.

    Machines that train may lack it, and a command's ``--help`` has no use for it.
    """
    if sys.modules.get("gymnasium") is not None:
        register_environments()
    else:
        sys.meta_path.insert(0, _WhenLoaded())


class _WhenLoaded(MetaPathFinder):
    """Finds Gymnasium as others would, once, and registers after it has run."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "gymnasium":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return None
        run = spec.loader.exec_module

        def run_and_register(module: ModuleType) -> None:
            run(module)
            register_environments()

        spec.loader.exec_module = run_and_register  # type: ignore[method-assign]
        return spec
