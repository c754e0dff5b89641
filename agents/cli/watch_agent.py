"""``air-envs watch AGENT``: an agent that plays moves, with its probabilities on the board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.cli.agents import BASELINES, find_agent

if TYPE_CHECKING:
    from air_envs.play.agent import Agent
    from air_envs.sources import PuzzleSource


def watch_agent(
    name: str,
    *,
    puzzle: str | None,
    dataset: Path | None,
    index: int,
    seed: int,
    family: str | None,
    output: Path | None,
    record: Path | None,
    overwrite: bool,
    ms_per_move: int,
    drawn: bool,
    window: Mapping[str, Any],
) -> None:
    """Open a window on an agent that plays by itself, or write what it plays.

    Args:
        name: of the agent, see ``find_agent``.
        puzzle: a text form.
        dataset: HDF5 file whose test split holds the puzzle.
        index: which of its puzzles.
        seed: of a generated puzzle.
        family: of the puzzle; a run's agent plays its own.
        output: write OUTPUT.gif and OUTPUT.png.
        record: write this file: .gif, .mp4 or .png.
        overwrite: replace the file of ``record``.
        ms_per_move: how long each board is shown.
        drawn: whether its moves are drawn by their probabilities; by default it makes the most probable ones.
        window: ``theme`` and ``size``.

    Raises:
        ValueError: a baseline without a puzzle, or an agent that cannot play it.
    """
    from air_envs.drawing.files import check_film, gif_and_png
    from air_envs.play import App

    if record is not None:
        from puzzles.dataset.existing import check_absent

        check_film(record)
        check_absent(record, overwrite)
    source = _source(puzzle, dataset, index, family)
    if source is None and name in BASELINES:
        raise ValueError(f"{name}: an agent without puzzles of its own, expected --family, --puzzle or --dataset")
    agent = find_agent(name, source.family.kind if source is not None else "")
    source = source or agent.source
    assert source is not None
    if record is not None:
        _write(agent, source, seed, [record], ms_per_move, drawn, window["theme"])
    elif output is not None:
        _write(agent, source, seed, gif_and_png(output), ms_per_move, drawn, window["theme"])
    else:
        pace: dict[str, Any] = {"interval": ms_per_move / 1000, "drawn": drawn}
        App(source, seed=seed, agent=agent, running=True, **pace, **window).run()


def _source(puzzle: str | None, dataset: Path | None, index: int, family: str | None) -> PuzzleSource | None:
    """Return the puzzles that were asked for, None where that is left to the agent."""
    from air_envs.given import GivenPuzzle
    from air_envs.sources import DatasetPuzzles, GeneratedPuzzles

    if puzzle is not None:
        return GivenPuzzle(puzzle, family)
    if dataset is not None:
        held = DatasetPuzzles(dataset, "test")
        if not 0 <= index < len(held):
            raise ValueError(f"{dataset}: no test puzzle {index}, expected 0 to {len(held) - 1}")
        return GivenPuzzle(held.dataset.split("test").puzzle[index], held.family)
    return None if family is None else GeneratedPuzzles(family)


def _write(
    agent: Agent,
    source: PuzzleSource,
    seed: int,
    paths: Sequence[Path],
    ms_per_move: int,
    drawn: bool,
    theme: str,
) -> None:
    from air_envs.play.agent import Player
    from air_envs.play.film import pictures, save_pictures
    from air_envs.play.game import game_type

    game = game_type(source.family.kind)(source, seed)
    try:
        shown = list(pictures(Player(agent, game), theme, drawn))
    finally:
        game.close()
    for path in paths:
        print(save_pictures(path, shown, ms_per_move, theme))
