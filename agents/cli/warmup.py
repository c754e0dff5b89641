"""``air-envs warmup``: what numba would compile at the first reset, compiled now."""

from __future__ import annotations

from typing import Annotated

import tyro

from agents.cli.parsing import parse


def warmup_command(kinds: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="KIND")] = ()) -> None:
    """Compile the rules and generators of the environments, so that no first reset waits for it.

    Args:
        kinds: of puzzles, such as sudoku; by default all.
    """
    from air_envs import warm_up

    warm_up(kinds or None)


def main(args: list[str]) -> None:
    """Run ``air-envs warmup``."""
    parse(warmup_command, "air-envs warmup", args)
