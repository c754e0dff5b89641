"""``air-envs play``: puzzles for people, with keys and mouse."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from agents.cli.agents import find_agent
from agents.cli.parsing import parse

_USAGE = """usage: air-envs play KIND ...

  sudoku   air-envs play sudoku --size 9
  maze     air-envs play maze --rows 21 --columns 30 --agent greedy

air-envs play KIND --help describes its flags; F1 in the window lists the keys."""


def main(args: list[str]) -> None:
    """Run ``air-envs play KIND``."""
    if not args or args[0] in ("-h", "--help"):
        print(_USAGE)
        return
    import puzzles

    kind, families = args[0], puzzles.kinds()
    if kind not in families:
        raise ValueError(f"no puzzle {kind!r}, expected one of {', '.join(families)}")
    defaults = families[kind].Options()

    def play(
        options: Annotated[Any, tyro.conf.arg(name="")] = defaults,
        size: int | None = None,
        rows: int | None = None,
        columns: int | None = None,
        puzzle: str | None = None,
        dataset: Path | None = None,
        split: Literal["train", "test"] = "test",
        seed: int | None = None,
        theme: Literal["light", "dark"] = "light",
        agent: str | None = None,
        screenshot: Path | None = None,
    ) -> None:
        """Play puzzles in a window.

        Args:
            options: of the generator.
            size: rows and columns, where both are the same; by default 9, or as in the dataset.
            rows: of the board.
            columns: of the board.
            puzzle: play this one, such as 53..7....6..195... with all its cells in a row; docs/formats.md shows what is
                read.
            dataset: play the puzzles of this file instead of new ones.
            split: of the dataset.
            seed: of the first puzzle; by default any.
            theme: colours, which T changes.
            agent: show with what probability this agent makes each move, and let it play when asked to: random, greedy
                or solver, the folder of a run of air-envs train-rl, or a model such as sudoku-9x9-easy. By default a
                run's agent gets puzzles of its own environment.
            screenshot: write a picture of the window to this PNG file instead of opening it.
        """
        from air_envs.play import App

        shape = rows or size, columns or size
        found = None if agent is None else find_agent(agent, kind)
        own = found.source if found is not None else None
        if own is None or any((*shape, puzzle, dataset)) or options != defaults or own.family.kind != kind:
            own = _source(kind, shape, puzzle, dataset, split, options, defaults)
        app = App(own, seed=seed, theme=theme, agent=found)
        if screenshot is None:
            app.run()
        else:
            with contextlib.closing(app):
                app.save_picture(screenshot)

    play.__annotations__["options"] = Annotated[families[kind].Options, tyro.conf.arg(name="")]
    parse(play, f"air-envs play {kind}", args[1:])


def _source(
    kind: str,
    shape: tuple[int | None, int | None],
    puzzle: str | None,
    dataset: Path | None,
    split: str,
    options: Any,
    defaults: Any,
) -> Any:
    from air_envs.given import GivenPuzzle
    from air_envs.sources import make_source

    asked = {name: value for name, value in vars(options).items() if value != getattr(defaults, name)}
    if puzzle is None:
        return make_source(kind, shape, (9, 9), dataset, split, asked)
    if dataset or asked:
        other = "--dataset" if dataset else f"--{next(iter(asked)).replace('_', '-')}"
        raise ValueError(f"--puzzle and {other}, expected one of them")
    # Rows and columns say of which shape a text is, where it could be of several.
    given = GivenPuzzle(puzzle, f"{kind}-{shape[0]}x{shape[1]}" if all(shape) else None)
    if given.family.kind != kind:
        raise ValueError(f"--puzzle: found {given.family.name}, expected one of {kind}")
    return make_source(kind, shape, (9, 9), None, split, {}, given)
